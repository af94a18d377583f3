import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ModelLoad } from '../../src/lib/domain/model-load.js'
import type { RolloutFacts } from '../../src/lib/domain/rollout-facts.js'
import type { ListedRollout, Observation } from '../../src/lib/rollout/driver.js'
import { launchCauseOf } from '../../src/lib/rollout/asg/launch-cause.js'
import { batchShare, durationsOf, estimateOf, forecast } from '../../src/lib/rollout/forecast.js'
import { createLineLimit, lineLimits } from '../../src/lib/rollout/line-limit.js'
import { nextLook, paces } from '../../src/lib/rollout/pace.js'
import { symptomOf } from '../../src/lib/rollout/symptom.js'
import { createTroubleWatch, stallBound } from '../../src/lib/rollout/trouble.js'
import { adviseWarmup, fittingWarmup, percentile, warmupBounds } from '../../src/lib/rollout/warmup-advice.js'

const minute = 60_000
const facts: RolloutFacts = {
  kind: 'asg',
  fleet: 'web',
  desired: 4,
  minHealthyPercentage: 100,
  maxHealthyPercentage: 150,
  warmup: 3 * minute,
  checkpointPercentages: [],
  alarms: [],
}

const listed = (outcome: ListedRollout['outcome'], minutes: number): ListedRollout => ({
  handle: { id: `r-${minutes}`, startedAt: 0, attached: true },
  revision: { name: 'lt-1', number: '8' },
  status: 'x',
  ...(outcome !== undefined && { outcome }),
  endedAt: minutes * minute,
})

const forward = (percentage: number): Pick<Observation, 'percentage' | 'direction'> => ({
  percentage,
  direction: 'forward',
})

const started = (seconds: number) => ({ launchedAt: 0, inServiceAt: 20_000, readyAt: 20_000 + 1000 * seconds })

const seen = (changes: Partial<Observation> = {}): Observation => ({
  status: 'InProgress',
  direction: 'forward',
  percentage: 0,
  remaining: 2,
  targets: [],
  failedStarts: [],
  ...changes,
})

const look = (at: number, changes: Partial<Observation> = {}, guards: { name: string; state: string }[] = []) => ({
  seen: seen(changes),
  guards,
  loads: new Map(),
  restarts: new Map(),
  at,
})

describe('a forecast', () => {
  const earlier = [8, 10, 12].map((minutes) => minutes * minute)
  const basis = { earlier, estimate: 20 * minute, batch: 0.5 }

  test('rests on rollouts that went well and replaced something', () => {
    const history = [listed('succeeded', 9), listed('rolled-back', 30), listed('succeeded', 0.1), listed(undefined, 5)]
    expect(durationsOf(history)).toEqual([9 * minute])
  })

  test('is what is left of the median, from the quickest to the slowest', () => {
    expect(forecast(forward(50), 4 * minute, basis)).toEqual({
      remaining: 6 * minute,
      low: 4 * minute,
      high: 8 * minute,
      basis: 'history',
      runs: 3,
    })
  })

  test('of one that is behind: the usual time for what is not done, and how many times as long it takes', () => {
    expect(forecast(forward(0), 18 * minute, basis)).toMatchObject({ remaining: 5 * minute, slower: 1.8 })
  })

  test('without history is arithmetic, and nothing is usual', () => {
    const made = forecast(forward(0), 60 * minute, { ...basis, earlier: [] })
    expect(made).toMatchObject({ basis: 'arithmetic', runs: 0, remaining: 10 * minute })
    expect(made.slower).toBeUndefined()
  })

  test('on the way back falls with the percentage', () => {
    expect(forecast({ percentage: 40, direction: 'back' }, 90 * minute, basis).remaining).toBe(4 * minute)
  })

  test('never lies below nothing, and its range holds it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 60_000, max: 1e8 }), { maxLength: 12 }),
        fc.integer({ min: 0, max: 1e9 }),
        fc.integer({ min: 0, max: 100 }),
        fc.constantFrom('forward' as const, 'back' as const),
        (durations, elapsed, percentage, direction) => {
          const made = forecast({ percentage, direction }, elapsed, { earlier: durations, estimate: 1e6, batch: 0.25 })
          expect(made.low).toBeGreaterThanOrEqual(0)
          expect(made.low).toBeLessThanOrEqual(made.remaining)
          expect(made.remaining).toBeLessThanOrEqual(made.high)
        },
      ),
    )
  })

  test('by arithmetic: each batch launches and warms up', () => {
    expect(batchShare(facts)).toBe(0.5)
    expect(estimateOf(facts)).toBe(2 * (1 + 3) * minute + 2 * minute)
    expect(batchShare({ ...facts, maxHealthyPercentage: 100 })).toBe(0.25)
  })

  test('of services that move one after the other: the second has not begun when half is done', () => {
    const to = { revision: { name: 'x', number: 'api:8,ui:8' }, images: [] }
    const services = { ...facts, kind: 'ecs', maxHealthyPercentage: 200, to } as const
    expect(batchShare(services)).toBe(0.5)
    const behind = forecast(forward(50), 15 * minute, { earlier, estimate: 0, batch: 0.25 })
    expect(behind.remaining).toBe(2.5 * minute)
  })
})

