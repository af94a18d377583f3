import { describe, expect, test } from 'vitest'
import type { Difference, DifferenceReason } from '../../src/lib/domain/prediction.js'
import { differenceReasons } from '../../src/lib/domain/prediction.js'
import type { EventBody } from '../../src/lib/events/event.js'
import { comparePrediction } from '../../src/lib/operations/compare-prediction.js'
import { Timekeeper, type Foretold, type Intended, type Seen } from '../../src/lib/operations/timekeeper.js'
import { differenceWords, predictionWords, resultWords } from '../../src/lib/words/prediction.js'
import { ManualClock } from '../support/manual-clock.js'

const MB = 1_000_000
const second = 1000
const span = (value: number) => ({ low: 0.9 * value, value, high: 1.1 * value, basis: 'derived' as const })

const foretold: Foretold = {
  circumstances: {
    kind: 'asg',
    targets: 4,
    services: [{ name: 'api', bytes: 1000 * MB, models: 300 * MB, fetched: 0 }],
    pushed: 10 * MB,
    rules: { minHealthy: 100, maxHealthy: 200, warmup: 180 * second, bake: 0 },
  },
  prediction: {
    total: span(330 * second),
    phases: [
      { phase: 'preflight', span: span(5 * second) },
      { phase: 'build', span: span(5 * second) },
      { phase: 'push', span: span(10 * second) },
      { phase: 'rollout', span: span(310 * second) },
    ],
    runs: 12,
  },
  start: { inService: 20 * second, ready: 70 * second, load: 15 * second },
  usual: 2 * MB,
}

const starts = (inService: number, ready: number): Seen['starts'] => ({
  targets: 4,
  inService: { p50: inService * second, p95: inService * second },
  ready: { p50: ready * second, p95: ready * second },
})

interface Took {
  readonly preflight?: number
  readonly build?: number
  readonly push?: number
  readonly rollout?: number
}

const phasesOf = ({ preflight = 5, build = 5, push = 10, rollout = 310 }: Took): Seen['phases'] =>
  new Map([
    ['preflight', preflight * second],
    ['build', build * second],
    ['push', push * second],
    ['rollout', rollout * second],
  ])

const calm: Seen = {
  phases: phasesOf({}),
  facts: undefined,
  starts: starts(20, 70),
  load: 15 * second,
  waited: 0,
  downloads: 0,
  launched: 4,
  pushed: 10 * MB,
  pushedBase: 0,
  causes: new Map(),
  steps: { made: 0, cached: 0 },
  retries: 0,
}

const late = phasesOf({ rollout: 400 })
const reasonsOf = (seen: Partial<Seen>): readonly DifferenceReason[] =>
  comparePrediction(foretold, { ...calm, ...seen }).reasons.map(({ reason }) => reason)

test('what came as it was foretold needs no reason, whatever was seen', () => {
  expect(comparePrediction(foretold, { ...calm, downloads: 2, retries: 9 })).toEqual({
    predicted: 330 * second,
    actual: 330 * second,
    within: true,
    runs: 12,
    phase: { phase: 'preflight', predicted: 5 * second, actual: 5 * second },
    reasons: [],
  })
})

test('what nothing explains has no reason', () => {
  expect(reasonsOf({ phases: late })).toEqual([])
})

const causes = (code: string, seconds: number): Seen['causes'] => new Map([[code, seconds * second]])

