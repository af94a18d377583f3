import { UpdateServiceCommand } from '@aws-sdk/client-ecs'
import { expect, test } from 'vitest'
import type { Driver } from '../../../src/lib/rollout/driver.js'
import { clusterName, startCluster, type Cluster } from './support.js'

const asked = async (cluster: Cluster, driver: Driver) => {
  const checks = await driver.preflight(cluster.cloud.registryHost, [])
  return new Map(checks.map((check) => [check.name, check]))
}

test('a sound cluster passes every check', async () => {
  const cluster = await startCluster()
  const checks = await asked(cluster, cluster.driver({ change: { alarms: ['target-5xx'] } }))
  expect([...checks.values()].filter(({ result }) => result !== 'ok')).toEqual([])
  expect(checks.get('container of finbert-api')?.detail).toBe('api of finbert-api:7')
})

test.each([
  [
    'percentages that let nothing move',
    { change: { minimumHealthyPercent: 75, maximumPercent: 125 } },
    'room of finbert-api',
    /may neither start nor stop any/,
  ],
  [
    'a container that there is not',
    { services: [{ container: 'web' }] },
    'container of finbert-api',
    /finbert-api:7 has no container web; it has api/,
  ],
  [
    'a repository that no container runs',
    { services: [{ repository: 'other/api' }] },
    'container of finbert-api',
    /no container of finbert-api:7 runs .*\/other\/api; it has api \(/,
  ],
  [
    'an image for another processor',
    { services: [{ platform: 'linux/arm64' as const }] },
    'platform of finbert-api',
    /runs on X86_64, the image of api is built for linux\/arm64/,
  ],
  ['a service that there is not', { services: [{ name: 'finbert-apy' }] }, 'service finbert-apy', /there is none/],
  ['an alarm that there is not', { change: { alarms: ['nobody'] } }, 'alarms', /nobody does not exist/],
])('%s is a failed check', async (_, changes, name, detail) => {
  const cluster = await startCluster()
  const check = (await asked(cluster, cluster.driver(changes))).get(name)
  expect(check?.result).toBe('fail')
  expect(check?.detail).toMatch(detail)
})

test('a service without tasks, and one without a grace period', async () => {
  const cluster = await startCluster()
  await cluster.console.send(
    new UpdateServiceCommand({ cluster: clusterName, service: 'finbert-api', desiredCount: 0 }),
  )
  await cluster.console.send(
    new UpdateServiceCommand({ cluster: clusterName, service: 'finbert-ui', healthCheckGracePeriodSeconds: 0 }),
  )
  const checks = await asked(cluster, cluster.driver())
  expect(checks.get('service finbert-api')).toMatchObject({
    result: 'fail',
    detail: expect.stringContaining('wants no tasks') as string,
  })
  expect(checks.get('grace of finbert-ui')?.result).toBe('warn')
})
