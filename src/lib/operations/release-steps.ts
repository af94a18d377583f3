import type { ProcessIdentity } from '../domain/process-identity.js'
import type { MeasuredMemory } from '../domain/measured-memory.js'
import type { ReleaseFigures } from '../domain/release-figures.js'
import type { ReleaseRecord } from '../domain/release-record.js'
import type { Release, Revision } from '../domain/release.js'
import type { VerificationRecord } from '../domain/verification.js'
import { RampartError } from '../errors/rampart-error.js'
import type { EventBody } from '../events/event.js'
import type { Clock } from '../ports/clock.js'
import type { Parameters } from '../ports/parameters.js'
import { readHold, releaseHold } from '../release/hold.js'
import { Ledger } from '../release/ledger.js'
import { holderWords, Lease, Lock, type Claim, type IsGone } from '../release/lock.js'
import type { Place } from '../release/paths.js'
import type { Check } from '../rollout/driver.js'
import { endOf, type Ended, type RunContext } from './run.js'

/** Who runs rampart, and where. */
export interface Runner {
  /** The identity that AWS knows. */
  readonly by: string
  readonly host: string
  /** Who started the CI run, and its page. */
  readonly actor?: string
  readonly link?: string
  readonly process?: ProcessIdentity
}

export interface KeeperOptions {
  readonly place: Place
  readonly parameters: Parameters
  readonly clock: Clock
  /** What is run, e.g. `deploy`. */
  readonly command: string
  readonly runner: () => Promise<Runner>
  readonly isGone?: IsGone
  /** How long to wait for a lock that another one has, in milliseconds; 0 is not at all. */
  readonly lockWait: number
  /** Goes on where the environment is held, and takes the hold away. */
  readonly releaseHold: boolean
}

/** What the ledger keeps of a rollout beside who, when and how it went. */
export type ReleaseFields = Pick<ReleaseRecord, 'kind' | 'release' | 'revision' | 'from' | 'source' | 'bases'>

/** What the images were made of, as the ledger keeps it; never rejects. */
export type Origins = (release: Release) => Promise<Pick<ReleaseFields, 'source' | 'bases'>>

const sameRevision = (a: Revision, b: Revision): boolean => a.name === b.name && a.number === b.number

/** Between two looks at a lock that another one has. */
const waitingPace = 5000

/** Ways to end after which the same command goes on with the same record: how it went is not known, or not over. */
const open: ReadonlySet<string> = new Set(['unknown', 'interrupted', 'terminated', 'unreachable', 'bug'])

/**
 * Keeps what belongs to a change of an environment beside the platform: the lock from before the first change until the
 * run is over, and the record of what came of it. A run is tapped, so that the ledger tells what everybody was told.
 */
export class ReleaseKeeper {
  readonly #options: KeeperOptions
  readonly #lock: Lock
  readonly #ledger: Ledger
  readonly #phases: NonNullable<ReleaseRecord['phases']>[number][] = []
  #lease: Promise<Lease> | undefined
  #record: ReleaseRecord | undefined
  #proof: ReleaseRecord['proof'] | undefined
  #verification: VerificationRecord | undefined
  #figures: ReleaseFigures | undefined
  #records: readonly ReleaseRecord[] | undefined
  /** True from when the fleet is brought back: what is told from then on is not of the release. */
  #turned = false
  /** The record of a release that was found to serve already. */
  #found: ReleaseRecord | undefined
  #memory: ReleaseRecord['memory'] | undefined
  /** What is being written or looked up; one after the other. */
  #work: Promise<void> = Promise.resolve()

  constructor(options: KeeperOptions) {
    const { parameters, clock, place, isGone } = options
    this.#options = options
    this.#lock = new Lock(parameters, clock, place, isGone)
    this.#ledger = new Ledger(parameters, place)
  }

  /** The record of this run, once it was begun. */
  get record(): ReleaseRecord | undefined {
    return this.#record
  }

  /** The same run, of which this keeper hears what the ledger tells. */
  tap(run: RunContext): RunContext {
    return {
      ...run,
      emit: (event) => {
        run.emit(event)
        this.#hear(event, run)
      },
    }
  }

  /** Whether the environment may be changed at all now; rejects with kind `conflict` when another one has the lock. */
  async checks(): Promise<readonly Check[]> {
    const { parameters, place, lockWait } = this.#options
    try {
      const [holder, hold, records] = await Promise.all([
        this.#lock.holder(),
        readHold(parameters, place),
        this.#ledger.list(),
      ])
      this.#records = records
      if (holder !== undefined && lockWait === 0) throw held(holder)
      const lock: Check =
        holder === undefined
          ? { name: 'lock', result: 'ok', detail: 'nobody else changes this environment' }
          : { name: 'lock', result: 'warn', detail: `${holderWords(holder)}; waited for before anything is changed` }
      if (hold === undefined) return [lock]
      const why = `held since ${hold.at} by ${hold.by}: ${hold.reason}`
      return [
        lock,
        this.#options.releaseHold
          ? { name: 'hold', result: 'warn', detail: `${why}; released as asked` }
          : {
              name: 'hold',
              result: 'fail',
              detail: why,
              remedy: `rampart ${this.#options.command} --release-hold goes on all the same`,
            },
      ]
    } catch (error) {
      const denied = deniedBy(error)
      if (denied === undefined) throw error
      return [{ name: 'lock', result: 'fail', detail: denied.message, remedy: deniedRemedy }]
    }
  }

