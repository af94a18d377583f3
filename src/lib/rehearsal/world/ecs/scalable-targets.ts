import type {
  DeregisterScalableTargetRequest,
  PutScalingPolicyRequest,
  RegisterScalableTargetRequest,
  SuspendedState,
} from '@aws-sdk/client-application-auto-scaling'
import { ServiceError } from '../../wire/service.js'
import type { WorldState } from '../state.js'
import type { EcsService } from './state.js'

/** The one dimension in which a service of ECS scales. */
export const dimension = 'ecs:service:DesiredCount'

/** What Application Auto Scaling keeps of a policy: as it was put. */
export interface ScalingPolicyRecord {
  readonly arn: string
  readonly createdAt: number
  readonly request: PutScalingPolicyRequest
}

/** The bounds of a service's desired count, and what scales it within them. */
export interface ScalableTarget {
  readonly resourceId: string
  readonly arn: string
  readonly createdAt: number
  min: number
  max: number
  suspended: SuspendedState
  readonly policies: ScalingPolicyRecord[]
}

const invalid = (message: string): ServiceError => new ServiceError('ValidationException', message)

/** `service/<cluster>/<service>`. */
export const resourceIdOf = (world: WorldState, service: EcsService): string =>
  `service/${world.ecs.cluster?.name ?? 'default'}/${service.name}`

/** A scalable target that nobody has registered yet. */
export function newTarget(world: WorldState, resourceId: string, min: number, max: number): ScalableTarget {
  const { region, accountId } = world.setup
  const id = world.random.uuid().replaceAll('-', '').slice(0, 34)
  return {
    resourceId,
    arn: `arn:aws:application-autoscaling:${region}:${accountId}:scalable-target/0ec5${id}`,
    createdAt: world.now,
    min,
    max,
    suspended: {
      DynamicScalingInSuspended: false,
      DynamicScalingOutSuspended: false,
      ScheduledScalingSuspended: false,
    },
    policies: [],
  }
}

interface Named {
  readonly ServiceNamespace: string | undefined
  readonly ResourceId: string | undefined
  readonly ScalableDimension: string | undefined
}

/** The registered target that a request names. @throws ServiceError ObjectNotFoundException. */
function requireTarget(world: WorldState, { ServiceNamespace, ResourceId, ScalableDimension }: Named): ScalableTarget {
  const found =
    ServiceNamespace === 'ecs' && ScalableDimension === dimension
      ? world.ecs.scalableTargets.find(({ resourceId }) => resourceId === ResourceId)
      : undefined
  if (found !== undefined) return found
  throw new ServiceError(
    'ObjectNotFoundException',
    `No scalable target found for service namespace: ${ServiceNamespace}, resource ID: ${ResourceId}, scalable dimension: ${ScalableDimension}`,
  )
}

/**
 * Registers a service's bounds or changes them; what is not given stays. The desired count is moved into them:
 * https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
 * @throws ServiceError ValidationException.
 */
export function registerTarget(world: WorldState, request: RegisterScalableTargetRequest): ScalableTarget {
  const { ServiceNamespace, ResourceId = '', ScalableDimension, MinCapacity, MaxCapacity, SuspendedState } = request
  if (ServiceNamespace !== 'ecs' || ScalableDimension !== dimension) {
    throw invalid(`Unsupported service namespace, resource type or scalable dimension: ${ScalableDimension}`)
  }
  const service = world.ecs.services.find((one) => resourceIdOf(world, one) === ResourceId)
  if (service === undefined) throw invalid(`ECS service doesn't exist: ${ResourceId}`)
  const known = world.ecs.scalableTargets.find(({ resourceId }) => resourceId === ResourceId)
  const min = MinCapacity ?? known?.min
  const max = MaxCapacity ?? known?.max
  if (min === undefined || max === undefined) {
    throw invalid('Both MinCapacity and MaxCapacity must be specified when registering a new scalable target')
  }
  if (min < 0 || max < 0) throw invalid('Minimum and maximum capacity must not be negative')
  if (min > max) throw invalid('Maximum capacity cannot be less than minimum capacity')
  const target = known ?? newTarget(world, ResourceId, min, max)
  if (known === undefined) world.ecs.scalableTargets.push(target)
  target.min = min
  target.max = max
  target.suspended = { ...target.suspended, ...SuspendedState }
  service.desired = Math.min(Math.max(service.desired, min), max)
  return target
}

/** Forgets the bounds, and the policies with them. @throws ServiceError ObjectNotFoundException. */
export function deregisterTarget(world: WorldState, request: DeregisterScalableTargetRequest): void {
  const target = requireTarget(world, request)
  world.ecs.scalableTargets.splice(world.ecs.scalableTargets.indexOf(target), 1)
}

/** Keeps a policy, in place of an earlier one of that name. @throws ServiceError ObjectNotFoundException. */
export function putPolicy(world: WorldState, request: PutScalingPolicyRequest): ScalingPolicyRecord {
  const target = requireTarget(world, request)
  const { region, accountId } = world.setup
  const place = target.policies.findIndex((one) => one.request.PolicyName === request.PolicyName)
  const known = target.policies[place]
  const id = `${world.random.uuid()}:resource/ecs/${target.resourceId}:policyName/${request.PolicyName}`
  const policy: ScalingPolicyRecord = {
    arn: known?.arn ?? `arn:aws:autoscaling:${region}:${accountId}:scalingPolicy:${id}`,
    createdAt: known?.createdAt ?? world.now,
    request: { ...known?.request, ...request },
  }
  if (known === undefined) target.policies.push(policy)
  else target.policies[place] = policy
  return policy
}
