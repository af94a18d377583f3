import type { CreateServiceRequest, RegisterTaskDefinitionRequest, UpdateServiceRequest } from '@aws-sdk/client-ecs'
import { createCluster, createService, deleteCluster, emptyService, serviceIsGone } from '../../world/ecs/create.js'
import { ongoing } from '../../world/ecs/deployments.js'
import { findService } from '../../world/ecs/find.js'
import { deregisterTaskDefinition, registerTaskDefinition } from '../../world/ecs/task-definitions.js'
import { updateService } from '../../world/ecs/update-service.js'
import { camel, count, generatedName, notStabilized, tagsOf, text, type Kind, type Place } from '../kind.js'
import type { Made } from '../stack.js'
import { word, type Properties } from '../template.js'
import { withOwnRegistry } from './asg.js'

const cluster: Kind = {
  seconds: 8,
  replacedBy: ['ClusterName'],
  nameProperty: 'ClusterName',
  find({ world: { ecs } }, name) {
    return ecs.cluster?.name === name ? { physicalId: name, attributes: { Arn: ecs.cluster.arn } } : undefined
  },
  create(place, properties) {
    const name = text(properties, 'ClusterName') || generatedName(place)
    return { physicalId: name, attributes: { Arn: createCluster(place.world, name, tagsOf(place, properties)).arn } }
  },
  remove: ({ world }) => deleteCluster(world),
}

// Maps whose keys people write: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ecs-taskdefinition-containerdefinition.html
const isWritten = (key: string): boolean => ['Options', 'DockerLabels', 'DriverOpts', 'Labels'].includes(key)

/** Names that the template reference and the API spell differently. */
const renamed: Readonly<Record<string, string>> = {
  eFSVolumeConfiguration: 'efsVolumeConfiguration',
  filesystemId: 'fileSystemId',
  iAM: 'iam',
}

function respell(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(respell)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [renamed[key] ?? key, respell(inner)]))
}

/** The properties as the API of ECS takes them. */
const inApiWords = (properties: Properties): unknown => respell(camel(properties, isWritten))

// Every change makes a new revision: "Update requires: Replacement" of all properties but the tags.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-taskdefinition.html
const taskDefinition: Kind = {
  seconds: 2,
  replacedBy: [
    'ContainerDefinitions',
    'Cpu',
    'ExecutionRoleArn',
    'Family',
    'Memory',
    'NetworkMode',
    'RequiresCompatibilities',
    'RuntimePlatform',
    'TaskRoleArn',
    'Volumes',
    'EphemeralStorage',
  ],
  create(place, properties) {
    const request = JSON.parse(
      withOwnRegistry(place, JSON.stringify(inApiWords(properties))),
    ) as RegisterTaskDefinitionRequest
    const { arn } = registerTaskDefinition(
      place.world,
      { ...request, family: request.family ?? generatedName(place), tags: [...tagsOf(place, properties)] },
      `arn:aws:iam::${place.world.setup.accountId}:user/rehearsal`,
    )
    return { physicalId: arn, attributes: { TaskDefinitionArn: arn } }
  },
  remove: ({ world }, { physicalId }) => void deregisterTaskDefinition(world, physicalId),
}

