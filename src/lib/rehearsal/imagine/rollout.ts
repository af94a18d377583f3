import type { ImaginedRollout, ImaginedStart, RolloutCourse } from '../../domain/imagined-rollout.js'
import type { RehearsedFleet } from '../setup.js'
import { steadyRandom } from '../world/random.js'
import type { Host, WorldState } from '../world/state.js'
import { createWorld, type World } from '../world/world.js'
import { moveCluster } from './cluster.js'
import { moveGroup } from './group.js'
import { imagineImages, type ImaginedImages } from './images.js'
import { switchesFor } from './switches.js'

/** One target of the rollout, whatever the platform. */
export interface Mover extends Host {
  readonly launchedAt: number
  readonly inServiceAt: number | undefined
  readonly isNew: boolean
  /** Whether it is still counted: it comes up or serves, and is not on its way out. */
  readonly isLive: boolean
}

/** A rollout under way, as both platforms show it. */
export interface Movement {
  isOver(): boolean
  targets(): readonly Mover[]
}

// A world begins in the past of nobody.
const start = Date.parse('2026-01-01T00:00:00Z')
// AWS gives up a refresh after fourteen days; nothing that is planned takes as long as one.
const limit = 86_400_000

const registryHost = '123456789012.dkr.ecr.us-east-1.amazonaws.com'

function fleetOf({ fleet, services }: ImaginedRollout): RehearsedFleet {
  const { desired } = fleet
  if (fleet.kind === 'asg') return { group: { name: 'imagined', desired, min: desired, max: 2 * desired } }
  return {
    ecs: {
      cluster: 'imagined',
      services: services.map(({ name }) => ({
        name,
        taskFamily: name,
        container: name,
        service: name,
        desired,
        launchType: 'FARGATE',
      })),
    },
  }
}

function imagineWorld(rollout: ImaginedRollout, images: ImaginedImages): World {
  return createWorld({
    setup: {
      app: 'imagined',
      environment: 'imagined',
      region: 'us-east-1',
      accountId: '123456789012',
      logGroup: '/imagined',
      alarms: [],
      services: images.services,
      ...fleetOf(rollout),
    },
    images: images.catalog,
    previousImages: images.before,
    registryHost,
    start,
    random: steadyRandom(rollout.share),
    switches: switchesFor(rollout.conditions),
    isMeasured: false,
  })
}

/**
 * Runs a rollout to its end in virtual time by the state machines of the rehearsal, without a wire and without waiting.
 * The same rollout always goes the same way. Undefined when it does not end within a day.
 */
export function imagineRollout(rollout: ImaginedRollout): RolloutCourse | undefined {
  const images = imagineImages(rollout)
  const world = imagineWorld(rollout, images)
  world.advanceTo(start)
  const { state } = world
  const movement =
    rollout.fleet.kind === 'asg' ? moveGroup(state, images, rollout.fleet) : moveCluster(state, images, rollout.fleet)
  const watch = watching(state, movement)
  world.advanceTo(start)
  while (!movement.isOver()) {
    const next = state.agenda.nextAt()
    if (next === undefined || next > start + limit) return undefined
    watch.until(next)
    world.advanceTo(next)
    watch.look()
  }
  // Targets may still load their models when the platform is content.
  const duration = state.now - start
  while (watch.isLoading() && (state.agenda.nextAt() ?? Infinity) < start + limit) {
    world.advanceTo(state.agenda.nextAt() ?? start)
    watch.look()
  }
  return { duration, ...watch.result() }
}

interface Watch {
  /** Counts what was there since the last look, until then. */
  until(time: number): void
  look(): void
  isLoading(): boolean
  result(): Omit<RolloutCourse, 'duration'>
}

const isLoaded = ({ serving }: Host): boolean => serving.size > 0 && [...serving.values()].every(({ ready }) => ready)

function watching(state: WorldState, movement: Movement): Watch {
  const ready = new Map<string, ImaginedStart>()
  const standing = movement.targets().filter(({ isLive }) => isLive).length
  let [fewestHealthy, most, mostLive, surge] = [standing, standing, standing, 0]
  const loading = (): readonly Mover[] =>
    movement.targets().filter(({ id, isNew, isLive }) => isNew && isLive && !ready.has(id))
  return {
    until(time) {
      surge += (time - state.now) * Math.max(0, movement.targets().length - standing)
    },
    look() {
      const targets = movement.targets()
      most = Math.max(most, targets.length)
      mostLive = Math.max(mostLive, targets.filter(({ isLive }) => isLive).length)
      fewestHealthy = Math.min(
        fewestHealthy,
        targets.filter((target) => target.isLive && isHealthy(state, target)).length,
      )
      for (const target of loading()) {
        if (target.inServiceAt === undefined || !isLoaded(target)) continue
        ready.set(target.id, {
          launchedAt: target.launchedAt - start,
          inServiceAt: target.inServiceAt - start,
          readyAt: state.now - start,
        })
      }
    },
    isLoading: () => loading().length > 0,
    result: () => ({ starts: [...ready.values()], standing, fewestHealthy, most, mostLive, surge }),
  }
}

// A target of ECS is in the groups of its own service alone.
function isHealthy(state: WorldState, { id }: Mover): boolean {
  const registered = state.targetGroups.flatMap(({ targets }) => targets.get(id) ?? [])
  return registered.length > 0 && registered.every((target) => target.state === 'healthy')
}
