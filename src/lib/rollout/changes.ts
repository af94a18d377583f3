import type { EventBody } from '../events/event.js'
import type { Target } from '../domain/target.js'
import type { Observation } from './driver.js'

const same = (a: Target, b: Target): boolean =>
  a.lifecycle === b.lifecycle &&
  a.health === b.health &&
  a.reason === b.reason &&
  a.revision === b.revision &&
  a.launchedAt === b.launchedAt &&
  a.inServiceAt === b.inServiceAt

/** What happened to targets between two looks, as events. `before` is undefined at the first look. */
export function targetChanges(before: readonly Target[] | undefined, now: readonly Target[]): readonly EventBody[] {
  const events: EventBody[] = []
  const earlier = new Map((before ?? []).map((target) => [target.id, target]))
  for (const target of now) {
    const known = earlier.get(target.id)
    if (known === undefined || !same(known, target)) events.push({ type: 'target.changed', target })
    earlier.delete(target.id)
  }
  for (const target of earlier.values()) {
    events.push({ type: 'target.gone', id: target.id, revision: target.revision })
  }
  return events
}

/** What happened between two looks at the same rollout, as events. `before` is undefined at the first look. */
export function changes(id: string, before: Observation | undefined, now: Observation): readonly EventBody[] {
  const events: EventBody[] = [...targetChanges(before?.targets, now.targets)]
  const progressed =
    before === undefined ||
    before.status !== now.status ||
    before.percentage !== now.percentage ||
    before.remaining !== now.remaining ||
    before.reason !== now.reason
  if (progressed) {
    events.push({
      type: 'rollout.progress',
      id,
      status: now.status,
      percentage: now.percentage,
      remaining: now.remaining,
      ...(now.reason !== undefined && { reason: now.reason }),
    })
  }
  if (now.checkpoint !== undefined && now.checkpoint > (before?.checkpoint ?? 0)) {
    events.push({
      type: 'checkpoint',
      percentage: now.checkpoint,
      detail: now.reason ?? 'reached',
    })
  }
  return events
}
