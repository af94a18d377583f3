import type { ContainerDefinition, RegisterTaskDefinitionRequest } from '@aws-sdk/client-ecs'
import { ServiceError } from '../../wire/service.js'
import type { WorldState } from '../state.js'
import { checkFargate } from './fargate.js'
import { arnPrefix } from './names.js'
import type { TaskDefinitionRecord } from './state.js'

const client = (message: string): ServiceError => new ServiceError('ClientException', message)

/** Adds the next revision of its family, with all that was asked for. @throws ServiceError ClientException. */
export function registerTaskDefinition(
  world: WorldState,
  request: RegisterTaskDefinitionRequest,
  registeredBy: string,
): TaskDefinitionRecord {
  const { tags, ...definition } = request
  const { family = '', containerDefinitions = [] } = definition
  if (!/^[\w-]{1,255}$/.test(family)) {
    throw client(
      'Family should have at most 255 characters, and contain only letters, numbers, hyphens and underscores.',
    )
  }
  checkContainers(containerDefinitions)
  if (definition.requiresCompatibilities?.includes('FARGATE')) checkFargate(definition)
  const revision = 1 + Math.max(0, ...revisionsOf(world, family).map((each) => each.revision))
  const record: TaskDefinitionRecord = {
    arn: `${arnPrefix(world.setup)}task-definition/${family}:${revision}`,
    family,
    revision,
    definition: {
      ...definition,
      containerDefinitions: containerDefinitions.map((each) => withDefaults(each, definition.networkMode)),
    },
    registeredAt: world.now,
    registeredBy,
    tags: tags ?? [],
    status: 'ACTIVE',
    deregisteredAt: undefined,
  }
  world.ecs.definitions.push(record)
  return record
}

function checkContainers(containers: readonly ContainerDefinition[]): void {
  if (containers.length === 0) throw client('Container list cannot be empty.')
  for (const { name, image } of containers) {
    if (!name) throw client('Container.name should not be null or empty.')
    if (!image) throw client('Container.image should not be null or empty.')
  }
  const names = containers.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw client(`Container name ${twice} is not unique.`)
  if (containers.every(({ essential }) => essential === false)) {
    throw client('At least one container should be essential.')
  }
}

// What ECS fills in where a definition is silent, as DescribeTaskDefinition shows it.
function withDefaults(container: ContainerDefinition, networkMode: string | undefined): ContainerDefinition {
  return {
    ...container,
    cpu: container.cpu ?? 0,
    essential: container.essential ?? true,
    environment: container.environment ?? [],
    mountPoints: container.mountPoints ?? [],
    volumesFrom: container.volumesFrom ?? [],
    systemControls: container.systemControls ?? [],
    portMappings: (container.portMappings ?? []).map((mapping) => ({
      ...mapping,
      ...(mapping.hostPort === undefined &&
        mapping.containerPort !== undefined &&
        networkMode === 'awsvpc' && { hostPort: mapping.containerPort }),
      protocol: mapping.protocol ?? 'tcp',
    })),
  }
}

/** The revisions of a family, oldest first. */
function revisionsOf(world: WorldState, family: string): readonly TaskDefinitionRecord[] {
  return world.ecs.definitions.filter((each) => each.family === family)
}

/** The definition that `family`, `family:revision` or an ARN names; a family alone means its newest active one. */
export function findTaskDefinition(world: WorldState, name: string): TaskDefinitionRecord | undefined {
  const prefix = `${arnPrefix(world.setup)}task-definition/`
  const [family = '', revision] = (name.startsWith(prefix) ? name.slice(prefix.length) : name).split(':')
  const revisions = revisionsOf(world, family)
  return revision === undefined
    ? revisions.findLast(({ status }) => status === 'ACTIVE')
    : revisions.find((each) => String(each.revision) === revision)
}

/** The definition to run from now on. @throws ServiceError ClientException when there is none or it is inactive. */
export function taskDefinitionToRun(world: WorldState, name: string): TaskDefinitionRecord {
  const found = findTaskDefinition(world, name)
  if (found === undefined) throw client('TaskDefinition not found.')
  if (found.status !== 'ACTIVE') throw client('TaskDefinition is inactive')
  return found
}

/** Marks a revision as inactive; what runs of it goes on. @throws ServiceError. */
export function deregisterTaskDefinition(world: WorldState, name: string): TaskDefinitionRecord {
  const found = name.includes(':') ? findTaskDefinition(world, name) : undefined
  if (!name.includes(':')) throw new ServiceError('InvalidParameterException', 'Invalid revision number. Number: null')
  if (found === undefined) throw client('The specified task definition does not exist.')
  if (found.status === 'ACTIVE') {
    found.status = 'INACTIVE'
    found.deregisteredAt = world.now
  }
  return found
}
