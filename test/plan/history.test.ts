import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import type { RolloutCourse } from '../../src/lib/domain/imagined-rollout.js'
import type { Phase } from '../../src/lib/domain/phase.js'
import type { DeployPrediction } from '../../src/lib/domain/prediction.js'
import type { ReleaseRecord } from '../../src/lib/domain/release-record.js'
import { figuresOf } from '../../src/lib/plan/assumptions.js'
import { foresee } from '../../src/lib/plan/foresee.js'
import { learn } from '../../src/lib/plan/learn.js'
import { pastDeploys } from '../../src/lib/plan/past.js'
import type { Imagine } from '../../src/lib/plan/strategies.js'
import { imagineRollout } from '../../src/lib/rehearsal/imagine/rollout.js'

/** Deploys of the real binary against rehearsals whose machines are not as a plan supposes: bench/record-history.js. */
async function recorded(platform: string): Promise<readonly ReleaseRecord[]> {
  const path = new URL(`../fixtures/history/${platform}.json`, import.meta.url)
  return JSON.parse(await readFile(path, 'utf8')) as readonly ReleaseRecord[]
}

const supposed = figuresOf({})
const phases: readonly Phase[] = ['preflight', 'build', 'push', 'release', 'rollout', 'proof']

/** The same rollout goes the same way each time: what is foretold before every one of many deploys is imagined once. */
const courses = new Map<string, RolloutCourse | undefined>()
const imagine: Imagine = (rollout) => {
  const key = JSON.stringify(rollout)
  if (!courses.has(key)) courses.set(key, imagineRollout(rollout))
  return courses.get(key)
}

/** What would have been said before that deploy, had these been the ones before it. */
function foretold({ figures }: ReleaseRecord, before: readonly ReleaseRecord[]): DeployPrediction {
  if (figures === undefined) throw new Error('the record has no figures')
  const { pace } = figures
  const learned = learn({ past: pastDeploys(before, pace), figures: supposed, imagine, pace })
  const prediction = foresee(figures, phases, { learned, supposed })
  if (prediction === undefined) throw new Error('the rollout would not end')
  return prediction
}

const tookOf = ({ phases: took = [] }: ReleaseRecord): number => took.reduce((all, { duration }) => all + duration, 0)

const errorOf = (record: ReleaseRecord, prediction: DeployPrediction): number =>
  Math.abs(prediction.total.value / tookOf(record) - 1)

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) / 2
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

const enough = 10

interface Outcome {
  /** Relative errors of what was learned, and of what is supposed without any history. */
  readonly learned: number
  readonly supposed: number
  readonly within: boolean
  /** The half width of the range, as a share of its value. */
  readonly reach: number
  readonly phases: readonly boolean[]
}

/** Ten deploys are history; each later one is foretold from all before it, and from none. */
function replay(records: readonly ReleaseRecord[]): readonly Outcome[] {
  return records.slice(enough).map((record, index) => {
    const learned = foretold(record, records.slice(0, enough + index))
    const { low, value, high } = learned.total
    const took = tookOf(record)
    return {
      learned: errorOf(record, learned),
      supposed: errorOf(record, foretold(record, [])),
      within: took >= low && took <= high,
      reach: (high - low) / 2 / value,
      phases: learned.phases.map(({ phase, span }) => {
        const duration = record.phases?.find((one) => one.phase === phase)?.duration ?? Number.NaN
        return duration >= span.low && duration <= span.high
      }),
    }
  })
}

const shareOf = (values: readonly boolean[]): number => values.filter(Boolean).length / values.length

const platforms = ['asg', 'ecs'] as const
const replayed = new Map<string, readonly Outcome[]>()

beforeAll(async () => {
  for (const platform of platforms) replayed.set(platform, replay(await recorded(platform)))
}, 120_000)

const outcomesOn = (platform: string): readonly Outcome[] => replayed.get(platform) ?? []

describe.each(platforms)('forty recorded deploys on %s', (platform) => {
  test('varied in what they depend on, and in how long they took', async () => {
    const records = await recorded(platform)
    expect(records).toHaveLength(enough + 30)
    expect(new Set(records.map(({ figures }) => figures?.targets)).size).toBeGreaterThan(3)
    expect(new Set(records.map(({ figures }) => JSON.stringify(figures?.rules))).size).toBeGreaterThan(3)
    const took = records.map(tookOf)
    expect(Math.max(...took) / Math.min(...took)).toBeGreaterThan(1.5)
  })

  test('after ten, the next thirty are foretold within 15 % at the median, and better than without history', () => {
    const outcomes = outcomesOn(platform)
    const errors = outcomes.map(({ learned }) => learned)
    const without = outcomes.map((outcome) => outcome.supposed)
    console.log(
      `${platform}: median error ${percent(median(errors))}, largest ${percent(Math.max(...errors))}; without history ${percent(median(without))}, ${percent(Math.max(...without))}; ${outcomes.filter(({ within }) => within).length} of ${outcomes.length} within their range, which reaches ${percent(median(outcomes.map(({ reach }) => reach)))}; ${percent(shareOf(outcomes.flatMap((one) => one.phases)))} of all phases`,
    )
    expect(outcomes).toHaveLength(30)
    expect(median(errors)).toBeLessThan(0.15)
    expect(median(errors)).toBeLessThan(median(without))
  })

  test('deploys that failed, went back or ran by another clock change nothing', async () => {
    const records = (await recorded(platform)).slice(0, 15)
    const last = records.at(-1)
    if (last?.figures === undefined) throw new Error('there is no last record')
    const before = records.slice(0, -1)
    const endless = { phases: [{ phase: 'rollout', duration: 90_000_000 }] } as const
    const strangers: readonly ReleaseRecord[] = [
      { ...last, ...endless, number: 101, ending: 'rolledBack' },
      { ...last, ...endless, number: 102, kind: 'rollback' },
      { ...last, ...endless, number: 103, figures: { ...last.figures, pace: 7 } },
    ]
    expect(foretold(last, [...before, ...strangers])).toEqual(foretold(last, before))
  })
})

describe('a range is said to hold eight of ten', () => {
  // Of 60 draws at 80 %, 95 of 100 lie between 41 and 54; a range that holds all would be told nothing by either.
  test('so many of the sixty totals lie in theirs', () => {
    const share = shareOf(platforms.flatMap((platform) => outcomesOn(platform).map(({ within }) => within)))
    expect(share).toBeGreaterThanOrEqual(0.7)
    expect(share).toBeLessThanOrEqual(0.92)
  })

  test('so many of the phases lie in theirs', () => {
    const share = shareOf(platforms.flatMap((platform) => outcomesOn(platform).flatMap((one) => one.phases)))
    expect(share).toBeGreaterThanOrEqual(0.7)
    expect(share).toBeLessThanOrEqual(0.92)
  })
})
