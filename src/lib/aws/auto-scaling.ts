import {
  AutoScalingClient,
  CancelInstanceRefreshCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeInstanceRefreshesCommand,
  paginateDescribeInstanceRefreshes,
  paginateDescribeScalingActivities,
  RollbackInstanceRefreshCommand,
  SetDesiredCapacityCommand,
  StartInstanceRefreshCommand,
  UpdateAutoScalingGroupCommand,
  type AutoScalingGroup as SdkGroup,
  type InstanceRefresh as SdkRefresh,
  type LaunchTemplateSpecification as SdkTemplate,
  type RefreshPreferences,
} from '@aws-sdk/client-auto-scaling'
import type {
  AutoScaling,
  AutoScalingGroup,
  InstanceRefresh,
  LaunchTemplateSpecification,
  Refusal,
  ScalingActivity,
  StartInstanceRefresh,
} from '../ports/auto-scaling.js'
import { attempt, call } from './failure.js'
import { clientSettings, counted, type ClientOptions } from './options.js'

function template(from: SdkTemplate | undefined): { launchTemplate?: LaunchTemplateSpecification } {
  if (from?.LaunchTemplateId === undefined) return {}
  return {
    launchTemplate: {
      id: from.LaunchTemplateId,
      name: from.LaunchTemplateName ?? '',
      // The API leaves the version out when the group follows the default one.
      version: from.Version ?? '$Default',
    },
  }
}

function group(from: SdkGroup): AutoScalingGroup {
  return {
    name: from.AutoScalingGroupName ?? '',
    desiredCapacity: from.DesiredCapacity ?? 0,
    minSize: from.MinSize ?? 0,
    maxSize: from.MaxSize ?? 0,
    zones: from.AvailabilityZones ?? [],
    ...template(from.LaunchTemplate),
    mixedInstances: from.MixedInstancesPolicy !== undefined,
    targetGroupArns: from.TargetGroupARNs ?? [],
    subnets: (from.VPCZoneIdentifier ?? '').split(',').filter((one) => one !== ''),
    hasWarmPool: from.WarmPoolConfiguration !== undefined,
    healthCheckType: from.HealthCheckType ?? 'EC2',
    healthCheckGracePeriod: from.HealthCheckGracePeriod ?? 0,
    ...(from.DefaultInstanceWarmup !== undefined && { defaultInstanceWarmup: from.DefaultInstanceWarmup }),
    suspendedProcesses: (from.SuspendedProcesses ?? []).map((one) => one.ProcessName ?? ''),
    instances: (from.Instances ?? []).map((instance) => ({
      id: instance.InstanceId ?? '',
      zone: instance.AvailabilityZone ?? '',
      lifecycleState: instance.LifecycleState ?? '',
      healthStatus: instance.HealthStatus ?? '',
      ...template(instance.LaunchTemplate),
      protectedFromScaleIn: instance.ProtectedFromScaleIn ?? false,
    })),
  }
}

function preferencesOf(from: RefreshPreferences | undefined): InstanceRefresh['preferences'] {
  const { MinHealthyPercentage: low, MaxHealthyPercentage: high, InstanceWarmup: warmup, BakeTime: bake } = from ?? {}
  return {
    ...(low !== undefined && { minHealthyPercentage: low }),
    ...(high !== undefined && { maxHealthyPercentage: high }),
    ...(warmup !== undefined && { instanceWarmup: warmup }),
    ...(bake !== undefined && { bakeTime: bake }),
    checkpointPercentages: from?.CheckpointPercentages ?? [],
    alarms: from?.AlarmSpecification?.Alarms ?? [],
    ...(from?.SkipMatching !== undefined && { skipMatching: from.SkipMatching }),
  }
}

function refresh(from: SdkRefresh): InstanceRefresh {
  return {
    id: from.InstanceRefreshId ?? '',
    status: from.Status ?? 'Pending',
    percentageComplete: from.PercentageComplete ?? 0,
    instancesToUpdate: from.InstancesToUpdate ?? 0,
    preferences: preferencesOf(from.Preferences),
    ...template(from.DesiredConfiguration?.LaunchTemplate),
    ...(from.StatusReason !== undefined && { statusReason: from.StatusReason }),
    ...(from.StartTime !== undefined && { startTime: from.StartTime.getTime() }),
    ...(from.EndTime !== undefined && { endTime: from.EndTime.getTime() }),
    ...(from.RollbackDetails?.RollbackReason !== undefined && { rollbackReason: from.RollbackDetails.RollbackReason }),
  }
}

