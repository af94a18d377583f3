import { formatBytes } from '../domain/format-bytes.js'
import { RampartError } from '../errors/rampart-error.js'
import type { BaseProof } from '../image/base/prove.js'
import type { ReusedBase } from '../image/base/reuse.js'
import type { PushedBase } from '../image/base/types.js'
import { unlessStopped } from '../rollout/unless-stopped.js'
import type { Check } from '../rollout/driver.js'
import { inPhase, type Ended, type RunContext } from './run.js'

/** One base on its way from its sources into the registry. */
export interface BaseJob {
  readonly service: string
  /** `host/repository`, once the registry is known. */
  readonly repository: () => Promise<string>
  readonly fingerprint: string
  /** The base when the registry has it already; when it can be used its tags are set to it. */
  reuse(): Promise<ReusedBase | undefined>
  /** Has the engine make it; `anew` also what the engine remembers of an earlier build. */
  build(anew: boolean): Promise<void>
  prove(): Promise<BaseProof>
  push(proof: BaseProof): Promise<PushedBase>
  /** Gives up what was only needed on the way; safe to call at any time. */
  release(): Promise<void>
}

export interface BaseBuildRequest {
  readonly jobs: readonly BaseJob[]
  /** Builds, proves and pushes also what the registry has. */
  readonly force: boolean
  /** Gets each proof as soon as it is made, whatever it says. */
  readonly onProof: (service: string, proof: BaseProof) => void
  /** Has the repositories, or rejects with what to do. */
  readonly prepare: () => Promise<readonly Check[]>
}

/** What became of one base. */
export interface FinishedBase {
  readonly service: string
  /** `host/repository@digest`. */
  readonly reference: string
  readonly fingerprint: string
  /** True when the registry had it, so that nothing was built. */
  readonly reused: boolean
  readonly proof: BaseProof | undefined
  readonly pushed: PushedBase | undefined
}

/** Builds, proves and pushes the bases that the registry lacks or has too old or proved for others, one after the other. Each is done before the next. */
export async function buildBases(
  request: BaseBuildRequest,
  run: RunContext,
): Promise<{ readonly ended: Ended; readonly bases: readonly FinishedBase[] }> {
  const { jobs, force } = request
  const bases: FinishedBase[] = []
  const missing = await inPhase(run, 'preflight', async () => {
    for (const check of await unlessStopped(run.signal, request.prepare())) run.emit({ type: 'check.done', ...check })
    const left: Missing[] = []
    for (const job of jobs) {
      const found = force ? undefined : await unlessStopped(run.signal, job.reuse())
      if (found === undefined) {
        left.push({ job, anew: force })
        continue
      }
      const reference = `${await job.repository()}@${found.digest}`
      if (found.kind !== 'found') {
        const detail = `${reference} ${whyAgain[found.kind]}`
        run.emit({ type: 'check.done', name: `base of ${job.service}`, result: 'warn', detail })
        left.push({ job, anew: found.kind === 'old' })
        continue
      }
      const tags = found.moved.length === 0 ? '' : `; now tagged ${found.moved.join(', ')}`
      const detail = `${reference} is what the sources say${tags}`
      run.emit({ type: 'check.done', name: `base of ${job.service}`, result: 'ok', detail })
      bases.push({ ...about(job), reference, reused: true, proof: undefined, pushed: undefined })
    }
    const detail = left.length === 0 ? 'nothing to build' : `to build: ${left.map(({ job }) => job.service).join(', ')}`
    return { value: left, detail }
  })
  for (const one of missing) {
    try {
      bases.push(await finish(one, request, run))
    } finally {
      await one.job.release()
    }
  }
  return { ended: { ending: 'done', message: bases.map(words).join('\n'), next: [] }, bases }
}

interface Missing {
  readonly job: BaseJob
  readonly anew: boolean
}

const whyAgain = {
  old: 'is older than its maxAge allows; every step of it is run again',
  unproved: 'was proved for another user, variables or commands than these; it is proved again',
} as const

const about = ({ service, fingerprint }: BaseJob): Pick<FinishedBase, 'service' | 'fingerprint'> => ({
  service,
  fingerprint,
})

async function finish({ job, anew }: Missing, { onProof }: BaseBuildRequest, run: RunContext): Promise<FinishedBase> {
  await inPhase(run, 'build', async () => {
    await job.build(anew)
    return { value: undefined, detail: job.service }
  })
  const proof = await inPhase(run, 'proof', async () => {
    const value = await job.prove()
    onProof(job.service, value)
    tell(value, job, run)
    if (!value.proved) throw unproved(value, job)
    return { value, detail: provedWords(value) }
  })
  const pushed = await inPhase(run, 'push', async () => {
    const value = await job.push(proof)
    return { value, detail: `${formatBytes(value.uploadedBytes)} of ${formatBytes(value.bytes)} uploaded` }
  })
  return { ...about(job), reference: pushed.reference, reused: false, proof, pushed }
}

/** One check for each model and each of the project's own commands. */
function tell({ models, commands, user, notes }: BaseProof, { service }: BaseJob, run: RunContext): void {
  for (const { id, revision, proved, place = '', bytes, files, problem, remedy, note } of models) {
    const found = `${files} files, ${formatBytes(bytes)} in ${place}, read by ${user}`
    run.emit({
      type: 'check.done',
      name: `model ${id} of ${service}`,
      result: proved ? (note === undefined ? 'ok' : 'warn') : 'fail',
      detail: proved
        ? `${revision.slice(0, 12)} is there: ${found}${note === undefined ? '' : `; ${note}`}`
        : (problem ?? 'is not proved'),
      ...(remedy !== undefined && { remedy }),
    })
  }
  for (const { command, proved, problem } of commands) {
    const detail = `${command}: ${proved ? 'succeeded without a network' : (problem ?? 'failed')}`
    run.emit({ type: 'check.done', name: `proof of ${service}`, result: proved ? 'ok' : 'fail', detail })
  }
  for (const note of notes) run.emit({ type: 'warning', message: note })
}

function provedWords({ models, commands }: BaseProof): string {
  const own = commands.length === 0 ? '' : `, ${commands.length} ${commands.length === 1 ? 'command' : 'commands'}`
  return `${models.length} ${models.length === 1 ? 'model' : 'models'}${own}`
}

function unproved({ models, commands }: BaseProof, { service }: BaseJob): RampartError {
  const bad = models.filter(({ proved }) => !proved)
  const failed = commands.filter(({ proved }) => !proved)
  return new RampartError('verification', `The base of ${service} is not proved; it was not pushed.`, {
    problems: [
      ...bad.map(({ id, problem = 'is not there' }) => ({ message: `${id}: ${problem}` })),
      ...failed.flatMap(({ command, problem = 'failed', output }) => [
        { message: `${command}: ${problem}` },
        ...output.map((message) => ({ message: `  ${message}` })),
      ]),
    ],
    next: [
      ...new Set([
        ...bad.flatMap(({ id, remedy }) => (remedy === undefined ? [] : [`${id}: ${remedy}`])),
        ...(failed.length === 0
          ? []
          : [`correct what services.${service}.base.prove of rampart.yml runs, or what it needs in Dockerfile.base`]),
      ]),
    ],
  })
}

function words({ service, reference, reused, pushed }: FinishedBase): string {
  if (reused) return `The base of ${service} is there already: ${reference}`
  const size = pushed === undefined ? '' : ` (${formatBytes(pushed.bytes)}, tagged ${pushed.tags.join(', ')})`
  return `The base of ${service} is ${reference}${size}`
}
