import * as fc from 'fast-check'
import type { Death } from './process.js'
import type { Letters } from './world.js'

/** The releases of a sequence. Two of them share an image; what a lower-case letter names is in no registry. */
export const releases = {
  A: { api: 'A', ui: 'A' },
  B: { api: 'B', ui: 'B' },
  C: { api: 'A', ui: 'C' },
  'bad-api': { api: 'x', ui: 'B' },
  'bad-ui': { api: 'B', ui: 'y' },
} as const satisfies Record<string, Letters>

export type Name = keyof typeof releases

/** How a run comes to its end: by itself, or because its process dies, or because the person leaves, with its nth call. */
export interface How {
  readonly death?: Death
  readonly leaveAt?: number
}

export type Step =
  | { readonly kind: 'deploy'; readonly name: Name; readonly how: How; readonly waits: boolean }
  /** A second client deploys while the first one is at its nth call. */
  | { readonly kind: 'pair'; readonly first: Name; readonly second: Name; readonly at: number }
  /** Until nothing moves any more. */
  | { readonly kind: 'rest' }

const names = fc.constantFrom(...(Object.keys(releases) as Name[]))
/** Runs make some 20 calls before their first change, and up to 200 in all. */
const calls = fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 1, max: 60 }) }, fc.integer({ min: 1, max: 200 }))

const how: fc.Arbitrary<How> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  { weight: 2, arbitrary: fc.record({ death: fc.record({ call: calls, performed: fc.boolean() }) }) },
  { weight: 1, arbitrary: fc.record({ leaveAt: calls }) },
)

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('deploy' as const), name: names, how, waits: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pair' as const), first: names, second: names, at: calls }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'rest' as const }) },
)

/** What may be done to an environment, one after the other. */
export const sequences: fc.Arbitrary<readonly Step[]> = fc.array(step, { minLength: 1, maxLength: 5 })

/** What so many sequences come to, whatever the seed. */
export const endings: readonly string[] = [
  'deploy conflict',
  'deploy died',
  'deploy done',
  'deploy rolledBack',
  'deploy unknown',
]
