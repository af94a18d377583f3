import type { ModelLoad } from '../domain/model-load.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Emit } from '../events/event.js'
import { createLoadTracker, type LoadTracker } from '../logs/tracker.js'
import type { LogLine } from '../ports/log-source.js'
import { createEndings } from './endings.js'
import { createLineLimit } from './line-limit.js'

/** Where the targets' lines come from. */
export interface LineSource {
  /** The lines from that time on (milliseconds), each once; those that arrive late come late. */
  open(since: number): {
    /** What is new; one call for all targets, and a few when there is much. */
    next(): Promise<readonly LogLine[]>
    /** Looks, with the next call, as far back as lines may arrive late. */
    lookBack(): void
  }
  /** What tells a model's start apart in this app's lines; see the logs room. */
  readonly reading?: Parameters<typeof createLoadTracker>[0]
}

export interface LogWatch {
  /** By target, those that are gone included. */
  readonly loads: ReadonlyMap<string, ModelLoad>
  /** How often each target's process has begun anew after it had got somewhere. */
  readonly restarts: ReadonlyMap<string, number>
  /** Since when the last words of a target's process are those of one that has ended; milliseconds since 1970. */
  readonly endedAt: ReadonlyMap<string, number>
  /** When each target said that it is ready, by its own line; milliseconds since 1970. */
  readonly readyAt: ReadonlyMap<string, number>
  /** Says which targets this rollout has launched: only their lines are read from the first one on. */
  present(ids: ReadonlySet<string>): void
  /** The time of the newest line so far; milliseconds since 1970. */
  newest(): number
  /** Takes in what is new. Never rejects: a log is a witness, no condition. */
  look(): Promise<void>
  /** The same, with what has arrived late. */
  finish(): Promise<void>
}

/** Words that programs use when they are in trouble. */
const trouble = /\b(?:error|exception|traceback|fatal|panic|critical|killed|refused|denied|oom)\b|Error\b/i

/** Reads the targets' lines from `since` on, and says what they tell: loads, the lines themselves, what was left out. */
export function watchLogs(
  source: LineSource,
  since: number,
  targetOf: (stream: string) => string | undefined,
  emit: Emit,
): LogWatch {
  const tracker: LoadTracker = createLoadTracker(source.reading)
  const limit = createLineLimit()
  const loads = new Map<string, ModelLoad>()
  const readyAt = new Map<string, number>()
  const restarts = new Map<string, number>()
  const ends = createEndings()
  const untold = new Set<string>()
  const downloads = new Set<string>()
  const lines = source.open(since)
  let targets: ReadonlySet<string> = new Set()
  let given = true
  let newest = since

  function tell(target: string, load: ModelLoad): void {
    emit({ type: 'target.load', target, load })
    for (const model of load.downloads) {
      if (downloads.has(model)) continue
      downloads.add(model)
      emit({
        type: 'warning',
        message: `${target} downloads ${model} while it starts: the base image lacks it.`,
        next: ['name it under base.models in rampart.yml, then: rampart base build'],
      })
    }
  }

  function take(line: LogLine): void {
    newest = Math.max(newest, line.time)
    const target = targetOf(line.stream)
    if (target === undefined) return
    const load = tracker.see({ target, ...line })
    ends.hear(target, line, load !== undefined)
    if (load !== undefined) {
      const before = loads.get(target)
      if (before !== undefined && before.state !== 'starting' && load.state === 'starting') {
        restarts.set(target, (restarts.get(target) ?? 0) + 1)
      }
      loads.set(target, load)
      // A server may listen before its models are there: the last time that it got ready counts.
      if (load.state === 'ready') readyAt.set(target, line.time)
      else readyAt.delete(target)
      untold.add(target)
    }
    const isTrouble = trouble.test(line.text)
    const { shown, leftOut } = limit(target, line.time, load !== undefined || isTrouble)
    const time = new Date(line.time).toISOString()
    if (leftOut > 0)
      emit({ type: 'log.line', target, time, text: `(${leftOut} ${leftOut === 1 ? 'line' : 'lines'} left out)` })
    if (!shown) return
    emit({ type: 'log.line', target, time, text: line.text.trimEnd(), ...(isTrouble && { trouble: true }) })
  }

  /** Where a target has got to, once for all the lines of a look. */
  function tellNews(): void {
    for (const id of untold) {
      const load = loads.get(id)
      if (!targets.has(id) || load === undefined) continue
      untold.delete(id)
      tell(id, load)
    }
  }

  async function look(): Promise<void> {
    if (!given) return
    try {
      for (const line of await lines.next()) take(line)
      tellNews()
    } catch (error) {
      if (!(error instanceof RampartError)) throw error
      if (error.passing) return
      given = false
      emit({
        type: 'warning',
        message: `The logs of the targets can not be read: ${error.message}`,
        next: error.next,
      })
    }
  }

  return {
    loads,
    restarts,
    endedAt: ends.endedAt,
    readyAt,
    present(ids) {
      targets = ids
    },
    newest: () => newest,
    look,
    async finish() {
      lines.lookBack()
      await look()
    },
  }
}
