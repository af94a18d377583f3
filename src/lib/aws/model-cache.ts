import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch'
import { DescribeTasksCommand, ECSClient, ListTasksCommand, RunTaskCommand } from '@aws-sdk/client-ecs'
import {
  EFSClient,
  FileSystemNotFound,
  paginateDescribeFileSystems,
  paginateDescribeMountTargets,
} from '@aws-sdk/client-efs'
import { RampartError } from '../errors/rampart-error.js'
import type { FileSystem, ModelCache, MountPoint } from '../ports/model-cache.js'
import { task as taskOf } from './ecs-shapes.js'
import { call } from './failure.js'
import { clientSettings, counted, type ClientOptions } from './options.js'

const mebibyte = 2 ** 20
const hour = 3_600_000

/** The ModelCache port on the AWS SDK. */
export function createModelCache(options: ClientOptions): ModelCache {
  const efs = counted(new EFSClient(clientSettings(options)), options)
  const cloudWatch = counted(new CloudWatchClient(clientSettings(options)), options)
  const ecs = counted(new ECSClient(clientSettings(options)), options)
  const once = counted(new ECSClient(clientSettings({ ...options, maxAttempts: 1 })), options)

  async function mountsOf(id: string): Promise<readonly MountPoint[]> {
    const found: MountPoint[] = []
    for await (const page of paginateDescribeMountTargets({ client: efs }, { FileSystemId: id })) {
      for (const one of page.MountTargets ?? []) {
        found.push({
          subnet: one.SubnetId ?? '',
          zone: one.AvailabilityZoneName ?? '',
          state: one.LifeCycleState ?? '',
        })
      }
    }
    return found.toSorted((a, b) => (a.zone + a.subnet < b.zone + b.subnet ? -1 : 1))
  }

  async function fileSystem(id: string): Promise<FileSystem | undefined> {
    try {
      for await (const page of paginateDescribeFileSystems({ client: efs }, { FileSystemId: id })) {
        const one = page.FileSystems?.[0]
        if (one === undefined) continue
        const provisioned = one.ProvisionedThroughputInMibps
        return {
          id,
          state: one.LifeCycleState ?? '',
          bytes: one.SizeInBytes?.Value ?? 0,
          throughput: one.ThroughputMode ?? 'bursting',
          ...(provisioned !== undefined && { provisioned: provisioned * mebibyte }),
          mounts: await mountsOf(id),
        }
      }
      return undefined
    } catch (error) {
      if (error instanceof FileSystemNotFound) return undefined
      throw error
    }
  }

  return {
    fileSystem: (id) => call('elasticfilesystem:DescribeFileSystems', () => fileSystem(id)),
    async burstCredits(id, now) {
      const answer = await call('cloudwatch:GetMetricStatistics', () =>
        cloudWatch.send(
          new GetMetricStatisticsCommand({
            Namespace: 'AWS/EFS',
            MetricName: 'BurstCreditBalance',
            Dimensions: [{ Name: 'FileSystemId', Value: id }],
            StartTime: new Date(now - hour),
            EndTime: new Date(now),
            Period: 60,
            Statistics: ['Minimum'],
          }),
        ),
      )
      const points = (answer.Datapoints ?? []).toSorted(
        (a, b) => (b.Timestamp?.getTime() ?? 0) - (a.Timestamp?.getTime() ?? 0),
      )
      return points[0]?.Minimum
    },
    async running(cluster, family, container) {
      const { taskArns = [] } = await call('ecs:ListTasks', () =>
        ecs.send(new ListTasksCommand({ cluster, family, desiredStatus: 'RUNNING' })),
      )
      if (taskArns.length === 0) return undefined
      const { tasks = [] } = await call('ecs:DescribeTasks', () =>
        ecs.send(new DescribeTasksCommand({ cluster, tasks: taskArns })),
      )
      const newest = tasks.toSorted((a, b) => (b.createdAt?.getTime() ?? 0) - (a.createdAt?.getTime() ?? 0))[0]
      if (newest === undefined) return undefined
      const own = newest.overrides?.containerOverrides?.find(({ name }) => name === container)?.environment ?? []
      const environment = Object.fromEntries(own.map(({ name = '', value = '' }) => [name, value]))
      return { task: taskOf(newest), environment }
    },
    async run({ cluster, taskDefinition, subnets, securityGroups, container, environment }) {
      const { tasks = [], failures = [] } = await call('ecs:RunTask', () =>
        once.send(
          new RunTaskCommand({
            cluster,
            taskDefinition,
            launchType: 'FARGATE',
            startedBy: 'rampart',
            networkConfiguration: {
              awsvpcConfiguration: {
                subnets: [...subnets],
                securityGroups: [...securityGroups],
                assignPublicIp: 'DISABLED',
              },
            },
            overrides: {
              containerOverrides: [
                { name: container, environment: Object.entries(environment).map(([name, value]) => ({ name, value })) },
              ],
            },
          }),
        ),
      )
      const [made] = tasks
      if (made !== undefined) return taskOf(made)
      throw new RampartError('unreachable', `ECS started no task: ${failures[0]?.reason ?? 'it does not say why'}`, {
        next: ['run the same command again in some minutes'],
        passing: true,
      })
    },
    async task(cluster, arn) {
      const { tasks = [] } = await call('ecs:DescribeTasks', () =>
        ecs.send(new DescribeTasksCommand({ cluster, tasks: [arn] })),
      )
      return tasks[0] && taskOf(tasks[0])
    },
  }
}
