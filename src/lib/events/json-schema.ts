import type { Digest } from '../domain/digest.js'
import { hookNames, noticeNames } from '../domain/hook.js'
import { loadStates } from '../domain/model-load.js'
import { proofGrades } from '../domain/outcome.js'
import { phases } from '../domain/phase.js'
import { eventVersion, type EventType } from './event.js'
import { adviceShape, predictionResultShape, predictionShape } from './prediction-shape.js'
import { verifiedShape } from './verified-shape.js'

/*
 * One description of every event, in the part of JSON Schema that it needs. The published schema and the decoder's
 * checks both come from it, and `FromShape` gives back the TypeScript type that it describes, so that the compiler can
 * hold it against the union in event.ts.
 */

/** Text, free or one of some words. */
export interface TextShape {
  readonly type: 'string'
  readonly enum?: readonly string[]
  readonly format?: 'date-time'
}

/** A number, bounded or fixed. */
export interface NumberShape {
  readonly type: 'integer' | 'number'
  readonly minimum?: number
  readonly const?: number
}

interface ObjectShape {
  readonly type: 'object'
  readonly properties: Readonly<Record<string, Shape>>
  readonly required: readonly string[]
}

/** What a value of an event may be. */
export type Shape =
  | { readonly $ref: '#/$defs/digest' }
  | TextShape
  | NumberShape
  | { readonly type: 'boolean' }
  | { readonly type: 'array'; readonly items: Shape }
  | ObjectShape

/** The TypeScript type of the values that a {@link Shape} describes. */
export type FromShape<S> = S extends { readonly $ref: string }
  ? Digest
  : S extends { readonly enum: readonly (infer Word)[] }
    ? Word
    : S extends { readonly const: infer Value }
      ? Value
      : S extends { readonly type: 'string' }
        ? string
        : S extends { readonly type: 'integer' | 'number' }
          ? number
          : S extends { readonly type: 'boolean' }
            ? boolean
            : S extends { readonly type: 'array'; readonly items: infer Item }
              ? readonly FromShape<Item>[]
              : S extends { readonly properties: infer Properties; readonly required: readonly (infer Name)[] }
                ? { readonly [K in keyof Properties as K extends Name ? K : never]: FromShape<Properties[K]> } & {
                    readonly [K in keyof Properties as K extends Name ? never : K]?: FromShape<Properties[K]>
                  }
                : never

const text = { type: 'string' } as const
const texts = { type: 'array', items: text } as const
const count = { type: 'integer', minimum: 0 } as const
const duration = { type: 'number', minimum: 0 } as const
const percentage = { type: 'number', minimum: 0 } as const
const flag = { type: 'boolean' } as const
const digest = { $ref: '#/$defs/digest' } as const
const phase = { type: 'string', enum: phases } as const
const hook = { type: 'string', enum: hookNames } as const

function oneOf<const Words extends readonly string[]>(...words: Words) {
  return { type: 'string', enum: words } as const
}

function shape<const P extends Record<string, Shape>, const R extends readonly (keyof P & string)[]>(
  properties: P,
  ...required: R
) {
  return { type: 'object', properties, required } as const
}

