import {
  ApplicationAutoScalingClient,
  paginateDescribeScalableTargets,
  RegisterScalableTargetCommand,
} from '@aws-sdk/client-application-auto-scaling'
import type { Bounds } from '../ports/auto-scaling.js'
import type { ServiceBounds } from '../ports/service-bounds.js'
import { attempt, call } from './failure.js'
import { clientSettings, counted, type ClientOptions } from './options.js'

const scaled = { ServiceNamespace: 'ecs', ScalableDimension: 'ecs:service:DesiredCount' } as const

/** The ServiceBounds port on the AWS SDK. */
export function createServiceBounds(options: ClientOptions): ServiceBounds {
  const client = counted(new ApplicationAutoScalingClient(clientSettings(options)), options)
  return {
    boundsOf: (cluster, services) =>
      call('application-autoscaling:DescribeScalableTargets', async () => {
        const found = new Map<string, Bounds>()
        const names = new Map(services.map((name) => [`service/${cluster}/${name}`, name]))
        const pages = paginateDescribeScalableTargets({ client }, { ...scaled, ResourceIds: [...names.keys()] })
        for await (const { ScalableTargets: targets = [] } of pages) {
          for (const { ResourceId, MinCapacity: min, MaxCapacity: max } of targets) {
            const name = names.get(ResourceId ?? '')
            if (name !== undefined && min !== undefined && max !== undefined) found.set(name, { min, max })
          }
        }
        return found
      }),

    async setBounds(cluster, service, { min, max }) {
      const answer = await attempt('application-autoscaling:RegisterScalableTarget', async () => {
        const ResourceId = `service/${cluster}/${service}`
        await client.send(
          new RegisterScalableTargetCommand({ ...scaled, ResourceId, MinCapacity: min, MaxCapacity: max }),
        )
        return {}
      })
      return 'refused' in answer ? answer.refused : undefined
    },
  }
}
