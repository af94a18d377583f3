import type { MeasuredMemory } from '../domain/measured-memory.js'
import type { Release, Revision } from '../domain/release.js'
import { RampartError } from '../errors/rampart-error.js'
import { makeRelease } from '../release/make-release.js'
import type { Check, Driver } from '../rollout/driver.js'
import type { Followed, Patience } from '../rollout/follow.js'
import { measureWarmup } from '../rollout/measure.js'
import { unlessStopped } from '../rollout/unless-stopped.js'
import type { Announcer } from './announcer.js'
import { endOfRollout } from './end-of-rollout.js'
import { followRollout, withWayBack, type Following } from './follow-rollout.js'
import { nameRelease, type Naming } from './name-release.js'
import { pushImages, type ServiceImage } from './push-images.js'
import { proveRelease } from './prove-release.js'
import { keeping, type Origins, type ReleaseKeeper } from './release-steps.js'
import type { Timekeeper } from './timekeeper.js'
import { runChecks } from './run-checks.js'
import { goBack } from './go-back.js'
import { memoryChecks } from './memory-checks.js'
import { measureBefore, verifyRelease, type ReleaseVerifier, type Verdict } from './verify-release.js'
import type { Witness } from '../verify/targets/witness.js'
import { inPhase, Interruption, type Ended, type RunContext } from './run.js'

export interface DeployRequest extends Following {
  readonly app: string
  readonly environment: string
  readonly images: readonly ServiceImage[]
  readonly patience: (targets: number) => Patience
  /** Rolls even when the fleet serves the release already. */
  readonly force: boolean
  /** Lets a rollout go on that waits for a person. */
  readonly goOn?: boolean
  /** Measures the warmup on the last rollout that went well, in place of a configured one. */
  readonly measuresWarmup?: boolean
  /** The checks of account and registry, before those of the driver. */
  readonly accountChecks: () => Promise<readonly Check[]>
  /** Hooks and notices; undefined where there are none. */
  readonly announcer?: Announcer
  /** Lock and ledger; undefined where the configuration wants none. */
  readonly keeper?: ReleaseKeeper
  /** Asked after the images were built. */
  readonly origins?: Origins
  /** Who asks the targets themselves for the proof, where somebody does. */
  readonly witness?: Witness
  /** The version that the release gets when it is proved; undefined when it gets none. */
  readonly naming?: Naming
  /** Who verifies what serves then; undefined where the configuration asks for nothing. */
  readonly verifier?: ReleaseVerifier
  /** Who foretells how long it takes, and says at the end how long it took. */
  readonly time?: Timekeeper
  /** True when a release that is not verified is to stay. */
  readonly keep?: boolean
  /** The driver anew, for the way back: one that has moved a fleet forward takes its place before for a stranger's work. */
  readonly wayBack?: () => Promise<Driver>
}

async function preflight(request: DeployRequest, run: RunContext): Promise<void> {
  const { driver, accountChecks, registryHost, repositories, keeper, naming } = request
  const first = async (): Promise<readonly Check[]> =>
    (await Promise.all([naming?.checks() ?? [], accountChecks(), keeper?.checks() ?? []])).flat()
  const ofDriver = async (): Promise<readonly Check[]> => {
    const [memory, checks] = await Promise.all([
      memoryChecks(keeper?.earlier ?? [], driver),
      driver.preflight(await registryHost(), repositories),
    ])
    return [...memory, ...checks]
  }
  await runChecks(run, [first, ofDriver])
}

interface Built {
  readonly release: Release
  /** The revision that launches it, when there is one already. */
  readonly found: Revision | undefined
  /** True when it is being rolled out already. */
  readonly isUnderWay: boolean
}

async function build(request: DeployRequest, run: RunContext): Promise<Built> {
  return inPhase(run, 'build', async () => {
    await request.announcer?.before('pre-build', run)
    const images = await unlessStopped(run.signal, Promise.all(request.images.map((image) => image.build())))
    const release = makeRelease(request.app, request.environment, images)
    const [found, running] = await unlessStopped(
      run.signal,
      Promise.all([request.driver.find(release), request.driver.underWay()]),
    )
    // Asked here and not sooner, because only now is it known whether what runs is ours; and before anything is pushed.
    if (running !== undefined && (found === undefined || !sameRevision(running.revision, found))) throw running.conflict
    await request.naming?.recheck(release)
    const value = { release, found, isUnderWay: running !== undefined }
    return { value, detail: `${images.length} ${images.length === 1 ? 'image' : 'images'}` }
  })
}

