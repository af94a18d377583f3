import type { EcsDeploymentChange, EcsService } from '../../ports/ecs.js'

/** From the request for a task to a healthy one, in seconds: a Fargate task keeps no layers, and pulls them all. */
const launch = 120
/** A target group's deregistration delay, in seconds, by habit. */
const drain = 60

/**
 * How many tasks may be begun, and how many stopped, before the other has happened.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html: the least is rounded up, the most down.
 */
export function roomOf(
  desired: number,
  { minimumHealthyPercent, maximumPercent }: Pick<EcsDeploymentChange, 'minimumHealthyPercent' | 'maximumPercent'>,
): { readonly start: number; readonly stop: number } {
  const least = Math.ceil((desired * minimumHealthyPercent) / 100)
  const most = Math.floor((desired * maximumPercent) / 100)
  return { start: Math.max(0, most - desired), stop: Math.max(0, desired - least) }
}

/** About how long it takes to replace the tasks of all services, one service after the other, in milliseconds. */
export function estimateServices(services: readonly EcsService[], change: EcsDeploymentChange): number {
  const seconds = services.map(({ desiredCount, configuration }) => {
    const { start, stop } = roomOf(desiredCount, change)
    const batches = Math.ceil(desiredCount / Math.max(1, start + stop))
    const bake = change.bakeTimeInMinutes ?? configuration.bakeTimeInMinutes ?? 0
    return batches * launch + drain + bake * 60
  })
  return seconds.reduce((sum, one) => sum + one, 0) * 1000
}
