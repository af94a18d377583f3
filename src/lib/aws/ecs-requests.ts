import type { DeploymentConfiguration, RegisterTaskDefinitionCommandInput, TaskDefinition } from '@aws-sdk/client-ecs'
import type { EcsDeploymentChange, EcsStrategy } from '../ports/ecs.js'

/**
 * A request that registers the task definition again, with other images: all that AWS says of one and takes of another
 * is kept as it is, what only AWS itself writes is left out.
 */
export function registration(
  whole: TaskDefinition,
  images: ReadonlyMap<string, string>,
  tags: Readonly<Record<string, string>>,
): RegisterTaskDefinitionCommandInput {
  const {
    taskDefinitionArn: _arn,
    revision: _revision,
    status: _status,
    requiresAttributes: _attributes,
    compatibilities: _compatibilities,
    registeredAt: _registeredAt,
    deregisteredAt: _deregisteredAt,
    deleteRequestedAt: _deleteRequestedAt,
    registeredBy: _registeredBy,
    family,
    containerDefinitions,
    ...kept
  } = whole
  return {
    ...kept,
    family,
    containerDefinitions: (containerDefinitions ?? []).map((container) => {
      const image = images.get(container.name ?? '')
      return image === undefined ? container : { ...container, image }
    }),
    tags: Object.entries(tags)
      // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html: nobody but AWS may write these.
      .filter(([key]) => !key.toLowerCase().startsWith('aws:'))
      .map(([key, value]) => ({ key, value })),
  }
}

function strategyOf(strategy: EcsStrategy): DeploymentConfiguration {
  switch (strategy.kind) {
    case 'ROLLING':
    case 'BLUE_GREEN':
      return { strategy: strategy.kind }
    case 'CANARY':
      return {
        strategy: 'CANARY',
        canaryConfiguration: {
          canaryPercent: strategy.percent,
          canaryBakeTimeInMinutes: strategy.bakeTimeInMinutes,
        },
      }
    case 'LINEAR':
      return {
        strategy: 'LINEAR',
        linearConfiguration: {
          stepPercent: strategy.stepPercent,
          stepBakeTimeInMinutes: strategy.stepBakeTimeInMinutes,
        },
      }
  }
}

/**
 * The deployment configuration that the service is to have: AWS replaces it as a whole, so what is not ours to change,
 * such as lifecycle hooks, is said again.
 */
export function changedConfiguration(
  before: DeploymentConfiguration | undefined,
  change: EcsDeploymentChange,
): DeploymentConfiguration {
  const { alarms, circuitBreaker, earlySuccess, strategy, bakeTimeInMinutes } = change
  return {
    ...before,
    minimumHealthyPercent: change.minimumHealthyPercent,
    maximumPercent: change.maximumPercent,
    deploymentCircuitBreaker: {
      ...before?.deploymentCircuitBreaker,
      enable: true,
      rollback: true,
      ...(circuitBreaker !== undefined && {
        resetOnHealthyTask: circuitBreaker.resetOnHealthyTask,
        thresholdConfiguration: { type: circuitBreaker.type, value: circuitBreaker.value },
      }),
    },
    ...(alarms.length > 0 && { alarms: { alarmNames: [...alarms], enable: true, rollback: true } }),
    ...(earlySuccess !== undefined && {
      earlySuccessCriteria: {
        enable: true,
        healthyPercent: earlySuccess.healthyPercent,
        sourceServiceRevisionCleanup: earlySuccess.cleanup,
      },
    }),
    ...(strategy !== undefined && strategyOf(strategy)),
    ...(bakeTimeInMinutes !== undefined && { bakeTimeInMinutes }),
  }
}
