import type { LoadBalancer } from '@aws-sdk/client-ecs'
import { formatImageRef } from '../../../domain/image-ref.js'
import type { RehearsalSetup, RehearsedEcsService } from '../../setup.js'
import { accessLine, runsOnNode } from '../access-line.js'
import { traffic } from '../container.js'
import { registerHealthyTargets } from '../load-balancer.js'
import type { PreviousImages } from '../seed.js'
import type { TargetGroup, WorldState } from '../state.js'
import { serveSince } from '../serving.js'
import { createRevision, startDeployment, succeed } from './deployments.js'
import { sizeForMemory } from './fargate.js'
import { seededSecret, seededSuffix } from '../seed-secrets.js'
import { arnPrefix } from './names.js'
import { newTarget, resourceIdOf } from './scalable-targets.js'
import { containerHost, memoryForModels } from './start-task.js'
import type { EcsService, EcsState, EcsTask, TaskDefinitionRecord } from './state.js'
import { createTask } from './task.js'
import { targetGroupsOf } from './task-state.js'

const day = 86_400_000

/** The ECS part of a world: its cluster if the set-up has one, still without services. */
export function seedEcs(setup: RehearsalSetup): EcsState {
  const name = setup.isEmpty === true ? undefined : setup.ecs?.cluster
  return {
    cluster: name === undefined ? undefined : { name, arn: `${arnPrefix(setup)}cluster/${name}`, tags: [] },
    definitions: [],
    services: [],
    tasks: [],
    scalableTargets: [],
    changedFirst: undefined,
    tokens: new Map(),
  }
}

/** Gives the cluster its services, each with its tasks that have long been serving the earlier release. */
export function seedEcsServices(world: WorldState, previous: PreviousImages): void {
  if (world.setup.isEmpty === true) return
  for (const planned of world.setup.ecs?.services ?? []) seedService(world, planned, previous)
}

function seedDefinition(
  world: WorldState,
  planned: RehearsedEcsService,
  previous: PreviousImages,
): TaskDefinitionRecord {
  const { setup, registryHost, switches } = world
  const run = setup.services.find(({ name }) => name === planned.service)
  const models = (run?.base?.models ?? []).reduce((sum, { bytes }) => sum + bytes, 0)
  const size = sizeForMemory(memoryForModels(models, switches.modelMemoryFactor))
  const digest = previous[run?.repository ?? '']
  const image = formatImageRef({
    registry: registryHost,
    repository: run?.repository ?? planned.service,
    ...(digest === undefined ? { tag: 'latest' } : { digest }),
  })
  const port = run?.port ?? 80
  const role = (kind: string): string =>
    `arn:aws:iam::${setup.accountId}:role/${setup.app}-${setup.environment}-${kind}`
  const revision = 7
  const record: TaskDefinitionRecord = {
    arn: `${arnPrefix(setup)}task-definition/${planned.taskFamily}:${revision}`,
    family: planned.taskFamily,
    revision,
    definition: {
      family: planned.taskFamily,
      taskRoleArn: role('task'),
      executionRoleArn: role('execution'),
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      ...size,
      runtimePlatform: { cpuArchitecture: 'X86_64', operatingSystemFamily: 'LINUX' },
      volumes: [],
      placementConstraints: [],
      containerDefinitions: [
        {
          name: planned.container,
          image,
          cpu: 0,
          essential: true,
          portMappings: [{ containerPort: port, hostPort: port, protocol: 'tcp' }],
          environment: [{ name: 'APP_ENV', value: setup.environment }],
          secrets: [
            {
              name: 'API_KEY',
              valueFrom: `arn:aws:secretsmanager:${setup.region}:${setup.accountId}:secret:${seededSecret(setup)}-${seededSuffix}`,
            },
          ],
          mountPoints: [],
          volumesFrom: [],
          systemControls: [],
          stopTimeout: 30,
          logConfiguration: {
            logDriver: 'awslogs',
            options: {
              'awslogs-group': setup.logGroup,
              'awslogs-region': setup.region,
              'awslogs-stream-prefix': planned.service,
            },
          },
        },
      ],
    },
    registeredAt: world.now - 9 * day,
    registeredBy: `arn:aws:iam::${setup.accountId}:user/infrastructure`,
    tags: [{ key: 'Application', value: setup.app }],
    status: 'ACTIVE',
    deregisteredAt: undefined,
  }
  world.ecs.definitions.push(record)
  return record
}

function loadBalancersOf(world: WorldState, planned: RehearsedEcsService): LoadBalancer[] {
  const { accountId, region } = world.setup
  const groups = world.targetGroups.filter(({ service }) => service === planned.service)
  const [production, alternate] = groups
  if (production === undefined) return []
  const rule = (id: string): string =>
    `arn:aws:elasticloadbalancing:${region}:${accountId}:listener-rule/app/${world.loadBalancer.name}/${world.loadBalancer.arn.slice(-16)}/${id}`
  const suffix = production.arn.slice(-16)
  return [
    {
      targetGroupArn: production.arn,
      containerName: planned.container,
      containerPort: production.port,
      ...(alternate !== undefined && {
        advancedConfiguration: {
          alternateTargetGroupArn: alternate.arn,
          productionListenerRule: rule(`50dc6c495c0c9188/${suffix}`),
          testListenerRule: rule(`0467ef3c8400ae65/${suffix}`),
          roleArn: `arn:aws:iam::${accountId}:role/ecsInfrastructureRoleForLoadBalancers`,
        },
      }),
    },
  ]
}

