import { describe, expect, test } from 'vitest'
import { isScenarioName, scenarioNames, scenarios, type ScenarioName } from '../../../src/lib/rehearsal/scenarios.js'
import { createFaults } from '../../../src/lib/rehearsal/wire/faults.js'
import { createTestWorld, fleet, hasEnded, pass, passUntil, refreshTo, releaseVersion } from './support.js'

const preferences = {
  MinHealthyPercentage: 100,
  MaxHealthyPercentage: 200,
  InstanceWarmup: 180,
  AutoRollback: true,
  AlarmSpecification: { Alarms: ['errors'] },
}

describe('scenarios', () => {
  test.each<[ScenarioName, string, RegExp | undefined]>([
    ['healthy', 'Successful', undefined],
    ['slow-model', 'Successful', undefined],
    ['throttled', 'Successful', undefined],
    ['bad-image', 'RollbackSuccessful', /failed its Elastic Load Balancing health checks/],
    ['never-ready', 'RollbackSuccessful', /failed its Elastic Load Balancing health checks/],
    ['image-not-found', 'RollbackSuccessful', /failed its Elastic Load Balancing health checks/],
    // Docker starts what exits again, and each time it serves for a while: a refresh sees nothing of that.
    ['crash-loop', 'Successful', undefined],
    // A refresh sees nothing of what is wrong with these: it takes more than health checks.
    ['lying-health', 'Successful', undefined],
    ['slow-release', 'Successful', undefined],
    ['drifted-answers', 'Successful', undefined],
    ['plain-http', 'Successful', undefined],
    ['leaking-logs', 'Successful', undefined],
    ['stuck-stack', 'Successful', undefined],
    ['model-downloads', 'Successful', undefined],
    ['alarm-trip', 'RollbackSuccessful', /alarm errors went into the ALARM state/],
    ['no-capacity', 'RollbackSuccessful', /sufficient t3\.large capacity/],
  ])('%s ends %s', (name, status, reason) => {
    const world = createTestWorld({ switches: scenarios[name].switches })
    const refresh = refreshTo(world, releaseVersion(world), preferences)
    passUntil(world, () => hasEnded(refresh))
    expect(refresh.status).toBe(status)
    expect(refresh.statusReason ?? '').toMatch(reason ?? /^$/)
    expect(fleet(world)).toEqual(status === 'Successful' ? { 8: 4 } : { 7: 4 })
  })

  test('image-not-found says in the log of user data which image it was', () => {
    const world = createTestWorld({ switches: scenarios['image-not-found'].switches })
    refreshTo(world, releaseVersion(world), preferences)
    pass(world, 300)
    const lines = world.state.logs.events({ from: 0, to: Infinity }).map(({ message }) => message)
    expect(lines).toContainEqual(expect.stringMatching(/manifest for .*rampart-backend@sha256:c+ not found/))
    expect(lines.join('\n')).not.toContain('rampart-frontend@sha256:d')
  })

  test('crash-loop exits six times on each instance, and then for good', () => {
    const world = createTestWorld({ switches: scenarios['crash-loop'].switches })
    const refresh = refreshTo(world, releaseVersion(world), { MinHealthyPercentage: 75, InstanceWarmup: 60 })
    passUntil(world, () => world.state.instances.length === 5)
    const [fresh] = world.state.instances.slice(4)
    passUntil(world, () => fresh?.lifecycle === 'Terminating')
    const lines = world.state.logs
      .events({ from: 0, to: Infinity })
      .filter(({ stream }) => stream === `${fresh?.id}/backend`)
    expect(lines.filter(({ message }) => message.includes('CacheFull: 50000')).length).toBe(6)
    expect(lines.filter(({ message }) => message.includes('readiness: ready')).length).toBe(6)
    expect(fresh?.answers.get(8000)).toBe('refused')
    expect(refresh.launched.has(fresh?.id ?? '')).toBe(true)
  })

  test('the fault can be in another service than the first', () => {
    const world = createTestWorld({ switches: { newImages: 'exit', faultyService: 'frontend' } })
    refreshTo(world, releaseVersion(world), preferences)
    pass(world, 240)
    const fresh = world.state.instances[4]
    expect(fresh?.answers.get(8000)).toBe(200)
    expect(fresh?.answers.get(3000)).toBe('refused')
  })

  test('every one has a name and a line for people', () => {
    expect(scenarioNames.length).toBe(16)
    for (const name of scenarioNames) expect(scenarios[name].description).toMatch(/^[a-z0-9A-Z].*[^.]$/)
    expect(isScenarioName('bad-image')).toBe(true)
    expect(isScenarioName('toString')).toBe(false)
  })

  test('throttled hits three calls in ten', () => {
    const next = createFaults(scenarios.throttled.faults, 1)
    const hits = Array.from({ length: 5000 }, () => next('ec2', 'DescribeInstances')).filter((effect) => effect)
    expect(hits.length / 5000).toBeCloseTo(0.3, 1)
    expect(new Set(hits.map((effect) => effect?.kind))).toEqual(new Set(['throttle', 'status', 'drop']))
  })

  test('an alarm does not trip below half of the fleet', () => {
    const world = createTestWorld({ switches: scenarios['alarm-trip'].switches })
    const one = { MinHealthyPercentage: 75, InstanceWarmup: 3600 }
    refreshTo(world, releaseVersion(world), one)
    pass(world, 3000)
    expect(fleet(world)).toEqual({ 7: 3, 8: 1 })
    expect(world.state.alarms[0]?.state).toBe('OK')
    passUntil(world, () => world.state.alarms[0]?.state === 'ALARM')
    expect(fleet(world)).toEqual({ 7: 2, 8: 2 })
  })

  test('an alarm that has tripped is OK again once the new release is gone', () => {
    const world = createTestWorld({ switches: scenarios['alarm-trip'].switches })
    const refresh = refreshTo(world, releaseVersion(world), preferences)
    passUntil(world, () => world.state.alarms[0]?.state === 'ALARM')
    passUntil(world, () => hasEnded(refresh))
    pass(world, 120)
    expect(world.state.alarms[0]?.state).toBe('OK')
  })
})
