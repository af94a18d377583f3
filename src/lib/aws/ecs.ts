import {
  ContinueServiceDeploymentCommand,
  DescribeClustersCommand,
  DescribeServiceDeploymentsCommand,
  DescribeServiceRevisionsCommand,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ECSClient,
  ListServiceDeploymentsCommand,
  paginateListTaskDefinitions,
  paginateListTasks,
  RegisterTaskDefinitionCommand,
  StopServiceDeploymentCommand,
  UpdateServiceCommand,
  type TaskDefinition,
} from '@aws-sdk/client-ecs'
import { RampartError } from '../errors/rampart-error.js'
import type { Ecs, EcsDeploymentBrief } from '../ports/ecs.js'
import type { Refusal } from '../ports/auto-scaling.js'
import { changedConfiguration, registration } from './ecs-requests.js'
import { brief, deployment, revisionNumber, service, task, taskDefinition } from './ecs-shapes.js'
import { attempt, call, errorCode } from './failure.js'
import { clientSettings, counted, type ClientOptions } from './options.js'

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html and its likes. */
const most = { services: 10, deployments: 20, revisions: 20, tasks: 100 }

function* pages<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size)
}

async function inPages<T, R>(
  items: readonly T[],
  size: number,
  ask: (page: T[]) => Promise<readonly R[]>,
): Promise<readonly R[]> {
  return (await Promise.all([...pages(items, size)].map(ask))).flat()
}

async function refuse(operation: string, send: () => Promise<unknown>): Promise<Refusal | undefined> {
  const answer = await attempt(operation, async () => {
    await send()
    return {}
  })
  return 'refused' in answer ? answer.refused : undefined
}

