import type { createAws } from '../aws/index.js'
import type { Config } from '../config/index.js'
import type { Clock } from '../ports/clock.js'
import type { EcsDeploymentChange, EcsStrategy } from '../ports/ecs.js'
import type { AsgRolloutOptions } from '../rollout/asg/options.js'
import type { Driver } from '../rollout/driver.js'
import type { EcsRolloutOptions } from '../rollout/ecs/options.js'

type Environment = Config['environment']
type EcsTarget = Extract<Environment['target'], { kind: 'ecs' }>

const seconds = (milliseconds: number): number => Math.round(milliseconds / 1000)
const minutes = (milliseconds: number): number => Math.round(milliseconds / 60_000)

/** How the group of an environment is to be rolled. */
function asgOptions({ rollout }: Environment): AsgRolloutOptions {
  return {
    minHealthyPercentage: rollout.minHealthy,
    maxHealthyPercentage: rollout.maxHealthy,
    ...(typeof rollout.warmup === 'number' && { warmup: seconds(rollout.warmup) }),
    bakeTime: seconds(rollout.bake),
    checkpointPercentages: rollout.checkpoints?.at ?? [],
    ...(rollout.checkpoints !== undefined && { checkpointDelay: seconds(rollout.checkpoints.delay) }),
    alarms: rollout.alarms,
  }
}

function strategyOf(strategy: NonNullable<Environment['rollout']['strategy']>): EcsStrategy {
  switch (strategy.kind) {
    case 'ROLLING':
    case 'BLUE_GREEN':
      return { kind: strategy.kind }
    case 'CANARY':
      return { kind: 'CANARY', percent: strategy.percent, bakeTimeInMinutes: minutes(strategy.bake) }
    case 'LINEAR':
      return { kind: 'LINEAR', stepPercent: strategy.percent, stepBakeTimeInMinutes: minutes(strategy.bake) }
  }
}

function deploymentChange({ rollout }: Environment): EcsDeploymentChange {
  const { circuitBreaker, earlySuccess, strategy, bake } = rollout
  return {
    minimumHealthyPercent: rollout.minHealthy,
    maximumPercent: rollout.maxHealthy,
    alarms: rollout.alarms,
    ...(circuitBreaker !== undefined && {
      circuitBreaker: {
        type: circuitBreaker.type,
        value: circuitBreaker.threshold,
        resetOnHealthyTask: circuitBreaker.resetOnHealthyTask,
      },
    }),
    ...(earlySuccess !== undefined && { earlySuccess }),
    ...(strategy !== undefined && { strategy: strategyOf(strategy) }),
    // Without one, AWS computes a short one from the alarms: a zero of ours would take it away.
    ...(bake > 0 && { bakeTimeInMinutes: minutes(bake) }),
  }
}

/** How the services of a cluster are to be rolled: one ECS service for each service of the app. */
export function ecsOptions(config: Config, target: EcsTarget): EcsRolloutOptions {
  return {
    cluster: target.cluster,
    services: target.services.flatMap(({ name, service: ecsService, container }) => {
      const own = config.services.find((one) => one.name === name)
      if (own === undefined) return []
      const { repository, platform } = own
      return [{ service: name, name: ecsService, repository, platform, ...(container !== undefined && { container }) }]
    }),
    change: deploymentChange(config.environment),
  }
}

/** The driver of the environment's platform; what the other platform needs is not loaded. */
export async function composeDriver(
  config: Config,
  aws: ReturnType<typeof createAws>,
  clock: Clock,
  client: Omit<Parameters<typeof createAws>[0], 'region'> = {},
): Promise<Driver> {
  const { environment } = config
  const { target, logs, region } = environment
  if (target.kind === 'asg') {
    const { createAsgDriver } = await import('../rollout/asg/driver.js')
    return createAsgDriver(target.group, asgOptions(environment), { ...aws, clock }, logs?.group)
  }
  const [{ createEcs }, { createEcsDriver }] = await Promise.all([
    import('../aws/ecs.js'),
    import('../rollout/ecs/driver.js'),
  ])
  const ecs = createEcs({ region, ...client })
  // Asked by `scale` alone: no other command loads one more client.
  const bounds = async () => (await import('../aws/service-bounds.js')).createServiceBounds({ region, ...client })
  return createEcsDriver(ecsOptions(config, target), { ...aws, ecs, bounds, clock }, logs?.group)
}
