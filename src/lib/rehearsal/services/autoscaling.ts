import * as sdk from '@aws-sdk/client-auto-scaling'
import { enterStandby, exitStandby, setDesiredCapacity, setProtection, updateGroup } from '../world/group-requests.js'
import { echoPreferences } from '../world/refresh/preferences.js'
import type { Refresh } from '../world/refresh/refresh.js'
import { cancelRefresh, rollbackRefresh, startRefresh } from '../world/refresh/requests.js'
import type { Activity, Group, Instance, LaunchTemplateChoice, WorldState } from '../world/state.js'
import type { World } from '../world/world.js'
import { paginate } from '../wire/pagination.js'
import { type RequestContext, type Service, ServiceError } from '../wire/service.js'

const signingName = 'autoscaling'
const wire = { signingName, protocol: 'awsQuery' } as const
const sixWeeks = 42 * 86_400_000

/**
 * EC2 Auto Scaling over the world's one group.
 * https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Operations.html
 */
export function createAutoScalingService(world: World): Service {
  const { state } = world
  /** A handler of an operation on the named group, which sees the world as it is now. */
  const onGroup =
    <I extends { AutoScalingGroupName?: string | undefined }, O>(handle: (input: I, context: RequestContext) => O) =>
    (input: I, context: RequestContext): O => {
      world.advanceTo(context.now)
      if (!state.present.group || input.AutoScalingGroupName !== state.group.name) {
        throw new ServiceError(
          'ValidationError',
          `AutoScalingGroup name not found - AutoScalingGroup: ${input.AutoScalingGroupName} not found`,
        )
      }
      const answer = handle(input, context)
      world.advanceTo(context.now)
      return answer
    }

  const handlers = {
    DescribeAutoScalingGroups: (
      input: sdk.AutoScalingGroupNamesType,
      context: RequestContext,
    ): sdk.AutoScalingGroupsType => {
      world.advanceTo(context.now)
      const names = input.AutoScalingGroupNames ?? []
      const groups = state.present.group ? [state.group] : []
      const items = groups.filter(({ name }) => names.length === 0 || names.includes(name))
      const page = paginate(wire, {
        operation: 'DescribeAutoScalingGroups',
        items: items.filter((group) => matchesFilters(group, input.Filters ?? [])),
        limit: input.MaxRecords ?? 50,
        token: input.NextToken,
        boundTo: [names, input.Filters],
      })
      return { AutoScalingGroups: page.items.map((group) => describeGroup(state, group)), NextToken: page.nextToken }
    },

    DescribeScalingActivities: (
      input: sdk.DescribeScalingActivitiesType,
      context: RequestContext,
    ): sdk.ActivitiesType => {
      world.advanceTo(context.now)
      const isAsked = (input.AutoScalingGroupName ?? state.group.name) === state.group.name
      const items = state.activities
        .filter(({ id, startTime }) => (input.ActivityIds?.includes(id) ?? true) && startTime >= context.now - sixWeeks)
        .toReversed()
        .sort((a, b) => b.startTime - a.startTime)
      const page = paginate(wire, {
        operation: 'DescribeScalingActivities',
        items: isAsked ? items : [],
        limit: input.MaxRecords ?? 100,
        token: input.NextToken,
        keyOf: ({ id }) => id,
        boundTo: [input.AutoScalingGroupName, input.ActivityIds],
      })
      return { Activities: page.items.map((activity) => describeActivity(state, activity)), NextToken: page.nextToken }
    },

    StartInstanceRefresh: onGroup((input: sdk.StartInstanceRefreshType): sdk.StartInstanceRefreshAnswer => ({
      InstanceRefreshId: startRefresh(state, input).id,
    })),

    DescribeInstanceRefreshes: onGroup(
      (input: sdk.DescribeInstanceRefreshesType, context): sdk.DescribeInstanceRefreshesAnswer => {
        const ids = input.InstanceRefreshIds ?? []
        const items = state.refreshes
          .filter(({ id, startTime }) => (ids.length === 0 || ids.includes(id)) && startTime >= context.now - sixWeeks)
          .toReversed()
        const page = paginate(wire, {
          operation: 'DescribeInstanceRefreshes',
          items,
          limit: input.MaxRecords ?? 50,
          token: input.NextToken,
          keyOf: ({ id }) => id,
          boundTo: ids,
        })
        return { InstanceRefreshes: page.items.map((each) => describeRefresh(state, each)), NextToken: page.nextToken }
      },
    ),

    CancelInstanceRefresh: onGroup((input: sdk.CancelInstanceRefreshType): sdk.CancelInstanceRefreshAnswer => ({
      InstanceRefreshId: cancelRefresh(state, input.WaitForTransitioningInstances ?? true).id,
    })),

    RollbackInstanceRefresh: onGroup((_input: sdk.RollbackInstanceRefreshType): sdk.RollbackInstanceRefreshAnswer => ({
      InstanceRefreshId: rollbackRefresh(state).id,
    })),

    SetDesiredCapacity: onGroup((input: sdk.SetDesiredCapacityType): void => {
      setDesiredCapacity(state, input.DesiredCapacity ?? 0)
    }),

    UpdateAutoScalingGroup: onGroup((input: sdk.UpdateAutoScalingGroupType): void => {
      const given = input.LaunchTemplate
      updateGroup(state, {
        minSize: input.MinSize,
        maxSize: input.MaxSize,
        desired: input.DesiredCapacity,
        template: given && { id: given.LaunchTemplateId, name: given.LaunchTemplateName, version: given.Version },
      })
    }),

    SetInstanceProtection: onGroup((input: sdk.SetInstanceProtectionQuery): sdk.SetInstanceProtectionAnswer => {
      setProtection(state, input.InstanceIds ?? [], input.ProtectedFromScaleIn ?? false)
      return {}
    }),

    EnterStandby: onGroup((input: sdk.EnterStandbyQuery): sdk.EnterStandbyAnswer => {
      const before = state.activities.length
      enterStandby(state, input.InstanceIds ?? [], input.ShouldDecrementDesiredCapacity ?? false)
      return { Activities: state.activities.slice(before).map((activity) => describeActivity(state, activity)) }
    }),

    ExitStandby: onGroup((input: sdk.ExitStandbyQuery): sdk.ExitStandbyAnswer => {
      const before = state.activities.length
      exitStandby(state, input.InstanceIds ?? [])
      return { Activities: state.activities.slice(before).map((activity) => describeActivity(state, activity)) }
    }),
  }
  return { signingName, protocol: 'awsQuery', target: '2011-01-01', sdk, handlers }
}

