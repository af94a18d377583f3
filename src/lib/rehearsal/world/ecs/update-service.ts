import { isDeepStrictEqual } from 'node:util'
import type { DeploymentConfiguration, UpdateServiceRequest } from '@aws-sdk/client-ecs'
import type { WorldState } from '../state.js'
import { checkConfiguration } from './check-configuration.js'
import { createRevision, startDeployment } from './deployments.js'
import { requireService } from './find.js'
import type { DeployedSettings, EcsService, ServiceSettings } from './state.js'
import { taskDefinitionToRun } from './task-definitions.js'

const deployedMembers = [
  'networkConfiguration',
  'platformVersion',
  'loadBalancers',
  'serviceRegistries',
  'serviceConnectConfiguration',
  'volumeConfigurations',
  'vpcLatticeConfigurations',
] as const satisfies readonly (keyof DeployedSettings)[]

const otherMembers = [
  'availabilityZoneRebalancing',
  'placementConstraints',
  'placementStrategy',
  'healthCheckGracePeriodSeconds',
  'enableExecuteCommand',
  'enableECSManagedTags',
  'propagateTags',
  'capacityProviderStrategy',
  'monitoring',
] as const satisfies readonly (keyof ServiceSettings)[]

function pick<K extends keyof UpdateServiceRequest>(
  request: Pick<UpdateServiceRequest, K>,
  names: readonly K[],
): Partial<Pick<UpdateServiceRequest, K>> {
  return Object.fromEntries(
    names.filter((name) => request[name] !== undefined).map((name) => [name, request[name]]),
  ) as Partial<Pick<UpdateServiceRequest, K>>
}

/** What a request says of the settings whose change starts a deployment. */
export const deployedOf = (request: DeployedSettings): DeployedSettings => pick(request, deployedMembers)

/** What a request says of the other settings. */
export const settingsOf = (request: ServiceSettings): ServiceSettings => pick(request, otherMembers)

/**
 * Changes a service, and starts a deployment when that is asked for or when what it deploys has become another; which
 * members that concerns: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
 * @throws ServiceError.
 */
export function updateService(world: WorldState, request: UpdateServiceRequest): EcsService {
  const service = requireService(world, request.cluster, request.service ?? '')
  const current = service.entries[0]?.revision
  const definition =
    request.taskDefinition === undefined ? current?.taskDefinition : taskDefinitionToRun(world, request.taskDefinition)
  const configuration = mergeConfiguration(service.configuration, request.deploymentConfiguration)
  const deployed = { ...service.deployed, ...deployedOf(request) }
  checkConfiguration(configuration, deployed, request)
  service.configuration = configuration
  service.settings = { ...service.settings, ...settingsOf(request) }
  service.deployed = deployed
  if (request.desiredCount !== undefined) service.desired = request.desiredCount
  const isSame = definition === current?.taskDefinition && isDeepStrictEqual(deployed, current?.settings)
  if (definition !== undefined && (!isSame || request.forceNewDeployment === true)) {
    startDeployment(world, service, createRevision(world, service, definition, deployed))
  }
  return service
}

/** What a request does not mention stays as it is; a circuit breaker gets the defaults of what it does not mention. */
export function mergeConfiguration(
  before: DeploymentConfiguration,
  change: DeploymentConfiguration | undefined,
): DeploymentConfiguration {
  const breaker = change?.deploymentCircuitBreaker
  const { canaryConfiguration, linearConfiguration, earlySuccessCriteria, ...lasting } = before
  // What belongs to one strategy ends with it.
  const isSame = (change?.strategy ?? before.strategy) === before.strategy
  return {
    ...lasting,
    ...(isSame && {
      ...(canaryConfiguration && { canaryConfiguration }),
      ...(linearConfiguration && { linearConfiguration }),
      ...(earlySuccessCriteria && { earlySuccessCriteria }),
    }),
    ...change,
    ...(breaker && {
      deploymentCircuitBreaker: {
        resetOnHealthyTask: true,
        thresholdConfiguration: { type: 'BOUNDED_PERCENT', value: 50 },
        ...breaker,
      },
    }),
  }
}
