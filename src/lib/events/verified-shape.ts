const text = { type: 'string' } as const
const duration = { type: 'number', minimum: 0 } as const
const result = { type: 'string', enum: ['ok', 'warn', 'fail', 'skip'] } as const
const figures = ['count', 'min', 'mean', 'p50', 'p95', 'p99', 'max'] as const

/** The shape of a `verified` event: every check of a release, and the criteria that rest on them. */
export const verifiedShape = {
  type: 'object',
  properties: {
    checks: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          name: text,
          result,
          detail: text,
          evidence: { type: 'array', items: text },
          latency: {
            type: 'object',
            properties: {
              count: { type: 'integer', minimum: 0 },
              min: duration,
              mean: duration,
              p50: duration,
              p95: duration,
              p99: duration,
              max: duration,
            },
            required: figures,
          },
        },
        required: ['name', 'result', 'detail', 'evidence'],
      },
    },
    criteria: {
      type: 'array',
      items: {
        type: 'object',
        properties: { group: text, name: text, result, detail: text },
        required: ['group', 'name', 'result', 'detail'],
      },
    },
  },
  required: ['checks', 'criteria'],
} as const
