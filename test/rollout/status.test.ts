import { expect, test } from 'vitest'
import type { FleetStatus } from '../../src/lib/domain/fleet-status.js'
import { repositories, startFleet, type Fleet } from './support/fleet.js'

const look = (fleet: Fleet): Promise<FleetStatus> => fleet.driver().status(fleet.cloud.registryHost, repositories)

test('at rest, never rolled by rampart', async () => {
  const fleet = await startFleet()
  const status = await look(fleet)
  expect(status).toMatchObject({ fleet: 'rampart-production-asg', desired: 4, revision: { number: '7' } })
  expect(status).not.toHaveProperty('release')
  expect(status).not.toHaveProperty('rollout')
  expect(status.images).toEqual(
    repositories.map((name) => `${fleet.cloud.registryHost}/${name}@${fleet.cloud.previousImages[name]}`),
  )
  expect(status.targets.map(({ isNew, health }) => `${isNew} ${health}`)).toEqual(Array(4).fill('true healthy'))
})

test('rolling: new are those of the release that comes, the version is still the old one', async () => {
  const fleet = await startFleet({ rollout: { maxHealthyPercentage: 125 } })
  const seen: FleetStatus[] = []
  fleet.clock.meanwhile = async (n) => {
    if (n === 25) seen.push(await look(fleet))
  }
  await fleet.run()
  const [status] = seen
  expect(status).toMatchObject({
    revision: { number: '7' },
    rollout: { status: 'InProgress', active: true, startedAt: expect.stringMatching(/^2026-01-15T12:/) },
  })
  expect(status).not.toHaveProperty('release')
  expect(status?.rollout).not.toHaveProperty('endedAt')
  const fresh = status?.targets.filter(({ isNew }) => isNew) ?? []
  expect(new Set(fresh.map(({ revision }) => revision))).toEqual(new Set(['8']))
  expect(status?.targets.some(({ isNew }) => !isNew)).toBe(true)

  const after = await look(fleet)
  expect(after).toMatchObject({ release: fleet.release('next').id, rollout: { status: 'Successful', active: false } })
  expect(after.targets.every(({ isNew }) => isNew)).toBe(true)
})

test('rolled back: what serves is the old one, and why', async () => {
  const fleet = await startFleet({ scenario: 'alarm-trip', rollout: { alarms: ['target-5xx'] } })
  await fleet.run()
  const status = await look(fleet)
  expect(status).toMatchObject({
    revision: { number: '7' },
    rollout: { status: 'RollbackSuccessful', active: false, reason: expect.stringContaining('target-5xx') },
  })
  expect(status.targets.every(({ isNew, health }) => isNew && health === 'healthy')).toBe(true)
})