const cases: readonly (readonly [string, Partial<Seen>, readonly Difference[]])[] = [
  ['the lock of another run', { phases: late, waited: 60_000 }, [{ reason: 'lock', actual: 60_000 }]],
  [
    'instances that came late',
    { phases: late, starts: starts(80, 130) },
    [{ reason: 'launch', expected: 20_000, actual: 80_000 }],
  ],
  ['a slow pull', { phases: late, starts: starts(20, 130) }, [{ reason: 'pull', expected: 35_000, actual: 95_000 }]],
  [
    'a slow load',
    { phases: late, starts: starts(20, 130), load: 75_000 },
    [{ reason: 'model-load', expected: 15_000, actual: 75_000 }],
  ],
  [
    'a slow start of which no log tells more',
    { phases: late, starts: starts(20, 130), load: undefined },
    [{ reason: 'model-load', expected: 50_000, actual: 110_000 }],
  ],
  ['models that had to be fetched', { phases: late, downloads: 2 }, [{ reason: 'downloads', actual: 2 }]],
  ['targets that did not live', { phases: late, launched: 6 }, [{ reason: 'relaunches', actual: 2 }]],
  ['no room in EC2', { phases: late, causes: causes('no-capacity', 70) }, [{ reason: 'capacity', actual: 70_000 }]],
  ['no room in the quota', { phases: late, causes: causes('quota', 70) }, [{ reason: 'capacity', actual: 70_000 }]],
  ['a pause', { phases: late, causes: causes('paused', 70) }, [{ reason: 'pause', actual: 70_000 }]],
  ['a throttled account', { phases: late, retries: 40 }, [{ reason: 'retries', actual: 40 }]],
  [
    'a slow line',
    { phases: phasesOf({ push: 50 }), starts: undefined, pushed: 2 * MB },
    [{ reason: 'upload', expected: 200_000, actual: 40_000 }],
  ],
  [
    'a larger layer',
    { phases: phasesOf({ push: 50 }), pushed: 40 * MB },
    [
      { reason: 'layer', expected: 2 * MB, actual: 40 * MB },
      { reason: 'upload', expected: 4 * MB, actual: 800_000 },
    ],
  ],
  [
    'a registry without the base',
    { phases: phasesOf({ push: 50 }), pushed: 2.5 * MB, pushedBase: 2.4 * MB },
    [
      { reason: 'registry-cache', actual: 2.4 * MB },
      { reason: 'upload', expected: 250_000, actual: 50_000 },
    ],
  ],
  [
    'a build without its cache',
    { phases: phasesOf({ build: 60 }), steps: { made: 7, cached: 0 } },
    [
      { reason: 'build-cache', actual: 7 },
      { reason: 'own-work', expected: 10_000, actual: 65_000 },
    ],
  ],
  [
    'a build with its cache, and slow all the same',
    { phases: phasesOf({ build: 60 }), steps: { made: 1, cached: 6 } },
    [{ reason: 'own-work', expected: 10_000, actual: 65_000 }],
  ],
]

test.each(cases)('%s', (_, seen, reasons) => {
  const found = comparePrediction(foretold, { ...calm, ...seen }).reasons
  expect(found.toSorted((a, b) => a.reason.localeCompare(b.reason))).toEqual(
    reasons.toSorted((a, b) => a.reason.localeCompare(b.reason)),
  )
})

test('the one that explains most is first', () => {
  expect(reasonsOf({ phases: phasesOf({ rollout: 500 }), starts: starts(80, 150), waited: 10_000 })).toEqual([
    'launch',
    'pull',
    'lock',
  ])
})

test('a quicker deploy is not explained by what costs time', () => {
  const phases = phasesOf({ rollout: 200 })
  expect(reasonsOf({ phases, downloads: 1, waited: 60_000, pushed: 40 * MB, starts: starts(80, 130) })).toEqual([])
  expect(reasonsOf({ phases, starts: starts(20, 40), load: 5000 })).toEqual(['pull', 'model-load'])
})

function timed() {
  const asked: Intended[] = []
  const heard: EventBody[] = []
  const clock = new ManualClock(0)
  const keeper = new Timekeeper({
    pace: 60,
    retries: () => 7,
    foretell: (what) => {
      asked.push(what)
      return Promise.resolve(foretold)
    },
  })
  const run = { clock, emit: (event: EventBody) => heard.push(event), signal: new AbortController().signal }
  return { keeper, asked, heard, clock, run, told: keeper.tap(run).emit }
}

const finished = (phase: 'build' | 'push' | 'release' | 'rollout', duration: number): EventBody => ({
  type: 'phase.finished',
  phase,
  outcome: 'done',
  duration,
})

const release = { id: 'r-1', app: 'shop', environment: 'production', images: [] }
const intended: Omit<Intended, 'pushed' | 'over'> = {
  release,
  revision: { name: 'lt', number: '2' },
  from: { name: 'lt', number: '1' },
  targets: 4,
  records: [],
}