function seedService(world: WorldState, planned: RehearsedEcsService, previous: PreviousImages): void {
  const { setup, ecs, group } = world
  const definition = seedDefinition(world, planned, previous)
  const since = world.now - 9 * day
  const service: EcsService = {
    name: planned.name,
    arn: `${arnPrefix(setup)}service/${ecs.cluster?.name}/${planned.name}`,
    createdAt: since - 200 * day,
    createdBy: `arn:aws:iam::${setup.accountId}:role/infrastructure`,
    launchType: planned.launchType,
    tags: [{ key: 'Application', value: setup.app }],
    desired: planned.desired,
    configuration: {
      deploymentCircuitBreaker: {
        enable: false,
        rollback: false,
        resetOnHealthyTask: true,
        thresholdConfiguration: { type: 'BOUNDED_PERCENT', value: 50 },
      },
      maximumPercent: 200,
      minimumHealthyPercent: 100,
      strategy: planned.strategy ?? 'ROLLING',
      bakeTimeInMinutes: 0,
    },
    settings: { healthCheckGracePeriodSeconds: 120, availabilityZoneRebalancing: 'ENABLED', propagateTags: 'SERVICE' },
    deployed: {
      platformVersion: 'LATEST',
      loadBalancers: loadBalancersOf(world, planned),
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: group.zones.map((zone) => `subnet-0${zone.slice(-1).repeat(16)}`),
          securityGroups: [`sg-0${world.random.hex(16)}`],
          assignPublicIp: 'DISABLED',
        },
      },
    },
    entries: [],
    revisions: [],
    deployments: [],
    completed: undefined,
    events: [],
    steady: true,
    stuckOn: undefined,
  }
  ecs.services.push(service)
  const { bounds } = planned
  if (bounds !== undefined) {
    ecs.scalableTargets.push(newTarget(world, resourceIdOf(world, service), bounds.min, bounds.max))
  }
  seedTasks(world, service, definition, since)
}

function seedTasks(world: WorldState, service: EcsService, definition: TaskDefinitionRecord, since: number): void {
  // The world's past is made by living through it at its own times.
  const { now } = world
  world.now = since
  const revision = createRevision(world, service, definition, service.deployed)
  revision.productionWeight = 100
  const deployment = startDeployment(world, service, revision)
  deployment.startedAt = since
  world.now = since + 300_000
  succeed(world, service, deployment)
  world.now = now
  const { entry } = deployment
  for (let index = 0; index < service.desired; index++) {
    const task: EcsTask = {
      ...createTask(world, {
        definition,
        service,
        entry,
        group: `service:${service.name}`,
        tags: service.tags,
        ...(service.deployed.networkConfiguration && { network: service.deployed.networkConfiguration }),
      }),
      createdAt: since + index * 1000,
      status: 'RUNNING',
      pullStartedAt: since + 12_000,
      pullStoppedAt: since + 40_000,
      startedAt: since + 60_000,
      wasHealthy: true,
    }
    world.ecs.tasks.push(task)
    serve(world, task)
  }
  service.steady = true
}

function serve(world: WorldState, task: EcsTask): void {
  const groups: readonly TargetGroup[] = targetGroupsOf(world, task)
  for (const container of task.containers) {
    const digest = task.revision?.images.get(container.name)?.imageDigest
    container.status = 'RUNNING'
    container.startedAt = task.startedAt
    container.runtimeId = `${task.taskId}-${world.random.uuid().replaceAll(/\D/g, '').slice(0, 10)}`
    container.digest = [...world.previous].find((known) => known === digest)
    const run = world.setup.services.find(({ name }) =>
      world.setup.ecs?.services.some((each) => each.service === name && each.name === task.service?.name),
    )
    if (run === undefined) continue
    const host = containerHost(world, task, container)
    task.answers.set(run.port, 200)
    if (container.digest !== undefined) {
      const { digest: image, startedAt = world.now } = container
      serveSince(task, { service: run, image, startedAt, stream: host.stream })
    }
    seedLogs(world, { ...host, service: run })
  }
  registerHealthyTargets(world, task, task.startedAt ?? world.now, groups)
}

function seedLogs(world: WorldState, container: Parameters<typeof traffic>[1]): void {
  const { service, stream, network } = container
  if (stream === undefined) return
  for (let minutes = 10; minutes > 0; minutes--) {
    world.logs.append(
      stream,
      world.now - Math.round(minutes * 60_000 * world.random.between(0.9, 1)),
      accessLine({
        node: runsOnNode(service, service.base?.models ?? []),
        client: `${network}.41:${40_000 + minutes}`,
        path: service.livePath,
        status: 200,
      }),
    )
  }
  const first = world.now + world.switches.trafficSeconds * 1000 * world.random.next()
  world.agenda.add(first, () => traffic(world, container), { quiet: true })
}
