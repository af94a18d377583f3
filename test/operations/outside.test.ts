import {
  CancelInstanceRefreshCommand,
  RollbackInstanceRefreshCommand,
  SetInstanceProtectionCommand,
  StartInstanceRefreshCommand,
} from '@aws-sdk/client-auto-scaling'
import { describe, expect, test } from 'vitest'
import type { Target } from '../../src/lib/domain/target.js'
import { setAlarmState } from '../../src/lib/rehearsal/world/alarms.js'
import {
  digestsOf,
  groupName,
  of,
  servesEverywhere,
  startFleet,
  versions,
  type Fleet,
} from '../rollout/support/fleet.js'

const group = { AutoScalingGroupName: groupName }

/** Sets off the alarm, as a metric would. */
function ring(fleet: Fleet, state: 'ALARM' | 'OK' = 'ALARM'): void {
  const world = fleet.cloud.world.state
  const [alarm] = world.alarms
  if (alarm !== undefined) setAlarmState(world, alarm, state, 'Threshold Crossed: 3 datapoints were greater.')
}

describe('while we follow, somebody else', () => {
  test('cancels: attention, with what the targets are on now', async () => {
    const fleet = await startFleet({ rollout: { maxHealthyPercentage: 125 } })
    fleet.clock.meanwhile = async (n) => {
      if (n === 25) await fleet.console.autoScaling.send(new CancelInstanceRefreshCommand(group))
    }
    const { ended, events } = await fleet.run()
    expect(of(events, 'rollout.finished')).toMatchObject([{ outcome: 'cancelled', status: 'Cancelled' }])
    expect(ended.ending).toBe('attention')
    const counts = versions(fleet)
    expect(counts['8']).toBeGreaterThan(0)
    expect(counts['7']).toBeGreaterThan(0)
    expect(ended.message).toContain(`cancelled: ${counts['8']} of 4 targets`)
    expect(ended.next[0]).toBe('rampart deploy -c rampart.yml')
    // The way back works: the same deploy goes on where it was stopped.
    fleet.clock.meanwhile = () => undefined
    const again = await fleet.run()
    expect(again.ended.ending).toBe('done')
    expect(of(again.events, 'release.recorded')).toMatchObject([{ reused: true, revision: { number: '8' } }])
    servesEverywhere(fleet, digestsOf(fleet.release('next')))
  })

  test('rolls back: exit ending rolledBack, and who asked for it', async () => {
    const fleet = await startFleet()
    fleet.clock.meanwhile = async (n) => {
      if (n === 12) await fleet.console.autoScaling.send(new RollbackInstanceRefreshCommand(group))
    }
    const { ended, events } = await fleet.run()
    expect(ended.ending).toBe('rolledBack')
    expect(of(events, 'rollout.finished')).toMatchObject([
      { outcome: 'rolled-back', reason: 'Rollback was requested by the user.' },
    ])
    servesEverywhere(fleet, fleet.cloud.previousImages)
  })

  test('cancels just when rampart wants to go back: no refusal, a cancelled rollout', async () => {
    const fleet = await startFleet({
      scenario: 'never-ready',
      onAnswer: (_n, _service, operation) => {
        // Between rampart's look and its request.
        if (operation === 'FilterLogEvents') cancel = true
      },
    })
    let cancel = false
    const driver = fleet.driver()
    const { ended, events } = await fleet.run({
      request: {
        driver: {
          ...driver,
          rollBack: async (handle) => {
            if (cancel) await fleet.console.autoScaling.send(new CancelInstanceRefreshCommand(group))
            return driver.rollBack(handle)
          },
        },
      },
    })
    expect(of(events, 'rollout.finished')).toMatchObject([{ outcome: 'cancelled', cause: { code: 'never-ready' } }])
    expect(ended.ending).toBe('attention')
  })

  test('changes the size of the fleet: no failed starts, and all of it is proved', async () => {
    const fleet = await startFleet({ desired: 6, rollout: { maxHealthyPercentage: 150 } })
    fleet.clock.meanwhile = (n) => {
      if (n === 20) fleet.cloud.world.state.group.desired = 2
    }
    const { ended, events } = await fleet.run({ maxFailedStarts: 1 })
    expect(of(events, 'warning')).toEqual([])
    expect(ended).toMatchObject({ ending: 'done', message: expect.stringContaining('2 of 2 targets') })
  })
})