function matchesFilters(group: Group, filters: readonly sdk.Filter[]): boolean {
  return filters.every(({ Name = '', Values = [] }) => {
    if (Name === 'tag-key') return group.tags.some(({ key }) => Values.includes(key))
    if (Name === 'tag-value') return group.tags.some(({ value }) => Values.includes(value))
    if (Name.startsWith('tag:')) {
      return group.tags.some(({ key, value }) => key === Name.slice('tag:'.length) && Values.includes(value))
    }
    throw new ServiceError(
      'ValidationError',
      `Filter type ${Name} is not correct. Allowed Filter types are: tag-key, tag-value, tag:<key>`,
    )
  })
}

const specification = ({ id, name, version }: LaunchTemplateChoice): sdk.LaunchTemplateSpecification => ({
  LaunchTemplateId: id,
  LaunchTemplateName: name,
  Version: version,
})

function describeGroup(world: WorldState, group: Group): sdk.AutoScalingGroup {
  const { switches } = world
  return {
    AutoScalingGroupName: group.name,
    AutoScalingGroupARN: group.arn,
    LaunchTemplate: specification(group.template),
    MinSize: group.minSize,
    MaxSize: group.maxSize,
    DesiredCapacity: group.desired,
    DefaultCooldown: 300,
    AvailabilityZones: [...group.zones],
    LoadBalancerNames: [],
    TargetGroupARNs: world.targetGroups.map(({ arn }) => arn),
    HealthCheckType: switches.healthCheckType,
    HealthCheckGracePeriod: switches.healthCheckGraceSeconds,
    Instances: group.instances.map(describeInstance),
    CreatedTime: new Date(group.createdAt),
    SuspendedProcesses: [],
    VPCZoneIdentifier: group.zones.map((zone) => `subnet-0${zone.slice(-1).repeat(16)}`).join(','),
    EnabledMetrics: [],
    Tags: group.tags.map(({ key, value }) => ({
      ResourceId: group.name,
      ResourceType: 'auto-scaling-group',
      Key: key,
      Value: value,
      PropagateAtLaunch: true,
    })),
    TerminationPolicies: ['Default'],
    NewInstancesProtectedFromScaleIn: false,
    ServiceLinkedRoleARN: `arn:aws:iam::${world.setup.accountId}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`,
    TrafficSources: world.targetGroups.map(({ arn }) => ({ Identifier: arn, Type: 'elbv2' })),
    ...(switches.defaultWarmupSeconds !== undefined && { DefaultInstanceWarmup: switches.defaultWarmupSeconds }),
    ...(group.maintenancePolicy && {
      InstanceMaintenancePolicy: {
        MinHealthyPercentage: group.maintenancePolicy.minimum,
        MaxHealthyPercentage: group.maintenancePolicy.maximum,
      },
    }),
  }
}

