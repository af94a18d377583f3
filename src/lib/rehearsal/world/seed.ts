import type { RequestLaunchTemplateData } from '@aws-sdk/client-ec2'
import type { Digest } from '../../domain/digest.js'
import type { RehearsalSetup } from '../setup.js'
import { accessLine, runsOnNode } from './access-line.js'
import { instanceTags } from './launch.js'
import { registerHealthyTargets } from './load-balancer.js'
import { instanceTraffic } from './machine.js'
import { serveSince } from './serving.js'
import type { Alarm, Group, Instance, LaunchTemplate, TargetGroup, WorldState } from './state.js'
import { writeUserData } from './user-data.js'

const day = 86_400_000

/** Each service's repository with the digest that serves when the rehearsal begins. */
export type PreviousImages = Readonly<Record<string, Digest>>

/** The launch template with the one version that the group runs. */
export function seedTemplate(
  world: Pick<WorldState, 'now' | 'random' | 'setup' | 'registryHost'>,
  previous: PreviousImages,
): LaunchTemplate {
  const { setup, random, registryHost, now } = world
  const name = `${setup.app}-${setup.environment}`
  const createdAt = now - 9 * day
  const tags = [
    { Key: 'Name', Value: name },
    { Key: 'Application', Value: setup.app },
    { Key: 'Environment', Value: setup.environment },
  ]
  const number = 7
  const data: RequestLaunchTemplateData = {
    ImageId: `ami-0${random.hex(16)}`,
    InstanceType: 't3.large',
    IamInstanceProfile: { Name: `${name}-instance` },
    SecurityGroupIds: [`sg-0${random.hex(16)}`],
    MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 2 },
    BlockDeviceMappings: [
      {
        DeviceName: '/dev/xvda',
        Ebs: { VolumeSize: 30, VolumeType: 'gp3', DeleteOnTermination: true, Encrypted: true },
      },
    ],
    TagSpecifications: [
      { ResourceType: 'instance', Tags: tags },
      { ResourceType: 'volume', Tags: tags },
    ],
    UserData: Buffer.from(writeUserData(setup, registryHost, previous)).toString('base64'),
  }
  return {
    id: `lt-0${random.hex(16)}`,
    name,
    createdAt: createdAt - 200 * day,
    createdBy: `arn:aws:iam::${setup.accountId}:user/infrastructure`,
    tags: tags.map(({ Key, Value }) => ({ key: Key, value: Value })),
    defaultVersion: number,
    versions: [{ number, description: 'the release before the rehearsal', createdAt, data }],
    tokens: new Map(),
  }
}

/** The group, still without instances. Where tasks of ECS serve, it has no size and no request finds it. */
export function seedGroup(setup: RehearsalSetup, template: LaunchTemplate, id: string): Group {
  const seeded = setup.isEmpty === true ? undefined : setup.group
  const { name, desired, min, max } = seeded ?? { name: '', desired: 0, min: 0, max: 0 }
  return {
    name,
    arn: `arn:aws:autoscaling:${setup.region}:${setup.accountId}:autoScalingGroup:${id}:autoScalingGroupName/${name}`,
    createdAt: template.createdAt,
    minSize: min,
    maxSize: max,
    desired,
    template: { id: template.id, name: template.name, version: String(template.defaultVersion) },
    zones: ['a', 'b'].map((letter) => `${setup.region}${letter}`),
    tags: [{ key: 'rampart:app', value: setup.app }],
    maintenancePolicy: undefined,
    instances: [],
    retryAt: undefined,
    failedLaunches: 0,
  }
}

/**
 * A target group for each service, checked at its live path, and another one where a service of ECS shifts traffic
 * between two.
 */
export function seedTargetGroups({
  setup,
  random,
  switches,
}: Pick<WorldState, 'setup' | 'random' | 'switches'>): TargetGroup[] {
  const { ecs } = setup
  if (setup.isEmpty === true) return []
  return setup.services.flatMap((service) => {
    const runner = ecs?.services.find((each) => each.service === service.name)
    const isAlone = (runner?.strategy ?? 'ROLLING') === 'ROLLING'
    return (isAlone ? [''] : ['-blue', '-green']).map((suffix): TargetGroup => {
      const name = `${setup.app}-${setup.environment}-${service.name}`
        .slice(0, 32 - suffix.length)
        .replace(/-+$/, '')
        .concat(suffix)
      return {
        arn: `arn:aws:elasticloadbalancing:${setup.region}:${setup.accountId}:targetgroup/${name}/${random.hex(16)}`,
        name,
        service: service.name,
        targetType: ecs === undefined ? 'instance' : 'ip',
        port: service.port,
        path: service.livePath,
        matcher: '200',
        interval: switches.healthCheckIntervalSeconds,
        timeout: 5,
        healthyThreshold: 2,
        unhealthyThreshold: 3,
        targets: new Map(),
      }
    })
  })
}