function preferences(request: StartInstanceRefresh): RefreshPreferences {
  return {
    MinHealthyPercentage: request.minHealthyPercentage,
    // Always explicit: leaving it out would let AWS terminate before it launches.
    MaxHealthyPercentage: request.maxHealthyPercentage,
    SkipMatching: request.skipMatching,
    AutoRollback: request.autoRollback,
    ...(request.instanceWarmup !== undefined && { InstanceWarmup: request.instanceWarmup }),
    ...(request.checkpointPercentages.length > 0 && { CheckpointPercentages: [...request.checkpointPercentages] }),
    ...(request.checkpointDelay !== undefined && { CheckpointDelay: request.checkpointDelay }),
    ...(request.bakeTime > 0 && { BakeTime: request.bakeTime }),
    ...(request.alarms.length > 0 && { AlarmSpecification: { Alarms: [...request.alarms] } }),
  }
}

async function refuse(operation: string, send: () => Promise<unknown>): Promise<Refusal | undefined> {
  const answer = await attempt(operation, async () => {
    await send()
    return {}
  })
  return 'refused' in answer ? answer.refused : undefined
}

/** The AutoScaling port on the AWS SDK. */
export function createAutoScaling(options: ClientOptions): AutoScaling {
  const client = counted(new AutoScalingClient(clientSettings(options)), options)

  return {
    async describeGroup(name) {
      const answer = await call('autoscaling:DescribeAutoScalingGroups', () =>
        client.send(new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] })),
      )
      const found = answer.AutoScalingGroups?.[0]
      return found === undefined ? undefined : group(found)
    },

    async describeInstanceRefreshes(name) {
      return call('autoscaling:DescribeInstanceRefreshes', async () => {
        const found: InstanceRefresh[] = []
        const pages = paginateDescribeInstanceRefreshes({ client, pageSize: 100 }, { AutoScalingGroupName: name })
        for await (const page of pages) found.push(...(page.InstanceRefreshes ?? []).map(refresh))
        return found
      })
    },

    async describeInstanceRefresh(name, id) {
      const answer = await call('autoscaling:DescribeInstanceRefreshes', () =>
        client.send(new DescribeInstanceRefreshesCommand({ AutoScalingGroupName: name, InstanceRefreshIds: [id] })),
      )
      const found = answer.InstanceRefreshes?.[0]
      return found === undefined ? undefined : refresh(found)
    },

    async startInstanceRefresh(request) {
      return attempt('autoscaling:StartInstanceRefresh', async () => {
        const answer = await client.send(
          new StartInstanceRefreshCommand({
            AutoScalingGroupName: request.group,
            Strategy: 'Rolling',
            DesiredConfiguration: {
              LaunchTemplate: { LaunchTemplateId: request.launchTemplate.id, Version: request.launchTemplate.version },
            },
            Preferences: preferences(request),
          }),
        )
        return { id: answer.InstanceRefreshId ?? '' }
      })
    },

    cancelInstanceRefresh: (name) =>
      refuse('autoscaling:CancelInstanceRefresh', () =>
        client.send(new CancelInstanceRefreshCommand({ AutoScalingGroupName: name })),
      ),

    rollbackInstanceRefresh: (name) =>
      refuse('autoscaling:RollbackInstanceRefresh', () =>
        client.send(new RollbackInstanceRefreshCommand({ AutoScalingGroupName: name })),
      ),

    resizeGroup: (name, desired, bounds) =>
      bounds === undefined
        ? refuse('autoscaling:SetDesiredCapacity', () =>
            client.send(new SetDesiredCapacityCommand({ AutoScalingGroupName: name, DesiredCapacity: desired })),
          )
        : refuse('autoscaling:UpdateAutoScalingGroup', () =>
            client.send(
              new UpdateAutoScalingGroupCommand({
                AutoScalingGroupName: name,
                DesiredCapacity: desired,
                MinSize: bounds.min,
                MaxSize: bounds.max,
              }),
            ),
          ),

    async describeScalingActivities(name, since) {
      return call('autoscaling:DescribeScalingActivities', async () => {
        const found: ScalingActivity[] = []
        const pages = paginateDescribeScalingActivities({ client, pageSize: 100 }, { AutoScalingGroupName: name })
        for await (const page of pages) {
          for (const activity of page.Activities ?? []) {
            const startTime = activity.StartTime?.getTime() ?? 0
            // Newest first: the first older one ends the search.
            if (startTime < since) return found
            found.push({
              id: activity.ActivityId ?? '',
              startTime,
              ...(activity.EndTime !== undefined && { endTime: activity.EndTime.getTime() }),
              statusCode: activity.StatusCode ?? '',
              ...(activity.StatusMessage !== undefined && { statusMessage: activity.StatusMessage }),
              description: activity.Description ?? '',
              cause: activity.Cause ?? '',
            })
          }
        }
        return found
      })
    },
  }
}
