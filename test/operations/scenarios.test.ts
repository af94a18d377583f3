import { describe, expect, test } from 'vitest'
import { exitCodes } from '../../src/lib/errors/exit-codes.js'
import type { ScenarioName } from '../../src/lib/rehearsal/scenarios.js'
import { digestsOf, of, servesEverywhere, startFleet, versions } from '../rollout/support/fleet.js'

test('healthy: every target serves the digests, is proved to, and the estimate is near what it took', async () => {
  const fleet = await startFleet()
  const { ended, events } = await fleet.run()
  expect(ended).toEqual({ ending: 'done', message: expect.stringContaining('serves on 4 of 4 targets'), next: [] })
  servesEverywhere(fleet, digestsOf(fleet.release('next')))
  expect(fleet.cloud.world.state.group.template.version).toBe('8')
  expect(of(events, 'proof')).toMatchObject([{ proved: 4, total: 4 }])
  const [plan] = of(events, 'plan.made')
  const took = of(events, 'phase.finished').find(({ phase }) => phase === 'rollout')?.duration ?? 0
  expect(plan).toMatchObject({ targets: 4, from: { number: '7' } })
  expect(took / (plan?.estimate ?? 0)).toBeGreaterThan(0.5)
  expect(took / (plan?.estimate ?? 0)).toBeLessThan(1.5)
})

test('slow-model: takes its time and succeeds', async () => {
  const fleet = await startFleet({ scenario: 'slow-model' })
  const { ended } = await fleet.run()
  expect(ended.ending).toBe('done')
  servesEverywhere(fleet, digestsOf(fleet.release('next')))
})

