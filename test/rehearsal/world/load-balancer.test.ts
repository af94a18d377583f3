import { describe, expect, test } from 'vitest'
import { enterStandby, exitStandby } from '../../../src/lib/rehearsal/world/group-requests.js'
import { setAnswer } from '../../../src/lib/rehearsal/world/load-balancer.js'
import type { Answer, Instance, Target } from '../../../src/lib/rehearsal/world/state.js'
import type { World } from '../../../src/lib/rehearsal/world/world.js'
import { createTestWorld, pass, passUntil, refreshTo, releaseVersion } from './support.js'

const targetOf = (world: World, instance: Instance): Target | undefined =>
  world.state.targetGroups[0]?.targets.get(instance.id)

function newInstance(world: World): Instance {
  refreshTo(world, releaseVersion(world), { MinHealthyPercentage: 75, InstanceWarmup: 900 })
  passUntil(world, () => world.state.instances.length === 5)
  const instance = world.state.instances.at(-1)
  if (instance === undefined) throw new Error('no instance')
  return instance
}

describe('a target', () => {
  test('goes from registration over initial checks to healthy, one pass being enough', () => {
    const world = createTestWorld({ switches: { healthCheckIntervalSeconds: 60 } })
    const instance = newInstance(world)
    const states: string[] = []
    passUntil(world, () => {
      const target = targetOf(world, instance)
      const state = target === undefined ? 'none' : `${target.state} ${target.reason ?? '-'}`
      if (states.at(-1) !== state) states.push(state)
      return target?.state === 'healthy'
    })
    expect(states).toEqual([
      'none',
      'initial Elb.RegistrationInProgress',
      'initial Elb.InitialHealthChecking',
      'healthy -',
    ])
    expect(targetOf(world, instance)?.passes).toBe(1)
  })

  test('that fails while it boots is unhealthy and then needs the whole threshold of passes', () => {
    const world = createTestWorld()
    const instance = newInstance(world)
    passUntil(world, () => targetOf(world, instance)?.state === 'unhealthy')
    expect(targetOf(world, instance)).toMatchObject({
      reason: 'Target.FailedHealthChecks',
      description: 'Health checks failed',
      failures: 3,
    })
    passUntil(world, () => targetOf(world, instance)?.state === 'healthy')
    expect(targetOf(world, instance)?.passes).toBe(2)
  })

  test.each<[Answer, string, string]>([
    [503, 'Target.ResponseCodeMismatch', 'Health checks failed with these codes: [503]'],
    ['timeout', 'Target.Timeout', 'Request timed out'],
    ['refused', 'Target.FailedHealthChecks', 'Health checks failed'],
  ])('that answers %s is unhealthy after three checks with %s', (answer, reason, description) => {
    const world = createTestWorld()
    const [instance] = world.state.group.instances
    if (instance === undefined) throw new Error('no instance')
    // Long within its grace period, so that the group leaves it alone.
    instance.inServiceAt = world.state.now
    setAnswer(world.state, instance, 8000, answer)
    pass(world, 19)
    expect(targetOf(world, instance)?.state).toBe('healthy')
    pass(world, 11)
    expect(targetOf(world, instance)).toMatchObject({ state: 'unhealthy', reason, description })
    setAnswer(world.state, instance, 8000, 200)
    pass(world, 21)
    expect(targetOf(world, instance)).toMatchObject({ state: 'healthy', reason: undefined, description: undefined })
  })

  test('that comes back from standby while it still drains stays registered', () => {
    const world = createTestWorld()
    const [instance] = world.state.group.instances
    if (instance === undefined) throw new Error('no instance')
    enterStandby(world.state, [instance.id], true)
    pass(world, 30)
    exitStandby(world.state, [instance.id])
    pass(world, 300)
    expect(instance.lifecycle).toBe('InService')
    expect(targetOf(world, instance)?.state).toBe('healthy')
  })

  test('drains for the deregistration delay, whatever its connections', () => {
    const world = createTestWorld({ switches: { deregistrationDelaySeconds: 90 } })
    newInstance(world)
    const leaving = world.state.group.instances.find(({ lifecycle }) => lifecycle === 'Terminating')
    if (leaving === undefined) throw new Error('none is leaving')
    expect(targetOf(world, leaving)).toMatchObject({
      state: 'draining',
      reason: 'Target.DeregistrationInProgress',
      description: 'Target deregistration is in progress',
    })
    const activity = world.state.activities.find(
      ({ description }) => description === `Terminating EC2 instance: ${leaving.id}`,
    )
    expect(activity?.statusCode).toBe('WaitingForELBConnectionDraining')
    const seconds = passUntil(world, () => targetOf(world, leaving) === undefined)
    expect(seconds).toBeGreaterThan(85)
    expect(seconds).toBeLessThanOrEqual(91)
    expect(leaving.state).toBe('shutting-down')
    passUntil(world, () => leaving.lifecycle === 'Terminated')
    expect(activity?.statusCode).toBe('Successful')
    expect(world.state.group.instances).not.toContain(leaving)
  })
})
