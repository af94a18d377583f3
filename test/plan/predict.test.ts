import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ImaginedRollout } from '../../src/lib/domain/imagined-rollout.js'
import { imagineRollout } from '../../src/lib/rehearsal/imagine/rollout.js'

const MB = 1_000_000

const conditions = fc.record({
  launch: fc.integer({ min: 1000, max: 60_000 }),
  boot: fc.integer({ min: 5000, max: 180_000 }),
  taskProvisioning: fc.integer({ min: 2000, max: 40_000 }),
  healthCheckInterval: fc.constantFrom(5000, 10_000, 30_000),
  draining: fc.integer({ min: 0, max: 300_000 }),
  download: fc.integer({ min: 10 * MB, max: 500 * MB }),
  unpack: fc.integer({ min: 20 * MB, max: 300 * MB }),
  modelDownload: fc.integer({ min: 5 * MB, max: 200 * MB }),
  modelLoad: fc.integer({ min: 20 * MB, max: 500 * MB }),
  machineImageCarriesBase: fc.boolean(),
})

const service = (name: string) =>
  fc.record({
    name: fc.constant(name),
    layers: fc.tuple(
      fc.record({
        name: fc.constant('base'),
        bytes: fc.integer({ min: MB, max: 4000 * MB }),
        ofBase: fc.constant(true),
      }),
      fc.record({
        name: fc.constant('app'),
        bytes: fc.integer({ min: 1000, max: 200 * MB }),
        ofBase: fc.constant(false),
      }),
    ),
    models: fc
      .array(
        fc.record({
          id: fc.string({ minLength: 1, maxLength: 8 }),
          bytes: fc.integer({ min: MB, max: 2000 * MB }),
          isPresent: fc.boolean(),
        }),
        { maxLength: 3 },
      )
      .map((models) => models.map((model, index) => ({ ...model, id: `${index}${model.id}` }))),
  })

const rules = fc.constantFrom(
  { minHealthyPercentage: 100, maxHealthyPercentage: 200 },
  { minHealthyPercentage: 100, maxHealthyPercentage: 125 },
  { minHealthyPercentage: 100, maxHealthyPercentage: 110 },
  { minHealthyPercentage: 90, maxHealthyPercentage: 100 },
  { minHealthyPercentage: 50, maxHealthyPercentage: 100 },
)

const fleet = fc.oneof(
  fc.record({
    kind: fc.constant('asg' as const),
    desired: fc.integer({ min: 1, max: 8 }),
    warmup: fc.integer({ min: 0, max: 400 }).map((s) => s * 1000),
    bakeTime: fc.constant(0),
  }),
  fc.record({ kind: fc.constant('ecs' as const), desired: fc.integer({ min: 1, max: 8 }), bakeTime: fc.constant(0) }),
)

const rollouts: fc.Arbitrary<ImaginedRollout> = fc
  .record({
    fleet,
    rules,
    services: fc.oneof(fc.tuple(service('api')), fc.tuple(service('api'), service('ui'))),
    conditions,
    share: fc.constantFrom(0, 0.5, 1),
  })
  .map(({ fleet: who, rules: how, ...rest }) => ({ ...rest, fleet: { ...who, ...how } }))

/** What can be had more of, or less. */
const improvements: readonly [string, (rollout: ImaginedRollout, by: number) => ImaginedRollout][] = [
  ...(['download', 'unpack', 'modelDownload', 'modelLoad'] as const).map(
    (rate): [string, (rollout: ImaginedRollout, by: number) => ImaginedRollout] => [
      `a higher rate of ${rate}`,
      (rollout, by) => ({ ...rollout, conditions: { ...rollout.conditions, [rate]: rollout.conditions[rate] * by } }),
    ],
  ),
  [
    'fewer bytes',
    (rollout, by) => ({
      ...rollout,
      services: rollout.services.map((each) => ({
        ...each,
        layers: each.layers.map((layer) => ({ ...layer, bytes: layer.bytes / by })),
        models: each.models.map((model) => ({ ...model, bytes: model.bytes / by })),
      })),
    }),
  ],
  [
    'a shorter warmup',
    (rollout, by) => {
      const { fleet: who } = rollout
      return who.kind === 'asg'
        ? { ...rollout, fleet: { ...who, warmup: Math.floor(who.warmup / by / 1000) * 1000 } }
        : rollout
    },
  ],
]

test.each(improvements)('%s never makes a rollout slower', (_, better) => {
  fc.assert(
    fc.property(rollouts, fc.double({ min: 1, max: 20, noNaN: true }), (rollout, by) => {
      const [before, after] = [imagineRollout(rollout), imagineRollout(better(rollout, by))]
      // One task can not be replaced where the rules leave no room for another one: that ends neither way.
      expect(after === undefined).toBe(before === undefined)
      expect(after?.duration ?? 0).toBeLessThanOrEqual(before?.duration ?? 0)
    }),
    { numRuns: 60 },
  )
})
