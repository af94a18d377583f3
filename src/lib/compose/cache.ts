import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import type { Performed, SharedFlags } from '../../base-command.js'
import type { Config } from '../config/index.js'
import type { InfraPlan } from '../domain/infra.js'
import { modelKey, type CacheModel, type CacheRecord, type CacheStatus } from '../domain/model-cache.js'
import { exitCodes } from '../errors/exit-codes.js'
import { RampartError } from '../errors/rampart-error.js'
import type { LookRequest } from '../operations/cache-look.js'
import { clockFrom } from '../system/clock.js'
import { packageRoot } from '../system/package-root.js'
import { configure, performance, sameCommand } from './configure.js'
import { composeKeeper, lockWaitOf, placeOf } from './keeper.js'
import { perform, streamPage } from './perform.js'

interface CacheFlags extends SharedFlags {
  readonly again?: boolean
  readonly 'lock-wait'?: string | undefined
  readonly check?: boolean
}

/** What `cache status --json` prints: a stable shape. */
interface StatusResult extends CacheStatus {
  readonly v: 1
  readonly simulated: boolean
  readonly app: string
  readonly environment: string
  /** Whether every model of rampart.yml is there. */
  readonly complete: boolean
}

/** The plan of an environment that has a model cache; one that has none says what to write. */
function planOf(config: Config): InfraPlan & Required<Pick<InfraPlan, 'modelCache'>> {
  const { infra, name } = config.environment
  if (infra?.modelCache !== undefined) return { ...infra, modelCache: infra.modelCache }
  throw new RampartError('usage', `The environment ${name} has no \`infra.modelCache\` in rampart.yml.`, {
    next: [`add to environments.${name}.infra: modelCache: { path: /app/.cache/huggingface }`],
  })
}

/** Every model of every service, each once. A branch is no revision here: what is proved must stay what is meant. */
function modelsOf(config: Config): readonly CacheModel[] {
  const all = config.services.flatMap(({ base }) => base?.models ?? [])
  if (all.length === 0) {
    throw new RampartError('usage', 'rampart.yml names no model that could be in the cache.', {
      next: ['add services.<name>.base.models: [{ id: org/name, revision: <commit> }]'],
    })
  }
  const loose = all.find(({ revision }) => !/^[0-9a-f]{40}$/.test(revision))
  if (loose !== undefined) {
    throw new RampartError('usage', `${loose.id} is not pinned to a commit but to ${loose.revision}.`, {
      next: ['rampart base build --write-revisions'],
    })
  }
  const models = all.map(({ id, revision, ref, files }) => ({
    id,
    revision,
    ...(ref !== undefined && { ref }),
    ...(files !== undefined && { files }),
  }))
  return [...new Map(models.map((one) => [modelKey(one), one])).values()]
}

async function open(config: Config) {
  const plan = planOf(config)
  const options = { region: config.environment.region }
  const [{ createAws }, { createModelCache }, { createStacks }, records] = await Promise.all([
    import('../aws/index.js'),
    import('../aws/model-cache.js'),
    import('../aws/stacks.js'),
    import('../release/cache-records.js'),
  ])
  const aws = createAws(options)
  const look: LookRequest = {
    cache: createModelCache(options),
    stack: () => createStacks(options).describe(plan.stack),
    stackName: plan.stack,
    plan: plan.modelCache,
    outbound: plan.outbound,
    mend: sameCommand('infra deploy', config),
  }
  const place = placeOf(config)
  return {
    plan,
    aws,
    look,
    readRecords: (fileSystem: string) => records.readCacheRecords(aws.parameters, place, fileSystem),
    writeRecord: (record: CacheRecord) => records.writeCacheRecord(aws.parameters, place, record),
  }
}

/** The program as the task takes it: zlib's format, in base64. */
async function programText(): Promise<string> {
  const script = await readFile(join(packageRoot(import.meta.url), 'templates/infra/fill-cache.py'))
  return deflateSync(script, { level: 9 }).toString('base64')
}

/** `rampart cache warm`. */
export async function runCacheWarm(flags: CacheFlags): Promise<Performed> {
  const lockWait = lockWaitOf(flags['lock-wait'])
  const config = await configure(flags)
  planOf(config)
  const wanted = modelsOf(config)
  const { hubSecrets } = await import('./models.js')
  const performing = performance('cache warm', config, ['preflight', 'cache'], await hubSecrets(process.env))
  return perform(performing, flags, async (run) => {
    const [{ warmCache }, { lookBeforeWarming }, opened] = await Promise.all([
      import('../operations/cache.js'),
      import('../operations/cache-look.js'),
      open(config),
    ])
    const { aws, look, plan, readRecords, writeRecord } = opened
    const endpoint = process.env['HF_ENDPOINT']
    return warmCache(
      {
        cache: look.cache,
        logs: aws.logs,
        logGroup: plan.logGroup,
        wanted,
        look: () => lookBeforeWarming(look),
        records: { read: readRecords, write: writeRecord },
        program: await programText(),
        endpoint: endpoint === '' ? undefined : endpoint,
        again: flags.again === true,
        keeper: composeKeeper(config, aws, { command: 'cache warm', clock: performing.clock, flags: { lockWait } }),
        comeBack: sameCommand('cache warm', config),
      },
      run,
    )
  })
}

/** `rampart cache status`. */
export async function runCacheStatus(flags: CacheFlags): Promise<Performed> {
  const config = await configure(flags)
  planOf(config)
  const wanted = modelsOf(config)
  const [{ lookAtCache }, { cacheText, cacheTroubles }, { look, readRecords }] = await Promise.all([
    import('../operations/cache-look.js'),
    import('../report/cache-text.js'),
    open(config),
  ])
  const clock = clockFrom(process.env['RAMPART_CLOCK'])
  const status = await lookAtCache(look, wanted, readRecords, clock.now())
  const simulation = process.env['RAMPART_SIMULATION']
  const fill = sameCommand('cache warm', config)
  if (!flags.json) {
    const about = { environment: config.environment.name, fill, mend: look.mend, simulation }
    process.stdout.write(`${cacheText(status, about, streamPage(process.stdout, flags))}\n`)
  }
  const complete = status.models.every(({ state }) => state !== 'missing')
  const isGood = complete && cacheTroubles(status).every(({ sign }) => sign !== 'fail')
  const result: StatusResult = {
    v: 1,
    simulated: simulation !== undefined,
    app: config.app,
    environment: config.environment.name,
    complete,
    ...status,
  }
  return { exitCode: flags.check === true && !isGood ? exitCodes.preflight : exitCodes.done, result }
}