/** The Ecs port on the AWS SDK. */
export function createEcs(options: ClientOptions): Ecs {
  const client = counted(new ECSClient(clientSettings(options)), options)
  /** For what must not be asked twice. */
  const once = counted(new ECSClient(clientSettings({ ...options, maxAttempts: 1 })), options)

  return {
    async describeCluster(name) {
      const answer = await call('ecs:DescribeClusters', () =>
        client.send(new DescribeClustersCommand({ clusters: [name] })),
      )
      const found = answer.clusters?.[0]
      return found && { name: found.clusterName ?? '', arn: found.clusterArn ?? '', status: found.status ?? '' }
    },

    async describeServices(cluster, names) {
      const found = await call('ecs:DescribeServices', () =>
        inPages(names, most.services, async (page) => {
          const answer = await client.send(new DescribeServicesCommand({ cluster, services: page }))
          return (answer.services ?? []).map(service)
        }),
      )
      return names.flatMap((name) => found.filter((one) => one.name === name))
    },

    async describeTaskDefinition(name) {
      try {
        const answer = await client.send(new DescribeTaskDefinitionCommand({ taskDefinition: name, include: ['TAGS'] }))
        return answer.taskDefinition && taskDefinition(answer.taskDefinition, answer.tags)
      } catch (error) {
        // What AWS calls a client exception here is that there is no such task definition.
        if (errorCode(error) === 'Client') return undefined
        return call('ecs:DescribeTaskDefinition', () => Promise.reject(error))
      }
    },

    async listTaskDefinitions(family, above) {
      return call('ecs:ListTaskDefinitions', async () => {
        const found: string[] = []
        const listed = paginateListTaskDefinitions({ client }, { familyPrefix: family, status: 'ACTIVE', sort: 'DESC' })
        for await (const page of listed) {
          for (const arn of page.taskDefinitionArns ?? []) {
            // Newest first: the first that is not above ends the search.
            if (revisionNumber(arn) <= above) return found
            found.push(arn)
          }
        }
        return found
      })
    },

    foreseeTaskDefinition: ({ source, images, tags }) => {
      const { tags: _tags, ...whole } = registration(source.whole, images, tags)
      return whole
    },

    async registerTaskDefinition({ source, images, tags }) {
      const answer = await call('ecs:RegisterTaskDefinition', () =>
        once.send(new RegisterTaskDefinitionCommand(registration(source.whole as TaskDefinition, images, tags))),
      )
      if (answer.taskDefinition === undefined) {
        throw new RampartError('unreachable', 'ecs:RegisterTaskDefinition answered without a task definition')
      }
      return taskDefinition(answer.taskDefinition, answer.tags)
    },

    async updateService({ cluster, service: name, taskDefinition: arn, force, configuration }) {
      const answer = await call('ecs:DescribeServices', () =>
        client.send(new DescribeServicesCommand({ cluster, services: [name] })),
      )
      const before = answer.services?.[0]?.deploymentConfiguration
      const refused = await refuse('ecs:UpdateService', () =>
        // Asked again, the same change changes nothing: only a forced deployment would be a second one.
        (force ? once : client).send(
          new UpdateServiceCommand({
            cluster,
            service: name,
            taskDefinition: arn,
            ...(force && { forceNewDeployment: true }),
            ...(configuration !== undefined && {
              deploymentConfiguration: changedConfiguration(before, configuration),
            }),
          }),
        ),
      )
      return refused === undefined ? {} : { refused }
    },

    async listServiceDeployments(cluster, name, since) {
      return call('ecs:ListServiceDeployments', async () => {
        const found: EcsDeploymentBrief[] = []
        let nextToken: string | undefined
        do {
          // oxlint-disable-next-line no-await-in-loop -- each page names the next one
          const answer = await client.send(
            new ListServiceDeploymentsCommand({
              cluster,
              service: name,
              maxResults: 100,
              ...(since !== undefined && { createdAt: { after: new Date(since) } }),
              ...(nextToken !== undefined && { nextToken }),
            }),
          )
          found.push(...(answer.serviceDeployments ?? []).map(brief))
          ;({ nextToken } = answer)
        } while (nextToken !== undefined)
        return found.toSorted((a, b) => b.createdAt - a.createdAt)
      })
    },

    async describeServiceDeployments(arns) {
      return call('ecs:DescribeServiceDeployments', () =>
        inPages([...new Set(arns)], most.deployments, async (page) => {
          const answer = await client.send(new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: page }))
          return (answer.serviceDeployments ?? []).map(deployment)
        }),
      )
    },

    async taskDefinitionsOf(revisionArns) {
      const found = await call('ecs:DescribeServiceRevisions', () =>
        inPages([...new Set(revisionArns)], most.revisions, async (page) => {
          const answer = await client.send(new DescribeServiceRevisionsCommand({ serviceRevisionArns: page }))
          return answer.serviceRevisions ?? []
        }),
      )
      return new Map(found.map((one) => [one.serviceRevisionArn ?? '', one.taskDefinition ?? '']))
    },

    rollBackServiceDeployment: (arn) =>
      refuse('ecs:StopServiceDeployment', () =>
        client.send(new StopServiceDeploymentCommand({ serviceDeploymentArn: arn, stopType: 'ROLLBACK' })),
      ),

    abortServiceDeployment: (arn) =>
      refuse('ecs:StopServiceDeployment', () =>
        client.send(new StopServiceDeploymentCommand({ serviceDeploymentArn: arn, stopType: 'ABORT' })),
      ),

    resizeService: (cluster, name, desiredCount) =>
      refuse('ecs:UpdateService', () =>
        client.send(new UpdateServiceCommand({ cluster, service: name, desiredCount })),
      ),

    continueServiceDeployment: (arn, hookId) =>
      refuse('ecs:ContinueServiceDeployment', () =>
        client.send(new ContinueServiceDeploymentCommand({ serviceDeploymentArn: arn, hookId, action: 'CONTINUE' })),
      ),

    async describeTasks(cluster, name, wanted) {
      const arns = await call('ecs:ListTasks', async () => {
        const listed: string[] = []
        const lists = paginateListTasks({ client }, { cluster, serviceName: name, desiredStatus: wanted })
        for await (const page of lists) listed.push(...(page.taskArns ?? []))
        return listed
      })
      return call('ecs:DescribeTasks', () =>
        inPages(arns, most.tasks, async (page) => {
          const answer = await client.send(new DescribeTasksCommand({ cluster, tasks: page }))
          return (answer.tasks ?? []).map(task)
        }),
      )
    },
  }
}