describe('advice on the warmup', () => {
  test('p95 and a fifth more, in tens of seconds', () => {
    expect(fittingWarmup([40, 41, 42, 50].map(started))).toBe(60_000)
    expect(fittingWarmup([])).toBeUndefined()
  })

  test.each([
    [1, warmupBounds.least],
    [10_000, warmupBounds.most],
  ])('%i s stays within bounds', (seconds, warmup) => {
    expect(fittingWarmup([started(seconds)])).toBe(warmup)
  })

  test.each([
    [180, 'long', 2 * 120_000],
    [60, 'fits', 0],
    [30, 'short', 20_000],
  ])('a warmup of %i s with starts of 50 s is %s', (warmup, verdict, difference) => {
    const advice = adviseWarmup([40, 41, 42, 50].map(started), { ...facts, warmup: 1000 * warmup })
    expect(advice).toMatchObject({ verdict, difference, proposed: 60_000, measured: { targets: 4, p50: 61_000 } })
  })

  test('percentiles are values that were there', () => {
    expect([0.5, 0.95, 1].map((share) => percentile([4, 1, 3, 2], share))).toEqual([2, 4, 4])
  })
})

describe('the pace of looking', () => {
  test.each([
    [0, 0, paces.moving],
    [minute, 0, paces.usual],
    [5 * minute, 0, paces.quiet],
    [60 * minute, 0, paces.still],
    [0, 1, paces.usual],
    [0, 9, paces.most],
  ])('unchanged for %i ms, %i failures: %i ms', (unchangedFor, failures, pause) => {
    expect(nextLook({ unchangedFor, failures })).toBe(pause)
  })
})

describe('a flood of lines', () => {
  test('is held back and counted, and a telling line has room of its own', () => {
    const limit = createLineLimit()
    const plain = Array.from({ length: 1000 }, () => limit('i-1', 1000, false).shown)
    expect(plain.filter(Boolean)).toHaveLength(lineLimits.plain)
    expect(limit('i-1', 1000, true)).toEqual({ shown: true, leftOut: 995 })
    expect(limit('i-1', 1000 + lineLimits.window, false)).toEqual({ shown: true, leftOut: 0 })
  })

  test('of a thousand targets stays bounded', () => {
    const limit = createLineLimit()
    const shown = Array.from({ length: 10_000 }, (_, index) => limit(`i-${index % 1000}`, 1000, false).shown)
    expect(shown.filter(Boolean)).toHaveLength(lineLimits.all)
  })
})

const loading = (changes: Partial<ModelLoad> = {}): ModelLoad => ({ state: 'loading', downloads: [], ...changes })

