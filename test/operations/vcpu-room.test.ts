import { expect, onTestFinished, test } from 'vitest'
import { createMetrics } from '../../src/lib/aws/metrics.js'
import { createQuotas } from '../../src/lib/aws/quotas.js'
import { fargateQuota, instanceQuota } from '../../src/lib/domain/vcpu-quota.js'
import { vcpuRoom } from '../../src/lib/operations/vcpu-room.js'
import { startRehearsal } from '../../src/lib/rehearsal/cloud.js'
import type { RehearsalSetup } from '../../src/lib/rehearsal/setup.js'
import { withEnvironment } from '../doctor/support.js'
import { ecsSetup } from '../rehearsal/ecs/support.js'
import { setupOf, start } from '../rehearsal/world/support.js'
import { cleanEnvironment } from '../support/cli.js'

type Fleet = Parameters<typeof vcpuRoom>[0]

/** What is left in an account that runs that set-up, so many minutes after it has begun. */
async function roomIn(setup: RehearsalSetup, fleet: Fleet, minutes: number): ReturnType<typeof vcpuRoom> {
  let now = start
  const rehearsal = await startRehearsal({ setup, scenario: 'healthy', now: () => now })
  onTestFinished(() => rehearsal.close())
  now += minutes * 60_000
  const { region } = setup
  return withEnvironment(cleanEnvironment(rehearsal.environment), () =>
    vcpuRoom(fleet, { quotas: createQuotas({ region }), metrics: createMetrics({ region }), now: () => now }),
  )
}

const parts = [{ name: 'web', desired: 2 }]
const large = { kind: 'instance', type: 't3.large' } as const

test('the account has what CloudWatch has measured, and its own targets where it has not yet', async () => {
  // Four instances run, of which the fleet says that two are its own.
  expect(await roomIn(setupOf(4), { rented: large, parts }, 3)).toEqual({
    quota: { service: 'ec2', code: 'L-1216C47A' },
    name: 'Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances',
    limit: 256,
    inUse: 8,
    isMeasured: true,
    each: 2,
  })
  const early = await roomIn(setupOf(4), { rented: large, parts }, 0)
  expect(early).toMatchObject({ inUse: 4, isMeasured: false })
})

test('tasks of Fargate count for its own quota', async () => {
  const rented = { kind: 'task', vcpu: 0.5, memory: 1e9, isFargate: true } as const
  const room = await roomIn(ecsSetup(), { rented, parts }, 3)
  expect(room).toMatchObject({ quota: fargateQuota, limit: 256, isMeasured: true, each: 0.5 })
  expect(room).not.toHaveProperty('unknown')
})

test.each([
  [undefined, /nobody can tell/],
  [{ kind: 'task', vcpu: 1, memory: 1e9, isFargate: false }, /run on instances of the cluster/],
  [{ kind: 'instance', type: 'u-24tb1.metal' }, /which quota u-24tb1\.metal counts for/],
  [{ kind: 'instance', type: 't3.gigantic' }, /how many vCPUs t3\.gigantic has/],
  // The account has none of its own for it.
  [{ kind: 'instance', type: 'g5.xlarge' }, /no quota L-DB2E81BA/],
] as const)('%j: it is said why nobody has looked', async (rented, words) => {
  const fleet = { parts, ...(rented !== undefined && { rented }) }
  expect(await roomIn(setupOf(), fleet, 3)).toEqual({ unknown: expect.stringMatching(words) })
})

test.each([
  ['t3.large', 'L-1216C47A'],
  ['im4gn.large', 'L-1216C47A'],
  ['c7g.xlarge', 'L-1216C47A'],
  ['g4dn.xlarge', 'L-DB2E81BA'],
  ['p4d.24xlarge', 'L-417A185B'],
  ['inf2.xlarge', undefined],
  ['hpc7a.12xlarge', undefined],
])('%s counts for %s', (type, code) => {
  expect(instanceQuota(type)?.code).toBe(code)
})
