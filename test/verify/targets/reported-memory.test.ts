import { UpdateServiceCommand } from '@aws-sdk/client-ecs'
import { describe, expect, test } from 'vitest'
import { createEcs } from '../../../src/lib/aws/ecs.js'
import { createMetrics } from '../../../src/lib/aws/metrics.js'
import { taskDefinition } from '../../../src/lib/aws/ecs-shapes.js'
import {
  fullMinutes,
  judgeTold,
  reportedMemoryTasks,
  type ToldMemory,
} from '../../../src/lib/verify/targets/reported-memory.js'
import { awsAt } from '../../aws/support.js'
import { cluster, openEcs, registerNext, storeImage, type EcsCloud } from '../../rehearsal/ecs/support.js'

const gibibyte = 2 ** 30
const eight = { reserved: 8 * gibibyte, limit: 8 * gibibyte }

describe('what CloudWatch tells of the memory of a service', () => {
  test.each<[string, Omit<ToldMemory, 'name'>, string, string]>([
    ['nothing yet', { percents: [], memory: eight }, 'skip', 'not measured yet: CloudWatch tells once a minute'],
    ['half', { percents: [50], memory: eight }, 'ok', 'api: 4.0 GiB of 8.0 GiB, 50 % left, reported by CloudWatch'],
    [
      'the fullest minute',
      { percents: [61, 90, 62], memory: eight },
      'warn',
      'api: 7.2 GiB of 8.0 GiB, 10 % left, reported by CloudWatch',
    ],
    [
      'more than is reserved, and less than it may have',
      { percents: [150], memory: { reserved: 4 * gibibyte, limit: 8 * gibibyte } },
      'ok',
      'api: 6.0 GiB of 8.0 GiB, 25 % left, reported by CloudWatch',
    ],
    [
      'all of it: the kernel ends whoever wants more',
      { percents: [61, 100], memory: eight },
      'fail',
      'api: 8.0 GiB of 8.0 GiB, none left, reported by CloudWatch',
    ],
    [
      'too much',
      { percents: [106.25], memory: eight },
      'fail',
      'api: 8.5 GiB of 8.0 GiB, 0.5 GiB too much, reported by CloudWatch',
    ],
    [
      'no bound',
      { percents: [50], memory: { reserved: gibibyte } },
      'skip',
      'its task definition does not bound the memory of a task',
    ],
    [
      'nothing known',
      { percents: [50], memory: undefined },
      'skip',
      'its task definition does not bound the memory of a task',
    ],
  ])('%s', (_name, told, result, detail) => {
    const judged = judgeTold({ name: 'api', ...told })
    expect(judged).toMatchObject({ result, detail })
    expect(judged.remedy?.includes('15 % should stay free') === true).toBe(['warn', 'fail'].includes(result))
  })

  test.each([
    [0, 59_999, undefined],
    [0, 60_000, { from: 0, to: 60_000 }],
    [1, 60_000, undefined],
    [1, 119_999, undefined],
    [1, 120_000, { from: 60_000, to: 120_000 }],
    [0, 48 * 3_600_000, { from: 24 * 3_600_000, to: 48 * 3_600_000 }],
  ])('of a task that started at %d, asked at %d', (since, now, span) => {
    expect(fullMinutes(since, now)).toEqual(span)
  })

  test.each([
    ['of the task', { memory: '2048', containerDefinitions: [{ memory: 512 }] }, { reserved: 2048, limit: 2048 }],
    [
      'of its containers',
      { containerDefinitions: [{ memory: 512, memoryReservation: 256 }, { memory: 128 }] },
      { reserved: 384, limit: 640 },
    ],
    [
      'without a bound',
      { containerDefinitions: [{ memoryReservation: 256 }, { memory: 128 }] },
      { reserved: 384, limit: undefined },
    ],
    ['that is not told', { containerDefinitions: [{ memory: 512 }, {}] }, undefined],
  ])('the memory %s is read in bytes', (_name, from, mebibytes) => {
    const { memory } = taskDefinition(from, undefined)
    const inMebibytes = memory && {
      reserved: memory.reserved / 2 ** 20,
      limit: memory.limit === undefined ? undefined : memory.limit / 2 ** 20,
    }
    expect(inMebibytes).toEqual(mebibytes)
  })
})

async function look(cloud: EcsCloud, services = [{ name: 'backend', service: 'finbert-api' }]) {
  awsAt(cloud.rehearsal.url)
  const client = { region: 'us-west-2', maxAttempts: 1 }
  const clock = { now: () => cloud.now() }
  const tasks = reportedMemoryTasks({
    ecs: createEcs(client),
    metrics: createMetrics(client),
    clock,
    cluster,
    services,
  })
  const { signal } = new AbortController()
  const looks = await Promise.all(tasks.map(async (task) => [task.name, await task.look(signal)] as const))
  return Object.fromEntries(looks)
}

describe('a rehearsed service of ECS', () => {
  const both = [
    { name: 'backend', service: 'finbert-api' },
    { name: 'frontend', service: 'finbert-ui' },
  ]

  test('has memory to spare, and is judged once two minutes went by', async () => {
    const cloud = await openEcs()
    cloud.wait(120)
    const { 'memory:backend': backend, 'memory:frontend': frontend } = await look(cloud, both)
    expect(backend).toMatchObject({ result: 'ok' })
    expect(backend?.detail).toMatch(/^backend: 1\.\d GiB of 2\.0 GiB, 2\d % left, reported by CloudWatch$/)
    expect(backend?.evidence?.[0]).toMatch(
      /^at most 7\d\.\d % in \d+ minutes since the newest task started \(reported\)$/,
    )
    expect(frontend?.detail).toMatch(/^frontend: .* 3[78] % left, reported by CloudWatch$/)
  })

  test('that has just moved to tasks that are too small is not waited for, and warned of when it was measured', async () => {
    const cloud = await openEcs({ switches: { modelMemoryFactor: 1.55 } })
    const image = `${cloud.rehearsal.registryHost}/rampart-backend@${storeImage(cloud)}`
    const definition = await registerNext(cloud, image, 'finbert-api', { cpu: '512', memory: '2048' })
    const update = { cluster, service: 'finbert-api', taskDefinition: definition }
    await cloud.ecs.send(new UpdateServiceCommand(update))
    const { tasks } = cloud.rehearsal.world.state.ecs
    const isMoved = (): boolean =>
      tasks.filter((task) => task.definition.arn === definition && task.status === 'RUNNING').length === 4
    for (let seconds = 0; !isMoved() && seconds < 7200; seconds += 5) {
      cloud.wait(5)
      cloud.rehearsal.world.advanceTo(cloud.now())
    }
    expect(await look(cloud)).toEqual({
      'memory:backend': { result: 'skip', detail: 'not measured yet: CloudWatch tells once a minute' },
    })
    cloud.wait(600)
    const { 'memory:backend': backend } = await look(cloud)
    expect(backend).toMatchObject({ result: 'warn' })
    expect(backend?.detail).toMatch(/^backend: 1\.7 GiB of 2\.0 GiB, 13 % left, reported by CloudWatch$/)
    expect(backend?.remedy).toContain('take larger targets')
  })

  test('that can not be asked about is left out, and the reason is told', async () => {
    const cloud = await openEcs()
    await cloud.rehearsal.close()
    const { 'memory:backend': backend } = await look(cloud)
    expect(backend?.result).toBe('skip')
    expect(backend?.detail).toMatch(/^not measured: ecs:/)
    expect(await look(cloud, [])).toEqual({})
  })
})