function describeInstance(instance: Instance): sdk.Instance {
  return {
    InstanceId: instance.id,
    InstanceType: instance.instanceType,
    AvailabilityZone: instance.zone,
    LifecycleState: instance.lifecycle,
    HealthStatus: instance.healthStatus,
    LaunchTemplate: specification({ ...instance.template, version: String(instance.template.version) }),
    ProtectedFromScaleIn: instance.protectedFromScaleIn,
  }
}

function describeActivity(world: WorldState, activity: Activity): sdk.Activity {
  return {
    ActivityId: activity.id,
    AutoScalingGroupName: world.group.name,
    AutoScalingGroupARN: world.group.arn,
    Description: activity.description,
    Cause: activity.cause,
    StartTime: new Date(activity.startTime),
    ...(activity.endTime !== undefined && { EndTime: new Date(activity.endTime) }),
    StatusCode: activity.statusCode,
    ...(activity.statusMessage !== undefined && { StatusMessage: activity.statusMessage }),
    Progress: activity.endTime === undefined ? 50 : 100,
    Details: activity.details,
  }
}

function describeRefresh(world: WorldState, refresh: Refresh): sdk.InstanceRefresh {
  const { rollback } = refresh
  return {
    InstanceRefreshId: refresh.id,
    AutoScalingGroupName: world.group.name,
    Status: refresh.status,
    ...(refresh.statusReason !== undefined && { StatusReason: refresh.statusReason }),
    StartTime: new Date(refresh.startTime),
    ...(refresh.endTime !== undefined && { EndTime: new Date(refresh.endTime) }),
    PercentageComplete: refresh.percentage,
    InstancesToUpdate: refresh.remaining,
    Preferences: echoPreferences(refresh.preferences),
    ...(refresh.desired && { DesiredConfiguration: { LaunchTemplate: specification(refresh.desired) } }),
    ...(rollback && {
      RollbackDetails: {
        RollbackReason: rollback.reason,
        RollbackStartTime: new Date(rollback.startTime),
        PercentageCompleteOnRollback: rollback.percentage,
        InstancesToUpdateOnRollback: rollback.remaining,
      },
    }),
    Strategy: 'Rolling',
  }
}
