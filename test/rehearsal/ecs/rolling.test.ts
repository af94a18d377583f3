import {
  DescribeClustersCommand,
  DescribeServiceRevisionsCommand,
  ListClustersCommand,
  ListServicesCommand,
  waitUntilServicesStable,
} from '@aws-sdk/client-ecs'
import {
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { describe, expect, test } from 'vitest'
import { breaker, cluster, deployNext, ends, fleet, openEcs, serviceOf, tasksOf, until } from './support.js'

describe('services of ECS in the rehearsal', () => {
  test('begin with an earlier release that has long been serving', async () => {
    const cloud = await openEcs()
    const { clusterArns } = await cloud.ecs.send(new ListClustersCommand({}))
    expect(clusterArns).toEqual(['arn:aws:ecs:us-west-2:123456789012:cluster/finbert'])
    const { clusters } = await cloud.ecs.send(new DescribeClustersCommand({ clusters: [cluster] }))
    expect(clusters?.[0]).toMatchObject({ activeServicesCount: 2, runningTasksCount: 6, pendingTasksCount: 0 })
    const { serviceArns } = await cloud.ecs.send(new ListServicesCommand({ cluster }))
    expect(serviceArns).toHaveLength(2)
    const service = await serviceOf(cloud)
    expect(service).toMatchObject({
      status: 'ACTIVE',
      desiredCount: 4,
      runningCount: 4,
      pendingCount: 0,
      launchType: 'FARGATE',
      taskDefinition: 'arn:aws:ecs:us-west-2:123456789012:task-definition/finbert-api:7',
      deployments: [{ status: 'PRIMARY', rolloutState: 'COMPLETED', runningCount: 4 }],
    })
    const tasks = await tasksOf(cloud)
    const digest = cloud.rehearsal.previousImages['rampart-backend']
    expect(tasks.map(({ lastStatus, containers }) => [lastStatus, containers?.[0]?.imageDigest])).toEqual(
      Array.from({ length: 4 }, () => ['RUNNING', digest]),
    )
    const elb = new ElasticLoadBalancingV2Client(cloud.settings)
    const arn = service.loadBalancers?.[0]?.targetGroupArn
    const groups = await elb.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [arn ?? ''] }))
    expect(groups.TargetGroups?.[0]).toMatchObject({ TargetType: 'ip', Port: 8000 })
    const health = await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: arn }))
    expect(
      health.TargetHealthDescriptions?.map(({ Target, TargetHealth }) => [Target?.Id, TargetHealth?.State]),
    ).toEqual(tasks.map(({ containers }) => [containers?.[0]?.networkInterfaces?.[0]?.privateIpv4Address, 'healthy']))
  })

  test('roll over to a new task definition and say so', async () => {
    const cloud = await openEcs()
    const { arn, taskDefinition, digest } = await deployNext(cloud, {
      deploymentConfiguration: { deploymentCircuitBreaker: breaker },
    })
    expect(await until(cloud, arn, ['PENDING'])).toMatchObject({ status: 'PENDING' })
    expect((await serviceOf(cloud)).deployments).toMatchObject([
      { status: 'PRIMARY', rolloutState: 'IN_PROGRESS', taskDefinition },
      { status: 'ACTIVE', runningCount: 4 },
    ])
    const ended = await until(cloud, arn, ends)
    expect(ended).toMatchObject({
      status: 'SUCCESSFUL',
      deploymentCircuitBreaker: { status: 'MONITORING_COMPLETE', failureCount: 0, threshold: 3 },
    })
    expect(await fleet(cloud)).toEqual({ 8: 4 })
    const service = await serviceOf(cloud)
    expect(service.deployments).toMatchObject([{ status: 'PRIMARY', rolloutState: 'COMPLETED', runningCount: 4 }])
    const messages = service.events?.map(({ message }) => message?.replaceAll(/\(task \w+\)/g, '(task)'))
    expect(messages?.slice(0, 2)).toEqual([
      '(service finbert-api) has reached a steady state.',
      `(service finbert-api) (deployment ${service.deployments?.[0]?.id}) deployment completed.`,
    ])
    expect(messages).toContain('(service finbert-api) has started 4 tasks: (task) (task) (task) (task).')
    const { serviceRevisions } = await cloud.ecs.send(
      new DescribeServiceRevisionsCommand({ serviceRevisionArns: [ended.targetServiceRevision?.arn ?? ''] }),
    )
    expect(serviceRevisions?.[0]?.containerImages).toMatchObject([{ containerName: 'api', imageDigest: digest }])
    await waitUntilServicesStable({ client: cloud.ecs, maxWaitTime: 30 }, { cluster, services: ['finbert-api'] })
  })
})
