import type { Launch } from '../driver.js'
import type { AutoScaling, ScalingActivity } from '../../ports/auto-scaling.js'

/** When the platform began to launch an instance and when it put it in service; milliseconds since 1970. */
export interface LaunchTimes {
  readonly launchedAt: number
  readonly inServiceAt?: number
}

// AWS's own words, to be seen in any group's activity history.
const launching = /^Launching a new EC2 instance: (i-[0-9a-f]+)/
const ended: ReadonlySet<string> = new Set(['Successful', 'Failed', 'Cancelled'])

/**
 * The scaling activities of one group from a moment on. A listing is paged, newest first, so each read asks for what
 * began since the oldest activity that has not ended: its cost follows from what happens and not from the fleet's size.
 */
export class ActivityLog {
  readonly #group: string
  readonly #autoScaling: Pick<AutoScaling, 'describeScalingActivities'>
  readonly #known = new Map<string, ScalingActivity>()
  readonly #launches = new Map<string, LaunchTimes>()
  #from: number | undefined
  #since = 0

  constructor(group: string, autoScaling: Pick<AutoScaling, 'describeScalingActivities'>) {
    this.#group = group
    this.#autoScaling = autoScaling
  }

  /** Takes in what is new since the last read. All that began at `from` (milliseconds) or later is kept. */
  async read(from: number): Promise<void> {
    if (this.#from === undefined || from < this.#from) {
      this.#from = from
      this.#since = from
    }
    const news = await this.#autoScaling.describeScalingActivities(this.#group, this.#since)
    for (const activity of news) this.#take(activity)
    const open = [...this.#known.values()].filter(({ statusCode }) => !ended.has(statusCode))
    const newest = Math.max(this.#since, ...news.map(({ startTime }) => startTime))
    this.#since = Math.min(newest, ...open.map(({ startTime }) => startTime))
  }

  /** What is known, oldest first. */
  all(): readonly ScalingActivity[] {
    return [...this.#known.values()].toSorted((a, b) => a.startTime - b.startTime)
  }

  /** When the instance was launched and went into service; undefined for one that was there before. */
  launch(id: string): LaunchTimes | undefined {
    return this.#launches.get(id)
  }

  /** Every launch that ended in service, oldest first. */
  launches(): readonly Launch[] {
    return [...this.#launches]
      .flatMap(([target, { launchedAt, inServiceAt }]) =>
        inServiceAt === undefined ? [] : [{ target, launchedAt, inServiceAt }],
      )
      .toSorted((a, b) => a.launchedAt - b.launchedAt)
  }

  #take(activity: ScalingActivity): void {
    this.#known.set(activity.id, activity)
    const id = launching.exec(activity.description)?.[1]
    if (id === undefined) return
    const { startTime, endTime, statusCode } = activity
    this.#launches.set(id, {
      launchedAt: startTime,
      ...(statusCode === 'Successful' && endTime !== undefined && { inServiceAt: endTime }),
    })
  }
}