const release = shape(
  {
    id: text,
    app: text,
    environment: text,
    images: {
      type: 'array',
      items: shape({ service: text, repository: text, digest }, 'service', 'repository', 'digest'),
    },
  },
  'id',
  'app',
  'environment',
  'images',
)
const revision = shape({ name: text, number: text }, 'name', 'number')
const target = shape(
  {
    id: text,
    zone: text,
    lifecycle: text,
    health: oneOf('healthy', 'unhealthy', 'initial', 'draining', 'unused', 'unavailable', 'none'),
    reason: text,
    revision: text,
    isNew: flag,
    launchedAt: text,
    inServiceAt: text,
  },
  'id',
  'zone',
  'lifecycle',
  'health',
  'revision',
  'isNew',
)
const cause = shape({ code: text, summary: text, evidence: texts, next: texts }, 'code', 'summary', 'evidence', 'next')
const load = shape(
  {
    state: { type: 'string', enum: loadStates },
    model: text,
    progress: shape(
      { done: duration, total: duration, unit: oneOf('bytes', 'shards', 'percent') },
      'done',
      'total',
      'unit',
    ),
    readyAfter: duration,
    downloads: texts,
    killed: text,
  },
  'state',
  'downloads',
)
const forecast = shape(
  {
    remaining: duration,
    low: duration,
    high: duration,
    basis: oneOf('history', 'arithmetic'),
    runs: count,
    slower: duration,
  },
  'remaining',
  'low',
  'high',
  'basis',
  'runs',
)
const revisionFacts = shape({ revision, release: text, images: texts }, 'revision', 'images')
const facts = shape(
  {
    kind: oneOf('asg', 'ecs'),
    fleet: text,
    desired: count,
    to: revisionFacts,
    from: revisionFacts,
    minHealthyPercentage: percentage,
    maxHealthyPercentage: percentage,
    warmup: duration,
    gracePeriod: duration,
    healthCheckInterval: duration,
    bakeTime: duration,
    checkpointPercentages: { type: 'array', items: percentage },
    alarms: texts,
  },
  'kind',
  'fleet',
  'desired',
  'checkpointPercentages',
  'alarms',
)
const proof = shape(
  { target: text, proved: flag, grade: oneOf(...proofGrades), detail: text },
  'target',
  'proved',
  'grade',
  'detail',
)

