import { basename, dirname, join, resolve } from 'node:path'
import { homedir } from 'node:os'
import { readFile } from 'node:fs/promises'
import type { Performed, SharedFlags } from '../../base-command.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Standing } from '../domain/standing.js'
import { adviceLines } from '../init/adopt/describe.js'
import type { ContinuousKind } from '../init/continuous.js'
import { checkPlace, readTree, writeWhole } from '../init/disk.js'
import type { Line } from '../init/describe.js'
import { templateNames, type Pin, type Templates } from '../init/render-types.js'
import { init, type InitAsker, type InitFile, type InitResult } from '../operations/init.js'
import { streamPage } from './perform.js'
import { sign, type Page } from '../report/page.js'
import { clockFrom } from '../system/clock.js'
import { packageRoot } from '../system/package-root.js'
import { cleanLine, cleanLines } from '../terminal/clean.js'
import { chooseProgress } from '../terminal/progress.js'
import { shellWord } from '../terminal/shell-word.js'
import { onStop, type StopSignal } from '../terminal/signals.js'

interface InitFlags extends SharedFlags {
  readonly yes: boolean
  readonly 'dry-run': boolean
  readonly force: boolean
  readonly offline: boolean
  readonly region?: string | undefined
  readonly group?: string | undefined
  readonly target?: 'asg' | 'ecs' | undefined
  readonly cluster?: string | undefined
  readonly 'ecs-service'?: readonly string[] | undefined
  readonly 'from-stack'?: string | undefined
  readonly 'from-service'?: readonly string[] | undefined
  readonly ci?: readonly ContinuousKind[] | undefined
}

// Nobody waits longer for a convenience: without the hub the models stay open, and rampart.yml says so.
const hubPatience = 5000

/** `rampart init`. */
export async function runInit(directory: string, flags: InitFlags): Promise<Performed> {
  const root = rootOf(directory, flags.config)
  // As for everything that rewrites lines: a log of CI and a terminal that cannot move its cursor are no place to ask.
  const { env } = process
  const mode = chooseProgress({ flag: flags.progress, env, stdoutIsTty: true, stderrIsTty: process.stderr.isTTY })
  const isPerson =
    process.stdin.isTTY && process.stderr.isTTY && !flags.json && (mode === 'list' || mode === 'dashboard')
  if (!isPerson && !flags.yes && !flags['dry-run']) {
    throw new RampartError('usage', 'init asks questions, and nobody is here to answer them.', {
      next: ['rampart init --yes', 'rampart init --dry-run'],
    })
  }
  const asks = isPerson && !flags.yes && !flags['dry-run']
  const page = streamPage(process.stderr, flags)
  if (asks && (flags['no-color'] || page.paint('good', '') === '')) env['NO_COLOR'] = '1'
  const offline = flags.offline || /^(?:1|true|yes|on)$/i.test(env['HF_HUB_OFFLINE'] ?? '')
  const quiet = flags.json || flags.progress === 'quiet'
  const tree = await readTree(root)
  const region = flags.region ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION']
  const standing = await readStanding(flags, region)
  const templates = await readTemplates()
  const version = await ownVersion()
  const look = async (asker: InitAsker | undefined, signal?: AbortSignal): Promise<InitResult> =>
    init(
      {
        tree,
        directory: basename(root),
        templates,
        asker,
        pin: offline ? async () => undefined : await hubPins(signal),
        check: (path) => checkPlace(join(root, path)),
        write: (path, content) => writeWhole(join(root, path), content),
        say: (lines) => {
          if (!quiet) process.stderr.write(`${lines.map((line) => lineText(line, page)).join('\n')}\n`)
        },
      },
      {
        environment: flags.env ?? 'production',
        region,
        ...(standing !== undefined && { standing }),
        group: flags.group,
        target: flags.target,
        cluster: flags.cluster,
        ecsServices: flags['ecs-service'],
        continuous: flags.ci,
        version,
        dryRun: flags['dry-run'],
        force: flags.force,
      },
    )
  const result = asks ? await withPerson(look) : await look(undefined)
  const next = nextSteps(result, directory, flags)
  if (!flags.json)
    process.stdout.write(resultText(result, { next, flags, standing }, streamPage(process.stdout, flags)))
  return { exitCode: 0, result: resultJson(result, { next, flags, standing }) }
}

