import { ServiceError } from '../wire/service.js'
import type { WorldState } from '../world/state.js'
import { reasonOf } from './kind.js'

/** One thing that is done to a stack's resource, over time. */
export interface Step {
  readonly id: string
  /** What must be done before. Those that are not among the steps are done. */
  readonly after: ReadonlySet<string>
  /** Begins it; how many seconds it takes, or undefined when there is nothing to do. @throws ServiceError. */
  begin(): number | undefined
  /** Asked when the time is over, until it is true. @throws ServiceError. */
  settled(): boolean
  end(): void
  fail(reason: string): void
}

const second = 1000
const pace = 5 * second

/**
 * Does the steps in virtual time, as many at once as their order allows. `cancel` gives the others up when one fails,
 * `goOn` does what does not depend on it. `done` gets the ids of those that failed by themselves.
 */
export function runSteps(
  world: WorldState,
  steps: readonly Step[],
  onFailure: 'cancel' | 'goOn',
  done: (failed: readonly string[]) => void,
): void {
  const waiting = new Map(steps.map((step) => [step.id, step]))
  const active = new Map<string, Step>()
  const failed: string[] = []
  let over = false

  const isFree = ({ after }: Step): boolean =>
    [...after].every((id) => !waiting.has(id) && !active.has(id) && !failed.includes(id))

  const failing = (step: Step, error: unknown): void => {
    if (!(error instanceof ServiceError)) throw error
    active.delete(step.id)
    failed.push(step.id)
    step.fail(reasonOf(error))
    if (onFailure === 'goOn') return
    for (const other of active.values()) other.fail('Resource operation cancelled')
    active.clear()
    waiting.clear()
  }

  const check = (step: Step): void => {
    if (active.get(step.id) !== step) return
    try {
      if (!step.settled()) {
        world.agenda.add(world.now + pace, () => check(step))
        return
      }
      active.delete(step.id)
      step.end()
    } catch (error) {
      failing(step, error)
    }
    pump()
  }

  const start = (step: Step): void => {
    waiting.delete(step.id)
    active.set(step.id, step)
    try {
      const seconds = step.begin()
      if (seconds === undefined) {
        active.delete(step.id)
        return
      }
      const taken = seconds * second * world.random.between(0.85, 1.3)
      world.agenda.add(world.now + taken, () => check(step))
    } catch (error) {
      failing(step, error)
    }
  }

  const pump = (): void => {
    for (let free = [...waiting.values()].filter(isFree); free.length > 0;) {
      for (const step of free) if (waiting.has(step.id)) start(step)
      free = [...waiting.values()].filter(isFree)
    }
    if (active.size > 0 || over) return
    over = true
    world.agenda.add(world.now + second, () => done(failed))
  }
  world.agenda.add(world.now + second, pump)
}