const sameRevision = (a: Revision | undefined, b: Revision): boolean => a?.name === b.name && a.number === b.number

interface Recorded {
  readonly release: Release
  readonly revision: Revision
  readonly from: Revision
  readonly targets: number
  /** True when every target was seen to be on the revision, before anybody could need the lock. */
  readonly isSettled: boolean
  readonly isUnderWay: boolean
}

const doing = ({ id }: Release): string => `rollout of ${id}`

async function record(request: DeployRequest, run: RunContext, built: Built): Promise<Recorded> {
  const { release, found: before, isUnderWay } = built
  return inPhase(run, 'release', async () => {
    const { driver, keeper, force } = request
    // Where there is nothing to do nobody needs the lock; else it is had before anything is looked at to be changed.
    const isSettled =
      keeper !== undefined &&
      !force &&
      before !== undefined &&
      (await unlessStopped(run.signal, driver.settledOn(before)))
    if (!isSettled) await keeper?.take(doing(release), run)
    const [from, found, { targets, estimate }] = await unlessStopped(
      run.signal,
      Promise.all([driver.current(), driver.find(release), driver.plan()]),
    )
    const reused = found !== undefined
    if (!reused) await keeper?.take(doing(release), run)
    // Under the lock, with the images where targets find them, and before anything of the environment is changed.
    if (!reused) await request.announcer?.before('pre-deploy', run, release)
    const revision = found ?? (await driver.record(release))
    run.emit({ type: 'release.recorded', release, revision, reused })
    const records = keeper?.earlier ?? []
    const prediction =
      isSettled || isUnderWay ? undefined : await request.time?.foretell({ release, revision, from, targets, records })
    run.emit({ type: 'plan.made', release, from, targets, estimate, ...(prediction !== undefined && { prediction }) })
    return {
      value: { release, revision, from, targets, isUnderWay, isSettled: isSettled && sameRevision(before, revision) },
      detail: `${release.id} is version ${revision.number}${reused ? ', made before' : ''}`,
    }
  })
}

/** The measured warmup, or none: then the group's own default holds, and that is said. */
async function warmupOf({ driver, lines }: DeployRequest, run: RunContext): Promise<number | undefined> {
  const measured = lines && (await unlessStopped(run.signal, measureWarmup(driver, lines)))
  run.emit({
    type: 'check.done',
    name: 'warmup',
    result: measured === undefined ? 'warn' : 'ok',
    detail:
      measured === undefined
        ? "auto: no earlier rollout could be measured; the group's own default holds"
        : `auto: ${Math.round(measured.warmup / 1000)}s, from ${measured.targets} targets of rollout ${measured.rollout}`,
  })
  return measured?.warmup
}

async function rollOut(
  request: DeployRequest,
  run: RunContext,
  { release, revision, from, targets, isSettled, isUnderWay }: Recorded,
): Promise<Followed | undefined> {
  return inPhase(run, 'rollout', async () => {
    const { driver, keeper, announcer } = request
    if (isSettled || (!request.force && (await unlessStopped(run.signal, driver.settledOn(revision))))) {
      keeper?.resume(release, revision, run, request.origins)
      return { value: undefined, outcome: 'skipped', detail: 'nothing to do: every target is on this release already' }
    }
    const warmup = request.measuresWarmup === true ? await warmupOf(request, run) : undefined
    const origins = keeper && request.origins?.(release)
    await keeper?.take(doing(release), run)
    // What is under way has had its hook when it was begun.
    if (!isUnderWay) await announcer?.before('pre-deploy', run, release)
    await keeper?.begin({ kind: 'deploy', release, revision, from, ...(await origins) })
    // Not to be given up half-way: who leaves now must learn whether a rollout goes on.
    const handle = await driver
      .start(revision, { force: request.force, signal: run.signal, ...(warmup !== undefined && { warmup }) })
      .catch((error: unknown) => {
        throw withWayBack(error, request.comeBack)
      })
    const first = async (): Promise<void> => {
      if (request.goOn !== true || ((await driver.continuePaused?.()) ?? 0) > 0) return
      run.emit({ type: 'warning', message: 'Nothing of this rollout waits to be continued.' })
    }
    const patience = request.patience(targets)
    const followed = await followRollout(request, { handle, revision, targets, patience, first }, run)
    if (followed.outcome === 'succeeded') await announcer?.afterRollout(run)
    return { value: followed, detail: followed.status, ...(followed.outcome !== 'succeeded' && { outcome: 'failed' }) }
  })
}

