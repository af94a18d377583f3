import type { ModelLoad } from '../../src/lib/domain/model-load.js'
import type { RolloutFacts } from '../../src/lib/domain/rollout-facts.js'
import type { Target } from '../../src/lib/domain/target.js'
import type { Event, EventBody } from '../../src/lib/events/event.js'

/** Recordings made by hand, as `monitor` of a rehearsal gives them. */
export const sceneNames = [
  'before-start',
  'rolling',
  'warming',
  'stalled',
  'rolled-back',
  'finished',
  'verifying',
  'verified',
  'unverified',
  'large',
] as const

export type SceneName = (typeof sceneNames)[number]

const start = Date.UTC(2026, 10, 20, 9, 0, 0)
const at = (seconds: number): string => new Date(start + seconds * 1000).toISOString()

const newRelease = { id: 'r-5d2c81f09a3e', number: '8' }
const oldRelease = { id: 'r-91b3e7c4d802', number: '7' }
const image = 'us-west-2.amazonaws.example/rampart-backend@sha256:'

function facts(desired: number, moving = true): RolloutFacts {
  const revision = ({ id, number }: typeof newRelease) => ({
    revision: { name: 'lt-0a1b2c3d4e5f60718', number },
    release: id,
    images: [`${image}${number.repeat(64)}`],
  })
  return {
    kind: 'asg',
    fleet: 'rampart-production-asg',
    desired,
    ...(moving ? { to: revision(newRelease), from: revision(oldRelease) } : { to: revision(oldRelease) }),
    minHealthyPercentage: 100,
    maxHealthyPercentage: 200,
    warmup: 180_000,
    gracePeriod: 300_000,
    healthCheckInterval: 30_000,
    bakeTime: 60_000,
    checkpointPercentages: [50],
    alarms: ['rampart-5xx', 'rampart-latency-p95'],
  }
}

type Timed = readonly [seconds: number, body: EventBody]

const run: Timed = [
  0,
  {
    type: 'run.started',
    command: 'monitor',
    app: 'rampart-ai',
    environment: 'production',
    simulated: true,
    simulation: 'scenario slow-model, 60 times as fast as real time',
    phases: ['rollout', 'proof'],
  },
]

const id = '08b91cf7-8fa6-48af-b6a6-d227f40f1b9b'
const begun = (desired: number): readonly Timed[] => [
  run,
  [0.2, { type: 'phase.started', phase: 'rollout' }],
  [0.3, { type: 'fleet.seen', facts: facts(desired) }],
  [0.4, { type: 'rollout.started', id, attached: true, group: 'rampart-production-asg', targets: desired }],
  [0.4, { type: 'alarm', name: 'rampart-5xx', state: 'OK' }],
  [0.4, { type: 'alarm', name: 'rampart-latency-p95', state: 'OK' }],
]

const zones = ['us-west-2a', 'us-west-2b', 'us-west-2c']
const name = (kind: 'old' | 'new', number: number): string =>
  `i-0${kind === 'old' ? 'aa' : 'bb'}${String(number).padStart(14, '0')}`

function target(kind: 'old' | 'new', number: number, more: Partial<Target> = {}): EventBody {
  return {
    type: 'target.changed',
    target: {
      id: name(kind, number),
      zone: zones[number % zones.length] ?? '',
      lifecycle: 'InService',
      health: 'healthy',
      revision: kind === 'old' ? oldRelease.number : newRelease.number,
      isNew: kind === 'new',
      launchedAt: at(kind === 'old' ? -86_400 : 1),
      ...(kind === 'old' && { inServiceAt: at(-86_300) }),
      ...more,
    },
  }
}

const old4: readonly Timed[] = [1, 2, 3, 4].map((number): Timed => [0.5, target('old', number)])

function progress(
  seconds: number,
  percentage: number,
  remaining: number,
  status = 'InProgress',
  reason?: string,
): Timed {
  return [
    seconds,
    { type: 'rollout.progress', id, status, percentage, remaining, ...(reason !== undefined && { reason }) },
  ]
}

function load(seconds: number, number: number, model: Partial<ModelLoad> & Pick<ModelLoad, 'state'>): Timed {
  return [seconds, { type: 'target.load', target: name('new', number), load: { downloads: [], ...model } }]
}

