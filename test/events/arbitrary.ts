import * as fc from 'fast-check'
import { hookNames, noticeNames } from '../../src/lib/domain/hook.js'
import { loadStates } from '../../src/lib/domain/model-load.js'
import { proofGrades } from '../../src/lib/domain/outcome.js'
import { phases } from '../../src/lib/domain/phase.js'
import { differenceReasons } from '../../src/lib/domain/prediction.js'
import type { Digest } from '../../src/lib/domain/digest.js'
import type { Event, EventBody, EventType } from '../../src/lib/events/event.js'

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.constantFrom('', '__proto__', 'i-1', 'i-2', 'backend'),
)
const texts = fc.array(text, { maxLength: 3 })
const count = fc.nat()
const duration = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true })
const result = fc.constantFrom('ok', 'warn', 'fail', 'skip')
const hexadecimal = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 'a', 'b', 'c', 'd', 'e', 'f'].map(String)
const digest = fc
  .string({ unit: fc.constantFrom(...hexadecimal), minLength: 64, maxLength: 64 })
  .map((hex): Digest => `sha256:${hex}`)
const phase = fc.constantFrom(...phases)
const hook = fc.constantFrom(...hookNames)
const release = fc.record({
  id: text,
  app: text,
  environment: text,
  images: fc.array(fc.record({ service: text, repository: text, digest }), { maxLength: 3 }),
})
const revision = fc.record({ name: text, number: text })

const cause = fc.record({ code: text, summary: text, evidence: texts, next: texts })
const load = fc.record(
  {
    state: fc.constantFrom(...loadStates),
    model: text,
    progress: fc.record({
      done: duration,
      total: duration,
      unit: fc.constantFrom('bytes' as const, 'shards' as const, 'percent' as const),
    }),
    readyAfter: duration,
    downloads: texts,
    killed: text,
  },
  { requiredKeys: ['state', 'downloads'] },
)
const forecast = fc.record(
  {
    remaining: duration,
    low: duration,
    high: duration,
    basis: fc.constantFrom('history' as const, 'arithmetic' as const),
    runs: count,
    slower: duration,
  },
  { requiredKeys: ['remaining', 'low', 'high', 'basis', 'runs'] },
)
const advice = fc.record(
  {
    measured: fc.record(
      { targets: count, p50: duration, p95: duration, max: duration, inService: duration },
      { requiredKeys: ['targets', 'p50', 'p95', 'max'] },
    ),
    warmup: duration,
    gracePeriod: duration,
    healthCheckInterval: duration,
    verdict: fc.constantFrom('fits' as const, 'long' as const, 'short' as const),
    difference: duration,
    proposed: duration,
  },
  { requiredKeys: ['measured', 'warmup', 'verdict', 'difference', 'proposed'] },
)
const revisionFacts = fc.record({ revision, release: text, images: texts }, { requiredKeys: ['revision', 'images'] })
const facts = fc.record(
  {
    kind: fc.constantFrom('asg' as const, 'ecs' as const),
    fleet: text,
    desired: count,
    to: revisionFacts,
    from: revisionFacts,
    minHealthyPercentage: duration,
    maxHealthyPercentage: duration,
    warmup: duration,
    gracePeriod: duration,
    healthCheckInterval: duration,
    bakeTime: duration,
    checkpointPercentages: fc.array(duration, { maxLength: 3 }),
    alarms: texts,
  },
  { requiredKeys: ['kind', 'fleet', 'desired', 'checkpointPercentages', 'alarms'] },
)

