import { carryOver, type CarriedOver } from './carry-over.js'
import type { ServiceFinding } from './findings.js'
import { needsNoFile, pipOptions, renderInstall } from './render-install.js'
import { renderModels } from './render-models.js'
import type { Pair, PinnedModel, Runtime, Templates } from './render-types.js'
import { partsOfStage } from './run-parts.js'
import { fillTemplate } from './template.js'
import { relativeTo, type Tree } from './tree.js'

/** What a pair is written for, beside what was found. */
export interface PairQuestion {
  readonly baseRepository: string
  readonly port: number | undefined
  readonly live: string | undefined
  readonly models: readonly PinnedModel[]
}

const modelHome = '/opt/models/huggingface'
const firstOwnUser = 10_001
const nodeUser = 1000

/** Dockerfile.base and Dockerfile.app for a service of Python or Node; undefined for others, which stay as they are. */
export function renderPair(
  tree: Tree,
  service: ServiceFinding,
  question: PairQuestion,
  templates: Templates,
): Pair | undefined {
  if (service.kind === 'other') return undefined
  const runtime = runtimeOf(service)
  const owner = `${runtime.uid}:${runtime.uid}`
  const carried = carryOver(tree, service, owner)
  const pair =
    service.kind === 'node'
      ? nodeBase(service, carried, templates)
      : pythonBase(service, carried, runtime, question, templates)
  const app = fillTemplate(templates['Dockerfile.app'], {
    base: question.baseRepository,
    workdir: `WORKDIR ${workdirOf(service)}`,
    copies: (carried.copies.length > 0 ? carried.copies : [`COPY --chown=${owner} . .`]).join('\n'),
    environment: [...environmentLines(carried.appEnvironment), ...carried.others].join('\n'),
    user: owner,
    expose: question.port === undefined ? '' : `EXPOSE ${question.port}`,
    healthcheck: carried.healthcheck ?? healthcheck(service, question),
    command: (carried.command.length > 0 ? carried.command : [command(service, question.port)]).join('\n'),
  })
  return { ...pair, app, notes: [...carried.notes, ...serverNotes(service, carried)] }
}

/** The app's directory in the image. */
function workdirOf({ dockerfiles: { app, whole } }: ServiceFinding): string {
  return app?.workdir ?? whole?.workdir ?? '/app'
}

/** The user that the old Dockerfile names, with the number that it is given there, else one of our own. */
function runtimeOf(service: ServiceFinding): Runtime {
  const { app, base, whole } = service.dockerfiles
  const said = (app?.user ?? whole?.user ?? base?.user ?? '').split(':')[0] ?? ''
  if (service.kind === 'node') return { name: 'node', uid: nodeUser }
  if (/^\d+$/.test(said) && Number(said) > 0) return { name: 'app', uid: Number(said) }
  const makers = [base, whole]
    .flatMap((facts) => partsOfStage(facts?.stages.at(-1)?.instructions ?? []))
    .filter((part) => part.purpose === 'user' && /^(?:user|add)/.test(part.words[0] ?? ''))
  const number = makers.map(({ text }) => Number(/(?:--uid|-\w*u)[ =](\d+)/.exec(text)?.[1])).find((uid) => uid > 0)
  return { name: /^[a-z][a-z0-9_-]*$/.test(said) && said !== 'root' ? said : 'app', uid: number ?? firstOwnUser }
}

const environmentLines = (pairs: readonly string[]): readonly string[] =>
  pairs.length === 0 ? [] : [`ENV ${pairs.join(' \\\n    ')}`]

function makeUser({ name, uid }: Runtime, from: string): string {
  // BusyBox has its own programs for it.
  return from.includes('alpine')
    ? `RUN addgroup -g ${uid} ${name} && adduser -D -u ${uid} -G ${name} ${name}`
    : `RUN groupadd --gid ${uid} ${name} && useradd --uid ${uid} --gid ${uid} --create-home ${name}`
}

