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
  | {
      readonly kind: 'deploy'
      readonly name: Name
      readonly how: How
      readonly waits: boolean
      readonly releasesHold: boolean
    }
  /** To where it goes by itself, or to that release. */
  | { readonly kind: 'rollback'; readonly to: Name | undefined; readonly how: How; readonly waits: boolean }
  /** A second client deploys while the first one is at its nth call. */
  | { readonly kind: 'pair'; readonly first: Name; readonly second: Name; readonly at: number }
  /** Somebody turns a deploy back, or stops it where it is, while that is at its nth call. */
  | { readonly kind: 'turn'; readonly name: Name; readonly at: number; readonly by: 'rollback' | 'abort' | 'stay' }
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

const constant = <const T>(value: T): fc.Arbitrary<T> => fc.constant(value)

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: constant('deploy'),
      name: names,
      how,
      waits: fc.boolean(),
      releasesHold: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: constant('rollback'),
      to: fc.oneof({ weight: 2, arbitrary: constant(undefined) }, { weight: 1, arbitrary: names }),
      how,
      waits: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: constant('pair'), first: names, second: names, at: calls }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: constant('turn'),
      name: names,
      at: calls,
      by: fc.constantFrom('rollback' as const, 'abort' as const, 'stay' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: constant('rest') }) },
)

const deployed = (name: Name): Step => ({ kind: 'deploy', name, how: {}, waits: false, releasesHold: true })

/** What may be done to an environment, one after the other; to go back, something must have served. */
export const sequences: fc.Arbitrary<readonly Step[]> = fc
  .tuple(
    fc.constantFrom<readonly Name[]>([], ['A'], ['A', 'B'], ['B', 'A', 'C']),
    fc.array(step, { minLength: 1, maxLength: 4 }),
  )
  .map(([before, steps]) => [...before.map(deployed), ...steps])

/** What so many sequences come to, whatever the seed. */
export const endings: readonly string[] = [
  ...['conflict', 'died', 'done', 'rolledBack'].map((ending) => `deploy ${ending}`),
  ...['died', 'done', 'preflight'].map((ending) => `rollback ${ending}`),
  'abort done',
]
