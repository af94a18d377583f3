import type { DeploymentLifecycleHookStage } from '@aws-sdk/client-ecs'
import type { WorldState } from '../state.js'
import type { HookRun, ServiceDeployment } from './state.js'

const minute = 60_000

/** Begins the hooks that the deployment's configuration has for that stage; those of earlier stages are over. */
export function startHooks(
  world: WorldState,
  deployment: ServiceDeployment,
  stage: DeploymentLifecycleHookStage | 'SCALE_UP' | 'BAKE_TIME' | 'CLEAN_UP',
): void {
  const { random, switches } = world
  const hooks = deployment.configuration.lifecycleHooks ?? []
  deployment.hooks = hooks
    .filter(({ lifecycleStages = [] }) => lifecycleStages.some((each) => each === stage))
    .map(({ targetType = 'AWS_LAMBDA', hookTargetArn, timeoutConfiguration }): HookRun => {
      const { timeoutInMinutes = 1440, action = 'ROLLBACK' } = timeoutConfiguration ?? {}
      const run: HookRun = {
        id: `ecs-${targetType === 'PAUSE' ? 'pause' : 'lambda'}-${random.hex(32)}`,
        targetType,
        targetArn: hookTargetArn,
        expiresAt: world.now + timeoutInMinutes * minute,
        timeoutAction: action,
        status: targetType === 'PAUSE' ? 'AWAITING_ACTION' : 'IN_PROGRESS',
      }
      if (targetType === 'AWS_LAMBDA') {
        world.agenda.add(world.now + switches.hookFunctionSeconds * 1000, () => {
          if (run.status === 'IN_PROGRESS') run.status = switches.hookFunctions
        })
      }
      return run
    })
}

/** Why the hooks want the deployment rolled back, if they do; hooks whose time is over are marked so. */
export function hookProblem(world: WorldState, { hooks }: ServiceDeployment): string | undefined {
  for (const hook of hooks) {
    if ((hook.status === 'AWAITING_ACTION' || hook.status === 'IN_PROGRESS') && hook.expiresAt <= world.now) {
      hook.status = 'TIMED_OUT'
    }
    if (hook.status === 'FAILED') return 'a lifecycle hook failed.'
    if (hook.status === 'TIMED_OUT' && hook.timeoutAction === 'ROLLBACK') return 'a lifecycle hook timed out.'
  }
  return undefined
}

/** Whether the deployment has to wait for none of its hooks. */
export const hooksAreDone = ({ hooks }: ServiceDeployment): boolean =>
  hooks.every(({ status }) => status === 'SUCCEEDED' || status === 'TIMED_OUT')
