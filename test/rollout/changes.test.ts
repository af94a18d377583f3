import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Target, TargetHealth } from '../../src/lib/domain/target.js'
import type { EventBody } from '../../src/lib/events/event.js'
import { changes } from '../../src/lib/rollout/changes.js'
import type { Observation } from '../../src/lib/rollout/driver.js'

const health = fc.constantFrom<TargetHealth>('healthy', 'unhealthy', 'initial', 'draining', 'unused', 'none')

const target: fc.Arbitrary<Target> = fc
  .record({
    id: fc.constantFrom('i-1', 'i-2', 'i-3', 'i-4', 'i-5'),
    zone: fc.constant('us-west-2a'),
    lifecycle: fc.constantFrom('Pending', 'InService', 'Terminating'),
    health,
    revision: fc.constantFrom('7', '8'),
    isNew: fc.boolean(),
  })
  .chain((one) => fc.option(fc.constantFrom('a', 'b'), { nil: undefined }).map((reason) => ({ one, reason })))
  .map(({ one, reason }) => ({ ...one, isNew: one.revision === '8', ...(reason !== undefined && { reason }) }))

const observation: fc.Arbitrary<Observation> = fc
  .record(
    {
      status: fc.constantFrom('Pending', 'InProgress', 'Baking'),
      direction: fc.constant('forward' as const),
      percentage: fc.nat({ max: 100 }),
      remaining: fc.nat({ max: 5 }),
      reason: fc.constantFrom('x', 'y'),
      checkpoint: fc.constantFrom(20, 50, 100),
      targets: fc.uniqueArray(target, { selector: ({ id }) => id }),
      failedStarts: fc.constant([]),
    },
    { requiredKeys: ['status', 'direction', 'percentage', 'remaining', 'targets', 'failedStarts'] },
  )
  .map((one) => one as Observation)

interface Known {
  readonly targets: Map<string, Target>
  progress: Partial<Pick<Observation, 'status' | 'percentage' | 'remaining' | 'reason'>>
}

/** What somebody knows who hears the events and nothing else. */
function hear(known: Known, event: EventBody): void {
  if (event.type === 'target.changed') known.targets.set(event.target.id, event.target)
  if (event.type === 'target.gone') known.targets.delete(event.id)
  if (event.type === 'rollout.progress') {
    const { type: _type, id: _id, ...progress } = event
    known.progress = progress
  }
}

test('who hears the events knows what was observed, and hears nothing twice', () => {
  fc.assert(
    fc.property(fc.array(observation, { minLength: 1, maxLength: 8 }), (looks) => {
      const known: Known = { targets: new Map(), progress: {} }
      let before: Observation | undefined
      for (const now of looks) {
        for (const event of changes('refresh', before, now)) hear(known, event)
        expect([...known.targets.values()].sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual(
          now.targets.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
        )
        expect(known.progress).toEqual({
          status: now.status,
          percentage: now.percentage,
          remaining: now.remaining,
          ...(now.reason !== undefined && { reason: now.reason }),
        })
        expect(changes('refresh', now, now)).toEqual([])
        before = now
      }
    }),
  )
})

const at = (checkpoint?: number): Observation => ({
  status: 'InProgress',
  direction: 'forward',
  percentage: 0,
  remaining: 1,
  targets: [],
  failedStarts: [],
  ...(checkpoint !== undefined && { checkpoint }),
})

const told = (before: Observation | undefined, now: Observation): readonly number[] =>
  changes('refresh', before, now).flatMap((event) => (event.type === 'checkpoint' ? [event.percentage] : []))

test('a checkpoint is told when it is reached, and a lower one never', () => {
  expect(told(undefined, at(20))).toEqual([20])
  expect(told(at(), at(20))).toEqual([20])
  expect(told(at(20), at(20))).toEqual([])
  expect(told(at(50), at(20))).toEqual([])
  expect(told(at(20), at(100))).toEqual([100])
})