function log(seconds: number, number: number, text: string): Timed {
  return [seconds, { type: 'log.line', target: name('new', number), time: at(seconds), text }]
}

const deberta = 'protectai/deberta-v3-base-prompt-injection-v2'

const rolling: readonly Timed[] = [
  ...begun(4),
  ...old4,
  progress(1, 0, 2),
  [1, target('new', 1, { lifecycle: 'Pending', health: 'none' })],
  [1, target('new', 2, { lifecycle: 'Pending', health: 'none' })],
  [2, { type: 'forecast', forecast: { remaining: 520_000, low: 470_000, high: 640_000, basis: 'history', runs: 5 } }],
  [38, target('new', 1, { lifecycle: 'InService', health: 'initial', inServiceAt: at(38) })],
  log(39, 1, 'INFO:     Started server process [1]'),
  log(40, 1, `Loading checkpoint shards:  40%|████      | 2/5 [00:02<00:03,  1.1s/it]`),
  load(40, 1, { state: 'loading', model: deberta, progress: { done: 2, total: 5, unit: 'shards' } }),
  log(41, 2, '模型加载中 loading 模型 …'),
  log(42, 2, 'WARNING: tokenizer has no fast form 🚀👩‍🚀'),
  load(42, 2, { state: 'starting' }),
]

const warming: readonly Timed[] = [
  ...rolling,
  load(52, 1, { state: 'ready', model: deberta, readyAfter: 13_400 }),
  log(52, 1, 'INFO:     Application startup complete.'),
  log(52, 1, 'INFO:     Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)'),
  [55, target('new', 1, { inServiceAt: at(38) })],
  [58, target('new', 2, { health: 'initial', inServiceAt: at(40) })],
  load(60, 2, {
    state: 'downloading',
    model: 'urchade/gliner_multi-v2.1',
    progress: { done: 273_000_000, total: 738_000_000, unit: 'bytes' },
    downloads: ['urchade/gliner_multi-v2.1'],
  }),
  log(60, 2, 'model.safetensors:  37%|███▋      | 273M/738M [00:04<00:08, 55.7MB/s]'),
  progress(61, 0, 2),
]

const stalled: readonly Timed[] = [
  ...begun(4),
  ...old4,
  progress(1, 0, 2),
  [1, target('new', 1, { lifecycle: 'Pending', health: 'none' })],
  [1, target('new', 2, { lifecycle: 'Pending', health: 'none' })],
  [
    2,
    { type: 'forecast', forecast: { remaining: 520_000, low: 470_000, high: 640_000, basis: 'arithmetic', runs: 0 } },
  ],
  [
    40,
    target('new', 1, {
      health: 'unhealthy',
      inServiceAt: at(40),
      reason: 'Target.FailedHealthChecks: connection refused',
    }),
  ],
  [
    41,
    target('new', 2, {
      health: 'unhealthy',
      inServiceAt: at(41),
      reason: 'Target.FailedHealthChecks: connection refused',
    }),
  ],
  load(62, 1, { state: 'killed', model: deberta, killed: 'out of memory (exit code 137)' }),
  log(61, 1, 'Traceback (most recent call last):'),
  log(61, 1, '  File "/app/main.py", line 12, in <module>'),
  log(62, 1, "ModuleNotFoundError: No module named 'app.scoring'"),
  log(63, 2, 'Worker (pid:7) was sent SIGKILL! Perhaps out of memory?'),
  [64, { type: 'alarm', name: 'rampart-5xx', state: 'ALARM' }],
  [
    65,
    {
      type: 'cause',
      cause: {
        code: 'out-of-memory',
        summary: 'the backend container of revision 8 is killed for lack of memory while it loads its models',
        evidence: [
          `${name('new', 1)}: container backend exited with code 137`,
          `${name('new', 2)}: Worker (pid:7) was sent SIGKILL! Perhaps out of memory?`,
        ],
        next: ['rampart logs --target i-0bb00000000000001 --since 10m'],
      },
    },
  ],
  [
    66,
    {
      type: 'forecast',
      forecast: { remaining: 900_000, low: 600_000, high: 1_500_000, basis: 'history', runs: 5, slower: 2.4 },
    },
  ],
]