const ownTags = ({ app, environment }: RehearsalSetup): Alarm['tags'] => [
  { Key: 'rampart:app', Value: app },
  { Key: 'rampart:environment', Value: environment },
]

// On nothing that has data: what the state of these is, the switches and the tests say.
const seededDefinition: Alarm['definition'] = {
  MetricName: 'HTTPCode_Target_5XX_Count',
  Namespace: 'AWS/ApplicationELB',
  Statistic: 'Sum',
  Period: 60,
  EvaluationPeriods: 3,
  Threshold: 10,
  ComparisonOperator: 'GreaterThanThreshold',
  TreatMissingData: 'ignore',
}

/** The alarms that the set-up names, or one on errors of the load balancer's targets; all are OK. */
export function seedAlarms(setup: RehearsalSetup, now: number): Alarm[] {
  if (setup.isEmpty === true) return []
  const names = setup.alarms.length > 0 ? setup.alarms : [`${setup.app}-${setup.environment}-target-5xx`]
  return names.map((name) => ({
    name,
    arn: `arn:aws:cloudwatch:${setup.region}:${setup.accountId}:alarm:${name}`,
    state: 'OK',
    reason: 'Threshold Crossed: 3 datapoints [0.0, 0.0, 1.0] were not greater than the threshold (10.0).',
    updatedAt: now - 3 * day,
    configuredAt: now - 200 * day,
    definition: seededDefinition,
    rule: undefined,
    // Those that have the environment's name were made by rampart, some time ago.
    tags: setup.alarms.length > 0 && name.startsWith(`${setup.app}-${setup.environment}-`) ? ownTags(setup) : [],
  }))
}

/** Fills the group to its desired capacity with instances that have long been serving, and their older log lines. */
export function seedInstances(world: WorldState, previous: PreviousImages): void {
  const { group, random, setup, templates } = world
  const [template] = templates
  const version = template?.versions[0]
  if (template === undefined || version === undefined) return
  for (let index = 0; index < group.desired; index++) {
    const launchedAt = version.createdAt + 400_000 + index * 95_000
    const zone = group.zones[index % group.zones.length] ?? `${setup.region}a`
    const instance: Instance = {
      id: `i-0${random.hex(16)}`,
      zone,
      privateAddress: `10.0.${(index % group.zones.length) + 1}.${50 + index}`,
      instanceType: version.data.InstanceType ?? 't3.large',
      imageId: version.data.ImageId ?? '',
      template: { id: template.id, name: template.name, version: version.number },
      tags: instanceTags(world, version.data, template.id, version.number),
      launchedAt,
      changedService: undefined,
      state: 'running',
      lifecycle: 'InService',
      inServiceAt: launchedAt + 30_000,
      terminatedAt: undefined,
      healthStatus: 'Healthy',
      protectedFromScaleIn: false,
      answers: new Map(),
      serving: new Map(),
    }
    group.instances.push(instance)
    world.instances.push(instance)
    for (const service of setup.services) {
      const image = previous[service.repository]
      const stream = `${instance.id}/${service.name}`
      if (image !== undefined) serveSince(instance, { service, image, startedAt: launchedAt + 60_000, stream })
    }
    registerHealthyTargets(world, instance, launchedAt)
    world.activities.push({
      id: random.uuid(),
      startTime: launchedAt,
      endTime: launchedAt + 30_000,
      statusCode: 'Successful',
      statusMessage: undefined,
      description: `Launching a new EC2 instance: ${instance.id}`,
      cause: `At ${new Date(launchedAt).toISOString().replace(/\.\d+Z$/, 'Z')} an instance was launched in response to an instance refresh.`,
      details: JSON.stringify({ 'Availability Zone': zone }),
    })
    seedLogs(world, instance)
  }
}

function seedLogs(world: WorldState, instance: Instance): void {
  for (const service of world.setup.services) {
    for (let minutes = 10; minutes > 0; minutes--) {
      world.logs.append(
        `${instance.id}/${service.name}`,
        world.now - Math.round(minutes * 60_000 * world.random.between(0.9, 1)),
        accessLine({
          node: runsOnNode(service, service.base?.models ?? []),
          client: `10.0.1.41:${40_000 + minutes}`,
          path: service.livePath,
          status: 200,
        }),
      )
    }
    const first = world.now + world.switches.trafficSeconds * 1000 * world.random.next()
    world.agenda.add(first, () => instanceTraffic(world, instance, service), { quiet: true })
  }
}
