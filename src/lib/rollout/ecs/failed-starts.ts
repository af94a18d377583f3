import type { EcsTask } from '../../ports/ecs.js'
import type { FailedStart } from '../driver.js'
import { isInService } from '../../domain/target.js'
import { partOf } from './parts.js'
import type { ServiceSurvey } from './survey.js'

/** What the release itself is to blame for; the others are people, Spot and hardware. */
const ownFault: ReadonlySet<string> = new Set(['TaskFailedToStart', 'EssentialContainerExited'])

/**
 * What ECS writes of a task that it gave up for its health; who comes late has nothing else to know it by.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
 */
const givenUp = /^Task failed (?:ELB|container) health checks/

/** Why a task stopped, in ECS's words and those of the container that ended it. */
export function whyStopped({ stoppedReason, containers }: EcsTask): string {
  const reasons = containers.flatMap(({ name, exitCode, reason }) => [
    ...(reason === undefined || reason === stoppedReason ? [] : [`${name}: ${reason}`]),
    ...(exitCode === undefined || exitCode === 0 ? [] : [`${name} exited with ${exitCode}`]),
  ])
  return [...new Set([stoppedReason, ...reasons])].filter((text) => text !== undefined).join('; ')
}

/** Remembers, over the looks at one rollout, which new tasks did not live, and of which one heard complaints. */
export class EcsFailedStarts {
  readonly #well = new Map<string, boolean>()
  readonly #complaints = new Map<string, string>()
  readonly #failed = new Map<string, FailedStart>()

  /** Takes in one look. Tasks that the scheduler stops while it goes back are not failures. */
  look(all: readonly ServiceSurvey[], startedAt: number, forward: boolean): readonly FailedStart[] {
    for (const one of all) {
      for (const { id, isNew, health, reason, lifecycle } of one.targets) {
        if (!isNew || health === 'draining') continue
        if (health === 'healthy') this.#complaints.delete(id)
        if (health === 'unhealthy' && reason !== undefined) this.#complaints.set(id, reason)
        if (isInService({ lifecycle })) this.#well.set(id, health === 'healthy' || health === 'none')
      }
      for (const task of one.tasks) {
        const isNew = partOf(task.taskDefinition) === one.part && (task.createdAt ?? startedAt) >= startedAt
        if (isNew && task.desiredStatus === 'STOPPED' && this.#isFailure(task, forward)) this.#add(task)
      }
    }
    return this.seen()
  }

  /** All failures so far, in the order in which they were seen. */
  seen(): readonly FailedStart[] {
    return [...this.#failed.values()]
  }

  /** What the load balancer last said of a new task that has not been healthy since. */
  complaint(id: string): string | undefined {
    return this.#complaints.get(id)
  }

  #isFailure(task: EcsTask, forward: boolean): boolean {
    if (this.#failed.has(task.id)) return false
    if (ownFault.has(task.stopCode ?? '')) return true
    if (givenUp.test(task.stoppedReason ?? '')) return true
    if (!forward || task.stopCode !== 'ServiceSchedulerInitiated') return false
    // One that served well was given up in a scale-in; the others were found ill.
    return task.healthStatus === 'UNHEALTHY' || this.#complaints.has(task.id) || this.#well.get(task.id) === false
  }

  #add(task: EcsTask): void {
    const why = whyStopped(task)
    const message = `${task.id} stopped${why === '' ? '' : `: ${why}`}`
    this.#failed.set(task.id, { id: task.id, launched: task.startedAt !== undefined, message })
  }
}
