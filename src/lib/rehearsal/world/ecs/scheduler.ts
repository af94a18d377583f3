import type { WorldState } from '../state.js'
import { ongoing } from './deployments.js'
import { addEvent } from './events.js'
import { placeTasks, removeTasks } from './place.js'
import type { DeploymentEntry, EcsService, EcsTask } from './state.js'
import { isHealthyTask, isLive, isPending, tasksOf } from './task-state.js'

/** How many tasks a service may have and must have. */
export interface TaskBounds {
  readonly minimum: number
  readonly maximum: number
}

/**
 * The minimum is rounded up, the maximum down.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
 */
export function taskBounds(service: EcsService): TaskBounds {
  const { minimumHealthyPercent = 100, maximumPercent = 200 } = service.configuration
  return {
    minimum: Math.ceil((service.desired * minimumHealthyPercent) / 100),
    maximum: Math.floor((service.desired * maximumPercent) / 100),
  }
}

interface Crew {
  readonly entry: DeploymentEntry
  readonly live: readonly EcsTask[]
  readonly healthy: readonly EcsTask[]
}

const crewOf = (world: WorldState, entry: DeploymentEntry): Crew => {
  const live = tasksOf(world, entry).filter(isLive)
  return { entry, live, healthy: live.filter((task) => isHealthyTask(world, task)) }
}

/** Those that are missed least first: what is not healthy, then what came last. */
function leastFirst(crew: Crew): readonly EcsTask[] {
  const rank = (task: EcsTask): number => (crew.healthy.includes(task) ? 2 : isPending(task) ? 0 : 1)
  return crew.live.toSorted((a, b) => rank(a) - rank(b) || b.createdAt - a.createdAt)
}

/**
 * One step of a rolling replacement, or of keeping the desired count: starts tasks of the primary deployment as far as
 * the maximum allows, and stops older ones as far as the minimum of healthy ones does. True when anything changed.
 */
export function moveTasks(world: WorldState, service: EcsService): boolean {
  const [first, ...rest] = service.entries
  if (first === undefined) return false
  const primary = crewOf(world, first)
  const older = rest.map((entry) => crewOf(world, entry)).toReversed()
  const { maximum } = taskBounds(service)
  if (first.rolloutState === 'FAILED' || ongoing(service)?.status === 'PENDING') return replaceOlder(world, service)
  first.desired = service.desired
  const total = [primary, ...older].reduce((sum, { live }) => sum + live.length, 0)
  const lacking = service.desired - primary.live.length
  if (lacking < 0) return removeTasks(world, service, first, leastFirst(primary).slice(0, -lacking))
  const room = Math.max(maximum, service.desired) - total
  if (placeTasks(world, service, first, Math.min(lacking, room))) return true
  const stopped = stopOlder(world, service, primary, older, lacking > 0 && room <= 0)
  if (!stopped) noteStuck(world, service, lacking > 0 && room <= 0 && older.some(({ live }) => live.length > 0))
  return stopped || replaceOlder(world, service)
}

function stopOlder(
  world: WorldState,
  service: EcsService,
  primary: Crew,
  older: readonly Crew[],
  needsRoom: boolean,
): boolean {
  const { minimum } = taskBounds(service)
  const fresh = primary.healthy.length
  const needed = Math.max(0, minimum - fresh)
  const wanted = needsRoom || world.switches.stopsOldTasksEarly ? needed : Math.max(0, service.desired - fresh)
  const healthy = older.reduce((sum, crew) => sum + crew.healthy.length, 0)
  const live = older.reduce((sum, crew) => sum + crew.live.length, 0)
  // What makes room makes no more of it than is lacking.
  let surplus = needsRoom ? Math.min(live - wanted, service.desired - primary.live.length) : live - wanted
  let spare = healthy - needed
  let changed = false
  for (const crew of older) {
    const leaving: EcsTask[] = []
    for (const task of leastFirst(crew)) {
      if (surplus <= 0) break
      const counts = crew.healthy.includes(task)
      if (counts && spare <= 0) continue
      if (counts) spare--
      surplus--
      leaving.push(task)
    }
    crew.entry.desired = Math.min(crew.entry.desired, crew.live.length - leaving.length)
    changed = removeTasks(world, service, crew.entry, leaving) || changed
  }
  return changed
}

// Tasks that fail are replaced on their own revision: the newer one may be the reason.
function replaceOlder(world: WorldState, service: EcsService): boolean {
  const { maximum } = taskBounds(service)
  let total = service.entries.reduce((sum, entry) => sum + crewOf(world, entry).live.length, 0)
  let changed = false
  for (const entry of service.entries.slice(1)) {
    if (entry.rolloutState !== 'COMPLETED') continue
    const count = Math.min(entry.desired - crewOf(world, entry).live.length, maximum - total)
    if (!placeTasks(world, service, entry, count)) continue
    total += count
    changed = true
  }
  return changed
}

function noteStuck(world: WorldState, service: EcsService, stuck: boolean): void {
  const id = service.entries[0]?.id
  if (!stuck || service.stuckOn === id) return
  const { minimum, maximum } = taskBounds(service)
  if (minimum < service.desired || maximum > service.desired) return
  service.stuckOn = id
  addEvent(
    world,
    service,
    'was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again.',
  )
}

/** Whether the service consists of its primary deployment's tasks alone, all of them healthy. */
export function isSettled(world: WorldState, service: EcsService): boolean {
  const [primary, ...older] = service.entries
  if (primary === undefined) return true
  const crew = crewOf(world, primary)
  return (
    crew.healthy.length === service.desired &&
    crew.live.length === service.desired &&
    older.every((entry) => tasksOf(world, entry).length === 0)
  )
}

/** How many of an entry's tasks are healthy. */
export const healthyCount = (world: WorldState, entry: DeploymentEntry): number => crewOf(world, entry).healthy.length

/** Drops the entries of the service, but the primary one, that have no task any more. */
export function dropEmptyEntries(world: WorldState, service: EcsService): void {
  service.entries = service.entries.filter(
    (entry, index) => index === 0 || tasksOf(world, entry).length > 0 || entry === ongoing(service)?.entry,
  )
}
