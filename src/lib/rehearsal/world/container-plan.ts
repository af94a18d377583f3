import { accessLine, runsOnNode } from './access-line.js'
import type { Answer, WorldState } from './state.js'
import type { NeededModel } from './models.js'
import type { Whisper } from './whispers.js'

/** One thing that a container does, `after` seconds from its start. */
export type ContainerStep = { readonly after: number } & (
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'answer'; readonly answer: Answer }
  /** From here on it answers what it is asked. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'exit'; readonly code: number }
)

/** How a container behaves. */
export type Behaviour = 'fine' | 'exit' | 'never-ready' | 'crash-loop'

/** How a container of the release with the trouble behaves, as the switches have it; drawn anew where they leave it open. */
export function behaviourOfRelease({ switches, random }: WorldState): Behaviour | 'missing' {
  const { newImages, flakyRate } = switches
  if (newImages === 'flaky') return random.next() < flakyRate ? 'never-ready' : 'fine'
  return newImages
}

export interface ContainerFacts {
  readonly service: string
  readonly port: number
  readonly livePath: string
  readonly readyPath: string
  readonly models: readonly NeededModel[]
  readonly behaviour: Behaviour
  /** With `crash-loop`: for how long it serves before it exits. */
  readonly crashAfterSeconds: number
  readonly modelLoadBytesPerSecond: number
  readonly modelDownloadBytesPerSecond: number
  /** The first three numbers of the load balancer's address, e.g. `10.0.1`. */
  readonly balancerNetwork: string
  /** What else it writes once it is ready: lines, each so many seconds later. */
  readonly whispers?: readonly Whisper[]
  /** The bytes of models that it can load before it is killed; absent when its memory has no bound. */
  readonly roomForModels?: number
}

const restartWaits = [0.1, 0.2, 0.4, 0.8, 1.6]

/** The steps of a container's life from its start until it serves, exits, or never gets ready. */
export function planContainer(facts: ContainerFacts): readonly ContainerStep[] {
  if (facts.behaviour === 'exit') return crashes(facts)
  const steps = isWebService(facts) ? webService(facts) : pythonService(facts)
  return facts.behaviour === 'crash-loop' && steps.at(-1)?.kind !== 'exit'
    ? [...steps, ...lateCrash(facts, (steps.at(-1)?.after ?? 0) + facts.crashAfterSeconds)]
    : steps
}

/**
 * The same with Docker's `--restart on-failure:5`: what exits starts again, five times and each time later.
 * https://docs.docker.com/engine/containers/start-containers-automatically/
 */
export function withRestarts(once: readonly ContainerStep[]): readonly ContainerStep[] {
  const last = once.at(-1)
  if (last?.kind !== 'exit') return once
  let start = 0
  return [...restartWaits, 0].flatMap((wait) => {
    const from = start
    start += last.after + wait
    return once.map((step): ContainerStep => {
      const after = from + step.after
      return step.kind === 'exit' ? { after, kind: 'answer', answer: 'refused' } : { ...step, after }
    })
  })
}

