import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ServiceError } from '../../../src/lib/rehearsal/wire/service.js'
import { setProtection } from '../../../src/lib/rehearsal/world/group-requests.js'
import type { Refresh } from '../../../src/lib/rehearsal/world/refresh/refresh.js'
import { cancelRefresh, rollbackRefresh } from '../../../src/lib/rehearsal/world/refresh/requests.js'
import { liveInstances, type Instance } from '../../../src/lib/rehearsal/world/state.js'
import type { World } from '../../../src/lib/rehearsal/world/world.js'
import { createTestWorld, fleet, hasEnded, pass, refreshTo, releaseVersion } from './support.js'

const percentages = fc.oneof(
  fc.record({ minimum: fc.integer({ min: 0, max: 100 }), maximum: fc.constant(undefined) }),
  fc
    .record({ minimum: fc.integer({ min: 0, max: 100 }), above: fc.integer({ min: 0, max: 100 }) })
    .map(({ minimum, above }) => ({ minimum, maximum: Math.max(100, minimum + above) })),
)

const runs = fc.record({
  desired: fc.integer({ min: 1, max: 20 }),
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  percentages,
  warmup: fc.integer({ min: 0, max: 400 }),
  checkpoints: fc
    .uniqueArray(fc.integer({ min: 1, max: 100 }), { maxLength: 3 })
    .map((all) => all.sort((a, b) => a - b)),
  checkpointDelay: fc.integer({ min: 0, max: 900 }),
  autoRollback: fc.boolean(),
  skipMatching: fc.boolean(),
  bakeTime: fc.integer({ min: 0, max: 300 }),
  flakyRate: fc.constantFrom(0, 0, 0.2, 1),
  timings: fc.record({
    launchSeconds: fc.integer({ min: 1, max: 90 }),
    bootSeconds: fc.integer({ min: 10, max: 120 }),
    registrationSeconds: fc.integer({ min: 1, max: 60 }),
    deregistrationDelaySeconds: fc.integer({ min: 0, max: 300 }),
    healthCheckIntervalSeconds: fc.integer({ min: 5, max: 60 }),
    healthCheckGraceSeconds: fc.integer({ min: 200, max: 900 }),
    shutdownSeconds: fc.integer({ min: 1, max: 60 }),
  }),
  meddling: fc.option(
    fc.record({
      at: fc.integer({ min: 1, max: 1500 }),
      what: fc.constantFrom('cancel', 'cancel-at-once', 'rollback', 'protect'),
    }),
    { nil: undefined },
  ),
})

type Run = typeof runs extends fc.Arbitrary<infer T> ? T : never

// Worked out here by the words of the documentation, not by the code under test.
function allowed({ desired, percentages: { minimum, maximum } }: Run): { low: number; high: number } {
  const low = Math.ceil((desired * minimum) / 100)
  const high = Math.floor((desired * (maximum ?? 100)) / 100)
  if (low < desired || high > desired) return { low, high }
  return maximum === undefined ? { low: desired - 1, high } : { low, high: desired + 1 }
}

function isReady(world: World, refresh: Refresh, warmup: number, instance: Instance): boolean {
  const isHealthy = world.state.targetGroups.every((group) => group.targets.get(instance.id)?.state === 'healthy')
  const isWarm = (instance.inServiceAt ?? Infinity) + warmup * 1000 <= world.state.now
  return instance.lifecycle === 'InService' && isHealthy && (isWarm || instance.launchedAt < refresh.startTime)
}

function meddle(world: World, what: NonNullable<Run['meddling']>['what']): void {
  try {
    if (what === 'cancel') cancelRefresh(world.state, true)
    if (what === 'cancel-at-once') cancelRefresh(world.state, false)
    if (what === 'rollback') rollbackRefresh(world.state)
    const [first] = liveInstances(world.state.group)
    if (what === 'protect' && first !== undefined) setProtection(world.state, [first.id], true)
  } catch (error) {
    // It may have ended, or be on its way back, by then.
    if (!(error instanceof ServiceError)) throw error
  }
}

interface Watched {
  readonly world: World
  readonly refresh: Refresh
  readonly version: string
  /** Moments at which the fleet was outside what is allowed. */
  readonly trespasses: readonly string[]
}

