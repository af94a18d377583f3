import type { Target } from '../../domain/target.js'
import type { ScalingActivity } from '../../ports/auto-scaling.js'
import type { FailedStart } from '../driver.js'

const isLeaving = (target: Target): boolean => target.lifecycle.startsWith('Terminat')
const serves = (target: Target): boolean =>
  target.lifecycle === 'InService' && (target.health === 'healthy' || target.health === 'none')

/**
 * Remembers, over the looks at one rollout, which new targets did not live: those that leave without having served,
 * or while they were unhealthy. One that served and leaves was taken by a scale-in or by somebody, not by its release.
 */
export class FailedStarts {
  readonly #alive = new Map<string, { readonly served: boolean; readonly target: Target }>()
  readonly #failed = new Map<string, FailedStart>()

  /**
   * Takes in one look that was made while the rollout went forward, with the ids of the instances that the group itself
   * found unhealthy: it marks those that it replaces so, and not those that it gives up in a scale-in.
   */
  look(
    targets: readonly Target[],
    unhealthy: ReadonlySet<string>,
    activities: readonly ScalingActivity[],
  ): readonly FailedStart[] {
    const present = new Map(targets.filter((target) => target.isNew).map((target) => [target.id, target]))
    for (const [id, { served, target: before }] of this.#alive) {
      const now = present.get(id)
      if (now !== undefined && !isLeaving(now)) continue
      this.#alive.delete(id)
      if (served && before.health !== 'unhealthy') continue
      if (now !== undefined && !unhealthy.has(id)) continue
      // A target that is on its way out is draining, which says nothing of why.
      const why = before.health === 'unhealthy' ? before.reason : undefined
      const message = `${id} was replaced${why === undefined ? ' before it served' : ` (${why})`}`
      this.#failed.set(id, { id, launched: true, message })
    }
    for (const [id, target] of present) {
      if (isLeaving(target) || this.#failed.has(id)) continue
      this.#alive.set(id, { served: serves(target) || this.#alive.get(id)?.served === true, target })
    }
    for (const { id, statusCode, statusMessage, description } of activities) {
      if (statusCode === 'Failed') this.#failed.set(id, { id, launched: false, message: statusMessage ?? description })
    }
    return this.seen()
  }

  /** All failures so far, in the order in which they were seen. */
  seen(): readonly FailedStart[] {
    return [...this.#failed.values()]
  }
}
