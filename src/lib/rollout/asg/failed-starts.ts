import type { Target } from '../../domain/target.js'
import type { ScalingActivity } from '../../ports/auto-scaling.js'
import type { FailedStart } from '../driver.js'

/**
 * Remembers, over the looks at one rollout, which new targets did not live: those that leave while the rollout still
 * goes forward, which only the group's replacing of an unhealthy instance does.
 */
export class FailedStarts {
  readonly #alive = new Map<string, Target>()
  readonly #failed = new Map<string, FailedStart>()

  /** Takes in one look that was made while the rollout went forward; what was seen of it comes back with the next. */
  look(targets: readonly Target[], activities: readonly ScalingActivity[]): readonly FailedStart[] {
    const present = new Map(targets.filter((target) => target.isNew).map((target) => [target.id, target]))
    for (const [id, before] of this.#alive) {
      const now = present.get(id)
      if (now === undefined || now.lifecycle.startsWith('Terminat')) {
        const why = now?.reason ?? before.reason
        this.#failed.set(id, { id, message: `${id} was replaced${why === undefined ? '' : ` (${why})`}` })
        this.#alive.delete(id)
      }
    }
    for (const [id, target] of present) {
      if (!target.lifecycle.startsWith('Terminat') && !this.#failed.has(id)) this.#alive.set(id, target)
    }
    for (const activity of activities) {
      if (activity.statusCode === 'Failed') {
        this.#failed.set(activity.id, { id: activity.id, message: activity.statusMessage ?? activity.description })
      }
    }
    return this.seen()
  }

  /** All failures so far, oldest first. */
  seen(): readonly FailedStart[] {
    return [...this.#failed.values()]
  }
}