function pythonBase(
  service: ServiceFinding,
  carried: CarriedOver,
  runtime: Runtime,
  question: PairQuestion,
  templates: Templates,
): Omit<Pair, 'app' | 'notes'> {
  const { dependencies } = service
  const from = carried.from ?? `python:${dependencies?.python ?? '3.12'}-slim`
  const owner = `${runtime.uid}:${runtime.uid}`
  const known = carried.baseEnvironment.some((pair) => pair.startsWith('PYTHONUNBUFFERED='))
  const environment = [
    ...(question.models.length > 0 ? [`HF_HOME=${modelHome}`] : []),
    ...(known ? [] : ['PYTHONUNBUFFERED=1']),
    ...carried.baseEnvironment,
  ]
  const why =
    '# One place for the models, whoever runs: without HF_HOME the build fills a cache where the app does not look.'
  const base = fillTemplate(templates['python/Dockerfile.base'], {
    globals: carried.globals.join('\n'),
    from,
    environment: [...(question.models.length > 0 ? [why] : []), ...environmentLines(environment)].join('\n'),
    user: makeUser(runtime, from),
    workdir: `WORKDIR ${workdirOf(service)}\nRUN chown ${owner} ${workdirOf(service)}`,
    system: carried.system.join('\n'),
    install: dependencies === undefined ? '' : renderInstall(dependencies, service.context, pipOptions(carried.parts)),
    models: renderModels(question.models, dependencies?.names ?? new Set(), owner),
  })
  return { base, inputs: (dependencies?.files ?? []).map((file) => relativeTo(service.context, file)) }
}

function nodeBase(service: ServiceFinding, carried: CarriedOver, templates: Templates): Omit<Pair, 'app' | 'notes'> {
  const lock = service.node?.lock === undefined ? [] : [relativeTo(service.context, service.node.lock)]
  const files = ['package.json', ...lock]
  const base = fillTemplate(templates['node/Dockerfile.base'], {
    globals: carried.globals.join('\n'),
    from: carried.from ?? 'node:24-slim',
    manifest: lock[0] ?? 'package.json',
    files: files.join(' '),
    system: carried.system.join('\n'),
    workdir: `WORKDIR ${workdirOf(service)}`,
    install: installNode(lock[0]),
  })
  return { base, inputs: files }
}

function installNode(lock: string | undefined): string {
  if (lock === 'pnpm-lock.yaml') return 'corepack enable && pnpm install --prod --frozen-lockfile'
  if (lock === 'yarn.lock') return 'corepack enable && yarn install --production --frozen-lockfile'
  return `npm ${lock === undefined ? 'install' : 'ci'} --omit=dev && npm cache clean --force`
}

function healthcheck(service: ServiceFinding, { port, live }: PairQuestion): string {
  if (port === undefined || live === undefined) return ''
  const url = `http://127.0.0.1:${port}${live}`
  const ask =
    service.kind === 'node'
      ? ['node', '-e', `fetch('${url}').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`]
      : ['python', '-c', `import urllib.request; urllib.request.urlopen('${url}', timeout=2)`]
  const begins = service.models.models.length > 0 ? '120s' : '10s'
  const options = `--interval=10s --timeout=3s --start-period=${begins} --retries=3`
  return `HEALTHCHECK ${options} \\\n  CMD ${JSON.stringify(ask).replaceAll('","', '", "')}`
}

const cmd = (...words: readonly string[]): string => `CMD [${words.map((word) => JSON.stringify(word)).join(', ')}]`

function command({ serving, node, kind }: ServiceFinding, port: number | undefined): string {
  if (kind === 'node') {
    const words = (node?.start ?? '').split(/\s+/)
    // npm does not hand signals on as a container's first process should: `node` itself does.
    return words[0] === 'node' && words.every((word) => /^[\w./=-]+$/.test(word)) ? cmd(...words) : cmd('npm', 'start')
  }
  const listen = `0.0.0.0:${port ?? serving?.port ?? 8000}`
  const [host = '', number = ''] = listen.split(':')
  switch (serving?.framework) {
    case 'asgi':
      return cmd('uvicorn', serving.entry, '--host', host, '--port', number)
    case 'flask':
    case 'django':
      return cmd('gunicorn', serving.entry, '--bind', listen)
    case 'streamlit':
      return cmd('streamlit', 'run', serving.entry, '--server.address', host, '--server.port', number)
    case 'gradio':
      return cmd('python', serving.entry)
    case undefined:
      return '# CMD: how the app is started was not found; add it here.'
  }
}

/** A server that the command names and nobody installs would be missed when the first container starts. */
function serverNotes({ serving, dependencies, kind }: ServiceFinding, carried: CarriedOver): readonly string[] {
  if (kind !== 'python') return []
  if (serving === undefined && carried.command.length === 0)
    return ['how the app is started was not found: add a CMD to its Dockerfile']
  if (serving === undefined || dependencies === undefined || carried.command.length > 0) return []
  const servers = {
    asgi: ['uvicorn', 'gunicorn'],
    flask: ['gunicorn'],
    django: ['gunicorn'],
    streamlit: ['streamlit'],
    gradio: ['gradio'],
  }
  const wanted = servers[serving.framework]
  const [first = ''] = wanted
  const installed =
    wanted.some((name) => dependencies.names.has(name)) ||
    carried.parts.some((part) => needsNoFile(part) && part.text.includes(first))
  return installed ? [] : [`${dependencies.main} does not name ${first}, which starts the app: add it`]
}