async function prove(
  { driver, comeBack, witness, keeper, verifier }: DeployRequest,
  run: RunContext,
  release: Release,
  revision: Revision,
  nothingToDo: boolean,
): Promise<Ended> {
  const isFirst = nothingToDo && (await keeper?.isFirst()) === true
  // Where nothing was changed, nobody waits for what the targets have to say; unless nobody has ever asked them.
  const asked = (nothingToDo && !isFirst) || witness === undefined ? {} : { witness }
  const onMemory = (memory: MeasuredMemory): void => keeper?.measured(memory)
  const tellsMemoryLater = verifier?.tellsMemory === true
  const toProve = { driver, release, revision, comeBack, onMemory, tellsMemoryLater, ...asked }
  const { proved, total } = await proveRelease(run, toProve)
  return {
    ending: 'done',
    message: isFirst
      ? `Nothing to roll out: ${release.id} serves on ${proved} of ${total} targets, which were launched with it, and is the first release on record.`
      : nothingToDo
        ? `Nothing to do: ${release.id} serves on ${proved} of ${total} targets already.`
        : `Release ${release.id} serves on ${proved} of ${total} targets.`,
    next: [],
  }
}

/** The end of a run that was left after its rollout had succeeded. Nothing goes on: only the proof is missing. */
function leftUnproved(release: Release, comeBack: string): Ended {
  return {
    ending: 'unknown',
    message: `The rollout of ${release.id} ended well, but was left before every target was proved to serve it.`,
    next: [comeBack],
  }
}

/**
 * From the code to a proven rollout: preflight, build, push, release, rollout, proof. Each step finds its own earlier
 * result, so that the same call after a crash at any point goes on where the last one was.
 */
export async function deploy(request: DeployRequest, run: RunContext): Promise<Ended> {
  return keeping(request.keeper, run, async (kept) => deployKept(request, kept))
}

async function deployKept(request: DeployRequest, plain: RunContext): Promise<Ended> {
  const { naming } = request
  const named = naming?.tap(plain) ?? plain
  const run = request.time?.tap(named) ?? named
  await preflight(request, run)
  const built = await build(request, run)
  const { release } = built
  await pushImages(request.images, run)
  const recorded = await record(request, run, built)
  await measure(request, run, recorded, built.found !== undefined)
  const followed = await rollOut(request, run, recorded)
  if (followed !== undefined && followed.outcome !== 'succeeded') {
    return endOfRollout(followed, { ...recorded, subject: `Release ${release.id}`, comeBack: request.comeBack })
  }
  const judged = await judge(request, run, recorded, followed)
  const ended =
    naming === undefined || judged.ending !== 'done'
      ? judged
      : await nameRelease({ ...request, naming, ended: judged, release, doing: doing(release) }, run)
  if (ended.ending === 'done') sayTimes(request, run, followed)
  return ended
}

/** Compares what was foretold with what it took, and keeps it; of a rollout that this run has only joined, nobody can. */
function sayTimes({ time, keeper }: DeployRequest, run: RunContext, followed: Followed | undefined): void {
  if (followed === undefined) return
  time?.started(followed.starts ?? [])
  const figures = time?.close(run)
  if (figures !== undefined) keeper?.timed(figures)
}

