import type { DeploymentConfiguration, UpdateServiceRequest } from '@aws-sdk/client-ecs'
import { ServiceError } from '../../wire/service.js'
import type { DeployedSettings } from './state.js'

const invalid = (message: string): ServiceError => new ServiceError('InvalidParameterException', message)

const dayInMinutes = 1440

function within(name: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (value >= least && value <= most)) return
  throw invalid(`${name} must be between ${least} and ${most}, inclusive.`)
}

/**
 * Refuses what ECS would refuse of a service's configuration. Only the text about both percentages at 100 is AWS's own.
 * @throws ServiceError InvalidParameterException.
 */
export function checkConfiguration(
  configuration: DeploymentConfiguration,
  deployed: DeployedSettings,
  request: Pick<UpdateServiceRequest, 'desiredCount' | 'healthCheckGracePeriodSeconds'>,
): void {
  const { minimumHealthyPercent: minimum = 100, maximumPercent: maximum = 200, strategy = 'ROLLING' } = configuration
  within('desiredCount', request.desiredCount, 0, 5000)
  within('healthCheckGracePeriodSeconds', request.healthCheckGracePeriodSeconds, 0, 2_147_483_647)
  within('minimumHealthyPercent', minimum, 0, Infinity)
  if (maximum <= 0 || maximum < minimum) throw invalid('maximumPercent must be greater than minimumHealthyPercent.')
  if (minimum === 100 && maximum === 100) {
    throw invalid('Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.')
  }
  within('bakeTimeInMinutes', configuration.bakeTimeInMinutes, 0, dayInMinutes)
  within('canaryPercent', configuration.canaryConfiguration?.canaryPercent, 0.1, 100)
  within('canaryBakeTimeInMinutes', configuration.canaryConfiguration?.canaryBakeTimeInMinutes, 0, dayInMinutes)
  within('stepPercent', configuration.linearConfiguration?.stepPercent, 3, 100)
  within('stepBakeTimeInMinutes', configuration.linearConfiguration?.stepBakeTimeInMinutes, 0, dayInMinutes)
  checkStrategy(configuration, deployed, strategy)
  checkHooks(configuration)
  checkEarlySuccess(configuration, strategy, minimum)
}

function checkStrategy(
  { canaryConfiguration, linearConfiguration }: DeploymentConfiguration,
  { loadBalancers = [] }: DeployedSettings,
  strategy: string,
): void {
  if (canaryConfiguration !== undefined && strategy !== 'CANARY') {
    throw invalid('canaryConfiguration is only valid when the deployment strategy is CANARY.')
  }
  if (linearConfiguration !== undefined && strategy !== 'LINEAR') {
    throw invalid('linearConfiguration is only valid when the deployment strategy is LINEAR.')
  }
  if (strategy === 'ROLLING') return
  if (loadBalancers.some(({ advancedConfiguration }) => advancedConfiguration === undefined)) {
    throw invalid(`advancedConfiguration must be specified for load balancers when the strategy is ${strategy}.`)
  }
}

function checkHooks({ lifecycleHooks = [] }: DeploymentConfiguration): void {
  for (const {
    targetType = 'AWS_LAMBDA',
    hookTargetArn,
    lifecycleStages = [],
    timeoutConfiguration,
  } of lifecycleHooks) {
    if (lifecycleStages.length === 0) throw invalid('lifecycleStages must be specified for a lifecycle hook.')
    if (targetType === 'AWS_LAMBDA' && hookTargetArn === undefined) {
      throw invalid('hookTargetArn must be specified for AWS_LAMBDA lifecycle hooks.')
    }
    const shift = lifecycleStages.find(
      (stage) => stage === 'TEST_TRAFFIC_SHIFT' || stage === 'PRODUCTION_TRAFFIC_SHIFT',
    )
    if (targetType === 'PAUSE' && shift !== undefined) throw invalid(`PAUSE hooks cannot be configured at ${shift}.`)
    within('timeoutInMinutes', timeoutConfiguration?.timeoutInMinutes, 1, 14 * dayInMinutes)
  }
}

function checkEarlySuccess(
  { earlySuccessCriteria: early }: DeploymentConfiguration,
  strategy: string,
  minimum: number,
): void {
  if (early?.enable !== true) return
  if (strategy !== 'ROLLING') throw invalid('earlySuccessCriteria is only valid for the ROLLING deployment strategy.')
  if (early.healthyPercent === undefined || early.sourceServiceRevisionCleanup === undefined) {
    throw invalid(
      'healthyPercent and sourceServiceRevisionCleanup must be specified when earlySuccessCriteria is enabled.',
    )
  }
  if (early.healthyPercent < minimum || early.healthyPercent > 100) {
    throw invalid('healthyPercent must be between minimumHealthyPercent and 100.')
  }
}