const serviceOf = ({ world }: Place, physicalId: string) => findService(world, physicalId)

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html
const service: Kind = {
  seconds: 12,
  replacedBy: ['Cluster', 'LaunchType', 'SchedulingStrategy', 'ServiceName', 'Role', 'DeploymentController'],
  nameProperty: 'ServiceName',
  find({ world }, name) {
    const found = findService(world, name)
    return found && { physicalId: found.arn, attributes: { Name: found.name, ServiceArn: found.arn } }
  },
  create(place, properties) {
    const request = inApiWords(properties) as CreateServiceRequest
    const made = createService(place.world, {
      ...request,
      serviceName: request.serviceName ?? generatedName(place),
      desiredCount: count(properties, 'DesiredCount') ?? 1,
      tags: [...tagsOf(place, properties)],
    })
    return { physicalId: made.arn, attributes: { Name: made.name, ServiceArn: made.arn } }
  },
  update({ world }, { physicalId, properties: before }, properties) {
    const changed = Object.fromEntries(
      Object.entries(properties).filter(([key, value]) => JSON.stringify(before[key]) !== JSON.stringify(value)),
    )
    const { serviceName: _, launchType: __, tags: ___, ...request } = inApiWords(changed) as CreateServiceRequest
    const desiredCount = count(changed, 'DesiredCount')
    updateService(world, {
      ...(request as Partial<UpdateServiceRequest>),
      service: physicalId,
      cluster: text(properties, 'Cluster'),
      ...(desiredCount !== undefined && { desiredCount }),
    })
    return undefined
  },
  // CloudFormation waits until the service is steady.
  settled(place, { physicalId, properties }) {
    const found = serviceOf(place, physicalId)
    if (found === undefined) throw notStabilized(`Service ${physicalId} is gone.`)
    const last = found.deployments.at(-1)
    if (last === undefined || last.status === 'SUCCESSFUL') return true
    if (ongoing(found) !== undefined) return false
    // ECS may have gone back by itself to what is wanted now.
    if (found.entries[0]?.revision.taskDefinition.arn !== text(properties, 'TaskDefinition')) {
      const isBroken = last.breaker === 'TRIGGERED'
      throw notStabilized(
        isBroken
          ? `Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'.`
          : `Error occurred during operation 'ECS deployment ended: ${last.status}'.`,
      )
    }
    return true
  },
  remove(place, { physicalId }) {
    const found = serviceOf(place, physicalId)
    if (found !== undefined) emptyService(place.world, found)
  },
  gone(place, { physicalId }) {
    const found = serviceOf(place, physicalId)
    return found === undefined || serviceIsGone(place.world, found)
  },
}

const scaling = 'application-autoscaling'

const targetNames = (physicalId: string) => {
  const [ResourceId = '', ScalableDimension = '', ServiceNamespace = ''] = physicalId.split('|')
  return { ServiceNamespace, ResourceId, ScalableDimension }
}

function register(place: Place, physicalId: string, properties: Properties): void {
  place.call(scaling, 'RegisterScalableTarget', {
    ...targetNames(physicalId),
    MinCapacity: count(properties, 'MinCapacity'),
    MaxCapacity: count(properties, 'MaxCapacity'),
  })
}

const scalableTarget: Kind = {
  seconds: 3,
  replacedBy: ['ResourceId', 'ScalableDimension', 'ServiceNamespace'],
  create(place, properties) {
    const names = ['ResourceId', 'ScalableDimension', 'ServiceNamespace'].map((name) => text(properties, name))
    const physicalId = names.join('|')
    register(place, physicalId, properties)
    return { physicalId, attributes: {} }
  },
  update(place, { physicalId }, properties) {
    register(place, physicalId, properties)
    return undefined
  },
  remove: (place, { physicalId }) => void place.call(scaling, 'DeregisterScalableTarget', targetNames(physicalId)),
}

function putPolicy(place: Place, properties: Properties): Made {
  const { ScalingTargetId, ...request } = properties
  const answer = place.call(scaling, 'PutScalingPolicy', { ...request, ...targetNames(word(ScalingTargetId ?? null)) })
  return { physicalId: (answer as { readonly PolicyARN: string }).PolicyARN, attributes: {} }
}

// It goes with its target.
const scalingPolicy: Kind = {
  seconds: 3,
  replacedBy: ['PolicyName', 'ScalingTargetId'],
  create: putPolicy,
  update: (place, _, properties) => putPolicy(place, properties),
}

export const ecsKinds: Readonly<Record<string, Kind>> = {
  'AWS::ECS::Cluster': cluster,
  'AWS::ECS::TaskDefinition': taskDefinition,
  'AWS::ECS::Service': service,
  'AWS::ApplicationAutoScaling::ScalableTarget': scalableTarget,
  'AWS::ApplicationAutoScaling::ScalingPolicy': scalingPolicy,
}