const span = fc.record({
  low: duration,
  value: duration,
  high: duration,
  basis: fc.constantFrom('measured' as const, 'derived' as const, 'assumed' as const),
})
const prediction = fc.record({
  total: span,
  phases: fc.array(fc.record({ phase, span }), { maxLength: 3 }),
  runs: count,
  checked: count,
})
const predictionResult = fc.record(
  {
    predicted: duration,
    actual: duration,
    within: fc.boolean(),
    runs: count,
    phase: fc.record({ phase, predicted: duration, actual: duration }),
    reasons: fc.array(
      fc.record(
        { reason: fc.constantFrom(...differenceReasons), expected: duration, actual: duration },
        { requiredKeys: ['reason', 'actual'] },
      ),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: ['predicted', 'actual', 'within', 'runs', 'reasons'] },
)

type BodyOf<T extends EventType> = Extract<EventBody, { readonly type: T }>

type OptionalKeys<B> = { [K in keyof B]-?: object extends Pick<B, K> ? K : never }[keyof B]
type Required<B> = { readonly [K in Exclude<keyof B, OptionalKeys<B> | 'type'>]: fc.Arbitrary<B[K]> }
type Optional<B> = { readonly [K in OptionalKeys<B>]-?: fc.Arbitrary<Exclude<B[K], undefined>> }

/** A body of that type: every field of it, those that may be absent apart. The compiler holds it to the union. */
function body<T extends EventType>(
  type: T,
  required: Required<BodyOf<T>>,
  optional: Optional<BodyOf<T>>,
): fc.Arbitrary<BodyOf<T>> {
  const model: Record<string, fc.Arbitrary<unknown>> = { type: fc.constant(type), ...required, ...optional }
  return fc.record(model, {
    requiredKeys: ['type', ...Object.keys(required)],
  }) as fc.Arbitrary<unknown> as fc.Arbitrary<BodyOf<T>>
}

/** An arbitrary for the body of every type of event. */
const bodies: { readonly [T in EventType]: fc.Arbitrary<BodyOf<T>> } = {
  'run.started': body(
    'run.started',
    { command: text, app: text, environment: text, simulated: fc.boolean() },
    { simulation: text, phases: fc.array(phase) },
  ),
  'phase.started': body('phase.started', { phase }, {}),
  'phase.finished': body(
    'phase.finished',
    { phase, outcome: fc.constantFrom('done', 'failed', 'skipped'), duration },
    { detail: text },
  ),
  'check.done': body('check.done', { name: text, result, detail: text }, { remedy: text }),
  'stack.planned': body(
    'stack.planned',
    {
      stack: text,
      operation: fc.constantFrom('create', 'update', 'delete'),
      changes: fc.array(
        fc.record(
          {
            action: text,
            resource: text,
            resourceType: text,
            replacement: fc.constantFrom('no', 'maybe', 'yes'),
            properties: texts,
            policy: text,
          },
          { requiredKeys: ['action', 'resource', 'resourceType', 'replacement', 'properties'] },
        ),
      ),
    },
    {},
  ),
  'stack.changed': body(
    'stack.changed',
    { stack: text, resource: text, resourceType: text, status: text },
    { reason: text },
  ),
  'plan.made': body('plan.made', { release, from: revision, targets: count }, { estimate: duration, prediction }),
  'prediction.compared': body('prediction.compared', { result: predictionResult }, {}),
  'image.step': body('image.step', { service: text, step: text }, { detail: text }),
  'model.progress': body('model.progress', { service: text, model: text, received: count, total: count }, {}),
  'layer.progress': body('layer.progress', { service: text, digest, sent: count, total: count }, {}),
  'image.pushed': body(
    'image.pushed',
    {
      service: text,
      repository: text,
      digest,
      tags: texts,
      layerBytes: count,
      uploadedLayerBytes: count,
      unchanged: fc.boolean(),
    },
    {},
  ),
  'lock.waiting': body(
    'lock.waiting',
    {
      holder: fc.record(
        { by: text, host: text, command: text, since: text, doing: text, expiresAt: text, link: text },
        { requiredKeys: ['by', 'host', 'command', 'since', 'doing', 'expiresAt'] },
      ),
      patience: duration,
    },
    {},
  ),
  'lock.acquired': body('lock.acquired', { waited: duration }, {}),
  'release.recorded': body('release.recorded', { release, revision, reused: fc.boolean() }, {}),
  'rollout.started': body('rollout.started', { id: text, attached: fc.boolean(), group: text, targets: count }, {}),
  'rollout.progress': body(
    'rollout.progress',
    { id: text, status: text, percentage: duration, remaining: count },
    { reason: text },
  ),
  'target.changed': body(
    'target.changed',
    {
      target: fc.record(
        {
          id: text,
          zone: text,
          lifecycle: fc.oneof(text, fc.constantFrom('Pending', 'InService', 'Terminating:Wait')),
          health: fc.constantFrom('healthy', 'unhealthy', 'initial', 'draining', 'unused', 'unavailable', 'none'),
          reason: text,
          revision: text,
          isNew: fc.boolean(),
          launchedAt: text,
          inServiceAt: text,
        },
        { requiredKeys: ['id', 'zone', 'lifecycle', 'health', 'revision', 'isNew'] },
      ),
    },
    { note: text },
  ),
  'target.gone': body('target.gone', { id: text, revision: text }, { note: text }),
  'fleet.seen': body('fleet.seen', { facts }, {}),
  'target.load': body('target.load', { target: text, load }, {}),
  cause: body('cause', {}, { cause }),
  forecast: body('forecast', { forecast }, {}),
  'warmup.advice': body('warmup.advice', { advice }, {}),
  checkpoint: body('checkpoint', { percentage: duration, detail: text }, {}),
  alarm: body('alarm', { name: text, state: text }, {}),
  'log.line': body('log.line', { target: text, time: text, text }, { trouble: fc.boolean() }),
  'hook.started': body('hook.started', { hook }, {}),
  'hook.line': body('hook.line', { hook, text }, {}),
  'hook.finished': body(
    'hook.finished',
    { hook, outcome: fc.constantFrom('done', 'failed', 'stopped'), duration },
    { exitCode: count, reason: text },
  ),
  'notice.sent': body('notice.sent', { notice: fc.constantFrom(...noticeNames), to: text }, {}),
  warning: body('warning', { message: text }, { next: texts }),
  'rollout.finished': body(
    'rollout.finished',
    {
      id: text,
      outcome: fc.constantFrom('succeeded', 'rolled-back', 'failed', 'cancelled', 'abandoned', 'nothing-to-do'),
      status: text,
    },
    { reason: text, cause },
  ),
  proof: body(
    'proof',
    {
      targets: fc.array(
        fc.record({ target: text, proved: fc.boolean(), grade: fc.constantFrom(...proofGrades), detail: text }),
        { maxLength: 3 },
      ),
      proved: count,
      total: count,
    },
    {},
  ),
  verified: body(
    'verified',
    {
      checks: fc.array(
        fc.record(
          {
            name: text,
            result,
            detail: text,
            evidence: texts,
            latency: fc.record({
              count,
              min: duration,
              mean: duration,
              p50: duration,
              p95: duration,
              p99: duration,
              max: duration,
            }),
          },
          { requiredKeys: ['name', 'result', 'detail', 'evidence'] },
        ),
        { maxLength: 3 },
      ),
      criteria: fc.array(fc.record({ group: text, name: text, result, detail: text }), { maxLength: 3 }),
    },
    {},
  ),
  detached: body('detached', { goesOn: text, comeBack: text }, {}),
  'run.finished': body(
    'run.finished',
    { ending: text, exitCode: count, message: text, next: texts, duration },
    { problems: texts },
  ),
}

export const eventTypes = Object.keys(bodies) as EventType[]

/** Any valid body of that type. */
function anyBodyOf(type: EventType): fc.Arbitrary<EventBody> {
  return bodies[type]
}

const anyTime = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString())

/** Any valid event of that type. */
export function anyEventOf(type: EventType): fc.Arbitrary<Event> {
  return fc
    .tuple(fc.integer({ min: 1 }), anyTime, anyBodyOf(type))
    .map(([seq, at, rest]) => ({ v: 1, seq, at, ...rest }))
}

export const anyEvent: fc.Arbitrary<Event> = fc.oneof(...eventTypes.map(anyEventOf))