describe('the timekeeper', () => {
  test('tells the forecaster what was sent and what is over', async () => {
    const { keeper, asked, told } = timed()
    const pushed = { service: 'api', repository: 'api', digest: 'sha256:0' as const, tags: [], unchanged: false }
    told({ type: 'image.pushed', ...pushed, layerBytes: 2 * MB, uploadedLayerBytes: 5 * MB })
    told(finished('push', 4000))
    told({ type: 'phase.finished', phase: 'build', outcome: 'skipped', duration: 9 })
    expect(await keeper.foretell(intended)).toBe(foretold.prediction)
    expect(asked).toMatchObject([{ pushed: 5 * MB, over: new Map([['push', 4000]]) }])
  })

  test('keeps for the ledger what a deploy was like, and says how it compared', async () => {
    const { keeper, heard, clock, run, told } = timed()
    await keeper.foretell(intended)
    told({ type: 'lock.acquired', waited: 30_000 })
    told(finished('release', 31_000))
    told({ type: 'cause', cause: { code: 'no-capacity', summary: '', evidence: [], next: [] } })
    await clock.sleep(50_000)
    told({ type: 'cause' })
    await clock.sleep(50_000)
    told(finished('rollout', 400_000))
    keeper.started([60, 70, 90].map((ready) => ({ launchedAt: 0, inServiceAt: 20_000, readyAt: ready * second })))
    const figures = keeper.close(run)
    expect(figures).toEqual({
      ...foretold.circumstances,
      pace: 60,
      starts: { targets: 3, inService: { p50: 20_000, p95: 20_000 }, ready: { p50: 70_000, p95: 90_000 } },
      waited: 30_000,
      predicted: { total: 330_000, preflight: 5000, build: 5000, push: 10_000, rollout: 310_000 },
    })
    expect(heard.at(-1)).toMatchObject({
      type: 'prediction.compared',
      result: {
        actual: 431_000,
        within: false,
        reasons: [
          { reason: 'capacity', actual: 50_000 },
          { reason: 'lock', actual: 30_000 },
          { reason: 'retries', actual: 7 },
        ],
      },
    })
  })

  test('says nothing where nothing was foretold', () => {
    const { keeper, heard, run } = timed()
    expect(keeper.close(run)).toBeUndefined()
    expect(heard).toEqual([])
  })
})

describe('in words', () => {
  const words: Readonly<Record<DifferenceReason, readonly [Difference, string]>> = {
    lock: [{ reason: 'lock', actual: 90_000 }, '1m 30s of waiting for the lock'],
    launch: [
      { reason: 'launch', actual: 80_000, expected: 20_000 },
      'a target was in service after 1m 20s against 20s',
    ],
    pull: [
      { reason: 'pull', actual: 80_000, expected: 20_000 },
      'from there its process began after 1m 20s against 20s',
    ],
    'model-load': [{ reason: 'model-load', actual: 80_000 }, 'its models were loaded in 1m 20s'],
    downloads: [
      { reason: 'downloads', actual: 1 },
      '1 model downloaded at the start, which neither the image nor a cache had',
    ],
    relaunches: [{ reason: 'relaunches', actual: 2 }, '2 targets had to be launched again'],
    capacity: [{ reason: 'capacity', actual: 80_000 }, '1m 20s without room for another target'],
    pause: [{ reason: 'pause', actual: 80_000 }, '1m 20s until somebody let it go on'],
    targets: [{ reason: 'targets', actual: 6, expected: 4 }, '6 targets against 4 targets'],
    warmup: [{ reason: 'warmup', actual: 300_000, expected: 180_000 }, 'a warmup of 5m 00s against 3m 00s'],
    upload: [{ reason: 'upload', actual: 1 * MB, expected: 4 * MB }, 'an upload of 1.00 MB/s against 4.00 MB/s'],
    layer: [{ reason: 'layer', actual: 40 * MB, expected: 2 * MB }, '40.0 MB sent, where 2.00 MB are usual'],
    'registry-cache': [
      { reason: 'registry-cache', actual: 40 * MB },
      '40.0 MB of a base that the registry did not have yet',
    ],
    'build-cache': [{ reason: 'build-cache', actual: 7 }, 'a build of 7 steps, none of them from the cache'],
    'own-work': [{ reason: 'own-work', actual: 80_000, expected: 20_000 }, "rampart's own work of 1m 20s against 20s"],
    retries: [{ reason: 'retries', actual: 3 }, '3 requests to AWS had to be made again'],
  }

  test.each(differenceReasons.map((reason) => words[reason]))('%o', (difference, text) => {
    expect(differenceWords(difference)).toBe(text)
  })

  test('of a prediction and of what became of it', () => {
    expect(predictionWords({ ...foretold.prediction, runs: 0 })).toBe(
      '5m 30s predicted (4m 57s to 6m 03s; nothing to learn from yet)',
    )
    const result = { predicted: 330_000, actual: 396_000, within: false, runs: 12, reasons: [] }
    expect(resultWords(result)).toBe('5m 30s, took 6m 36s (20 % more, out of its range; from 12 earlier deploys)')
    expect(
      resultWords({
        ...result,
        actual: 330_000,
        within: true,
        phase: { phase: 'push', predicted: 10_000, actual: 12_000 },
      }),
    ).toBe('5m 30s, took 5m 30s (as predicted; from 12 earlier deploys); most differs push: 12s against 10s')
  })
})
