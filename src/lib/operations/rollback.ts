import type { MeasuredMemory } from '../domain/measured-memory.js'
import type { Revision } from '../domain/release.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Check, ListedRollout } from '../rollout/driver.js'
import type { Followed, Patience } from '../rollout/follow.js'
import { unlessStopped } from '../rollout/unless-stopped.js'
import type { Announcer } from './announcer.js'
import { nameOf, type Bearings, type Wanted } from './bearings.js'
import { endOfRollout } from './end-of-rollout.js'
import { followRollout, withWayBack, type Following } from './follow-rollout.js'
import { memoryChecks } from './memory-checks.js'
import { proveLaunched, proveRelease } from './prove-release.js'
import { verifyRelease, type ReleaseVerifier } from './verify-release.js'
import type { Witness } from '../verify/targets/witness.js'
import { keeping, type ReleaseKeeper } from './release-steps.js'
import { runChecks } from './run-checks.js'
import { inPhase, Interruption, type Ended, type RunContext } from './run.js'

export interface RollbackRequest extends Following {
  readonly bearings: Bearings
  readonly wanted: Wanted
  readonly patience: (targets: number) => Patience
  /** Who asks, and whether everything is still there that the release needs; before those of the driver. */
  readonly checks: () => Promise<readonly Check[]>
  /** Hooks and notices; undefined where there are none. */
  readonly announcer?: Announcer
  /** Lock and ledger; undefined where the configuration wants none. */
  readonly keeper?: ReleaseKeeper
  /** Called when the lock is ours: from then on every change has to ask for it. */
  readonly guard?: () => void
  /** Holds later deploys, with the reason; undefined where there is no place to keep it. */
  readonly hold?: (reason: string) => Promise<void>
  /** Who asks the targets themselves for the proof, where somebody does. */
  readonly witness?: Witness
  /** Who verifies what serves then; undefined where the configuration asks for nothing. */
  readonly verifier?: ReleaseVerifier
}

const sameRevision = (a: Revision, b: Revision): boolean => a.name === b.name && a.number === b.number

/** What is wrong with the fleet is no reason to stay on a bad release; AWS itself refuses what it can not do. */
const soften = (checks: readonly Check[]): readonly Check[] =>
  checks.map((check) => (check.result === 'fail' ? { ...check, result: 'warn' } : check))

/** A hold is for deploys; who goes back once more may. */
const pastHold = (checks: readonly Check[]): readonly Check[] =>
  checks.map((check) =>
    check.name === 'hold' && check.result === 'fail' ? { name: 'hold', result: 'warn', detail: check.detail } : check,
  )

async function preflight(request: RollbackRequest, run: RunContext): Promise<void> {
  const { driver, keeper, checks, registryHost, repositories, bearings, wanted } = request
  // The run that started a rollout has the lock while that is under way: whoever turns it back must not wait for it.
  const own = bearings.running === undefined ? async () => pastHold((await keeper?.checks()) ?? []) : async () => []
  await runChecks(run, [
    async () => (await Promise.all([checks(), own()])).flat(),
    async () => {
      if (bearings.running !== undefined) return []
      const earlier = bearings.records.filter(({ release }) => release.id === wanted.release.id)
      const [memory, found] = await Promise.all([
        memoryChecks(earlier, driver),
        driver.preflight(await registryHost(), repositories),
      ])
      return [...memory, ...soften(found)]
    },
  ])
}

/** How the fleet came to where it should be, or how else it ended. */
type Arrival =
  | { readonly kind: 'arrived'; readonly changed: boolean }
  | { readonly kind: 'ended'; readonly ended: Ended }

class Return {
  readonly #request: RollbackRequest
  readonly #run: RunContext
  #targets = 0
  #begun = false

  constructor(request: RollbackRequest, run: RunContext) {
    this.#request = request
    this.#run = run
  }

  /** True once anything was asked of the platform that changes the fleet. */
  changed = false
  /** True once later deploys are held. */
  held = false

