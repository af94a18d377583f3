import { RampartError } from '../errors/rampart-error.js'
import { createLogPoller } from '../logs/poll.js'
import type { EcsTask } from '../ports/ecs.js'
import type { LogSource } from '../ports/log-source.js'
import type { ModelCache } from '../ports/model-cache.js'
import { fillContainer } from './cache-batches.js'
import type { RunContext } from './run.js'

export interface FollowFill {
  readonly cache: Pick<ModelCache, 'task'>
  readonly logs: Pick<LogSource, 'page'>
  readonly logGroup: string
  readonly cluster: string
  readonly task: EcsTask
  /** How many models it is to prove. */
  readonly expected: number
  /** A model is proved to be there, by its place in the task's list. */
  readonly onProved: (index: number, found: { readonly files: number; readonly bytes: number }) => Promise<void>
}

/** How the task ended. */
export interface FillEnd {
  /** Undefined when the program was never started. */
  readonly exitCode: number | undefined
  /** In the words of ECS. */
  readonly reason: string | undefined
  /** Its last words, at most 40 lines. */
  readonly lines: readonly string[]
}

interface Fact {
  /** Of the model in the task's list. */
  readonly index: number
  readonly model: string
  readonly received: number
  readonly total: number
  readonly proved?: number
}

const pace = 3000
/** Lines arrive late: the last ones are waited for that long. */
const lateness = 30_000
const lastWords = 40
/** Clocks of other machines differ from ours. */
const skew = 60_000

/** Tells how far a task that fills the cache is, until it has stopped and its last lines are there. */
export async function followFill(request: FollowFill, run: RunContext): Promise<FillEnd> {
  const { cache, logs, logGroup: group, cluster, task, expected, onProved } = request
  const { clock, signal, emit } = run
  const stream = `cache/${fillContainer}/${task.id}`
  const since = (task.createdAt ?? clock.now()) - skew
  const poller = createLogPoller(logs, { group, since, streamPrefixes: [stream] }, clock)
  const lines: string[] = []
  let stopped: EcsTask | undefined
  let deadline = Number.POSITIVE_INFINITY
  let isOver = false
  let proved = 0
  const take = async (text: string): Promise<void> => {
    const fact = factOf(text)
    if (fact === undefined) {
      lines.push(text)
      lines.splice(0, lines.length - lastWords)
      isOver ||= text.startsWith('rampart-cache failed: ')
      return
    }
    const { index, model, received, total, proved: files } = fact
    emit({ type: 'model.progress', service: 'cache', model, received, total })
    if (files === undefined) return
    proved += 1
    await onProved(index, { files, bytes: total })
  }
  for (;;) {
    try {
      stopped ??= stoppedOf(await cache.task(cluster, task.arn), task)
      if (stopped !== undefined && deadline === Number.POSITIVE_INFINITY) {
        deadline = clock.now() + lateness
        poller.lookBack()
      }
      let batch
      do {
        batch = await poller.next()
        for (const { text } of batch.lines) await take(text)
      } while (batch.more)
      // Whoever was never started said nothing.
      const { exitCode, reason } = wayOut(stopped)
      const isAll = isOver || exitCode === undefined || proved >= expected || clock.now() >= deadline
      if (stopped !== undefined && isAll) return { exitCode, reason, lines }
    } catch (error) {
      if (!(error instanceof RampartError) || !error.passing) throw error
    }
    await clock.sleep(pace, signal)
  }
}

/** The task once it has stopped; one that AWS has forgotten has, too. */
const stoppedOf = (now: EcsTask | undefined, before: EcsTask): EcsTask | undefined =>
  now === undefined ? before : now.lastStatus === 'STOPPED' ? now : undefined

function wayOut(task: EcsTask | undefined): Pick<FillEnd, 'exitCode' | 'reason'> {
  const container = task?.containers.find(({ name }) => name === fillContainer)
  return { exitCode: container?.exitCode, reason: container?.reason ?? task?.stoppedReason }
}

function factOf(text: string): Fact | undefined {
  const json = /^rampart-cache (\{.*\})\s*$/.exec(text)?.[1]
  if (json === undefined) return undefined
  try {
    const fact = JSON.parse(json) as Partial<Fact>
    const isWhole =
      typeof fact.index === 'number' &&
      typeof fact.model === 'string' &&
      typeof fact.received === 'number' &&
      typeof fact.total === 'number'
    return isWhole ? (fact as Fact) : undefined
  } catch {
    return undefined
  }
}
