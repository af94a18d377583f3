import { phases } from '../domain/phase.js'
import { differenceReasons } from '../domain/prediction.js'

const duration = { type: 'number', minimum: 0 } as const
const count = { type: 'integer', minimum: 0 } as const
const phase = { type: 'string', enum: phases } as const

const span = {
  type: 'object',
  properties: {
    low: duration,
    value: duration,
    high: duration,
    basis: { type: 'string', enum: ['measured', 'derived', 'assumed'] },
  },
  required: ['low', 'value', 'high', 'basis'],
} as const

/** The shape of what a `plan.made` event says a deploy should take. */
export const predictionShape = {
  type: 'object',
  properties: {
    total: span,
    phases: {
      type: 'array',
      items: { type: 'object', properties: { phase, span }, required: ['phase', 'span'] },
    },
    runs: count,
    checked: count,
  },
  required: ['total', 'phases', 'runs'],
} as const

/** The shape of what a `prediction.compared` event says of it at the end. */
export const predictionResultShape = {
  type: 'object',
  properties: {
    predicted: duration,
    actual: duration,
    within: { type: 'boolean' },
    runs: count,
    phase: {
      type: 'object',
      properties: { phase, predicted: duration, actual: duration },
      required: ['phase', 'predicted', 'actual'],
    },
    reasons: {
      type: 'array',
      items: {
        type: 'object',
        properties: { reason: { type: 'string', enum: differenceReasons }, expected: duration, actual: duration },
        required: ['reason', 'actual'],
      },
    },
  },
  required: ['predicted', 'actual', 'within', 'runs', 'reasons'],
} as const

/** The shape of a `warmup.advice` event's advice. */
export const adviceShape = {
  type: 'object',
  properties: {
    measured: {
      type: 'object',
      properties: { targets: count, p50: duration, p95: duration, max: duration, inService: duration },
      required: ['targets', 'p50', 'p95', 'max'],
    },
    warmup: duration,
    gracePeriod: duration,
    healthCheckInterval: duration,
    verdict: { type: 'string', enum: ['fits', 'long', 'short'] },
    difference: duration,
    proposed: duration,
  },
  required: ['measured', 'warmup', 'verdict', 'difference', 'proposed'],
} as const
