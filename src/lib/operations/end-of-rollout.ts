import type { Revision } from '../domain/release.js'
import { isLeaving, type Target } from '../domain/target.js'
import type { Followed } from '../rollout/follow.js'
import type { Ended } from './run.js'

/** What a rollout was for. */
export interface Purpose {
  /** What is rolled out, as a sentence begins with it: `Release r-1`, `Version 8`. */
  readonly subject: string
  /** Undefined when nobody knows what was there before. */
  readonly from: Revision | undefined
  readonly revision: Revision
  /** The command that comes back to this rollout. */
  readonly comeBack: string
}

/** `release r-1`, in the middle of a sentence. */
const named = (subject: string): string => `${subject.charAt(0).toLowerCase()}${subject.slice(1)}`

/** True for a target on what the fleet came from too: a release need not change all services of a cluster. */
const wasThere = (from: Revision | undefined, to: Revision, target: Target): boolean =>
  from?.name === to.name && from.number.split(',').includes(target.revision)

/** A `RollbackSuccessful` is the platform's word; what the targets show must agree with it. */
function rolledBack({ targets }: Followed, { subject, from, revision }: Purpose, next: readonly string[]): Ended {
  const live = targets.filter((target) => !isLeaving(target))
  const problems = [
    ...live
      .filter((target) => target.isNew && !wasThere(from, revision, target))
      .map((target) => `${target.id} is still on version ${target.revision}, which failed`),
    ...live
      .filter((target) => target.health === 'unhealthy')
      .map((target) => `${target.id} is unhealthy${target.reason === undefined ? '' : `: ${target.reason}`}`),
  ]
  if (problems.length === 0) {
    return {
      ending: 'rolledBack',
      message: `${subject} failed and was rolled back; the fleet serves the previous release.`,
      next,
    }
  }
  return {
    ending: 'attention',
    message: `${subject} failed and was rolled back, but the fleet is not well.`,
    problems,
    next,
  }
}

function spread(targets: readonly Target[], { subject }: Purpose): string {
  const live = targets.filter((target) => !isLeaving(target))
  const fresh = live.filter((target) => target.isNew).length
  if (live.length === 0) return 'what its targets serve was not seen'
  return `${fresh} of ${live.length} targets ${fresh === 1 ? 'is' : 'are'} on ${named(subject)}, the others on what was there before`
}

/** How a rollout that did not succeed ends the run. */
export function endOfRollout(followed: Followed, purpose: Purpose): Ended {
  const { subject, comeBack } = purpose
  const next = [...(followed.next ?? []), ...(followed.cause?.next ?? [])]
  switch (followed.outcome) {
    case 'rolled-back':
      return rolledBack(followed, purpose, next)
    case 'cancelled':
      return {
        ending: 'attention',
        message: `The rollout of ${named(subject)} was cancelled: ${spread(followed.targets, purpose)}.`,
        next: [comeBack, ...next],
      }
    case 'abandoned':
      return {
        ending: 'unknown',
        message: `The rollout of ${named(subject)} goes on; how it ends is not known here.`,
        ...(followed.reason !== undefined && { problems: [followed.reason] }),
        next: [...next, comeBack],
      }
    case 'failed':
    case 'succeeded':
    case 'nothing-to-do':
      return {
        ending: 'attention',
        message: `The rollout of ${named(subject)} failed (${followed.status}) and the fleet needs attention: ${spread(followed.targets, purpose)}.`,
        ...(followed.reason !== undefined && { problems: [followed.reason] }),
        next,
      }
  }
}
