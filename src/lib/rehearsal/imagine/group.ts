import type { ImaginedFleet } from '../../domain/imagined-rollout.js'
import { addVersion, findTemplate } from '../world/launch-templates.js'
import { startRefresh } from '../world/refresh/requests.js'
import type { WorldState } from '../world/state.js'
import { writeUserData } from '../world/user-data.js'
import type { ImaginedImages } from './images.js'
import type { Movement } from './rollout.js'

/** Starts an instance refresh to the new images. */
export function moveGroup(
  world: WorldState,
  { after }: ImaginedImages,
  fleet: ImaginedFleet & { readonly kind: 'asg' },
): Movement {
  const template = findTemplate(world, { id: world.group.template.id })
  const { number } = addVersion(world, template, {
    source: world.group.template.version,
    description: undefined,
    data: { UserData: Buffer.from(writeUserData(world.setup, world.registryHost, after)).toString('base64') },
    token: undefined,
  })
  const refresh = startRefresh(world, {
    AutoScalingGroupName: world.group.name,
    DesiredConfiguration: { LaunchTemplate: { LaunchTemplateId: template.id, Version: String(number) } },
    Preferences: {
      MinHealthyPercentage: fleet.minHealthyPercentage,
      MaxHealthyPercentage: fleet.maxHealthyPercentage,
      InstanceWarmup: Math.round(fleet.warmup / 1000),
      BakeTime: Math.round(fleet.bakeTime / 1000),
      SkipMatching: true,
    },
  })
  return {
    isOver: () => refresh.endTime !== undefined,
    targets: () =>
      world.group.instances.map((instance) => ({
        id: instance.id,
        answers: instance.answers,
        serving: instance.serving,
        launchedAt: instance.launchedAt,
        inServiceAt: instance.inServiceAt,
        isNew: instance.template.version === number,
        isLive: instance.lifecycle === 'Pending' || instance.lifecycle === 'InService',
      })),
  }
}
