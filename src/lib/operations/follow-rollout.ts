import type { Revision } from '../domain/release.js'
import { RampartError } from '../errors/rampart-error.js'
import { aboutOf, type Watching } from '../rollout/about.js'
import type { Driver, RolloutHandle } from '../rollout/driver.js'
import { follow, type Followed, type Patience } from '../rollout/follow.js'
import type { RunContext } from './run.js'

/** What following a rollout needs beside the rollout itself. */
export interface Following extends Watching {
  readonly driver: Driver
  /** The command that comes back to this rollout, e.g. `rampart deploy -c rampart.yml`. */
  readonly comeBack: string
  /** True when the platform ends with this process, as an embedded rehearsal does: leaving is then stopping. */
  readonly endsWithUs?: boolean
}

/** A rollout that is under way, and what it moves the fleet to. */
export interface ToFollow {
  readonly handle: RolloutHandle
  readonly revision: Revision
  readonly targets: number
  /** Without it nobody turns the rollout back but the platform. */
  readonly patience?: Patience
  /** Runs when the rollout was said to be under way, before it is followed. */
  readonly first?: () => Promise<void>
}

/** Running the same command again finds out what is not known. */
export function withWayBack(error: unknown, comeBack: string): unknown {
  if (!(error instanceof RampartError) || error.kind !== 'unknown') return error
  return new RampartError(error.kind, error.message, { next: [...error.next, comeBack], cause: error })
}

/** Follows a rollout to its end and says so: `rollout.started` to `rollout.finished`, and `detached` when it was left. */
export async function followRollout(
  following: Following,
  { handle, revision, targets, patience, first }: ToFollow,
  run: RunContext,
): Promise<Followed> {
  const { driver, comeBack } = following
  run.emit({ type: 'rollout.started', id: handle.id, attached: handle.attached, group: driver.fleet, targets })
  await first?.()
  const { clock, emit, signal } = run
  const about = () => aboutOf(driver, { handle, revision, status: '' }, following)
  const followed = await follow(driver, handle, revision, patience, { clock, emit, signal, about }).catch(
    (error: unknown) => {
      throw withWayBack(error, comeBack)
    },
  )
  if (followed.outcome === 'abandoned' && following.endsWithUs === true) signal.throwIfAborted()
  emit({
    type: 'rollout.finished',
    id: handle.id,
    outcome: followed.outcome,
    status: followed.status,
    ...(followed.reason !== undefined && { reason: followed.reason }),
    ...(followed.cause !== undefined && { cause: followed.cause }),
  })
  if (followed.outcome === 'abandoned') emit({ type: 'detached', goesOn: driver.goesOn(handle), comeBack })
  return followed
}