const rolledBack: readonly Timed[] = [
  ...stalled,
  progress(200, 0, 4, 'RollbackInProgress', 'Instances failed health checks'),
  [200, { type: 'target.gone', id: name('new', 1), revision: '8', note: 'terminated as unhealthy' }],
  [201, { type: 'target.gone', id: name('new', 2), revision: '8', note: 'terminated as unhealthy' }],
  [230, { type: 'alarm', name: 'rampart-5xx', state: 'OK' }],
  [
    260,
    {
      type: 'rollout.finished',
      id,
      outcome: 'rolled-back',
      status: 'RollbackSuccessful',
      reason: 'Instances failed health checks',
    },
  ],
  [260, { type: 'phase.finished', phase: 'rollout', outcome: 'failed', duration: 259_800 }],
  [
    260,
    {
      type: 'run.finished',
      ending: 'rolledBack',
      exitCode: 4,
      message: 'production serves revision 7 again, as before',
      next: ['rampart status'],
      duration: 260_000,
    },
  ],
]

const finished: readonly Timed[] = [
  ...warming,
  [220, { type: 'checkpoint', percentage: 50, detail: 'reached, goes on in 1m 00s' }],
  ...[1, 2, 3, 4].flatMap((number): Timed[] => [
    [300 + number, target('new', number, { inServiceAt: at(40 * number) })],
    load(301 + number, number, {
      state: 'ready',
      model: deberta,
      readyAfter: 12_000 + 800 * number,
      downloads: number === 2 ? ['urchade/gliner_multi-v2.1'] : [],
    }),
    [305 + number, { type: 'target.gone', id: name('old', number), revision: '7' }],
  ]),
  progress(480, 100, 0, 'Baking'),
  [540, { type: 'rollout.finished', id, outcome: 'succeeded', status: 'Successful' }],
  [540, { type: 'phase.finished', phase: 'rollout', outcome: 'done', duration: 539_800 }],
  [540, { type: 'phase.started', phase: 'proof' }],
  [
    541,
    {
      type: 'proof',
      proved: 4,
      total: 4,
      targets: [1, 2, 3, 4].map((number) => ({
        target: name('new', number),
        proved: true,
        grade: 'launched' as const,
        detail: 'revision 8',
      })),
    },
  ],
  [541, { type: 'phase.finished', phase: 'proof', outcome: 'done', duration: 900, detail: '4 of 4' }],
  [
    541,
    {
      type: 'warmup.advice',
      advice: {
        measured: { targets: 4, p50: 14_000, p95: 15_200, max: 15_200 },
        warmup: 180_000,
        verdict: 'long',
        difference: 310_000,
        proposed: 25_000,
      },
    },
  ],
  [541, { type: 'run.finished', ending: 'done', exitCode: 0, message: '', next: [], duration: 541_000 }],
]

const checked = (seconds: number, check: string, result: 'ok' | 'warn' | 'fail' | 'skip', detail: string): Timed => [
  seconds,
  { type: 'check.done', name: check, result, detail },
]

/** A release that was proved, while it is verified; the checks of the preflight have nothing to do with it. */
const verifying: readonly Timed[] = [
  [
    0,
    {
      type: 'run.started',
      command: 'deploy',
      app: 'rampart-ai',
      environment: 'production',
      simulated: false,
      phases: ['preflight', 'rollout', 'proof', 'verify'],
    },
  ],
  [0.1, { type: 'phase.started', phase: 'preflight' }],
  checked(0.1, 'group', 'ok', 'rampart-production-asg, 4 instances wanted'),
  [0.1, { type: 'phase.finished', phase: 'preflight', outcome: 'done', duration: 900 }],
  ...finished.slice(1, -2),
  [541, { type: 'phase.started', phase: 'verify' }],
  checked(542, 'certificate', 'ok', 'for rag.example.com, 89 days left'),
  checked(542, 'tls-version', 'ok', 'TLSv1.3'),
  checked(542, 'hsts', 'warn', 'no Strict-Transport-Security'),
  checked(543, 'https-redirect', 'ok', '5 paths of plain HTTP lead to HTTPS for good'),
  checked(543, 'images', 'ok', '2 images are in the registry, by digest'),
  checked(543, 'target-health', 'ok', '4 of 4 targets are healthy'),
  checked(545, 'endpoint:search-384d', 'ok', '200; mean 150ms, p95 178ms of 20 requests'),
  checked(548, 'endpoint:search-768d', 'ok', '200; mean 200ms, p95 231ms of 20 requests'),
]

