import * as sdk from '@aws-sdk/client-ecs'
import { describe, expect, test } from 'vitest'
import { startRehearsal } from '../../../src/lib/rehearsal/cloud.js'
import { setupOf, start } from '../world/support.js'
import { cluster, deployNext, ecsSetup, openEcs } from './support.js'

const service = 'finbert-api'
const arn = 'arn:aws:ecs:us-west-2:123456789012'

/** What the request is refused by. */
const refusal = async (request: Promise<unknown>): Promise<string> => {
  try {
    await request
  } catch (error) {
    if (error instanceof sdk.ECSServiceException) return `${error.name}: ${error.message}`
    throw error
  }
  return 'accepted'
}

const update = (changes: Partial<sdk.UpdateServiceRequest>) =>
  new sdk.UpdateServiceCommand({ cluster, service, ...changes })
const configured = (deploymentConfiguration: sdk.DeploymentConfiguration) => update({ deploymentConfiguration })

describe('ECS refuses', () => {
  test.each<[string, (ecs: sdk.ECSClient) => Promise<unknown>, RegExp]>([
    [
      'an unknown cluster',
      (ecs) => ecs.send(update({ cluster: 'other' })),
      /^ClusterNotFoundException: Cluster not found\.$/,
    ],
    ['no cluster', (ecs) => ecs.send(update({ cluster: undefined })), /^ClusterNotFoundException/],
    [
      'an unknown service',
      (ecs) => ecs.send(update({ service: 'other' })),
      /^ServiceNotFoundException: Service not found\.$/,
    ],
    [
      'an unknown definition',
      (ecs) => ecs.send(update({ taskDefinition: 'other' })),
      /^ClientException: TaskDefinition not found\.$/,
    ],
    [
      'tasks of an unknown service',
      (ecs) => ecs.send(new sdk.ListTasksCommand({ cluster, serviceName: 'other' })),
      /^ServiceNotFound/,
    ],
    [
      'no services',
      (ecs) => ecs.send(new sdk.DescribeServicesCommand({ cluster, services: [] })),
      /^InvalidParameterException/,
    ],
    [
      'eleven services',
      (ecs) => ecs.send(new sdk.DescribeServicesCommand({ cluster, services: Array.from({ length: 11 }, String) })),
      /^InvalidParameterException/,
    ],
    [
      'twenty-one deployments',
      (ecs) =>
        ecs.send(
          new sdk.DescribeServiceDeploymentsCommand({ serviceDeploymentArns: Array.from({ length: 21 }, String) }),
        ),
      /^InvalidParameterException/,
    ],
    [
      'an unknown task',
      (ecs) => ecs.send(new sdk.StopTaskCommand({ cluster, task: 'abc' })),
      /referenced task was not found/,
    ],
    [
      'an unknown token',
      (ecs) => ecs.send(new sdk.ListTasksCommand({ cluster, nextToken: 'mine' })),
      /^InvalidParameterException/,
    ],
    [
      'too large a page',
      (ecs) => ecs.send(new sdk.ListServicesCommand({ cluster, maxResults: 101 })),
      /^InvalidParameterException/,
    ],
    [
      'an unknown definition to show',
      (ecs) => ecs.send(new sdk.DescribeTaskDefinitionCommand({ taskDefinition: 'x' })),
      /Unable to describe/,
    ],
    [
      'a family to take away',
      (ecs) => ecs.send(new sdk.DeregisterTaskDefinitionCommand({ taskDefinition: service })),
      /^InvalidParameter/,
    ],
    [
      'tags of nothing',
      (ecs) => ecs.send(new sdk.ListTagsForResourceCommand({ resourceArn: `${arn}:service/finbert/x` })),
      /^InvalidParameter/,
    ],
    [
      'both percentages at 100',
      (ecs) => ecs.send(configured({ minimumHealthyPercent: 100, maximumPercent: 100 })),
      /Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments\.$/,
    ],
    [
      'a maximum below the minimum',
      (ecs) => ecs.send(configured({ minimumHealthyPercent: 90, maximumPercent: 80 })),
      /^Invalid/,
    ],
    ['a negative count', (ecs) => ecs.send(update({ desiredCount: -1 })), /^InvalidParameterException: desiredCount/],
    [
      'a shift without a second target group',
      (ecs) => ecs.send(configured({ strategy: 'BLUE_GREEN' })),
      /advancedConfiguration/,
    ],
    [
      'a canary that is none',
      (ecs) => ecs.send(configured({ canaryConfiguration: { canaryPercent: 5 } })),
      /canaryConfiguration/,
    ],
    [
      'a pause in the middle of a shift',
      (ecs) =>
        ecs.send(
          configured({ lifecycleHooks: [{ targetType: 'PAUSE', lifecycleStages: ['PRODUCTION_TRAFFIC_SHIFT'] }] }),
        ),
      /PAUSE hooks cannot be configured/,
    ],
    [
      'an early success below the minimum',
      (ecs) =>
        ecs.send(
          configured({
            earlySuccessCriteria: { enable: true, healthyPercent: 50, sourceServiceRevisionCleanup: 'BLOCKING' },
          }),
        ),
      /healthyPercent must be/,
    ],
  ])('%s', async (_name, request, message) => {
    const { ecs } = await openEcs()
    expect(await refusal(request(ecs))).toMatch(message)
  })

  test('an inactive definition', async () => {
    const cloud = await openEcs()
    const { taskDefinition } = await deployNext(cloud)
    await cloud.ecs.send(new sdk.DeregisterTaskDefinitionCommand({ taskDefinition }))
    expect(await refusal(cloud.ecs.send(update({ taskDefinition })))).toBe(
      'ClientException: TaskDefinition is inactive',
    )
  })

  test('everything but task definitions where there is no cluster', async () => {
    const rehearsal = await startRehearsal({ setup: setupOf(), scenario: 'healthy', now: () => start })
    try {
      const ecs = new sdk.ECSClient({
        endpoint: rehearsal.url,
        region: 'us-west-2',
        credentials: { accessKeyId: 'AKIAREHEARSALEXAMPLE', secretAccessKey: 'none' },
      })
      expect((await ecs.send(new sdk.ListClustersCommand({}))).clusterArns).toEqual([])
      const { failures } = await ecs.send(new sdk.DescribeClustersCommand({ clusters: ['web'] }))
      expect(failures).toEqual([{ arn: `${arn}:cluster/web`, reason: 'MISSING' }])
      await expect(ecs.send(update({}))).rejects.toThrow('Cluster not found.')
    } finally {
      await rehearsal.close()
    }
  })
})