  /** Who has the lock, as people are told; undefined when nobody has. */
  async holder(): Promise<string | undefined> {
    const holder = await this.#lock.holder()
    return holder && holderWords(holder)
  }

  /** Takes the lock, waiting for it as long as was asked for. Asked again, it is the same one. */
  async take(doing: string, run: RunContext): Promise<void> {
    this.#lease ??= this.#take(doing, run)
    await this.#lease
  }

  async #take(doing: string, run: RunContext): Promise<Lease> {
    const { clock, command, lockWait, parameters, place, runner } = this.#options
    const { actor: _actor, ...who } = await runner()
    const owner = { id: crypto.randomUUID(), command, ...who }
    const begun = clock.now()
    let told: string | undefined
    for (;;) {
      const got = await this.#lock.take(owner, doing).catch((error: unknown) => {
        const denied = deniedBy(error)
        if (denied === undefined) throw error
        throw new RampartError('preflight', `${denied.message}. Nothing was rolled out.`, { next: [deniedRemedy] })
      })
      if (got instanceof Lease) {
        got.keep()
        run.emit({ type: 'lock.acquired', waited: clock.now() - begun })
        if (this.#options.releaseHold) await releaseHold(parameters, place)
        return got
      }
      const { heldBy } = got
      const left = begun + lockWait - clock.now()
      if (left <= 0) throw held(heldBy)
      if (told !== heldBy.owner.id) run.emit({ type: 'lock.waiting', holder: holderOf(heldBy), patience: left })
      told = heldBy.owner.id
      await clock.sleep(Math.min(waitingPace, left), run.signal)
    }
  }

  /** To be asked before every change; rejects with kind `conflict` when the lock is not ours any more. */
  async requireLock(): Promise<void> {
    if (this.#lease === undefined) throw new RampartError('bug', 'An environment was to be changed without its lock.')
    await (await this.#lease).check()
  }

  /** Begins the record of a rollout, or goes on with the one that an earlier run of it has left. */
  async begin(fields: ReleaseFields): Promise<void> {
    const { by, host, actor, link } = await this.#options.runner()
    this.#record = await this.#ledger.begin({
      ...fields,
      by,
      host,
      ...(actor !== undefined && { actor }),
      ...(link !== undefined && { link }),
      startedAt: this.#now(),
    })
  }

  /**
   * For a fleet that is on the release already: its record is ended when a lost run has left it open, and begun where
   * the ledger has none at all, as when a stack has started its first targets: a rollback needs something to go back to.
   * Waits for nothing.
   */
  resume(release: Release, revision: Revision, run: RunContext, origins: Origins = async () => ({})): void {
    this.#do(run, async () => {
      const [newest] = await this.#ledger.list()
      if (newest === undefined) {
        await this.begin({ kind: 'deploy', release, revision, from: revision, ...(await origins(release)) })
        return
      }
      if (newest?.release.id !== release.id || newest.revision.number !== revision.number) return
      this.#found = newest
      const { ending, proof, verification } = newest
      const isProved = proof !== undefined && proof.proved === proof.total
      const isVerified = verification === undefined || verification.failed.length === 0
      if (ending === undefined || (ending !== 'rolledBack' && !(isProved && isVerified))) this.#record = newest
    })
  }

  /** The record of what is rolled out, or was found to serve; undefined when there is none. */
  async standing(): Promise<ReleaseRecord | undefined> {
    await this.#work
    return this.#record ?? this.#found
  }

  /** The newest record of that revision; undefined when there is none, or none that can be read. */
  async recordOf(revision: Revision): Promise<ReleaseRecord | undefined> {
    const records = await this.#ledger.list().catch((error: unknown) => {
      if (error instanceof RampartError) return []
      throw error
    })
    return records.find((one) => one.revision.name === revision.name && one.revision.number === revision.number)
  }

  /** True when this run has begun the record of a release that it did not roll out. */
  async isFirst(): Promise<boolean> {
    await this.#work
    const record = this.#record
    return record?.kind === 'deploy' && sameRevision(record.from, record.revision)
  }

  /** Earlier releases of the environment, as they stood when the run began. */
  get earlier(): readonly ReleaseRecord[] {
    return this.#records ?? []
  }

  /** What the times of this release depend on: it goes into the record, for the next predictions. */
  timed(figures: ReleaseFigures): void {
    this.#figures = figures
  }

  /** What the release was verified to do, and what memory it was seen to need where a check has told it. */
  verified(verification: VerificationRecord, memory?: MeasuredMemory): void {
    this.#verification = verification
    if (memory !== undefined) this.measured(memory)
  }

  /** From now on the fleet is brought back to what it came from. */
  turn(): void {
    this.#turned = true
  }

  /** The fleet is back on what it came from. */
  wentBack(): void {
    this.#verification = { at: this.#now(), ok: 0, failed: [], ...this.#verification, wentBack: true }
  }

  /** What memory the targets were seen to need: it goes into the record, for the next preflight. */
  measured(memory: MeasuredMemory): void {
    if (!this.#turned) this.#memory = memory
  }

  /** Writes the version of a release into its record, also when that was made before it had one. */
  async name(release: Release, source: NonNullable<ReleaseRecord['source']>): Promise<void> {
    await this.#work
    const record = this.#record ?? (await this.#ledger.list()).find((one) => one.release.id === release.id)
    if (record === undefined || record.source?.version === source.version) return
    const named = { ...record, source: { ...source, ...record.source, version: source.version ?? '' } }
    if (this.#record !== undefined) this.#record = named
    await this.#ledger.update(named)
  }

  /** Writes how the run ended, and gives the lock back. Never rejects: what was rolled out does not depend on it. */
  async end(ended: Ended, run: RunContext): Promise<void> {
    this.#do(run, async () => {
      const record = this.#record
      // Whoever has the lock now goes on with the record.
      if (record === undefined || ended.ending === 'conflict') return
      await this.#ledger.update({
        ...record,
        ...(!open.has(ended.ending) && { ending: this.#endingOf(ended), endedAt: this.#now() }),
        phases: this.#phases,
        ...(this.#figures !== undefined && { figures: this.#figures }),
        ...(this.#proof !== undefined && { proof: this.#proof }),
        ...(this.#verification !== undefined && { verification: this.#verification }),
        ...(this.#memory !== undefined && { memory: this.#memory }),
      })
    })
    await this.#work
    await this.#lease?.then(
      async (lease) =>
        this.#quietly(run, 'The lock was not given back; it ends by itself', async () => lease.release()),
      () => undefined,
    )
  }

  /** What serves on every target is done, whatever tags it lacks. */
  #endingOf({ ending }: Ended): Ended['ending'] {
    const isProved = this.#proof !== undefined && this.#proof.total > 0 && this.#proof.proved === this.#proof.total
    const failed = this.#verification !== undefined && (this.#verification.failed.length > 0 || this.#turned)
    return ending === 'verification' && isProved && !failed ? 'done' : ending
  }

  #hear(event: EventBody, run: RunContext): void {
    if (event.type === 'phase.finished' && event.outcome !== 'skipped') {
      this.#phases.push({ phase: event.phase, duration: event.duration })
    }
    if (this.#turned) return
    if (event.type === 'proof') this.#proof = { proved: event.proved, total: event.total }
    if (event.type === 'rollout.started' && this.#record !== undefined) {
      // So that a run that is lost later can be looked up.
      const record = { ...this.#record, rollout: event.id }
      this.#record = record
      this.#do(run, async () => this.#ledger.update(record))
    }
  }

  #do(run: RunContext, work: () => Promise<void>): void {
    this.#work = this.#work.then(async () => this.#quietly(run, 'The ledger of releases was not written', work))
  }

  async #quietly(run: RunContext, what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof RampartError)) throw error
      run.emit({ type: 'warning', message: `${what}: ${error.message}` })
    }
  }

  #now(): string {
    return new Date(this.#options.clock.now()).toISOString()
  }
}