/** What the flags name of what serves already; undefined when they name nothing. */
async function readStanding(flags: InitFlags, region: string | undefined): Promise<Standing | undefined> {
  const { 'from-stack': stack, 'from-service': services = [], group } = flags
  if (stack === undefined && services.length === 0) return undefined
  if (stack !== undefined && services.length > 0) {
    throw new RampartError('usage', '--from-stack and --from-service both say what is adopted.', {
      next: ['use one of them'],
    })
  }
  if (region === undefined) {
    throw new RampartError('usage', `No region says where ${stack ?? services.join(', ')} is.`, {
      next: ['--region REGION, or set AWS_REGION'],
    })
  }
  const places = services.map((text) => {
    const [, cluster, service] = /^([\w-]+)\/([\w-]+)$/.exec(text) ?? []
    if (cluster !== undefined && service !== undefined) return { cluster, service }
    throw new RampartError('usage', `${text} is not CLUSTER/SERVICE.`, { next: ['--from-service shop-prod/shop-api'] })
  })
  const [{ adopt }, { adoptPorts }] = await Promise.all([import('../operations/adopt.js'), import('./adopt-ports.js')])
  return adopt({
    source: stack === undefined ? { kind: 'services', services: places } : { kind: 'stack', stack, group },
    region,
    ports: await adoptPorts(region),
  })
}