describe('a rollout that goes wrong', () => {
  test.each<[ScenarioName, string, RegExp, RegExp]>([
    [
      'bad-image',
      'container-exits',
      /ModuleNotFoundError: No module named 'jsonlogic'/,
      /exits again: ModuleNotFoundError/,
    ],
    ['never-ready', 'never-ready', /database schema is at revision/, /503/],
    ['alarm-trip', 'alarm', /Threshold Crossed/, /target-5xx/],
    ['no-capacity', 'no-capacity', /sufficient t3\.large capacity/, /3 attempts/],
  ])('%s ends rolled back with its cause: %s', async (scenario, code, evidence, summary) => {
    const fleet = await startFleet({ scenario, rollout: { alarms: ['target-5xx'] } })
    const { ended, events } = await fleet.run()
    expect({ ending: ended.ending, exit: exitCodes[ended.ending] }).toEqual({ ending: 'rolledBack', exit: 4 })
    const [finished] = of(events, 'rollout.finished')
    expect(finished).toMatchObject({ outcome: 'rolled-back', status: 'RollbackSuccessful', cause: { code } })
    expect(finished?.cause?.evidence.join('\n')).toMatch(evidence)
    expect(finished?.cause?.summary).toMatch(summary)
    expect(ended.next).toEqual(finished?.cause?.next)
    expect(versions(fleet)).toEqual({ 7: 4 })
    servesEverywhere(fleet, fleet.cloud.previousImages)
    expect(fleet.cloud.world.state.group.template.version).toBe('7')
    expect(of(events, 'proof')).toEqual([])
  })

  test('gives up on the n-th failed start, and says that it was rampart who gave up', async () => {
    const fleet = await startFleet({ scenario: 'never-ready', rollout: { maxHealthyPercentage: 100 } })
    const { events } = await fleet.run({ maxFailedStarts: 1 })
    expect(of(events, 'warning').map(({ message }) => message)).toEqual([
      '1 new target failed to start: going back to the previous release.',
    ])
    expect(of(events, 'rollout.finished')[0]?.reason).toBe('1 new target failed to start')
    // One at a time, launch first: there was one, and what AWS launched in its place.
    const launched = new Set(
      of(events, 'target.changed')
        .filter(({ target }) => target.isNew)
        .map(({ target }) => target.id),
    )
    expect(launched.size).toBeLessThanOrEqual(2)
  })

  test('without failing fast AWS gives up after its hour, and the cause is the same', async () => {
    const fleet = await startFleet({ scenario: 'never-ready' })
    const { ended, events } = await fleet.run({ maxFailedStarts: 1000, timeout: 86_400_000 })
    expect(ended.ending).toBe('rolledBack')
    const [finished] = of(events, 'rollout.finished')
    expect(finished).toMatchObject({ cause: { code: 'never-ready' }, reason: expect.stringMatching(/1 hour/) })
    expect(of(events, 'warning')).toEqual([])
    const took = of(events, 'phase.finished').find(({ phase }) => phase === 'rollout')?.duration ?? 0
    expect(took).toBeGreaterThan(3_600_000)
    servesEverywhere(fleet, fleet.cloud.previousImages)
  })

  test('the time that was allowed is over: rampart goes back and says what was waited for', async () => {
    const fleet = await startFleet({ rollout: { warmup: 7200 } })
    const { ended, events } = await fleet.run({ timeout: 1_200_000 })
    expect(ended.ending).toBe('rolledBack')
    const [finished] = of(events, 'rollout.finished')
    expect(finished).toMatchObject({ reason: 'The rollout did not end in 20 minutes', cause: { code: 'timeout' } })
    expect(finished?.cause?.evidence.join()).toMatch(/warming up/)
    servesEverywhere(fleet, fleet.cloud.previousImages)
  })

  test('a target that was unhealthy while it booted, and well since, is not blamed', async () => {
    const fleet = await startFleet({
      switches: { alarm: 'trips-at-half', healthCheckIntervalSeconds: 5 },
      rollout: { alarms: ['target-5xx'] },
    })
    const { events } = await fleet.run()
    const states = of(events, 'target.changed').filter(({ target }) => target.isNew)
    expect(states.some(({ target }) => target.health === 'unhealthy')).toBe(true)
    expect(of(events, 'rollout.finished')[0]?.cause).toMatchObject({
      code: 'alarm',
      evidence: [expect.stringContaining('Threshold Crossed')],
    })
  })

  test('two causes: the alarm that ended it, and the targets behind the alarm', async () => {
    const fleet = await startFleet({
      switches: { newImages: 'flaky', flakyRate: 0.5, alarm: 'trips-at-half' },
      rollout: { alarms: ['target-5xx'], warmup: 600 },
    })
    const { events } = await fleet.run({ maxFailedStarts: 100 })
    const [finished] = of(events, 'rollout.finished')
    expect(finished?.cause?.code).toBe('alarm')
    expect(finished?.cause?.evidence.join('\n')).toMatch(/Threshold Crossed[^]*never became healthy[^]*database schema/)
    expect(finished?.cause?.next).toEqual([
      expect.stringContaining('describe-alarm-history'),
      expect.stringContaining('rampart logs --target'),
    ])
  })
})

test('throttled: three calls in ten fail, and nobody notices', { timeout: 120_000 }, async () => {
  const fleet = await startFleet({
    scenario: 'throttled',
    maxAttempts: 10,
    rollout: { warmup: 30 },
    switches: { deregistrationDelaySeconds: 10 },
  })
  const { ended } = await fleet.run()
  expect(ended.ending).toBe('done')
  servesEverywhere(fleet, digestsOf(fleet.release('next')))
  expect(fleet.cloud.world.state.refreshes).toHaveLength(1)
  expect(fleet.cloud.world.state.templates[0]?.versions.map(({ number }) => number)).toEqual([7, 8])
})

test('watching costs a bounded number of calls', async () => {
  const fleet = await startFleet()
  await fleet.run()
  const started = fleet.calls.find(({ operation }) => operation === 'StartInstanceRefresh')
  const watching = fleet.calls.filter(({ at }) => at > (started?.at ?? Infinity))
  const minutes = (fleet.clock.now() - (started?.at ?? 0)) / 60_000
  const perMinute = watching.length / minutes
  console.log(`watching two target groups costs ${perMinute.toFixed(1)} calls a minute`)
  // Twelve looks at most, of five calls: refresh, group, the health of two target groups, and the logs.
  expect(perMinute).toBeLessThanOrEqual(60)
  // Asked only when instances are missing, come or move on: how many there are does not matter.
  expect(watching.filter(({ operation }) => operation === 'DescribeScalingActivities').length).toBeLessThanOrEqual(8)
  expect(fleet.calls.length - watching.length).toBeLessThanOrEqual(35)
})