describe('what a target shows of why it does not serve', () => {
  const mismatch = 'Target.ResponseCodeMismatch: Health checks failed with these codes: [503]'
  test.each<[string, readonly string[], ModelLoad | undefined, string | undefined, string | undefined]>([
    [
      'an image that is not there',
      ['manifest for x/y@sha256:aa not found: manifest unknown'],
      undefined,
      undefined,
      'image-pull',
    ],
    ['no access to the registry', ['Error: no basic auth credentials'], undefined, undefined, 'image-pull'],
    ['a killed process', [], loading({ state: 'killed', killed: 'exit code 137' }), undefined, 'out-of-memory'],
    [
      'a role that may not',
      ['User: x is not authorized to perform: ssm:GetParameter'],
      undefined,
      mismatch,
      'permissions',
    ],
    [
      'a traceback',
      ['Traceback (most recent call last):', 'ImportError: no x'],
      undefined,
      undefined,
      'container-exits',
    ],
    ['a traceback of one that answers', ['Traceback (most recent call last):'], undefined, mismatch, 'never-ready'],
    ['a download', [], loading({ state: 'downloading', model: 'a/b', downloads: ['a/b'] }), mismatch, 'slow-download'],
    ['a load', [], loading({ model: 'a/b' }), mismatch, 'slow-start'],
    ['one that is ready and killed no more', [], loading({ state: 'ready', killed: 'earlier' }), undefined, undefined],
    ['an ordinary line', ['GET / 200'], undefined, undefined, undefined],
  ])('%s', (_name, texts, load, reason, code) => {
    expect(symptomOf({ lines: texts.map((text) => ({ text })), load, reason })?.code).toBe(code)
  })

  test('never throws, whatever is said', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.option(fc.string(), { nil: undefined }), (texts, reason) => {
        const found = symptomOf({ lines: texts.map((text) => ({ text })), load: undefined, reason })
        expect(found?.code).not.toBe('')
      }),
    )
  })

  test('names the command that asks for the image', () => {
    const digest = `sha256:${'a'.repeat(64)}`
    const text = `docker: manifest for 1.dkr.ecr.eu.amazonaws.com/web@${digest} not found: manifest unknown`
    expect(symptomOf({ lines: [{ text }], load: undefined, reason: undefined })?.next).toEqual([
      `aws ecr describe-images --repository-name web --image-ids imageDigest=${digest}`,
    ])
  })
})

describe('why launches fail', () => {
  test.each([
    ['We currently do not have sufficient t3.large capacity in the Availability Zone you requested', 'no-capacity'],
    ['You have requested more vCPU capacity than your current vCPU limit of 32 allows', 'quota'],
    ['Client.InternalError: Client error on launch. Launching EC2 instance failed.', 'permissions'],
    ['You are not authorized to perform this operation. Encoded authorization failure message: x', 'permissions'],
    ['Server.InternalError: Internal error on launch', 'launch-failed'],
  ])('%s', (message, code) => {
    expect(launchCauseOf('web', [message])?.code).toBe(code)
  })
})

describe('trouble', () => {
  test('is no progress for longer than a target of this fleet may take, and gone when it moves on', () => {
    const watch = createTroubleWatch(facts, 0)
    expect(watch.look(look(0))).toBeUndefined()
    expect(watch.look(look(stallBound(facts)))).toBeUndefined()
    expect(watch.look(look(stallBound(facts) + 1))).toBe('stalled')
    expect(watch.look(look(stallBound(facts) + 2, { percentage: 25 }))).toBeUndefined()
  })

  test('is not what was asked for', () => {
    const watch = createTroubleWatch(facts, 0)
    watch.look(look(0, { status: 'Baking' }))
    expect(watch.look(look(1e9, { status: 'Baking' }))).toBeUndefined()
  })

  test('is a target that failed, until the percentage has risen since', () => {
    const watch = createTroubleWatch(facts, 0)
    const failedStarts = [{ id: 'i-1', launched: true, message: '' }]
    expect(watch.look(look(0, { failedStarts }))).toBe('1 failed')
    expect(watch.look(look(1, { failedStarts, percentage: 25 }))).toBeUndefined()
  })

  test.each<[string, Partial<Observation>, { name: string; state: string }[], string]>([
    ['an alarm', {}, [{ name: '5xx', state: 'ALARM' }], 'alarm 5xx'],
    ['a protected instance', { reason: 'i-1 is protected. Remove it.' }, [], 'blocked'],
    ['the way back', { direction: 'back' }, [], 'going back'],
  ])('is %s, at once', (_name, changes, guards, words) => {
    expect(createTroubleWatch(facts, 0).look(look(0, changes, guards))).toBe(words)
  })
})
