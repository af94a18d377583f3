import { hostname } from 'node:os'
import type { createAws } from '../aws/index.js'
import { parseDuration, type Config } from '../config/index.js'
import { RampartError } from '../errors/rampart-error.js'
import { ReleaseKeeper, type Runner } from '../operations/release-steps.js'
import type { Account } from '../ports/account.js'
import type { Clock } from '../ports/clock.js'
import { ciRun } from '../release/ci-run.js'
import type { Place } from '../release/paths.js'
import { isGone, thisProcess } from '../system/process-identity.js'

/** What the flags of a command that changes an environment say of its lock. */
export interface LockFlags {
  /** Milliseconds. */
  readonly lockWait?: number | undefined
  readonly releaseHold?: boolean
}

/** How long to wait for the lock, in milliseconds; a text that is no duration is a usage error. */
export function lockWaitOf(text: string | undefined): number {
  const wait = text === undefined ? 0 : parseDuration(text)
  if (wait !== undefined) return wait
  throw new RampartError('usage', `--lock-wait must be a duration with its unit, not ${text}.`, {
    next: ['write e.g. --lock-wait 10m'],
  })
}

/** Where the environment keeps what belongs to it. */
export const placeOf = (config: Config): Place => ({ app: config.app, environment: config.environment.name })

/** Who runs rampart here. */
export async function runnerOf(account: Account): Promise<Runner> {
  const own = thisProcess()
  const { arn } = await account.whoAmI()
  return { by: arn, host: hostname(), ...ciRun(process.env), ...(own !== undefined && { process: own }) }
}

/** The keeper of an environment; undefined where rampart.yml says that nothing is kept. */
export function composeKeeper(
  config: Config,
  { account, parameters }: Pick<ReturnType<typeof createAws>, 'account' | 'parameters'>,
  { command, clock, flags }: { readonly command: string; readonly clock: Clock; readonly flags: LockFlags },
): ReleaseKeeper | undefined {
  if (!config.environment.release.ledger) return undefined
  let runner: Promise<Runner> | undefined
  return new ReleaseKeeper({
    place: placeOf(config),
    parameters,
    clock,
    command,
    runner: () => (runner ??= runnerOf(account)),
    isGone,
    lockWait: flags.lockWait ?? 0,
    releaseHold: flags.releaseHold === true,
  })
}

/** What stands before every change of a fleet until it is known who keeps the environment: nothing, then its lock. */
export interface Gate {
  readonly beforeChange: () => Promise<void>
  /** From now on changes need the lock of that keeper. */
  guard(keeper: ReleaseKeeper | undefined): void
}

/** A gate that is open until it is guarded. */
export function openGate(): Gate {
  let keeper: ReleaseKeeper | undefined
  return {
    beforeChange: async () => keeper?.requireLock(),
    guard: (one) => {
      keeper = one
    },
  }
}