/** Plays the run to the end of its refresh. */
function play(run: Run): Watched {
  const world = createTestWorld({
    desired: run.desired,
    seed: run.seed,
    switches: { ...run.timings, newImages: 'flaky', flakyRate: run.flakyRate },
  })
  const version = releaseVersion(world)
  const { minimum, maximum } = run.percentages
  const refresh = refreshTo(world, version, {
    MinHealthyPercentage: minimum,
    ...(maximum !== undefined && { MaxHealthyPercentage: maximum }),
    InstanceWarmup: run.warmup,
    ...(run.checkpoints.length > 0 && { CheckpointPercentages: run.checkpoints, CheckpointDelay: run.checkpointDelay }),
    SkipMatching: run.skipMatching,
    AutoRollback: run.autoRollback,
    BakeTime: run.bakeTime,
  })
  const { low, high } = allowed(run)
  const trespasses: string[] = []
  let meddling = run.meddling
  for (let seconds = 0; !hasEnded(refresh); seconds += 7) {
    if (seconds > 400_000) throw new Error(`still ${refresh.status}: ${refresh.statusReason}`)
    if (meddling !== undefined && seconds >= meddling.at) {
      meddle(world, meddling.what)
      meddling = undefined
    }
    pass(world, 7)
    const live = liveInstances(world.state.group)
    const ready = live.filter((instance) => isReady(world, refresh, run.warmup, instance))
    if (ready.length < low && !hasEnded(refresh)) trespasses.push(`${seconds} s: ${ready.length} ready`)
    if (live.length > high) trespasses.push(`${seconds} s: ${live.length} live`)
  }
  return { world, refresh, version, trespasses }
}

/** What the fleet must be when a refresh has ended so; undefined where it may be mixed. */
function fleetAfter(run: Run, { refresh, version }: Watched): Record<string, number> | undefined {
  const isPartial = run.checkpoints.length > 0 && run.checkpoints.at(-1) !== 100
  if (refresh.status === 'Successful' && !isPartial) return { [version]: run.desired }
  return refresh.status === 'RollbackSuccessful' ? { 7: run.desired } : undefined
}

function history(seed: number): unknown {
  const world = createTestWorld({ seed, switches: { trafficSeconds: 60, newImages: 'flaky', flakyRate: 0.5 } })
  refreshTo(world, releaseVersion(world), { MinHealthyPercentage: 50, InstanceWarmup: 60 })
  pass(world, 1800)
  return [world.state.activities, world.state.refreshes, world.state.logs.events({ from: 0, to: Infinity })]
}

function looking(everySeconds: number): unknown {
  const world = createTestWorld({ switches: { newImages: 'flaky', flakyRate: 0.3 } })
  const refresh = refreshTo(world, releaseVersion(world), { MinHealthyPercentage: 100, MaxHealthyPercentage: 150 })
  for (let seconds = 0; seconds < 3600; seconds += everySeconds) pass(world, everySeconds)
  return [world.state.activities, { ...refresh, statusReason: undefined }]
}

describe('an instance refresh', () => {
  test('keeps the fleet within its bounds, ends, and leaves what its status says', () => {
    const statuses = new Set<string>()
    fc.assert(
      fc.property(runs, (run) => {
        const watched = play(run)
        const { world, refresh, version, trespasses } = watched
        statuses.add(refresh.status)
        expect(trespasses).toEqual([])
        expect(fleet(world)).toEqual(fleetAfter(run, watched) ?? fleet(world))
        expect(world.state.group.template.version).toBe(refresh.status === 'Successful' ? version : '7')
        expect(refresh.percentage).toBe(refresh.status === 'RollbackSuccessful' ? 0 : refresh.percentage)
        expect(refresh.endTime).toBeLessThanOrEqual(world.state.now)
        // Whatever the end, the group comes back to its size.
        pass(world, 3600)
        expect(liveInstances(world.state.group).length).toBe(run.desired)
      }),
      { numRuns: 300, seed: 20_261_122 },
    )
    expect([...statuses].sort()).toEqual(['Cancelled', 'Failed', 'RollbackSuccessful', 'Successful'])
  }, 120_000)

  test('repeats itself to the letter from the same seed', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        expect(history(seed)).toEqual(history(seed))
      }),
      { numRuns: 5 },
    )
  })

  test('does not depend on how often the world is looked at', () => {
    expect(looking(1)).toEqual(looking(3600))
    expect(looking(45)).toEqual(looking(3600))
  })
})
