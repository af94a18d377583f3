import { isLeaving } from '../domain/target.js'
import type { StoredRevision } from '../rollout/driver.js'
import type { Followed } from '../rollout/follow.js'
import { unlessStopped } from '../rollout/unless-stopped.js'
import { endOfRollout } from './end-of-rollout.js'
import { followRollout, type Following } from './follow-rollout.js'
import { inPhase, Interruption, type Ended, type RunContext } from './run.js'

export interface AbortRequest extends Following {
  /** False to stop where the rollout is, with targets of both revisions. */
  readonly goesBack: boolean
}

/** `version 7 (r-0123456789)`. */
const nameOf = ({ revision, release }: StoredRevision): string =>
  `version ${revision.number}${release === undefined ? '' : ` (${release})`}`

/** How many targets serve on what: the new one first. */
async function whatServes(
  { driver, registryHost, repositories }: AbortRequest,
  { targets }: Followed,
  rollout: StoredRevision,
): Promise<readonly string[]> {
  const host = await registryHost()
  const counts = new Map<string, number>()
  for (const target of targets.filter((one) => !isLeaving(one))) {
    counts.set(target.revision, (counts.get(target.revision) ?? 0) + 1)
  }
  const stored = [rollout, await driver.stored(await driver.current(), host, repositories)]
  return [...counts].map(([number, count]) => {
    // A service's own part of a revision that is made of several.
    const known = stored.find(({ revision }) => revision.number.split(',').includes(number))
    const images = known?.images.map((image) => image.slice(image.indexOf('/') + 1)).join(', ') ?? ''
    const release = known?.release === undefined ? '' : ` of ${known.release}`
    return `${count} ${count === 1 ? 'target' : 'targets'} on version ${number}${release}${images === '' ? '' : `: ${images}`}`
  })
}

/**
 * Stops the rollout that is under way and follows that to its end; back to what served before, unless told to stay. Needs
 * no lock: the run that started the rollout has it, and only learns that it was turned.
 */
export async function abort(request: AbortRequest, run: RunContext): Promise<Ended> {
  const { driver, comeBack, goesBack } = request
  let asked = false
  return inPhase<Ended>(run, 'rollout', async () => {
    const newest = await unlessStopped(run.signal, driver.latest())
    if (newest === undefined || newest.outcome !== undefined) {
      const last = newest === undefined ? 'no rollout is listed' : `the last rollout ended ${newest.status}`
      const value: Ended = { ending: 'done', message: `Nothing to abort on ${driver.fleet}: ${last}.`, next: [] }
      return { value, outcome: 'skipped', detail: last }
    }
    const { handle, revision } = newest
    // Before anything is asked: a service that the rollout does not change is on both, and no failure afterwards.
    const [rollout, from] = await unlessStopped(
      run.signal,
      Promise.all([
        request.registryHost().then(async (host) => driver.stored(revision, host, request.repositories)),
        driver.current(),
      ]),
    )
    asked = true
    const refused = goesBack ? await driver.rollBack(handle) : await driver.cancel(handle)
    if (refused !== undefined) throw refused
    const { targets } = await driver.plan()
    const followed = await followRollout(request, { handle, revision, targets }, run)
    const subject = rollout.release === undefined ? `Version ${revision.number}` : `Release ${rollout.release}`
    const ended = endOfRollout(followed, { subject, from, revision, comeBack })
    const wanted = goesBack ? 'rolled-back' : 'cancelled'
    if (followed.outcome === 'abandoned' || followed.outcome === 'failed') {
      return { value: ended, outcome: 'failed', detail: followed.status }
    }
    const serves = await whatServes(request, followed, rollout)
    if (followed.outcome === 'succeeded') {
      const value: Ended = {
        ending: 'attention',
        message: `Too late: ${nameOf(rollout)} was rolled out before it could be stopped.`,
        problems: serves,
        next: ['rampart rollback'],
      }
      return { value, outcome: 'failed', detail: followed.status }
    }
    const isAsked = followed.outcome === wanted && (!goesBack || ended.ending === 'rolledBack')
    const value: Ended = isAsked
      ? {
          ending: 'done',
          message: goesBack
            ? `Aborted: the fleet went back. ${serves.join('; ')}.`
            : `Aborted where it was: ${serves.join('; ')}.`,
          next: goesBack ? [] : ['rampart rollback', 'rampart deploy'],
        }
      : { ...ended, problems: [...(ended.problems ?? []), ...serves] }
    return { value, detail: followed.status, ...(!isAsked && { outcome: 'failed' as const }) }
  }).catch((error: unknown) => {
    if (!asked || !(error instanceof Interruption)) throw error
    return {
      ending: 'unknown',
      message: 'The platform was asked to stop; how that ends is not known here.',
      next: [comeBack],
    }
  })
}