/** Lets a person answer. A signal from outside leaves the open question, so that the terminal is given back as it was. */
async function withPerson<T>(work: (asker: InitAsker, signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController()
  let by: StopSignal | undefined
  const release = onStop((signal) => {
    by = signal
    stop.abort(new Error(signal))
  })
  const { stdin: input, stderr: output } = process
  try {
    const { createAsker } = await import('../terminal/ask.js')
    return await work(await createAsker({ input, output, signal: stop.signal }), stop.signal)
  } catch (error) {
    const left = error instanceof RampartError && error.kind === 'interrupted'
    throw left && by !== undefined && by !== 'SIGINT' ? new RampartError('terminated', error.message) : error
  } finally {
    release()
  }
}

function rootOf(directory: string, config: string | undefined): string {
  if (config === undefined) return resolve(directory)
  if (basename(config) !== 'rampart.yml') {
    throw new RampartError('usage', `init writes rampart.yml, and --config names ${basename(config)}.`, {
      next: ['leave --config out, or let it end with /rampart.yml'],
    })
  }
  return resolve(dirname(config))
}

/** Of rampart, as its package says. */
async function ownVersion(): Promise<string> {
  const text = await readFile(join(packageRoot(import.meta.url), 'package.json'), 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}

async function readTemplates(): Promise<Templates> {
  const root = join(packageRoot(import.meta.url), 'templates')
  const texts = await Promise.all(
    templateNames.map(async (name) => [name, await readFile(join(root, name), 'utf8')] as const),
  )
  return Object.fromEntries(texts) as Templates
}

/** Asks the hub for commits; a hub that does not answer in time, or does not know the model, leaves it open. */
async function hubPins(
  stop: AbortSignal | undefined,
): Promise<(id: string, revision: string) => Promise<Pin | undefined>> {
  const { createModelHub } = await import('../hub/client.js')
  const { hubSettings } = await import('../hub/settings.js')
  const late = AbortSignal.timeout(hubPatience)
  const signal = stop === undefined ? late : AbortSignal.any([late, stop])
  const hub = createModelHub({
    ...hubSettings(process.env, homedir()),
    clock: clockFrom(undefined),
    signal,
  })
  return async (id, revision) => {
    try {
      const { commit } = await hub.resolve(id, revision)
      const files = await hub.list(id, commit)
      return { commit, safetensors: files.some((file) => file.path.endsWith('.safetensors')) }
    } catch (error) {
      if (error instanceof RampartError || signal.aborted) return undefined
      throw error
    }
  }
}

function lineText({ sign: kind, text }: Line, page: Page): string {
  // What comes from files may hold anything; the spaces of a difference and of a table mean something.
  const clean = cleanLines(text).join(' ')
  if (kind === 'title') return page.paint('strong', clean)
  if (kind === 'ok') return `  ${sign(page, 'ok')} ${clean}`
  return kind === 'warn'
    ? `  ${sign(page, 'warn')} ${page.paint('warn', 'WARN')} ${clean}`
    : `      ${page.paint('dim', clean)}`
}

const done = { create: 'created', replace: 'replaced', keep: 'kept', unchanged: 'unchanged' } as const
const planned = {
  create: 'would create',
  replace: 'would replace',
  keep: 'would keep',
  unchanged: 'unchanged',
} as const

interface Ending {
  readonly next: readonly string[]
  readonly flags: InitFlags
  readonly standing: Standing | undefined
}

function resultText(result: InitResult, { next, flags, standing }: Ending, page: Page): string {
  const words = result.written ? done : planned
  const width = Math.max(...result.files.map((file) => words[file.action].length))
  const line = (file: InitFile): string => {
    const mark = sign(page, file.action === 'keep' ? 'warn' : file.action === 'unchanged' ? 'skip' : 'ok')
    return `${mark} ${words[file.action].padEnd(width)}  ${file.path}  ${page.paint('dim', file.what)}`
  }
  const contents = flags['dry-run'] ? result.files.flatMap((file) => shown(file, page)) : []
  const kept = flags['dry-run'] ? [] : keptBeside(result).flatMap((file) => shown(file, page))
  const notes = result.notes.map((note) => `${sign(page, 'warn')} ${page.paint('warn', 'WARN')} ${cleanLine(note)}`)
  const advice = adviceLines(standing?.advice ?? []).flatMap((text) => cleanLines(text))
  const simulation = process.env['RAMPART_SIMULATION']
  const title = page.paint('strong', `To be driven by pinned digests, ${standing?.from ?? ''} as it is now:`)
  return `${[
    ...(standing !== undefined && simulation !== undefined
      ? [`${page.paint('warn', 'SIMULATED')}: ${simulation}; what was read is not real`]
      : []),
    ...contents,
    ...kept,
    ...result.files.map(line),
    ...notes,
    ...(advice.length === 0 ? [] : [title, ...advice]),
    'Next:',
    ...next.map((step) => `  ${step}`),
  ].join('\n')}\n`
}

const isConfig = ({ path }: InitFile): boolean => path === 'rampart.yml'

/** Files of the person's that stay, but for rampart.yml: that says far more than init can know. */
const keptBeside = ({ files }: InitResult): readonly InitFile[] =>
  files.filter((file) => file.action === 'keep' && !isConfig(file))

function shown(file: InitFile, page: Page): readonly string[] {
  if (file.action === 'unchanged') return []
  const lines = file.difference.length > 0 ? file.difference : file.content.trimEnd().split('\n')
  return [page.paint('strong', `--- ${file.path}`), ...lines, '']
}

function nextSteps(result: InitResult, directory: string, flags: InitFlags): readonly string[] {
  const at = directory === '.' ? '' : ` -c ${shellWord(join(directory, 'rampart.yml'))}`
  if (!result.written)
    return [`rampart init${directory === '.' ? '' : ` ${shellWord(directory)}`}${flags.force ? ' --force' : ''}`]
  const own = result.files.some((file) => file.path === 'rampart.mk' && file.action !== 'unchanged')
  return [
    ...(own ? ['add `include rampart.mk` to the Makefile'] : []),
    `rampart doctor${at}`,
    `rampart rehearse${at}`,
    ...(keptBeside(result).length > 0
      ? ['rampart init --force, to take what is shown above; what only your files say is lost then']
      : []),
    ...(result.files.some((file) => file.action === 'keep' && isConfig(file))
      ? ['rampart init --dry-run, to see what it would write in place of your rampart.yml, which stays']
      : []),
  ]
}

/** What `init --json` prints. */
function resultJson({ findings, pins, files, notes, written }: InitResult, { next, flags, standing }: Ending): unknown {
  return {
    v: 1,
    app: findings.app,
    dryRun: flags['dry-run'],
    ...(standing !== undefined && { standing }),
    services: findings.services.map(({ name, context, kind, port, live, ready, models, defects }) => ({
      name,
      context: context === '' ? '.' : context,
      kind,
      port: port?.value,
      live: live?.value,
      ready: ready?.value,
      models: models.models.map((model) => ({
        id: model.id,
        revision: model.revision ?? pins.get(model.id)?.commit,
        places: model.places,
      })),
      unresolved: models.unresolved,
      defects,
    })),
    files: files.map(({ path, what, action, content, difference }) => ({
      path,
      what,
      action,
      ...(flags['dry-run'] && { content }),
      difference,
    })),
    written,
    notes,
    next,
  }
}