/** What each type of event carries beside its place in the stream; sizes are bytes, durations milliseconds. */
export const eventShapes = {
  'run.started': shape(
    {
      command: text,
      app: text,
      environment: text,
      simulated: flag,
      simulation: text,
      phases: { type: 'array', items: phase },
    },
    'command',
    'app',
    'environment',
    'simulated',
  ),
  'phase.started': shape({ phase }, 'phase'),
  'phase.finished': shape(
    { phase, outcome: oneOf('done', 'failed', 'skipped'), duration, detail: text },
    'phase',
    'outcome',
    'duration',
  ),
  'check.done': shape(
    { name: text, result: oneOf('ok', 'warn', 'fail', 'skip'), detail: text, remedy: text },
    'name',
    'result',
    'detail',
  ),
  'stack.planned': shape(
    {
      stack: text,
      operation: oneOf('create', 'update', 'delete'),
      changes: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            action: text,
            resource: text,
            resourceType: text,
            replacement: oneOf('no', 'maybe', 'yes'),
            properties: { type: 'array', items: text },
            policy: text,
          },
          required: ['action', 'resource', 'resourceType', 'replacement', 'properties'],
        },
      },
    },
    'stack',
    'operation',
    'changes',
  ),
  'stack.changed': shape(
    { stack: text, resource: text, resourceType: text, status: text, reason: text },
    'stack',
    'resource',
    'resourceType',
    'status',
  ),
  'plan.made': shape(
    { release, from: revision, targets: count, estimate: duration, prediction: predictionShape },
    'release',
    'from',
    'targets',
  ),
  'prediction.compared': shape({ result: predictionResultShape }, 'result'),
  'image.step': shape({ service: text, step: text, detail: text }, 'service', 'step'),
  'model.progress': shape(
    { service: text, model: text, received: count, total: count },
    'service',
    'model',
    'received',
    'total',
  ),
  'layer.progress': shape({ service: text, digest, sent: count, total: count }, 'service', 'digest', 'sent', 'total'),
  'image.pushed': shape(
    {
      service: text,
      repository: text,
      digest,
      tags: texts,
      layerBytes: count,
      uploadedLayerBytes: count,
      unchanged: flag,
    },
    'service',
    'repository',
    'digest',
    'tags',
    'layerBytes',
    'uploadedLayerBytes',
    'unchanged',
  ),
  'lock.waiting': shape(
    {
      holder: shape(
        { by: text, host: text, command: text, since: text, doing: text, expiresAt: text, link: text },
        'by',
        'host',
        'command',
        'since',
        'doing',
        'expiresAt',
      ),
      patience: duration,
    },
    'holder',
    'patience',
  ),
  'lock.acquired': shape({ waited: duration }, 'waited'),
  'release.recorded': shape({ release, revision, reused: flag }, 'release', 'revision', 'reused'),
  'rollout.started': shape(
    { id: text, attached: flag, group: text, targets: count },
    'id',
    'attached',
    'group',
    'targets',
  ),
  'rollout.progress': shape(
    { id: text, status: text, percentage, remaining: count, reason: text },
    'id',
    'status',
    'percentage',
    'remaining',
  ),
  'target.changed': shape({ target, note: text }, 'target'),
  'target.gone': shape({ id: text, revision: text, note: text }, 'id', 'revision'),
  'fleet.seen': shape({ facts }, 'facts'),
  'target.load': shape({ target: text, load }, 'target', 'load'),
  cause: shape({ cause }),
  forecast: shape({ forecast }, 'forecast'),
  'warmup.advice': shape({ advice: adviceShape }, 'advice'),
  checkpoint: shape({ percentage, detail: text }, 'percentage', 'detail'),
  alarm: shape({ name: text, state: text }, 'name', 'state'),
  'log.line': shape({ target: text, time: text, text, trouble: flag }, 'target', 'time', 'text'),
  'hook.started': shape({ hook }, 'hook'),
  'hook.line': shape({ hook, text }, 'hook', 'text'),
  'hook.finished': shape(
    { hook, outcome: oneOf('done', 'failed', 'stopped'), duration, exitCode: count, reason: text },
    'hook',
    'outcome',
    'duration',
  ),
  'notice.sent': shape({ notice: { type: 'string', enum: noticeNames }, to: text }, 'notice', 'to'),
  warning: shape({ message: text, next: texts }, 'message'),
  'rollout.finished': shape(
    {
      id: text,
      outcome: oneOf('succeeded', 'rolled-back', 'failed', 'cancelled', 'abandoned', 'nothing-to-do'),
      status: text,
      reason: text,
      cause,
    },
    'id',
    'outcome',
    'status',
  ),
  proof: shape({ targets: { type: 'array', items: proof }, proved: count, total: count }, 'targets', 'proved', 'total'),
  verified: verifiedShape,
  detached: shape({ goesOn: text, comeBack: text }, 'goesOn', 'comeBack'),
  'run.finished': shape(
    { ending: text, exitCode: count, message: text, problems: texts, next: texts, duration },
    'ending',
    'exitCode',
    'message',
    'next',
    'duration',
  ),
} as const satisfies Record<EventType, ObjectShape>

/** Where an event stands in its stream; every event has it. */
export const envelopeShape = shape(
  {
    v: { type: 'integer', const: eventVersion },
    seq: { type: 'integer', minimum: 1 },
    at: { type: 'string', format: 'date-time' },
  },
  'v',
  'seq',
  'at',
)

/** The pattern of a complete digest. */
export const digestPattern = '^sha256:[0-9a-f]{64}$'

/** The JSON Schema (draft 2020-12) of one line of the NDJSON stream, as `schemas/events.schema.json` publishes it. */
export function eventsJsonSchema(): object {
  const variants = Object.entries<ObjectShape>(eventShapes).map(([type, body]) => ({
    title: type,
    type: 'object',
    properties: { ...envelopeShape.properties, type: { const: type }, ...body.properties },
    required: [...envelopeShape.required, 'type', ...body.required],
  }))
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: `rampart event, version ${eventVersion}`,
    description:
      'One line of `--progress ndjson`. Sizes are bytes, durations milliseconds, times ISO 8601 in UTC. ' +
      'New types and new fields may come without a new version: ignore those that you do not know.',
    oneOf: variants,
    $defs: { digest: { type: 'string', pattern: digestPattern } },
  }
}