const isWebService = (facts: ContainerFacts): boolean => runsOnNode(facts, facts.models)

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`

function pythonService(facts: ContainerFacts): readonly ContainerStep[] {
  const { behaviour, service, port, livePath, readyPath } = facts
  const status = behaviour === 'never-ready' ? 503 : 200
  const logger = `INFO:     ${service.replaceAll('-', '_')}`
  const steps: ContainerStep[] = [
    { after: 3.1, kind: 'line', text: 'INFO:     Started server process [1]' },
    { after: 3.1, kind: 'line', text: 'INFO:     Waiting for application startup.' },
    { after: 3.3, kind: 'line', text: 'INFO:     Application startup complete.' },
    { after: 3.4, kind: 'line', text: `INFO:     Uvicorn running on http://0.0.0.0:${port} (Press CTRL+C to quit)` },
    { after: 3.4, kind: 'answer', answer: status },
    { after: 7, kind: 'line', text: access(facts, livePath, status) },
  ]
  let after = 4
  let loaded = 0
  for (const model of facts.models) {
    loaded += model.bytes
    const loader = /gliner/i.test(model.id) ? 'gliner' : 'transformers'
    steps.push({
      after,
      kind: 'line',
      text: `${logger}.models: ${loader}: loading ${model.id} at revision ${model.revision}`,
    })
    if (!model.baked) {
      const seconds = model.bytes / facts.modelDownloadBytesPerSecond
      const address = `https://huggingface.co/${model.id}/resolve/${model.revision}/model.safetensors`
      const request = `INFO:     httpx: HTTP Request: GET ${address} "HTTP/1.1 302 Found"`
      steps.push({ after: after + 0.1, kind: 'line', text: request }, ...downloadBar(model.bytes, seconds, after + 0.1))
      after += seconds + 0.1
    }
    const seconds = 1.5 + model.bytes / facts.modelLoadBytesPerSecond
    // The kernel kills it in the middle: there is no line about that, only the exit code of SIGKILL.
    const isTooMuch = loaded > (facts.roomForModels ?? Infinity)
    const weights = weightsBar(seconds, after)
    steps.push(...(isTooMuch ? weights.slice(0, 1) : weights))
    if (isTooMuch) return [...steps, { after: after + seconds / 2, kind: 'exit', code: 137 }]
    steps.push({
      after: after + seconds,
      kind: 'line',
      text: `${logger}.models: loaded ${model.id} (${megabytes(model.bytes)}) in ${seconds.toFixed(1)}s`,
    })
    after += seconds
  }
  if (behaviour === 'never-ready') return [...steps, ...refusals(facts, after)]
  steps.push(
    {
      after: after + 0.8,
      kind: 'line',
      text: `${logger}.readiness: ready, ${facts.models.length} models loaded in ${(after - 4).toFixed(1)}s`,
    },
    { after: after + 0.8, kind: 'ready' },
    { after: after + 2, kind: 'line', text: access(facts, readyPath, 200) },
    ...whispered(facts, after + 2),
  )
  return steps
}

const whispered = ({ whispers = [] }: ContainerFacts, from: number): readonly ContainerStep[] =>
  whispers.map(({ after, text }) => ({ after: from + after, kind: 'line', text }))

const quarters = [0.25, 0.5, 0.75, 1] as const

const tqdmTime = (seconds: number): string =>
  `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`

/** A progress bar as tqdm draws it, drawn four times. https://github.com/tqdm/tqdm: format_meter */
function bar(
  label: string,
  seconds: number,
  from: number,
  count: (part: number) => string,
  rate: string,
): readonly ContainerStep[] {
  return quarters.map((part) => {
    const drawn = '\u2588'.repeat(Math.floor(part * 10)).padEnd(10)
    const times = `${tqdmTime(seconds * part)}<${tqdmTime(seconds * (1 - part))}`
    const percent = String(part * 100).padStart(3)
    const text = `${label}: ${percent}%|${drawn}| ${count(part)} [${times}, ${rate}]`
    return { after: from + seconds * part, kind: 'line', text }
  })
}

const tqdmBytes = (bytes: number): string =>
  bytes >= 999.5e6 ? `${(bytes / 1e9).toFixed(2)}G` : `${(bytes / 1e6).toPrecision(3)}M`

/** The hub's download of a model's weights. */
const downloadBar = (bytes: number, seconds: number, from: number): readonly ContainerStep[] =>
  bar(
    'model.safetensors',
    seconds,
    from,
    (part) => `${tqdmBytes(bytes * part)}/${tqdmBytes(bytes)}`,
    `${tqdmBytes(bytes / seconds)}B/s`,
  )

const tensors = 200

