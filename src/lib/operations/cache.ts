import { compareModels, modelKey, modelName, type CacheModel, type CacheRecord } from '../domain/model-cache.js'
import { formatBytes } from '../domain/format-bytes.js'
import { RampartError } from '../errors/rampart-error.js'
import type { LogSource } from '../ports/log-source.js'
import type { EcsTask } from '../ports/ecs.js'
import type { ModelCache } from '../ports/model-cache.js'
import type { Check } from '../rollout/driver.js'
import { batchesOf, fillContainer, modelsIn } from './cache-batches.js'
import { followFill, type FillEnd } from './cache-follow.js'
import type { CachePlace } from './cache-look.js'
import { keeping, type ReleaseKeeper } from './release-steps.js'
import { runChecks } from './run-checks.js'
import { inPhase, Interruption, type Ended, type RunContext } from './run.js'

export interface WarmRequest {
  readonly cache: ModelCache
  readonly logs: Pick<LogSource, 'page'>
  readonly logGroup: string
  readonly wanted: readonly CacheModel[]
  /** Where it is, asked of the stack, with what stands in the way. */
  readonly look: () => Promise<{ readonly place: CachePlace | undefined; readonly checks: readonly Check[] }>
  readonly records: {
    readonly read: (fileSystem: string) => Promise<readonly CacheRecord[]>
    readonly write: (record: CacheRecord) => Promise<void>
  }
  /** The program that downloads, as the task takes it. */
  readonly program: string
  /** Another hub than the usual one. */
  readonly endpoint: string | undefined
  /** Looks at every byte again, also of what is proved. */
  readonly again: boolean
  readonly keeper: ReleaseKeeper | undefined
  readonly comeBack: string
}

/** Fills the model cache with what is missing, and ends well when every model is proved to be there. */
export function warmCache(request: WarmRequest, run: RunContext): Promise<Ended> {
  return keeping(request.keeper, run, (kept) => warm(request, kept))
}

async function warm(request: WarmRequest, run: RunContext): Promise<Ended> {
  const { keeper, wanted, records, again } = request
  let found: CachePlace | undefined
  await runChecks(run, [
    async () => (await keeper?.checks())?.map(pastHold) ?? [],
    async () => {
      const { place, checks } = await request.look()
      found = place
      return checks
    },
  ])
  const place = found
  if (place === undefined) throw new RampartError('bug', 'The checks passed without a model cache.')
  const known = await records.read(place.fileSystem)
  const missing = again ? wanted : missingOf(wanted, known)
  const there = `${wanted.length} ${wanted.length === 1 ? 'model' : 'models'}`
  if (missing.length === 0) {
    const bytes = formatBytes(known.reduce((sum, one) => sum + one.bytes, 0))
    return { ending: 'done', message: `Nothing to do: ${there} (${bytes}) proved in ${place.fileSystem}.`, next: [] }
  }
  let started: EcsTask | undefined
  return inPhase<Ended>(run, 'cache', async () => {
    await keeper?.take(`fill of ${place.fileSystem}`, run)
    const proved = await fillAll(request, place, missing, run, (task) => (started = task))
    const left = missing.filter((model) => !proved.has(modelKey(model)))
    if (left.length > 0) {
      throw new RampartError(
        'unknown',
        `The task ended well, but nothing was heard of ${left.map(modelName).join(', ')}.`,
        {
          next: [request.comeBack],
        },
      )
    }
    const bytes = formatBytes([...proved.values()].reduce((sum, one) => sum + one, 0))
    return {
      value: {
        ending: 'done',
        message: `The model cache ${place.fileSystem} holds ${there}; proved now: ${proved.size} (${bytes}).`,
        next: [],
      },
      detail: `${proved.size} of ${wanted.length} models, ${bytes}`,
    }
  }).catch((error: unknown) => {
    if (!(error instanceof Interruption) || started === undefined) throw error
    return {
      ending: 'unknown',
      message: `The task ${started.id} goes on without us; what it brings stays.`,
      next: [request.comeBack],
    }
  })
}

const missingOf = (wanted: readonly CacheModel[], records: readonly CacheRecord[]): readonly CacheModel[] => {
  const states = compareModels(wanted, records)
  return wanted.filter((_, index) => states[index]?.state === 'missing')
}

/** The bytes of every model that was proved, by its key. */
async function fillAll(
  request: WarmRequest,
  place: CachePlace,
  missing: readonly CacheModel[],
  run: RunContext,
  onStart: (task: EcsTask) => void,
): Promise<ReadonlyMap<string, number>> {
  const { cache, program, endpoint } = request
  const proved = new Map<string, number>()
  const follow = async (task: EcsTask, models: readonly CacheModel[]): Promise<void> => {
    onStart(task)
    const end = await followFill(
      {
        ...request,
        cluster: place.cluster,
        task,
        expected: models.length,
        onProved: async (index, { files, bytes }) => {
          const model = models[index]
          if (model === undefined) return
          proved.set(modelKey(model), bytes)
          const at = new Date(run.clock.now()).toISOString()
          await request.records.write({ v: 1, model, fileSystem: place.fileSystem, files, bytes, at })
        },
      },
      run,
    )
    if (end.exitCode !== 0) throw failure(end, request)
  }
  // One that an earlier run has left: what it proves need not be done again, and two would write into the same files.
  const running = await cache.running(place.cluster, place.family, fillContainer)
  if (running !== undefined) {
    const { id } = running.task
    run.emit({ type: 'image.step', service: 'cache', step: 'follow', detail: `task ${id}, which runs already` })
    const theirs = modelsIn(running.environment)
    await follow(running.task, theirs)
  }
  const rest = missing.filter((model) => !proved.has(modelKey(model)))
  for (const { models, environment } of batchesOf(rest, { program, endpoint })) {
    const task = await cache.run({
      cluster: place.cluster,
      taskDefinition: place.taskDefinition,
      subnets: place.subnets,
      securityGroups: [place.securityGroup],
      container: fillContainer,
      environment,
    })
    run.emit({ type: 'image.step', service: 'cache', step: 'fill', detail: `task ${task.id}` })
    await follow(task, models)
  }
  return proved
}

function failure({ exitCode, reason, lines }: FillEnd, { comeBack }: WarmRequest): RampartError {
  // Hugging Face says so of models that one has to ask for, and of those that there are not.
  const isRefused = lines.some((line) => /^rampart-cache failed: .*: 40[13] /.test(line))
  const how = exitCode === undefined ? reason : `exit code ${exitCode}`
  return new RampartError(
    'attention',
    `The task that fills the model cache failed: ${how ?? 'ECS does not say why'}.`,
    {
      problems: lines.map((message) => ({ message })),
      next: [
        ...(isRefused
          ? ['put the token of somebody whom the hub lets have them into a secret, and name it: infra.modelCache.token']
          : []),
        `${comeBack}: what is downloaded stays`,
      ],
    },
  )
}

/** A hold is for deploys: what is in the cache is another matter. */
const pastHold = (check: Check): Check =>
  check.name === 'hold' && check.result === 'fail' ? { name: 'hold', result: 'warn', detail: check.detail } : check
