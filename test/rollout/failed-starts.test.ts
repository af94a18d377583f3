import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Target, TargetHealth } from '../../src/lib/domain/target.js'
import type { ScalingActivity } from '../../src/lib/ports/auto-scaling.js'
import { FailedStarts } from '../../src/lib/rollout/asg/failed-starts.js'

/** One moment of an instance's life as the group and the load balancer show it. */
interface Moment {
  readonly lifecycle: string
  readonly health: TargetHealth
  /** Whether the group itself finds it unhealthy. */
  readonly marked?: boolean
}

const moments = (...list: readonly (readonly [string, TargetHealth, boolean?])[]): readonly Moment[] =>
  list.map(([lifecycle, health, marked = false]) => ({ lifecycle, health, marked }))

const starting = moments(['Pending', 'unused'], ['InService', 'initial'])
const lives = {
  serves: [...starting, ...moments(['InService', 'healthy'])],
  flaps: [...starting, ...moments(['InService', 'unhealthy'], ['InService', 'healthy'])],
  isScaledIn: [...starting, ...moments(['InService', 'healthy'], ['Terminating', 'draining'])],
  isScaledInBeforeItServes: [...starting, ...moments(['Terminating', 'draining'])],
  isTerminatedBySomebody: [...starting, ...moments(['InService', 'healthy'], ['Terminating', 'draining', true])],
  neverServes: [...starting, ...moments(['InService', 'unhealthy'], ['Terminating', 'draining', true])],
  diesEarly: [...moments(['Pending', 'unused'], ['Terminating', 'unused', true])],
  servesAndBreaks: [
    ...starting,
    ...moments(['InService', 'healthy'], ['InService', 'unhealthy'], ['Terminating', 'draining', true]),
  ],
} satisfies Record<string, readonly Moment[]>

const failing: ReadonlySet<string> = new Set(['neverServes', 'diesEarly', 'servesAndBreaks'])

interface Life {
  readonly kind: keyof typeof lives
  readonly isNew: boolean
  /** How many looks its life begins after the first, and how many each moment lasts. */
  readonly from: number
  readonly pace: number
}

const life: fc.Arbitrary<Life> = fc.record({
  kind: fc.constantFrom(...(Object.keys(lives) as (keyof typeof lives)[])),
  isNew: fc.boolean(),
  from: fc.nat({ max: 8 }),
  pace: fc.integer({ min: 1, max: 3 }),
})

const activity = (id: string, statusCode: string): ScalingActivity => ({
  id,
  statusCode,
  startTime: 0,
  description: `activity ${id}`,
  cause: '',
})

/** What a look shows at that moment: those that have begun and are not yet gone. */
function shown(all: readonly Life[], look: number): { readonly targets: Target[]; readonly marked: Set<string> } {
  const marked = new Set<string>()
  const targets = all.flatMap(({ kind, isNew, from, pace }, index): Target[] => {
    const plan = lives[kind]
    const at = Math.floor((look - from) / pace)
    const last = plan.at(-1)
    const stays = last?.lifecycle === 'InService'
    const moment = at < 0 ? undefined : (plan[at] ?? (stays ? last : undefined))
    if (moment === undefined) return []
    const id = `i-${index}`
    if (moment.marked === true) marked.add(id)
    const { lifecycle, health } = moment
    return [{ id, zone: 'a', lifecycle, health, revision: isNew ? '8' : '7', isNew }]
  })
  return { targets, marked }
}

test('over any lives, in any order and at any pace: exactly the new ones that failed, each once', () => {
  fc.assert(
    fc.property(fc.array(life, { maxLength: 12 }), fc.array(fc.boolean(), { maxLength: 5 }), (all, launches) => {
      const starts = new FailedStarts()
      const activities = launches.map((failed, index) => activity(`a-${index}`, failed ? 'Failed' : 'Successful'))
      let before: readonly string[] = []
      for (let look = 0; look < 30; look++) {
        const { targets, marked } = shown(all, look)
        const found = starts.look(targets, marked, look < 15 ? activities : []).map(({ id }) => id)
        // What failed stays failed, and keeps its place.
        expect(found.slice(0, before.length)).toEqual(before)
        before = found
      }
      const expected = all.flatMap(({ kind, isNew }, index) => (isNew && failing.has(kind) ? [`i-${index}`] : []))
      const refused = activities.filter(({ statusCode }) => statusCode === 'Failed').map(({ id }) => id)
      expect([...before].sort()).toEqual([...expected, ...refused].sort())
      expect(starts.seen().filter(({ launched }) => !launched)).toHaveLength(refused.length)
    }),
  )
})

const one = (health: TargetHealth): Target[] => [
  { id: 'i-1', zone: 'a', lifecycle: 'InService', health, revision: '8', isNew: true },
]

const fate = (...seen: readonly TargetHealth[]): number => {
  const starts = new FailedStarts()
  for (const health of seen) starts.look(one(health), new Set(), [])
  return starts.look([], new Set(), []).length
}

test('one that vanished between two looks failed unless it served', () => {
  expect(fate('initial')).toBe(1)
  expect(fate('unhealthy')).toBe(1)
  expect(fate('healthy')).toBe(0)
  expect(fate('none')).toBe(0)
  expect(fate('healthy', 'unhealthy')).toBe(1)
})

test('says what the load balancer said before the instance was taken away', () => {
  const starts = new FailedStarts()
  const target: Target = {
    id: 'i-1',
    zone: 'a',
    lifecycle: 'InService',
    health: 'unhealthy',
    revision: '8',
    isNew: true,
  }
  starts.look([{ ...target, reason: 'Target.Timeout: Request timed out' }], new Set(), [])
  const leaving = { ...target, lifecycle: 'Terminating', health: 'draining', reason: 'Target deregistration' } as const
  expect(starts.look([leaving], new Set(['i-1']), [])).toEqual([
    { id: 'i-1', launched: true, message: 'i-1 was replaced (Target.Timeout: Request timed out)' },
  ])
})
