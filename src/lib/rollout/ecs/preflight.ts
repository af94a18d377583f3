import type { Alarms } from '../../ports/alarms.js'
import type { Ecs, EcsService, EcsTaskDefinition } from '../../ports/ecs.js'
import type { Check } from '../driver.js'
import { roomOf } from './estimate.js'
import type { EcsRolloutOptions, EcsServiceOptions } from './options.js'
import { partOf } from './parts.js'
import { repositoryOf } from './task-definitions.js'

interface Subject {
  readonly options: EcsServiceOptions
  readonly service: EcsService
  readonly definition: EcsTaskDefinition | undefined
}

function serviceCheck({ cluster }: EcsRolloutOptions, { service }: Subject): Check {
  const name = `service ${service.name}`
  if (service.status !== 'ACTIVE') return { name, result: 'fail', detail: `it is ${service.status}` }
  if (service.controller !== 'ECS') {
    return {
      name,
      result: 'fail',
      detail: `its deployments are made by ${service.controller}: only the ECS controller rolls a task definition out`,
      remedy: `aws ecs update-service --cluster ${cluster} --service ${service.name} --deployment-controller type=ECS`,
    }
  }
  if (service.scheduling !== 'REPLICA') {
    return {
      name,
      result: 'fail',
      detail: `its tasks are scheduled as ${service.scheduling}; rampart moves REPLICA services`,
    }
  }
  if (service.desiredCount === 0) {
    return {
      name,
      result: 'fail',
      detail: 'it wants no tasks: there is nothing that could serve, or be proved to',
      remedy: `aws ecs update-service --cluster ${cluster} --service ${service.name} --desired-count 1`,
    }
  }
  return {
    name,
    result: 'ok',
    detail: `${service.desiredCount} tasks wanted, ${service.launchType ?? 'no launch type'}`,
  }
}

function containerCheck({ options, service, definition }: Subject, host: string): Check {
  const name = `container of ${service.name}`
  if (definition === undefined) {
    return { name, result: 'fail', detail: `task definition ${partOf(service.taskDefinition)} is gone` }
  }
  const repository = `${host}/${options.repository}`
  const family = `${definition.family}:${definition.revision}`
  const names = definition.containers.map((one) => one.name)
  const setting = `target.services.${options.service}.container`
  if (options.container !== undefined && !names.includes(options.container)) {
    return {
      name,
      result: 'fail',
      detail: `${family} has no container ${options.container}; it has ${names.join(', ')}`,
      remedy: `write the name of one of them at ${setting} in rampart.yml`,
    }
  }
  const own = definition.containers.filter((one) =>
    options.container === undefined ? repositoryOf(one.image) === repository : one.name === options.container,
  )
  if (own.length === 0) {
    return {
      name,
      result: 'fail',
      detail: `no container of ${family} runs ${repository}; it has ${definition.containers.map((one) => `${one.name} (${one.image})`).join(', ')}`,
      remedy: `name the container at ${setting} in rampart.yml: rampart then gives it the image of ${options.service}`,
    }
  }
  return { name, result: 'ok', detail: `${own.map((one) => one.name).join(', ')} of ${family}` }
}

const architectures = { 'linux/amd64': 'X86_64', 'linux/arm64': 'ARM64' } as const

/** What Fargate needs beside the image: a role that may pull it, its processor, a platform version that AWS still has. */
function fargateChecks({ options, service, definition }: Subject): readonly Check[] {
  if (definition === undefined) return []
  const wanted = architectures[options.platform]
  const has = definition.cpuArchitecture ?? 'X86_64'
  const family = `${definition.family}:${definition.revision}`
  const platform: Check =
    has === wanted
      ? { name: `platform of ${service.name}`, result: 'ok', detail: `${has}, ${service.platformVersion ?? 'LATEST'}` }
      : {
          name: `platform of ${service.name}`,
          result: 'fail',
          detail: `${family} runs on ${has}, the image of ${options.service} is built for ${options.platform}: no task could start`,
          remedy: `write platform: ${has === 'ARM64' ? 'linux/arm64' : 'linux/amd64'} for ${options.service} in rampart.yml`,
        }
  if (service.launchType !== 'FARGATE') return [platform]
  const name = `execution role of ${service.name}`
  const role: Check =
    definition.executionRoleArn === undefined
      ? {
          name,
          result: 'fail',
          detail: `${family} has none: Fargate can neither pull from ECR nor write logs`,
          remedy: 'register the task definition with an executionRoleArn that has AmazonECSTaskExecutionRolePolicy',
        }
      : { name, result: 'ok', detail: definition.executionRoleArn }
  return [platform, role]
}

