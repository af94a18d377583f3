import type { Revision } from '../domain/release.js'
import { RampartError } from '../errors/rampart-error.js'
import { aboutOf, type Watching } from '../rollout/about.js'
import type { Driver, ListedRollout } from '../rollout/driver.js'
import { follow, type Followed } from '../rollout/follow.js'
import type { About } from '../rollout/lookout.js'
import { unlessStopped } from '../rollout/unless-stopped.js'
import { endOfRollout } from './end-of-rollout.js'
import { inPhase, Interruption, type Ended, type RunContext } from './run.js'

export interface MonitorRequest extends Watching {
  readonly driver: Driver
  /** A release's id, or the platform's own id of a rollout; the newest rollout when left out. */
  readonly rollout?: string
  /** The command that comes back to this. */
  readonly comeBack: string
  /** Goes on when nothing is under way, or no more, until the person leaves: a screen does, a log does not. */
  readonly stays: boolean
}

/** Between two looks at a fleet at rest, in milliseconds. */
const restingPace = 30_000
/** So many earlier rollouts are asked what they released; each costs a call or two. */
const mostSearched = 20

/** The rollout that is asked for; undefined when the platform knows of none at all. */
async function find(request: MonitorRequest): Promise<ListedRollout | undefined> {
  const { driver, rollout: asked } = request
  const newest = await driver.latest()
  if (asked === undefined) return newest
  const known: string[] = []
  const listed = newest === undefined ? [] : [newest, ...(await driver.history(newest.handle))]
  const byId = listed.find(({ handle }) => handle.id === asked)
  if (byId !== undefined) return byId
  const host = await request.registryHost()
  for (const one of listed.slice(0, mostSearched)) {
    const { to } = await driver.facts(one, host, request.repositories)
    if (to?.release === asked) return one
    if (to?.release !== undefined && !known.includes(to.release)) known.push(to.release)
  }
  throw new RampartError('usage', `${driver.fleet} has no rollout of ${asked} that is still listed.`, {
    next: [known.length === 0 ? 'name none, to see the newest' : `use one of ${known.slice(0, 10).join(', ')}`],
  })
}

const subjectOf = ({ facts }: About, { number }: Revision): string =>
  facts.to?.release === undefined ? `Version ${number}` : `Release ${facts.to.release}`

/** Leaving is a watcher's to choose, and nothing is lost by it; one that is ended by others has not seen the end. */
function left(run: RunContext, goesOn: string, comeBack: string): Ended {
  run.emit({ type: 'detached', goesOn, comeBack })
  const chosen = run.signal.reason instanceof Interruption && run.signal.reason.ending === 'interrupted'
  return {
    ending: chosen ? 'done' : 'unknown',
    message: 'Not watched any more; the rollout goes on, and nothing was changed.',
    next: [comeBack],
  }
}

function succeeded({ targets }: Followed, subject: string): Ended {
  const fresh = targets.filter(({ isNew, lifecycle }) => isNew && !lifecycle.startsWith('Terminat')).length
  return { ending: 'done', message: `${subject} was rolled out: ${fresh} targets are on it.`, next: [] }
}

/** Watches one rollout to its end; what it comes to. */
async function watch(request: MonitorRequest, run: RunContext, rollout: ListedRollout): Promise<Ended> {
  const { driver, comeBack } = request
  const { handle, revision } = rollout
  const about = await unlessStopped(run.signal, aboutOf(driver, rollout, request))
  const subject = subjectOf(about, revision)
  run.emit({
    type: 'rollout.started',
    id: handle.id,
    attached: true,
    group: driver.fleet,
    targets: about.facts.desired,
  })
  return inPhase(run, 'rollout', async () => {
    const { clock, emit, signal } = run
    const followed = await follow(driver, handle, revision, undefined, {
      clock,
      emit,
      signal,
      about: () => Promise.resolve(about),
    })
    if (followed.outcome === 'abandoned' && signal.aborted) {
      return { value: left(run, driver.goesOn(handle), comeBack), detail: followed.status }
    }
    emit({
      type: 'rollout.finished',
      id: handle.id,
      outcome: followed.outcome,
      status: followed.status,
      ...(followed.reason !== undefined && { reason: followed.reason }),
      ...(followed.cause !== undefined && { cause: followed.cause }),
    })
    if (followed.outcome === 'abandoned') emit({ type: 'detached', goesOn: driver.goesOn(handle), comeBack })
    const isDone = followed.outcome === 'succeeded'
    return {
      value: isDone
        ? succeeded(followed, subject)
        : endOfRollout(followed, { subject, from: about.facts.from?.revision, revision, comeBack }),
      detail: followed.status,
      ...(!isDone && { outcome: 'failed' }),
    }
  })
}

const time = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(0, 16).replace('T', ' ')

/** A fleet at rest, with its last rollout when there was one. Nothing of that is this command's failure. */
async function showRest(request: MonitorRequest, run: RunContext, last: ListedRollout | undefined): Promise<Ended> {
  const { driver, registryHost, repositories } = request
  if (last !== undefined) {
    await watch(request, run, last)
    const when = last.endedAt === undefined ? '' : ` at ${time(last.endedAt)} UTC`
    return {
      ending: 'done',
      message: `Nothing is under way on ${driver.fleet}; its last rollout ended ${last.status}${when}.`,
      next: [],
    }
  }
  const facts = await unlessStopped(run.signal, driver.facts(undefined, await registryHost(), repositories))
  run.emit({ type: 'fleet.seen', facts })
  const revision = await unlessStopped(run.signal, driver.current())
  for (const target of await unlessStopped(run.signal, driver.targets(revision))) {
    run.emit({ type: 'target.changed', target })
  }
  return { ending: 'done', message: `Nothing is under way on ${driver.fleet}, and no rollout is listed.`, next: [] }
}

/** Waits until another rollout is under way; undefined when the person has left before. */
async function nextRollout(
  { driver }: MonitorRequest,
  { clock, signal }: RunContext,
  before: ListedRollout | undefined,
): Promise<ListedRollout | undefined> {
  while (!signal.aborted) {
    try {
      await clock.sleep(restingPace, signal)
      const newest = await unlessStopped(signal, driver.latest())
      if (newest !== undefined && newest.handle.id !== before?.handle.id) return newest
    } catch (error) {
      // A look that came to nothing is made up for by the next one.
      if (!signal.aborted && !(error instanceof RampartError && error.passing)) throw error
    }
  }
  return undefined
}

/**
 * Watches the fleet's rollout to its end, whoever started it, and changes nothing. With nothing under way it shows the
 * fleet at rest and its last rollout.
 */
export async function monitor(request: MonitorRequest, run: RunContext): Promise<Ended> {
  let rollout = await unlessStopped(run.signal, find(request))
  let isUnderWay = rollout !== undefined && rollout.outcome === undefined
  for (;;) {
    const ended =
      rollout !== undefined && isUnderWay ? await watch(request, run, rollout) : await showRest(request, run, rollout)
    if (!request.stays || run.signal.aborted || request.rollout !== undefined) return ended
    const next = await nextRollout(request, run, rollout)
    if (next === undefined) return ended
    rollout = next
    isUnderWay = true
  }
}
