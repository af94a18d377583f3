import {
  DescribeServiceDeploymentsCommand,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
  type RegisterTaskDefinitionCommandInput,
  type Service,
  type ServiceDeployment,
  type Task,
  type UpdateServiceCommandInput,
} from '@aws-sdk/client-ecs'
import { onTestFinished } from 'vitest'
import type { Digest } from '../../../src/lib/domain/digest.js'
import { startRehearsal, type Rehearsal, type RehearsalOptions } from '../../../src/lib/rehearsal/cloud.js'
import type { RehearsalSetup, RehearsedEcsService } from '../../../src/lib/rehearsal/setup.js'
import { setupOf, start } from '../world/support.js'

export const cluster = 'finbert'

/** The two services of the set-up, each in a service of ECS of its own. */
export function ecsSetup(desired = 4, changes: Partial<RehearsedEcsService> = {}): RehearsalSetup {
  const { group: _group, ecs: _ecs, ...common } = setupOf()
  return {
    ...common,
    ecs: {
      cluster,
      services: [
        {
          name: 'finbert-api',
          taskFamily: 'finbert-api',
          container: 'api',
          service: 'backend',
          desired,
          launchType: 'FARGATE',
          ...changes,
        },
        {
          name: 'finbert-ui',
          taskFamily: 'finbert-ui',
          container: 'ui',
          service: 'frontend',
          desired: 2,
          launchType: 'FARGATE',
        },
      ],
    },
  }
}

export interface EcsCloud {
  readonly rehearsal: Rehearsal
  readonly ecs: ECSClient
  /** What every client of the AWS SDK needs to reach it. */
  readonly settings: {
    readonly region: string
    readonly endpoint: string
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
    readonly maxAttempts: number
  }
  /** Lets virtual seconds go by. */
  wait(seconds: number): void
  now(): number
}

/** A rehearsal with services of ECS, until the test ends. */
export async function openEcs(options: Partial<RehearsalOptions> = {}): Promise<EcsCloud> {
  let now = start
  const rehearsal = await startRehearsal({ setup: ecsSetup(), scenario: 'healthy', now: () => now, ...options })
  onTestFinished(() => rehearsal.close())
  const { environment } = rehearsal
  const settings = {
    region: environment['AWS_REGION'] ?? '',
    endpoint: rehearsal.url,
    credentials: {
      accessKeyId: environment['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: environment['AWS_SECRET_ACCESS_KEY'] ?? '',
    },
    maxAttempts: 1,
  }
  return {
    rehearsal,
    settings,
    ecs: new ECSClient(settings),
    wait: (seconds) => {
      now += seconds * 1000
    },
    now: () => now,
  }
}

/** Stores a new image of the service's repository. */
export function storeImage({ rehearsal }: EcsCloud, tag = 'next', repository = 'rampart-backend'): Digest {
  const { digest } = rehearsal.registry.storeImage({
    repository,
    tag,
    layers: [{ phantom: { name: `${tag} of ${repository}`, size: 900_000_000 } }],
    labels: { 'rampart.models': JSON.stringify(setupOf().services[0]?.base?.models ?? []) },
  })
  return digest
}

/** Registers the family's newest task definition with another image; its ARN. */
export async function registerNext(
  cloud: EcsCloud,
  image: string,
  family = 'finbert-api',
  changes: Partial<RegisterTaskDefinitionCommandInput> = {},
): Promise<string> {
  const { taskDefinition } = await cloud.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: family }))
  const { containerDefinitions, cpu, memory, networkMode, executionRoleArn, requiresCompatibilities } =
    taskDefinition ?? {}
  const { taskDefinition: registered } = await cloud.ecs.send(
    new RegisterTaskDefinitionCommand({
      family,
      cpu,
      memory,
      networkMode,
      executionRoleArn,
      requiresCompatibilities,
      containerDefinitions: containerDefinitions?.map((each) => ({ ...each, image })),
      ...changes,
    }),
  )
  return registered?.taskDefinitionArn ?? ''
}

/** Stores an image, registers it and updates the service to it; the ARN of the service deployment. */
export async function deployNext(
  cloud: EcsCloud,
  update: Partial<UpdateServiceCommandInput> = {},
  tag = 'next',
): Promise<{ readonly arn: string; readonly taskDefinition: string; readonly digest: Digest }> {
  const digest = storeImage(cloud, tag)
  const taskDefinition = await registerNext(cloud, `${cloud.rehearsal.registryHost}/rampart-backend@${digest}`)
  const { service } = await cloud.ecs.send(
    new UpdateServiceCommand({ cluster, service: 'finbert-api', taskDefinition, ...update }),
  )
  return { arn: service?.currentServiceDeployment ?? '', taskDefinition, digest }
}

/** The service as it is now. */
export async function serviceOf({ ecs }: EcsCloud, name = 'finbert-api'): Promise<Service> {
  const { services } = await ecs.send(new DescribeServicesCommand({ cluster, services: [name], include: ['TAGS'] }))
  const [service] = services ?? []
  if (service === undefined) throw new Error(`there is no service ${name}`)
  return service
}

/** The service deployment as it is now. */
export async function deploymentOf({ ecs }: EcsCloud, arn: string): Promise<ServiceDeployment> {
  const { serviceDeployments } = await ecs.send(new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: [arn] }))
  const [deployment] = serviceDeployments ?? []
  if (deployment === undefined) throw new Error(`there is no service deployment ${arn}`)
  return deployment
}

/** The tasks of a service that are to run, or that are stopped. */
export async function tasksOf(
  { ecs }: EcsCloud,
  desiredStatus: 'RUNNING' | 'STOPPED' = 'RUNNING',
  serviceName = 'finbert-api',
): Promise<readonly Task[]> {
  const { taskArns } = await ecs.send(new ListTasksCommand({ cluster, serviceName, desiredStatus }))
  if (taskArns === undefined || taskArns.length === 0) return []
  const { tasks } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: taskArns }))
  return tasks ?? []
}

/** Lets time go by until the deployment has one of the states; it then. Fails after that many virtual seconds. */
export async function until(
  cloud: EcsCloud,
  arn: string,
  states: readonly string[],
  limit = 7200,
  step = 5,
): Promise<ServiceDeployment> {
  for (let passed = 0; passed <= limit; passed += step) {
    const deployment = await deploymentOf(cloud, arn)
    if (states.includes(deployment.status ?? '')) return deployment
    cloud.wait(step)
  }
  const { status, lifecycleStage } = await deploymentOf(cloud, arn)
  throw new Error(`the deployment is still ${status} (${lifecycleStage}) after ${limit} s`)
}

/** How many of the service's tasks that are to run have each task definition. */
export async function fleet(cloud: EcsCloud): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { taskDefinitionArn = '' } of await tasksOf(cloud)) {
    const revision = taskDefinitionArn.slice(taskDefinitionArn.lastIndexOf(':') + 1)
    counts[revision] = (counts[revision] ?? 0) + 1
  }
  return counts
}

export const ends = ['SUCCESSFUL', 'STOPPED', 'ROLLBACK_SUCCESSFUL', 'ROLLBACK_FAILED']

export const breaker = { enable: true, rollback: true } as const
