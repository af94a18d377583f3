import type { RolloutOutcome } from '../../domain/outcome.js'
import { goesBack, isActive, outcomeOf } from './deployments.js'
import { partOf } from './parts.js'
import type { ServiceSurvey } from './survey.js'

/** Where a rollout over several services stands, and what is to be done next. */
export type Standing =
  | { readonly kind: 'moving'; readonly direction: 'forward' | 'back'; readonly leading: ServiceSurvey }
  /** Nothing moves: this service is the next to be moved. */
  | { readonly kind: 'next'; readonly leading: ServiceSurvey }
  /** One has failed: these were moved before it, and are to go back. */
  | { readonly kind: 'return'; readonly leading: ServiceSurvey; readonly services: readonly ServiceSurvey[] }
  | { readonly kind: 'ended'; readonly outcome: RolloutOutcome; readonly leading: ServiceSurvey | undefined }

/** What only the one who moves the services knows. */
export interface Intention {
  /** Somebody wants all of it undone. */
  readonly goBack: boolean
  /** True for a service that is to be replaced though it is on its part, or was asked to move a moment ago. */
  readonly awaits: (one: ServiceSurvey) => boolean
}

/** AWS stops launching and waits for ever when there is no earlier deployment to go back to. */
const stalled = ({ forward }: ServiceSurvey): boolean =>
  forward?.status === 'IN_PROGRESS' && forward.breaker.status === 'TRIGGERED' && forward.sourceRevisionArns.length === 0

/** True for a service that the rollout has still to move. */
export function isWaiting(one: ServiceSurvey): boolean {
  return one.forward === undefined && partOf(one.service.taskDefinition) !== one.part
}

/** Reads where the rollout stands from its services. */
export function standingOf(all: readonly ServiceSurvey[], { goBack, awaits }: Intention): Standing {
  const stuck = all.find(stalled)
  if (stuck !== undefined) return { kind: 'ended', outcome: 'failed', leading: stuck }
  const active = all.find(({ forward }) => forward !== undefined && isActive(forward.status))
  if (active?.forward !== undefined) {
    return { kind: 'moving', direction: goesBack(active.forward.status) ? 'back' : 'forward', leading: active }
  }
  const failing = all.find(({ forward }) => forward !== undefined && forward.status !== 'SUCCESSFUL')
  const stopped = failing?.forward?.status === 'STOPPED'
  if (goBack || (failing !== undefined && !stopped)) return goingBack(all, failing)
  if (failing !== undefined) return { kind: 'ended', outcome: 'cancelled', leading: failing }
  const next = all.find((one) => isWaiting(one) || awaits(one))
  if (next !== undefined) return { kind: 'next', leading: next }
  return { kind: 'ended', outcome: 'succeeded', leading: all.findLast(({ forward }) => forward !== undefined) }
}

function goingBack(all: readonly ServiceSurvey[], failing: ServiceSurvey | undefined): Standing {
  const moved = all.filter(({ forward }) => forward?.status === 'SUCCESSFUL')
  const returning = moved.find(({ back }) => back !== undefined && isActive(back.status))
  if (returning !== undefined) return { kind: 'moving', direction: 'back', leading: returning }
  // The last one that was moved goes back first.
  const services = moved.filter(({ back }) => back === undefined).toReversed()
  const [first] = services
  if (first !== undefined) return { kind: 'return', leading: first, services }
  const lost = moved.find(({ back }) => back !== undefined && outcomeOf(back.status) !== 'succeeded')
  const failed = lost ?? (failing?.forward?.status === 'ROLLBACK_FAILED' ? failing : undefined)
  return {
    kind: 'ended',
    outcome: failed === undefined ? 'rolled-back' : 'failed',
    leading: failed ?? failing ?? moved[0],
  }
}