describe('what is there', () => {
  test('is told from what is not', async () => {
    const { ecs } = await openEcs()
    const { services, failures } = await ecs.send(
      new sdk.DescribeServicesCommand({ cluster, services: [service, 'other'] }),
    )
    expect(services?.map(({ serviceName }) => serviceName)).toEqual([service])
    expect(failures).toEqual([{ arn: `${arn}:service/finbert/other`, reason: 'MISSING' }])
  })

  test('is listed page by page', async () => {
    const { ecs } = await openEcs({ setup: ecsSetup(7) })
    const pages = []
    for await (const page of sdk.paginateListTasks({ client: ecs, pageSize: 3 }, { cluster, serviceName: service })) {
      pages.push(page.taskArns?.length)
    }
    expect(pages).toEqual([3, 3, 1])
  })

  test('has tags, on every kind of resource', async () => {
    const { ecs } = await openEcs()
    const { taskArns } = await ecs.send(new sdk.ListTasksCommand({ cluster }))
    for (const resourceArn of [
      `${arn}:cluster/finbert`,
      `${arn}:service/finbert/${service}`,
      `${arn}:task-definition/${service}:7`,
      taskArns?.[0] ?? '',
    ]) {
      const tags = [
        { key: 'rampart:release', value: 'r1' },
        { key: 'b', value: '' },
      ]
      await ecs.send(new sdk.TagResourceCommand({ resourceArn, tags }))
      await ecs.send(new sdk.TagResourceCommand({ resourceArn, tags: [{ key: 'rampart:release', value: 'r2' }] }))
      await ecs.send(new sdk.UntagResourceCommand({ resourceArn, tagKeys: ['b'] }))
      const listed = await ecs.send(new sdk.ListTagsForResourceCommand({ resourceArn }))
      expect(listed.tags).toContainEqual({ key: 'rampart:release', value: 'r2' })
      expect(listed.tags?.some(({ key }) => key === 'b')).toBe(false)
    }
  })
})