/** The way of a model's weights into memory, which transformers counts in tensors. */
const weightsBar = (seconds: number, from: number): readonly ContainerStep[] =>
  bar(
    'Loading weights',
    seconds,
    from,
    (part) => `${Math.round(tensors * part)}/${tensors}`,
    `${(tensors / seconds).toFixed(2)}it/s`,
  )

// A release that is up and yet refuses: its code wants a database that nobody has migrated.
function refusals(facts: ContainerFacts, from: number): readonly ContainerStep[] {
  const logger = `${facts.service.replaceAll('-', '_')}.readiness`
  return [1, 11, 31, 61, 121, 241].flatMap((after): readonly ContainerStep[] => [
    {
      after: from + after,
      kind: 'line',
      text: `ERROR:    ${logger}: not ready: database schema is at revision 3f9c1e, this release needs 8b27d0`,
    },
    { after: from + after + 0.4, kind: 'line', text: access(facts, facts.livePath, 503) },
  ])
}

function webService(facts: ContainerFacts): readonly ContainerStep[] {
  const ready: readonly ContainerStep[] = [
    { after: 0.6, kind: 'line', text: `   - Local:        http://localhost:${facts.port}` },
    { after: 0.6, kind: 'line', text: `   - Network:      http://0.0.0.0:${facts.port}` },
    { after: 1.4, kind: 'line', text: '   Ready in 812ms' },
    { after: 1.4, kind: 'answer', answer: facts.behaviour === 'never-ready' ? 503 : 200 },
  ]
  return facts.behaviour === 'never-ready'
    ? [...ready, ...refusals(facts, 2)]
    : [...ready, { after: 1.4, kind: 'ready' }, ...whispered(facts, 2)]
}

function crashes(facts: ContainerFacts): readonly ContainerStep[] {
  const lines = isWebService(facts)
    ? [
        'node:internal/modules/cjs/loader:1247',
        '  throw err;',
        "Error: Cannot find module '/app/server.js'",
        "  code: 'MODULE_NOT_FOUND',",
      ]
    : [
        'Traceback (most recent call last):',
        '  File "/usr/local/bin/uvicorn", line 8, in <module>',
        '    sys.exit(main())',
        '  File "/usr/local/lib/python3.12/site-packages/uvicorn/importer.py", line 19, in import_from_string',
        '    module = importlib.import_module(module_str)',
        '  File "/app/main.py", line 12, in <module>',
        '    from services.policy_engine import PolicyEngine',
        '  File "/app/services/policy_engine.py", line 4, in <module>',
        '    import jsonlogic',
        "ModuleNotFoundError: No module named 'jsonlogic'",
      ]
  return [
    ...lines.map((text): ContainerStep => ({ after: 2.2, kind: 'line', text })),
    { after: 2.2, kind: 'exit', code: 1 },
  ]
}

// A leak: the release serves well until a thread that it started dies and takes the process with it.
function lateCrash(facts: ContainerFacts, after: number): readonly ContainerStep[] {
  const lines = isWebService(facts)
    ? [
        'node:internal/process/promises:394',
        '      triggerUncaughtException(err, true /* fromPromise */);',
        'Error: read ECONNRESET',
        '    at TCP.onStreamRead (node:internal/stream_base_commons:216:20)',
      ]
    : [
        'Traceback (most recent call last):',
        '  File "/app/services/refresh.py", line 58, in run',
        '    self.cache[key] = self.load(key)',
        '  File "/app/services/cache.py", line 31, in __setitem__',
        '    raise CacheFull(f"{len(self)} entries")',
        'services.cache.CacheFull: 50000 entries',
      ]
  return [...lines.map((text): ContainerStep => ({ after, kind: 'line', text })), { after, kind: 'exit', code: 1 }]
}

function access(facts: ContainerFacts, path: string, status: 200 | 503): string {
  const client = `${facts.balancerNetwork}.41:${40_000 + facts.port}`
  return accessLine({ node: isWebService(facts), client, path, status })
}
