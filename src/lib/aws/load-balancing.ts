import {
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { LoadBalancing } from '../ports/auto-scaling.js'
import { call } from './failure.js'
import { clientSettings, counted, type ClientOptions } from './options.js'

/** The LoadBalancing port on the AWS SDK. */
export function createLoadBalancing(options: ClientOptions): LoadBalancing {
  const client = counted(new ElasticLoadBalancingV2Client(clientSettings(options)), options)
  return {
    async describeTargetGroups(arns) {
      if (arns.length === 0) return []
      const answer = await call('elasticloadbalancing:DescribeTargetGroups', () =>
        client.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [...arns] })),
      )
      return (answer.TargetGroups ?? []).map((one) => ({
        arn: one.TargetGroupArn ?? '',
        name: one.TargetGroupName ?? '',
        healthCheckPath: one.HealthCheckPath ?? '',
        healthCheckInterval: one.HealthCheckIntervalSeconds ?? 30,
        healthyThreshold: one.HealthyThresholdCount ?? 5,
        unhealthyThreshold: one.UnhealthyThresholdCount ?? 2,
        port: one.Port ?? 0,
        loadBalancerArns: one.LoadBalancerArns ?? [],
      }))
    },

    async drainingOf(arns) {
      const delays = await Promise.all(
        arns.map(async (arn) => {
          const answer = await call('elasticloadbalancing:DescribeTargetGroupAttributes', () =>
            client.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn: arn })),
          )
          const found = answer.Attributes?.find(({ Key }) => Key === 'deregistration_delay.timeout_seconds')?.Value
          return found === undefined ? [] : [Number(found)]
        }),
      )
      return delays.flat().toSorted((a, b) => b - a)[0]
    },

    async describeTargetHealth(arns) {
      const perGroup = await Promise.all(
        arns.map(async (arn) => {
          const answer = await call('elasticloadbalancing:DescribeTargetHealth', () =>
            client.send(new DescribeTargetHealthCommand({ TargetGroupArn: arn })),
          )
          return (answer.TargetHealthDescriptions ?? []).map((one) => ({
            targetGroupArn: arn,
            targetId: one.Target?.Id ?? '',
            state: one.TargetHealth?.State ?? 'unavailable',
            ...(one.TargetHealth?.Reason !== undefined && { reason: one.TargetHealth.Reason }),
            ...(one.TargetHealth?.Description !== undefined && { description: one.TargetHealth.Description }),
          }))
        }),
      )
      return perGroup.flat()
    },
  }
}