  async go(): Promise<Arrival> {
    const { driver, wanted } = this.#request
    const { signal, emit } = this.#run
    const [from, { targets, estimate }] = await unlessStopped(signal, Promise.all([driver.current(), driver.plan()]))
    this.#targets = targets
    emit({ type: 'release.recorded', release: wanted.release, revision: wanted.revision, reused: true })
    emit({ type: 'plan.made', release: wanted.release, from, targets, estimate })
    for (let turns = 0; turns < mostTurns; turns += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one rollout after the other
      const newest = await unlessStopped(signal, driver.latest())
      if (newest === undefined || newest.outcome !== undefined) break
      // oxlint-disable-next-line no-await-in-loop
      if (await unlessStopped(signal, driver.isMovingTo(wanted.revision))) break
      // oxlint-disable-next-line no-await-in-loop
      const followed = await this.#turn(newest, from)
      if (followed.outcome === 'abandoned') return this.#end(followed)
      // oxlint-disable-next-line no-await-in-loop
      if (followed.outcome === 'rolled-back' && sameRevision(await driver.current(), wanted.revision)) {
        const ended = endOfRollout(followed, this.#purpose(newest.revision, from))
        return ended.ending === 'rolledBack' ? { kind: 'arrived', changed: true } : { kind: 'ended', ended }
      }
    }
    if (await unlessStopped(signal, driver.settledOn(wanted.revision)))
      return { kind: 'arrived', changed: this.changed }
    return this.#start(from)
  }

  /** Has the platform take back the rollout that is under way; where it will not, stops it. */
  async #turn({ handle, revision }: ListedRollout, from: Revision): Promise<Followed> {
    const { driver } = this.#request
    await this.#begin(from)
    this.changed = true
    const refused = await driver.rollBack(handle)
    if (refused !== undefined) {
      this.#run.emit({ type: 'warning', message: `${refused.message}. It is stopped instead.` })
      const stays = await driver.cancel(handle)
      if (stays !== undefined) throw stays
    }
    // Who leaves while it goes back has turned it all the same.
    this.held = await holdDeploys(this.#request, this.#run)
    return followRollout(this.#request, { handle, revision, targets: this.#targets }, this.#run)
  }

  /** Moves the fleet at rest to the old revision, as a deploy would move it to a new one. */
  async #start(from: Revision): Promise<Arrival> {
    const { driver, wanted, keeper, guard, patience, comeBack } = this.#request
    await keeper?.take(`rollback to ${nameOf(wanted)}`, this.#run)
    guard?.()
    // Whoever had the lock may have gone there.
    if (await unlessStopped(this.#run.signal, driver.settledOn(wanted.revision)))
      return { kind: 'arrived', changed: this.changed }
    await this.#begin(from)
    const { revision } = wanted
    const handle = await driver
      .start(revision, { force: false, signal: this.#run.signal, back: true })
      .catch((error: unknown) => {
        throw withWayBack(error, comeBack)
      })
    this.changed = true
    const targets = this.#targets
    const followed = await followRollout(
      this.#request,
      { handle, revision, targets, patience: patience(targets) },
      this.#run,
    )
    return followed.outcome === 'succeeded' ? { kind: 'arrived', changed: true } : this.#end(followed)
  }

  async #begin(from: Revision): Promise<void> {
    if (this.#begun) return
    this.#begun = true
    const { release, revision, record } = this.#request.wanted
    const { source, bases } = record ?? {}
    await this.#request.keeper?.begin({
      kind: 'rollback',
      release,
      revision,
      from,
      ...(source !== undefined && { source }),
      ...(bases !== undefined && { bases }),
    })
  }

  #purpose(revision: Revision, from: Revision) {
    const { wanted, comeBack } = this.#request
    return { subject: `Release ${wanted.release.id}`, from, revision, comeBack }
  }

  #end(followed: Followed): Arrival {
    const { wanted, bearings } = this.#request
    const ended = endOfRollout(followed, this.#purpose(wanted.revision, bearings.current.revision))
    if (ended.ending !== 'rolledBack') return { kind: 'ended', ended }
    const message = `The rollback to ${nameOf(wanted)} failed, and was taken back: the fleet serves what it did before.`
    return { kind: 'ended', ended: { ...ended, message } }
  }
}

/** More rollouts than that are not met one after the other: somebody keeps starting them. */
const mostTurns = 3

/** What the fleet came from, as a reason for deploys to wait. */
const reasonOf = ({ bearings, wanted }: RollbackRequest): string => {
  const { running, current } = bearings
  const left = running === undefined ? current : running.revision
  const name =
    running === undefined
      ? (current.release ?? `version ${current.revision.number}`)
      : `version ${running.revision.number}`
  return left === undefined ? `rolled back to ${nameOf(wanted)}` : `rolled back from ${name} to ${nameOf(wanted)}`
}

async function prove(request: RollbackRequest, run: RunContext, changed: boolean): Promise<Ended> {
  const { driver, wanted, comeBack, witness, keeper, verifier } = request
  const { release, revision, isPinned } = wanted
  // Where nothing was changed, nobody waits for what the targets have to say.
  const asked = changed && witness !== undefined ? { witness } : {}
  const onMemory = (memory: MeasuredMemory): void => keeper?.measured(memory)
  const tellsMemoryLater = verifier?.tellsMemory === true
  const toProve = { driver, release, revision, comeBack, onMemory, tellsMemoryLater, ...asked }
  const { proved, total } = await (isPinned ? proveRelease(run, toProve) : proveLaunched(run, toProve))
  const serves = `serves on ${proved} of ${total} targets`
  if (!changed) return { ending: 'done', message: `Nothing to do: ${nameOf(wanted)} ${serves} already.`, next: [] }
  return {
    ending: 'done',
    message: `Rolled back: ${nameOf(wanted)} ${serves}.`,
    next: request.hold === undefined ? [] : ['rampart deploy --release-hold, when what was wrong is mended'],
  }
}

/** A rollback that is not proved needs somebody who looks at it, whatever kept it from being proved. */
function unproved(error: unknown, { wanted, comeBack }: RollbackRequest): Ended {
  const name = nameOf(wanted)
  if (error instanceof Interruption) {
    const message = `The rollback to ${name} ended well, but was left before every target was proved to serve it.`
    return { ending: 'unknown', message, next: [comeBack] }
  }
  if (!(error instanceof RampartError) || !['verification', 'unreachable'].includes(error.kind)) throw error
  return {
    ending: 'attention',
    message: `The rollback to ${name} ended well by the platform's word, but is not proved: ${error.message}`,
    problems: error.problems.map(({ message }) => message),
    next: error.next,
  }
}

async function rollbackKept(request: RollbackRequest, run: RunContext): Promise<Ended> {
  await preflight(request, run)
  const way = new Return(request, run)
  const arrival = await inPhase<Arrival>(run, 'rollout', async () => {
    const value = await way.go()
    if (value.kind === 'ended') return { value, outcome: 'failed' as const, detail: value.ended.ending }
    if (value.changed) await request.announcer?.afterRollout(run)
    return value.changed
      ? { value, detail: nameOf(request.wanted) }
      : { value, outcome: 'skipped' as const, detail: 'every target is on it already' }
  }).catch((error: unknown): Arrival => {
    // An interruption says that nothing was changed, and here it was.
    if (!(error instanceof Interruption) || !way.changed) throw error
    const message = `The rollback to ${nameOf(request.wanted)} was left half-way.`
    return { kind: 'ended', ended: { ending: 'unknown', message, next: [request.comeBack] } }
  })
  if (arrival.kind === 'ended') return arrival.ended
  // Before the proof: whatever comes of that, no deploy is to undo this unasked.
  if (arrival.changed && !way.held) await holdDeploys(request, run)
  let ended: Ended
  try {
    ended = await prove(request, run, arrival.changed)
  } catch (error) {
    if (!arrival.changed) throw error
    return unproved(error, request)
  }
  return arrival.changed ? verified(request, run, ended) : ended
}

/** What the checks say of the release that serves again. It stays, whatever that is: forward is no way back. */
async function verified(request: RollbackRequest, run: RunContext, ended: Ended): Promise<Ended> {
  const { verifier, keeper, wanted, comeBack } = request
  if (verifier === undefined) return ended
  try {
    const { record, memory, problems, made, next } = await verifyRelease(verifier, run)
    keeper?.verified(record, memory)
    if (problems.length === 0) return ended
    return {
      ending: 'verification',
      message: `${ended.message.replace(/\.$/, '')}, but ${problems.length} of ${made} checks failed. It stays: forward is no way back.`,
      problems,
      next: [...next, ...ended.next],
    }
  } catch (error) {
    if (!(error instanceof Interruption)) throw error
    const message = `${nameOf(wanted)} serves and is proved, but was left before it was verified.`
    return { ending: 'unknown', message, next: ['rampart verify', comeBack] }
  }
}

/** False when that could not be kept; then it is said. */
async function holdDeploys(request: RollbackRequest, run: RunContext): Promise<boolean> {
  try {
    await request.hold?.(reasonOf(request))
    return true
  } catch (error) {
    if (!(error instanceof RampartError)) throw error
    run.emit({ type: 'warning', message: `Deploys are not held: ${error.message}` })
    return false
  }
}

/**
 * Brings the fleet back to a release that served before, and proves it; builds and pushes nothing. A rollout under way is
 * taken back by the platform itself, which is the quickest way; at rest the old revision is rolled out like a new one.
 */
export async function rollback(request: RollbackRequest, run: RunContext): Promise<Ended> {
  return keeping(request.keeper, run, async (kept) => rollbackKept(request, kept))
}