const criterion = (group: string, line: string, result: 'ok' | 'fail', detail: string) => ({
  group,
  name: line,
  result,
  detail,
})

const sustained = '5.00 a second, 100 % of 100; p50 150ms, p95 178ms'

const judged = (seconds: number, result: 'ok' | 'fail', words: string): readonly Timed[] => [
  ...verifying,
  checked(seconds, 'endpoint:search-1155d', result, words),
  checked(seconds + 20, 'load:search', 'ok', sustained),
  [
    seconds + 20,
    {
      type: 'verified',
      checks: [],
      criteria: [
        criterion('Technical Validation', 'Load balancer health checks passing', 'ok', '4 of 4 targets are healthy'),
        criterion('Technical Validation', 'All API endpoints responding < 0.5s', result, words),
        criterion('Performance Validation', 'Concurrent load: > 4 requests/second', 'ok', sustained),
        criterion('Security Validation', 'HTTP traffic redirected to HTTPS', 'ok', '5 paths lead to HTTPS for good'),
      ],
    },
  ],
]

const verified: readonly Timed[] = [
  ...judged(551, 'ok', '200; mean 275ms, p95 324ms of 20 requests'),
  [571, { type: 'phase.finished', phase: 'verify', outcome: 'done', duration: 30_000, detail: '10 checks' }],
  [571, { type: 'run.finished', ending: 'done', exitCode: 0, message: '', next: [], duration: 571_000 }],
]

/** One that is slow, while the fleet goes back: what is seen is the fleet again, and why it goes back. */
const unverified: readonly Timed[] = [
  ...judged(551, 'fail', 'max 757ms is over its budget of 500ms'),
  [571, { type: 'phase.finished', phase: 'verify', outcome: 'failed', duration: 30_000 }],
  [571, { type: 'phase.started', phase: 'rollback' }],
  [571, { type: 'warning', message: '1 of 10 checks failed; going back to version 7.' }],
  [575, { type: 'rollout.started', id: 'back', attached: false, group: 'rampart-production-asg', targets: 4 }],
  [576, { type: 'rollout.progress', id: 'back', status: 'InProgress', percentage: 0, remaining: 4 }],
  log(580, 1, 'INFO:     Shutting down'),
]

const large: readonly Timed[] = [
  ...begun(500),
  ...Array.from({ length: 500 }, (_, index): Timed => [0.5, target('old', index + 1)]),
  ...Array.from({ length: 200 }, (_, index): Timed => {
    const number = index + 1
    return [
      60,
      number % 40 === 0
        ? target('new', number, {
            health: 'unhealthy',
            inServiceAt: at(50),
            reason: 'Target.ResponseCodeMismatch: Health checks failed with these codes: [503]',
          })
        : number % 5 === 0
          ? target('new', number, { lifecycle: 'Pending', health: 'none' })
          : target('new', number, { inServiceAt: at(number <= 100 ? -600 : 55) }),
    ]
  }),
  // Targets that were healthy once and are ill now are failing, not starting.
  [61, target('new', 1, { health: 'unhealthy', inServiceAt: at(-600), reason: 'Target.Timeout: Request timed out' })],
  progress(62, 20, 300),
  log(62, 7, 'INFO:     Application startup complete.'),
]

const scenes: Readonly<Record<SceneName, readonly Timed[]>> = {
  'before-start': [
    [0, { type: 'run.started', command: 'monitor', app: 'rampart-ai', environment: 'production', simulated: false }],
    [0.3, { type: 'fleet.seen', facts: facts(4, false) }],
    ...old4,
  ],
  rolling,
  warming,
  stalled,
  'rolled-back': rolledBack,
  finished,
  verifying,
  verified,
  unverified,
  large,
}

/** The events of a scene, in order. */
export function sceneEvents(scene: SceneName): readonly Event[] {
  return scenes[scene].map(([seconds, body], index) => ({ v: 1, seq: index + 1, at: at(seconds), ...body }))
}
