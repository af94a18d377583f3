import type { EcsDeployment } from '../../ports/ecs.js'
import { isWaiting, type Standing } from './standing.js'
import type { ServiceSurvey } from './survey.js'

const deploymentOf = (one: ServiceSurvey | undefined): EcsDeployment | undefined => one?.back ?? one?.forward

/** ECS's own word for the deployment that leads. */
export function statusOf(standing: Standing): string {
  if (standing.kind === 'next') return 'PENDING'
  if (standing.kind === 'return') return 'ROLLBACK_REQUESTED'
  return deploymentOf(standing.leading)?.status ?? 'SUCCESSFUL'
}

/** The hooks at which a deployment waits for a person. */
export function pausesOf(deployment: EcsDeployment | undefined): EcsDeployment['hooks'] {
  return (deployment?.hooks ?? []).filter(({ kind, status }) => kind === 'PAUSE' && status === 'AWAITING_ACTION')
}

function details(deployment: EcsDeployment): readonly (string | undefined)[] {
  const { stage, trafficWeight, requested, running, breaker, statusReason, rollback } = deployment
  const [pause] = pausesOf(deployment)
  const until = pause?.expiresAt === undefined ? '' : ` until ${new Date(pause.expiresAt).toISOString()}`
  return [
    stage,
    trafficWeight === undefined || trafficWeight === 0 ? undefined : `${trafficWeight} % of the traffic`,
    deployment.status === 'IN_PROGRESS' ? `${running} of ${requested} tasks run` : undefined,
    breaker.failures > 0 ? `circuit breaker at ${breaker.failures} of ${breaker.threshold}` : undefined,
    pause === undefined ? undefined : `paused${until}: continue with rampart deploy --continue`,
    rollback?.reason,
    rollback === undefined ? statusReason : undefined,
  ]
}

/** Which service is under way and how, in a few words; undefined when there is nothing to say. */
export function reasonOf(standing: Standing, services: readonly ServiceSurvey[]): string | undefined {
  const { leading } = standing
  if (leading === undefined) return undefined
  const place = services.length > 1 ? `, service ${services.indexOf(leading) + 1} of ${services.length}` : ''
  const name = `${leading.service.name}${place}`
  if (standing.kind === 'next') return `${name}: next`
  if (standing.kind === 'return') {
    return `${standing.services.map(({ service }) => service.name).join(', ')} ${standing.services.length === 1 ? 'goes' : 'go'} back too`
  }
  if (standing.kind === 'ended' && standing.outcome === 'succeeded') return undefined
  if (standing.kind === 'ended' && isWaiting(leading)) {
    return `the rollout was left before ${leading.service.name} was moved; rampart deploy goes on with it`
  }
  const deployment = deploymentOf(leading)
  const parts = deployment === undefined ? [] : details(deployment).filter((part) => part !== undefined && part !== '')
  return parts.length === 0 ? name : `${name}: ${parts.join(', ')}`
}