/** Asks what serves for what will be compared; a fleet that moves already, or has arrived, serves something else. */
async function measure(
  request: DeployRequest,
  run: RunContext,
  { isSettled, isUnderWay, revision }: Recorded,
  wasMadeBefore: boolean,
): Promise<void> {
  if (request.verifier?.measure === undefined || isSettled || isUnderWay) return
  const { driver, force } = request
  if (wasMadeBefore && !force && (await unlessStopped(run.signal, driver.settledOn(revision)))) return
  await measureBefore(request.verifier, run)
}

/** The proof and, where it is asked for, the verification; what does not pass is taken back. */
async function judge(
  request: DeployRequest,
  run: RunContext,
  recorded: Recorded,
  followed: Followed | undefined,
): Promise<Ended> {
  const { verifier, keeper } = request
  let ended: Ended
  try {
    ended = await proveAfter(request, run, recorded, followed)
  } catch (error) {
    const isUnproved = error instanceof RampartError && error.kind === 'verification' && error.cause === undefined
    if (verifier === undefined || !isUnproved) throw error
    return leave(request, run, recorded, {
      why: error.message.replace(/\.$/, ''),
      problems: error.problems.map(({ message }) => message),
      next: [],
    })
  }
  if (verifier === undefined || ended.ending !== 'done') return ended
  const standing = await keeper?.standing()
  const { verification } = standing ?? {}
  // Nothing was rolled out, and the release holds what was asked of it: that need not be asked again.
  if (followed === undefined && verification?.failed.length === 0) return ended
  const verdict = await verdictOf(request, run, recorded, standing?.from ?? recorded.from)
  if ('ending' in verdict) return verdict
  keeper?.verified(verdict.record, verdict.memory)
  const { problems, made, next } = verdict
  if (problems.length === 0) return ended
  const why = `${ended.message.replace(/^Nothing to (?:do|roll out): /, 'Release ').replace(/\.$/, '')}, but ${problems.length} of ${made} checks failed`
  return leave(request, run, recorded, { why, problems, next })
}

/** What verifying came to, or how a run ends that was left before it was over. */
async function verdictOf(
  request: DeployRequest,
  run: RunContext,
  { release }: Recorded,
  from: Revision,
): Promise<Verdict | Ended> {
  const { verifier, keeper, comeBack } = request
  if (verifier === undefined) throw new RampartError('bug', 'Nobody can verify this release.')
  try {
    const before = verifier.recall === undefined ? undefined : await keeper?.recordOf(from)
    if (before !== undefined) verifier.recall?.(before)
    return await verifyRelease(verifier, run)
  } catch (error) {
    if (!(error instanceof Interruption)) throw error
    const message = `Release ${release.id} serves and is proved, but was left before it was verified.`
    return { ending: 'unknown', message, next: [comeBack] }
  }
}

async function leave(
  request: DeployRequest,
  run: RunContext,
  recorded: Recorded,
  wrong: Pick<Parameters<typeof goBack>[0], 'why' | 'problems' | 'next'>,
): Promise<Ended> {
  const standing = await request.keeper?.standing()
  const from = standing?.from ?? recorded.from
  const { keeper, keep = false, ...following } = request
  const { release, revision, targets } = recorded
  const driver = keep ? request.driver : ((await request.wayBack?.()) ?? request.driver)
  return goBack(
    { ...following, driver, ...(keeper !== undefined && { keeper }), keep, release, revision, targets, from, ...wrong },
    run,
  )
}

async function proveAfter(
  request: DeployRequest,
  run: RunContext,
  { release, revision }: Recorded,
  followed: Followed | undefined,
): Promise<Ended> {
  try {
    return await prove(request, run, release, revision, followed === undefined)
  } catch (error) {
    if (followed === undefined) throw error
    // An interruption says that nothing was changed, and here it was.
    if (error instanceof Interruption) return leftUnproved(release, request.comeBack)
    throw error instanceof RampartError && error.kind === 'unreachable' ? unseen(error, request.comeBack) : error
  }
}

function unseen(error: RampartError, comeBack: string): RampartError {
  return new RampartError(
    'verification',
    `The rollout ended well, but its targets could not be proved: ${error.message}`,
    {
      next: [...error.next, comeBack],
      cause: error,
    },
  )
}
