import * as sdk from '@aws-sdk/client-application-auto-scaling'
import { deregisterTarget, dimension, putPolicy, registerTarget } from '../world/ecs/scalable-targets.js'
import type { ScalableTarget, ScalingPolicyRecord } from '../world/ecs/scalable-targets.js'
import type { World } from '../world/world.js'
import { paginate } from '../wire/pagination.js'
import type { RequestContext, Service } from '../wire/service.js'

const signingName = 'application-autoscaling'
const wire = { signingName, protocol: 'awsJson1_1' } as const

/**
 * The bounds of the cluster's services. Nothing scales by itself here: policies are kept and told, and no load moves
 * them. https://docs.aws.amazon.com/autoscaling/application/APIReference/API_Operations.html
 */
export function createApplicationAutoScalingService(world: World): Service {
  const { state } = world
  const now =
    <I, O>(handle: (input: I) => O) =>
    (input: I, context: RequestContext): O => {
      world.advanceTo(context.now)
      const answer = handle(input)
      world.advanceTo(context.now)
      return answer
    }
  const handlers = {
    RegisterScalableTarget: now((input: sdk.RegisterScalableTargetRequest): sdk.RegisterScalableTargetResponse => ({
      ScalableTargetARN: registerTarget(state, input).arn,
    })),

    DeregisterScalableTarget: now(
      (input: sdk.DeregisterScalableTargetRequest): sdk.DeregisterScalableTargetResponse => {
        deregisterTarget(state, input)
        return {}
      },
    ),

    DescribeScalableTargets: now((input: sdk.DescribeScalableTargetsRequest): sdk.DescribeScalableTargetsResponse => {
      const isAsked = input.ServiceNamespace === 'ecs' && (input.ScalableDimension ?? dimension) === dimension
      const page = paginate(wire, {
        operation: 'DescribeScalableTargets',
        items: isAsked
          ? state.ecs.scalableTargets.filter(({ resourceId }) => input.ResourceIds?.includes(resourceId) ?? true)
          : [],
        limit: input.MaxResults ?? 50,
        token: input.NextToken,
        keyOf: ({ resourceId }) => resourceId,
        boundTo: [input.ServiceNamespace, input.ResourceIds, input.ScalableDimension],
      })
      return { ScalableTargets: page.items.map((one) => describeTarget(one, state.setup)), NextToken: page.nextToken }
    }),

    PutScalingPolicy: now((input: sdk.PutScalingPolicyRequest): sdk.PutScalingPolicyResponse => ({
      PolicyARN: putPolicy(state, input).arn,
      Alarms: [],
    })),

    DescribeScalingPolicies: now((input: sdk.DescribeScalingPoliciesRequest): sdk.DescribeScalingPoliciesResponse => {
      const page = paginate(wire, {
        operation: 'DescribeScalingPolicies',
        items: state.ecs.scalableTargets
          .filter(
            ({ resourceId }) => input.ServiceNamespace === 'ecs' && (input.ResourceId ?? resourceId) === resourceId,
          )
          .flatMap(({ policies }) => policies)
          .filter(({ request }) => input.PolicyNames?.includes(request.PolicyName ?? '') ?? true),
        limit: input.MaxResults ?? 50,
        token: input.NextToken,
        keyOf: ({ arn }) => arn,
        boundTo: [input.ServiceNamespace, input.ResourceId, input.PolicyNames],
      })
      return { ScalingPolicies: page.items.map(describePolicy), NextToken: page.nextToken }
    }),
  }
  return { signingName, protocol: 'awsJson1_1', target: 'AnyScaleFrontendService', sdk, handlers }
}

// https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-service-linked-roles.html
const roleOf = (accountId: string): string =>
  `arn:aws:iam::${accountId}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService`

function describeTarget(target: ScalableTarget, { accountId }: { readonly accountId: string }): sdk.ScalableTarget {
  return {
    ServiceNamespace: 'ecs',
    ResourceId: target.resourceId,
    ScalableDimension: dimension,
    MinCapacity: target.min,
    MaxCapacity: target.max,
    RoleARN: roleOf(accountId),
    CreationTime: new Date(target.createdAt),
    SuspendedState: target.suspended,
    ScalableTargetARN: target.arn,
  }
}

function describePolicy({ arn, createdAt, request }: ScalingPolicyRecord): sdk.ScalingPolicy {
  return {
    ...request,
    PolicyARN: arn,
    PolicyName: request.PolicyName,
    PolicyType: request.PolicyType ?? 'StepScaling',
    CreationTime: new Date(createdAt),
    Alarms: [],
  }
}
