import type { Release, Revision } from '../domain/release.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Patience } from '../rollout/follow.js'
import { unlessStopped } from '../rollout/unless-stopped.js'
import { followRollout, withWayBack, type Following } from './follow-rollout.js'
import type { ReleaseKeeper } from './release-steps.js'
import { inPhase, Interruption, type Ended, type RunContext } from './run.js'

/** A release that serves and must not. */
export interface ToLeave extends Following {
  readonly release: Release
  readonly revision: Revision
  /** What the fleet came from; undefined when nobody knows. */
  readonly from: Revision | undefined
  readonly targets: number
  readonly patience: (targets: number) => Patience
  readonly keeper?: ReleaseKeeper
  /** True when it is to stay all the same. */
  readonly keep: boolean
  /** What was found wrong, as a sentence begins with it: `Release r-1 serves on 4 of 4 targets, but 2 of 9 checks failed`. */
  readonly why: string
  readonly problems: readonly string[]
  readonly next: readonly string[]
}

const sameRevision = (a: Revision, b: Revision): boolean => a.name === b.name && a.number === b.number

/**
 * The end of a deploy whose release did not pass: the fleet goes back to what it came from, by a rollout as every other,
 * unless it is to stay. Platform-neutral; nothing is built or recorded.
 */
export async function goBack(wrong: ToLeave, run: RunContext): Promise<Ended> {
  const { release, revision, from, keep, why, problems, next, driver } = wrong
  const common = { ending: 'verification', problems, next } as const
  if (keep) return { ...common, message: `${why}. It stays, as asked: ${driver.fleet} serves ${release.id}.` }
  if (from === undefined || sameRevision(from, revision)) {
    const message = `${why}. What served before is not known: ${driver.fleet} serves ${release.id} still.`
    return { ...common, message, next: [...next, 'rampart rollback --list'] }
  }
  try {
    return await inPhase(run, 'rollback', async () => {
      const value = await returnTo(from, wrong, run)
      return value.ending === 'verification'
        ? { value, detail: `version ${from.number}` }
        : { value, outcome: 'failed', detail: value.ending }
    })
  } catch (error) {
    // Half-way between two releases is no place for an end that says that nothing was changed.
    if (!(error instanceof Interruption) && !(error instanceof RampartError)) throw error
    const message = `${why}, and the way back to version ${from.number} was left: ${error.message}`
    const ending = error instanceof Interruption ? 'unknown' : 'attention'
    return { ending, message, problems, next: [...next, 'rampart monitor', 'rampart rollback'] }
  }
}

async function returnTo(from: Revision, wrong: ToLeave, run: RunContext): Promise<Ended> {
  const { release, keeper, driver, targets, patience, why, problems, next, comeBack } = wrong
  await keeper?.take(`going back from ${release.id}`, run)
  keeper?.turn()
  run.emit({ type: 'warning', message: `${why}; going back to version ${from.number}.` })
  const handle = await driver.start(from, { force: false, signal: run.signal, back: true }).catch((error: unknown) => {
    throw withWayBack(error, comeBack)
  })
  const toFollow = { handle, revision: from, targets, patience: patience(targets) }
  const followed = await followRollout(wrong, toFollow, run)
  const arrived = followed.outcome === 'succeeded' && (await unlessStopped(run.signal, driver.settledOn(from)))
  if (!arrived) {
    const reason = followed.reason === undefined ? '' : `: ${followed.reason}`
    return {
      ending: followed.outcome === 'abandoned' ? 'unknown' : 'attention',
      message: `${why}, and the way back to version ${from.number} did not end well (${followed.status}${reason}).`,
      problems,
      next: [...next, 'rampart status', 'rampart rollback'],
    }
  }
  keeper?.wentBack()
  const message = `${why}. It went back: ${driver.fleet} serves what served before, version ${from.number}.`
  return { ending: 'verification', message, problems, next }
}