describe('what AWS itself ends', () => {
  test('a refresh without automatic rollback that an alarm stops: failed, attention, two releases', async () => {
    const fleet = await startFleet({ rollout: { maxHealthyPercentage: 125, alarms: ['target-5xx'] } })
    const { number, name } = await fleet.driver().record(fleet.release('next'))
    await fleet.console.autoScaling.send(
      new StartInstanceRefreshCommand({
        ...group,
        DesiredConfiguration: { LaunchTemplate: { LaunchTemplateId: name, Version: number } },
        Preferences: {
          MinHealthyPercentage: 100,
          MaxHealthyPercentage: 125,
          InstanceWarmup: 60,
          AlarmSpecification: { Alarms: ['target-5xx'] },
        },
      }),
    )
    fleet.clock.meanwhile = (n) => {
      if (n === 20) ring(fleet)
    }
    const { ended, events } = await fleet.run()
    expect(of(events, 'rollout.started')).toMatchObject([{ attached: true }])
    expect(of(events, 'rollout.finished')).toMatchObject([
      { outcome: 'failed', status: 'Failed', cause: { code: 'alarm' } },
    ])
    expect(ended).toMatchObject({
      ending: 'attention',
      message: expect.stringMatching(/failed \(Failed\).*[1-3] of 4/),
    })
    expect(Object.keys(versions(fleet)).sort()).toEqual(['7', '8'])
  })

  test('a rollback that fails: attention, and the honest number of targets', async () => {
    const fleet = await startFleet({ rollout: { maxHealthyPercentage: 125 } })
    fleet.clock.meanwhile = async (n) => {
      if (n !== 30) return
      const fresh = fleet.live().filter(({ template }) => template.version === 8)
      await fleet.console.autoScaling.send(
        new SetInstanceProtectionCommand({
          ...group,
          InstanceIds: fresh.map(({ id }) => id),
          ProtectedFromScaleIn: true,
        }),
      )
      await fleet.console.autoScaling.send(new RollbackInstanceRefreshCommand(group))
    }
    const { ended, events } = await fleet.run({ timeout: 86_400_000 })
    expect(of(events, 'rollout.finished')).toMatchObject([{ outcome: 'failed', status: 'RollbackFailed' }])
    expect(ended.ending).toBe('attention')
    expect(ended.message).toContain(`${versions(fleet)['8']} of 4 targets`)
  })

  // AWS says RollbackSuccessful, the targets say something else: the state of the world, not of the refresh.
  test.each<[string, Partial<Target>, RegExp]>([
    ['unwell', { health: 'unhealthy', reason: 'Target.Timeout' }, /^i-\w+ is unhealthy: Target.Timeout$/],
    ['partly on the failed release', { isNew: true, revision: '8' }, /^i-\w+ is still on version 8, which failed$/],
  ])('a rollback that left the fleet %s is not called rolled back', async (_name, changed, problem) => {
    const fleet = await startFleet({ scenario: 'bad-image' })
    const driver = fleet.driver()
    const observe: typeof driver.observe = async (handle, revision) => {
      const seen = await driver.observe(handle, revision)
      if (seen.outcome === undefined) return seen
      const [one] = seen.targets
      return { ...seen, targets: seen.targets.map((target) => (target === one ? { ...target, ...changed } : target)) }
    }
    const { ended } = await fleet.run({ request: { driver: { ...driver, observe } } })
    expect(ended).toMatchObject({ ending: 'attention', problems: [expect.stringMatching(problem)] })
  })
})

describe('what is seen of a rollout', () => {
  test('bake time: the status Baking, and success only after it', async () => {
    const fleet = await startFleet({ rollout: { bakeTime: 600 } })
    const { ended, events } = await fleet.run()
    expect(ended.ending).toBe('done')
    const words = [...new Set(of(events, 'rollout.progress').map(({ status }) => status))]
    expect(words).toEqual(['Pending', 'InProgress', 'Baking', 'Successful'])
    const took = of(events, 'phase.finished').find(({ phase }) => phase === 'rollout')?.duration ?? 0
    expect(took).toBeGreaterThan(600_000)
  })

  test('an alarm while it bakes rolls it back', async () => {
    const fleet = await startFleet({ rollout: { bakeTime: 600, alarms: ['target-5xx'] } })
    fleet.clock.meanwhile = () => {
      if (fleet.cloud.world.state.refreshes.at(-1)?.status === 'Baking') ring(fleet)
    }
    const { ended, events } = await fleet.run()
    expect(ended.ending).toBe('rolledBack')
    expect(of(events, 'rollout.finished')).toMatchObject([{ cause: { code: 'alarm' } }])
    servesEverywhere(fleet, fleet.cloud.previousImages)
  })

  test('checkpoints, each once', async () => {
    const fleet = await startFleet({
      rollout: { maxHealthyPercentage: 125, checkpointPercentages: [25, 50, 100], checkpointDelay: 300, warmup: 30 },
    })
    const { ended, events } = await fleet.run()
    expect(ended.ending).toBe('done')
    expect(of(events, 'checkpoint').map(({ percentage }) => percentage)).toEqual([25, 50, 100])
    expect(of(events, 'checkpoint')[0]?.detail).toMatch(/checkpoint/)
  })
})
