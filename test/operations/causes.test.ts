import { SetInstanceProtectionCommand } from '@aws-sdk/client-auto-scaling'
import { expect, test } from 'vitest'
import type { Cause } from '../../src/lib/domain/outcome.js'
import { groupName, of, startFleet, type FleetOptions, type RunOptions } from '../rollout/support/fleet.js'
import { causeText } from '../support/cause-text.js'

const alarms = ['target-5xx']

test.each<[string, FleetOptions, RunOptions]>([
  ['bad-image', { scenario: 'bad-image' }, {}],
  ['never-ready', { scenario: 'never-ready' }, {}],
  ['alarm-trip', { scenario: 'alarm-trip', rollout: { alarms } }, {}],
  ['no-capacity', { scenario: 'no-capacity' }, {}],
  ['image-not-found', { switches: { newImages: 'missing' } }, {}],
  ['crash-loop', { switches: { newImages: 'crash-loop' }, rollout: { warmup: 900 } }, {}],
  [
    'alarm-and-flaky',
    { switches: { newImages: 'flaky', flakyRate: 0.5, alarm: 'trips-at-half' }, rollout: { alarms, warmup: 600 } },
    { maxFailedStarts: 100 },
  ],
  ['timeout', { rollout: { warmup: 900 } }, { timeout: 600_000 }],
])('the cause of %s', async (name, options, run) => {
  const fleet = await startFleet({ seed: 7, ...options })
  const { events } = await fleet.run(run)
  const cause = of(events, 'rollout.finished')[0]?.cause
  await expect(causeText(cause)).toMatchFileSnapshot(`../golden/causes/${name}.txt`)
})

test('a protected instance that nobody expected is named while the rollout waits for it, and then no more', async () => {
  const fleet = await startFleet({ seed: 7 })
  const { autoScaling } = fleet.console
  const protect = (InstanceIds: string[], ProtectedFromScaleIn: boolean) =>
    autoScaling.send(
      new SetInstanceProtectionCommand({ AutoScalingGroupName: groupName, InstanceIds, ProtectedFromScaleIn }),
    )
  const causes: (Cause | undefined)[] = []
  const pending: Promise<unknown>[] = []
  let held: string | undefined
  const { ended } = await fleet.run({
    onEvent: (event) => {
      const old = event.type === 'target.changed' && !event.target.isNew ? event.target.id : undefined
      if (held === undefined && old !== undefined) {
        held = old
        pending.push(protect([old], true))
      }
      if (event.type !== 'cause') return
      causes.push(event.cause)
      if (event.cause?.code === 'protected-instance' && held !== undefined) pending.push(protect([held], false))
    },
  })
  await Promise.all(pending)
  expect(ended.ending).toBe('done')
  expect(causes.map((cause) => cause?.code)).toEqual(['protected-instance', undefined])
  const [first] = causes
  expect(first?.next[0]).toBe(
    `aws autoscaling set-instance-protection --auto-scaling-group-name ${groupName} --instance-ids ${held ?? ''} --no-protected-from-scale-in`,
  )
})
