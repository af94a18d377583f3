import type { ImaginedFleet } from '../../domain/imagined-rollout.js'
import { formatImageRef } from '../../domain/image-ref.js'
import { findTaskDefinition, registerTaskDefinition } from '../world/ecs/task-definitions.js'
import { isLive } from '../world/ecs/task-state.js'
import { updateService } from '../world/ecs/update-service.js'
import type { WorldState } from '../world/state.js'
import type { ImaginedImages } from './images.js'
import type { Movement } from './rollout.js'

/** Moves every service of the cluster to its new image, all at the same time. */
export function moveCluster(
  world: WorldState,
  { after }: ImaginedImages,
  fleet: ImaginedFleet & { readonly kind: 'ecs' },
): Movement {
  for (const service of world.ecs.services) move(world, service.name, after[service.name], fleet)
  const isOver = (): boolean =>
    world.ecs.services.every(({ deployments }) => deployments.at(-1)?.finishedAt !== undefined)
  return {
    isOver,
    targets: () =>
      world.ecs.tasks
        .filter(({ status }) => status !== 'STOPPED')
        .map((task) => ({
          id: task.id,
          answers: task.answers,
          serving: task.serving,
          launchedAt: task.createdAt,
          inServiceAt: task.startedAt,
          isNew: task.changedService !== undefined,
          isLive: isLive(task),
        })),
  }
}

function move(
  world: WorldState,
  name: string,
  digest: ImaginedImages['after'][string] | undefined,
  fleet: ImaginedFleet & { readonly kind: 'ecs' },
): void {
  const found = findTaskDefinition(world, name)
  if (found === undefined || digest === undefined) return
  const image = formatImageRef({ registry: world.registryHost, repository: name, digest })
  const { containerDefinitions = [], ...definition } = found.definition
  const next = registerTaskDefinition(
    world,
    { ...definition, containerDefinitions: containerDefinitions.map((each) => ({ ...each, image })) },
    found.registeredBy,
  )
  updateService(world, {
    cluster: world.setup.ecs?.cluster,
    service: name,
    taskDefinition: next.arn,
    deploymentConfiguration: {
      minimumHealthyPercent: fleet.minHealthyPercentage,
      maximumPercent: fleet.maxHealthyPercentage,
      bakeTimeInMinutes: Math.round(fleet.bakeTime / 60_000),
    },
  })
}