/**
 * Changes an environment under a keeper: whatever way the body ends, the ledger is told and the lock is given back. Also
 * when the run is left: the rollout itself is then what the next one meets, and joins or refuses. Without a keeper, the
 * body runs as it is.
 */
export async function keeping(
  keeper: ReleaseKeeper | undefined,
  run: RunContext,
  body: (run: RunContext) => Promise<Ended>,
): Promise<Ended> {
  if (keeper === undefined) return body(run)
  try {
    const ended = await body(keeper.tap(run))
    await keeper.end(ended, run)
    return ended
  } catch (error) {
    await keeper.end(endOf(error), run)
    throw error
  }
}

const deniedRemedy =
  'allow what rampart doctor --policy prints for Parameter Store, or set release.ledger to off in rampart.yml'

/** A permission that is missing; undefined for everything else. */
function deniedBy(error: unknown): RampartError | undefined {
  return error instanceof RampartError && error.denied ? error : undefined
}

/** The conflict with whoever has the lock. */
function held(claim: Claim): RampartError {
  return new RampartError('conflict', `Another run has the lock: ${holderWords(claim)}. Nothing was changed.`, {
    next: [
      'run the same command again when it has ended, or with --lock-wait 10m',
      `rampart lock status: without a sign of life the lock is free at ${claim.expiresAt}`,
    ],
  })
}

function holderOf({ owner, since, doing, expiresAt }: Claim): Extract<EventBody, { type: 'lock.waiting' }>['holder'] {
  const { by, host, command, link } = owner
  return { by, host, command, since, doing, expiresAt, ...(link !== undefined && { link }) }
}