function roomCheck({ cluster, change }: EcsRolloutOptions, { service }: Subject): Check {
  const name = `room of ${service.name}`
  const { desiredCount: desired } = service
  const { minimumHealthyPercent: least, maximumPercent: most, strategy } = change
  const rolls = (strategy?.kind ?? service.configuration.strategy ?? 'ROLLING') === 'ROLLING'
  const { start, stop } = roomOf(desired, change)
  if (!rolls || start > 0 || stop > 0) {
    return {
      name,
      result: 'ok',
      detail: rolls ? `starts ${start} and stops ${stop} of ${desired} at a time` : 'beside the old ones',
    }
  }
  return {
    name,
    result: 'fail',
    detail: `with ${desired} tasks, at least ${least} % and at most ${most} %, ECS may neither start nor stop any: the deployment would never move`,
    remedy: `raise rollout.maxHealthy in rampart.yml to ${Math.ceil((100 * (desired + 1)) / desired)}, or aws ecs update-service --cluster ${cluster} --service ${service.name} --desired-count ${desired + 1}`,
  }
}

function graceCheck({ cluster }: EcsRolloutOptions, { service }: Subject): Check {
  const name = `grace of ${service.name}`
  if (service.loadBalancers.length === 0) return { name, result: 'skip', detail: 'no load balancer watches it' }
  const grace = service.healthCheckGracePeriod ?? 0
  if (grace > 0) return { name, result: 'ok', detail: `health checks count after ${grace} s` }
  return {
    name,
    result: 'warn',
    detail: 'health checks count from the first second: a task that still loads its models is stopped as unhealthy',
    remedy: `aws ecs update-service --cluster ${cluster} --service ${service.name} --health-check-grace-period-seconds 120`,
  }
}

async function alarmCheck(names: readonly string[], alarms: Alarms): Promise<Check> {
  const name = 'alarms'
  if (names.length === 0) return { name, result: 'skip', detail: 'none configured' }
  const seen = await alarms.describeAlarms(names)
  const missing = names.filter((one) => !seen.some((alarm) => alarm.name === one))
  if (missing.length > 0) {
    return {
      name,
      result: 'fail',
      detail: missing.map((one) => `${one} does not exist`).join('; '),
      remedy: 'rampart alarms apply makes those of rampart.yml',
    }
  }
  const loud = seen.filter((alarm) => alarm.state === 'ALARM')
  if (loud.length === 0) return { name, result: 'ok', detail: `${names.length} watched` }
  // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
  return {
    name,
    result: 'warn',
    detail: `${loud.map((alarm) => `${alarm.name} is in ALARM (${alarm.reason})`).join('; ')}: ECS does not watch alarms that are in ALARM when a deployment begins`,
    remedy: `aws cloudwatch describe-alarms --alarm-names ${loud.map((alarm) => alarm.name).join(' ')}`,
  }
}

/** The checks of a cluster and its services: all that can be asked is asked, so that one run shows every obstacle. */
export async function preflightServices(
  options: EcsRolloutOptions,
  { ecs, alarms }: { readonly ecs: Ecs; readonly alarms: Alarms },
  registryHost: string,
): Promise<readonly Check[]> {
  const { cluster: name, services: wanted, change } = options
  const cluster = await ecs.describeCluster(name)
  if (cluster === undefined || cluster.status !== 'ACTIVE') {
    const state = cluster === undefined ? 'there is none in this account and region' : `it is ${cluster.status}`
    return [{ name: `cluster ${name}`, result: 'fail', detail: state, remedy: 'aws ecs list-clusters' }]
  }
  const found = await ecs.describeServices(
    name,
    wanted.map((one) => one.name),
  )
  const [subjects, alarmResult] = await Promise.all([
    Promise.all(
      wanted.flatMap((one) => {
        const service = found.find((other) => other.name === one.name)
        return service === undefined
          ? []
          : [
              ecs
                .describeTaskDefinition(service.taskDefinition)
                .then((definition): Subject => ({ options: one, service, definition })),
            ]
      }),
    ),
    alarmCheck(change.alarms, alarms),
  ])
  const missing = wanted.filter((one) => !found.some((other) => other.name === one.name))
  return [
    { name: `cluster ${name}`, result: 'ok', detail: cluster.arn },
    ...missing.map((one): Check => ({
      name: `service ${one.name}`,
      result: 'fail',
      detail: `there is none in cluster ${name}`,
      remedy: `aws ecs list-services --cluster ${name}`,
    })),
    ...subjects.flatMap((subject) => [
      serviceCheck(options, subject),
      containerCheck(subject, registryHost),
      ...fargateChecks(subject),
      roomCheck(options, subject),
      graceCheck(options, subject),
    ]),
    alarmResult,
  ]
}
