import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeEvent } from '../../src/lib/events/codec.js'
import type { Event, EventBody } from '../../src/lib/events/event.js'
import { fold, logBounds } from '../../src/lib/view/fold.js'
import { bytesUnderway, releasedImages } from '../../src/lib/view/images.js'
import { countTargets, failingLogs, standingOf } from '../../src/lib/view/standing.js'
import { initialView, type View } from '../../src/lib/view/view.js'
import { anyEvent } from '../events/arbitrary.js'

function recorded(name: string): Event[] {
  const lines = readFileSync(`test/fixtures/events/${name}.ndjson`, 'utf8').split('\n')
  return lines.flatMap((line, index) => decodeEvent(line, index + 1) ?? [])
}

const viewOf = (events: readonly Event[]): View => events.reduce(fold, initialView)

function stamped(...bodies: readonly EventBody[]): Event[] {
  return bodies.map((body, index) => ({
    v: 1,
    seq: index + 1,
    at: new Date(Date.UTC(2026, 10, 20, 9, 0, index)).toISOString(),
    ...body,
  }))
}

describe('the view of a run', () => {
  test('is made of any events in any order, without a fault and without touching what was', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
        let view = initialView
        for (const event of events) {
          const before = structuredClone(view)
          const next = fold(view, event)
          expect(view).toEqual(before)
          expect(next.lastEventAt).toBe(Date.parse(event.at))
          expect(new Set(next.phases.map(({ phase }) => phase)).size).toBe(next.phases.length)
          expect(next.logs.size).toBeLessThanOrEqual(logBounds.targets)
          const counts = countTargets(next)
          expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(next.targets.size)
          view = next
        }
      }),
      { numRuns: 300 },
    )
    expect(initialView.targets.size + initialView.images.size + initialView.logs.size).toBe(0)
  })

  test('of a type of the future only moves the time', () => {
    const event = { v: 1, seq: 1, at: '2026-11-20T09:00:00.000Z', type: 'weather' } as unknown as Event
    expect(fold(initialView, event)).toEqual({ ...initialView, lastEventAt: Date.UTC(2026, 10, 20, 9) })
  })

  test('tells a healthy run', () => {
    const view = viewOf(recorded('healthy'))
    expect(view.phases.map(({ phase, state }) => `${phase} ${state}`)).toEqual([
      'preflight done',
      'build done',
      'push done',
      'release done',
      'rollout done',
      'proof done',
    ])
    expect(view.rollout).toMatchObject({ outcome: 'succeeded', percentage: 100, group: 'rampart-production-asg' })
    expect(countTargets(view)).toEqual({ old: 0, new: 4, starting: 0, failing: 0, leaving: 0 })
    expect(view.gone).toBe(4)
    expect(releasedImages(view).map(({ service, pushed }) => [service, pushed?.unchanged])).toEqual([
      ['backend', false],
      ['frontend', true],
    ])
  })

  test('in the middle knows bytes, targets and the words of those that fail', () => {
    const events = recorded('bad-image')
    const pushing = viewOf(
      events.slice(
        0,
        events.findIndex(({ type }) => type === 'image.pushed'),
      ),
    )
    const backend = pushing.images.get('backend')
    expect(backend && bytesUnderway(backend)).toEqual({ sent: 1_310_720, total: 1_310_720 })
    const failing = viewOf(
      events.slice(
        0,
        events.findIndex(({ type }) => type === 'warning'),
      ),
    )
    expect(countTargets(failing)).toEqual({ old: 4, new: 0, starting: 2, failing: 0, leaving: 0 })
    expect(failingLogs(failing).get('i-0bb00000000000001')?.at(-1)?.text).toBe(
      "ModuleNotFoundError: No module named 'app.scoring'",
    )
  })

  test('shows announced phases as waiting, and others where they start', () => {
    const [started, build] = stamped(
      {
        type: 'run.started',
        command: 'deploy',
        app: 'a',
        environment: 'e',
        simulated: false,
        phases: ['preflight', 'rollout', 'rollout'],
      },
      { type: 'phase.started', phase: 'build' },
    )
    if (started === undefined || build === undefined) throw new Error('two events were made')
    const view = fold(fold(initialView, started), build)
    expect(view.phases.map(({ phase, state }) => `${phase} ${state}`)).toEqual([
      'preflight waiting',
      'rollout waiting',
      'build running',
    ])
  })

  test('forgets a rollout when another one starts', () => {
    const view = viewOf(
      stamped(
        { type: 'rollout.progress', id: 'one', status: 'InProgress', percentage: 50, remaining: 2, reason: 'slow' },
        { type: 'rollout.started', id: 'two', attached: true, group: 'g', targets: 3 },
      ),
    )
    expect(view.rollout).toMatchObject({ id: 'two', attached: true, percentage: undefined, reason: undefined })
  })

  test('keeps the last lines of the targets that spoke last', () => {
    const lines = Array.from({ length: logBounds.targets + 2 }, (_, target) => `i-${target}`)
    const view = viewOf(
      stamped(
        ...lines.map((target): EventBody => ({ type: 'log.line', target, time: '', text: 'first' })),
        ...Array.from({ length: 25 }, (_, n): EventBody => ({
          type: 'log.line',
          target: 'i-9',
          time: '',
          text: `${n}`,
        })),
      ),
    )
    expect([...view.logs.keys()]).toHaveLength(logBounds.targets)
    expect(view.logs.has('i-0')).toBe(false)
    expect(view.logs.get('i-9')?.map(({ text }) => text)).toEqual(Array.from({ length: 10 }, (_, n) => `${n + 15}`))
  })

  test.each([
    ['Pending', 'none', 'starting'],
    ['Pending:Wait', 'healthy', 'starting'],
    ['InService', 'initial', 'starting'],
    ['InService', 'healthy', 'serving'],
    ['InService', 'none', 'serving'],
    ['InService', 'unavailable', 'serving'],
    ['InService', 'unhealthy', 'failing'],
    ['InService', 'draining', 'leaving'],
    ['Terminating:Wait', 'unhealthy', 'leaving'],
    ['Detaching', 'healthy', 'leaving'],
  ] as const)('puts a target that is %s and %s among the %s', (lifecycle, health, standing) => {
    const target = { id: 'i', zone: 'z', lifecycle, health, revision: '1', isNew: true }
    expect(standingOf({ target, wasHealthy: true })).toBe(standing)
  })

  test('a new target that was never healthy is starting, however ill the load balancer finds it; an old one fails', () => {
    const target = { id: 'i', zone: 'z', lifecycle: 'InService', health: 'unhealthy', revision: '1' } as const
    expect(standingOf({ target: { ...target, isNew: true }, wasHealthy: false })).toBe('starting')
    expect(standingOf({ target: { ...target, isNew: false }, wasHealthy: false })).toBe('failing')
  })
})
