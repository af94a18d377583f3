import type { Config } from '../config/index.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Clock } from '../ports/clock.js'
import type { LogSource } from '../ports/log-source.js'
import { callsText } from '../report/calls-text.js'
import type { Driver } from '../rollout/driver.js'
import type { LineSource } from '../rollout/log-watch.js'
import type { Background } from '../report/run/background.js'
import type { Reporting } from './report-files.js'

/** What the flags of a command that watches say. */
export interface WatchFlags {
  readonly record?: string | undefined
  /** From its variable it is one text. */
  readonly report?: readonly string[] | string | undefined
  readonly debug?: boolean
}

/** The reports that the flags ask for; undefined when there are none. */
export function reportingOf({ report }: WatchFlags, background?: () => Promise<Background>): Reporting | undefined {
  const named = typeof report === 'string' ? report.split(',') : (report ?? [])
  const files = [...new Set(named.map((name) => name.trim()).filter((name) => name !== ''))]
  return files.length === 0 ? undefined : { files, ...(background !== undefined && { background }) }
}

/** Where the targets of the environment write their logs, and how their lines are to be read. */
export async function linesFrom(config: Config, logs: LogSource, clock: Clock): Promise<LineSource | undefined> {
  const { logs: configured } = config.environment
  if (configured === undefined) return undefined
  const { linesOf } = await import('../rollout/log-lines.js')
  // A path that answers as soon as the process runs says nothing of its models.
  const readyPaths = config.services.flatMap(({ health }) =>
    health === undefined || health.ready === health.live ? [] : [health.ready],
  )
  const { group, patterns } = configured
  const carriers = config.services.filter(({ base }) => base !== undefined && base.models.length > 0)
  // Where nobody says what carries models, every service may.
  const others = carriers.length === 0 ? [] : config.services.filter((service) => !carriers.includes(service))
  const withoutModels = others.map(({ name }) => name)
  const reading = { readyPaths, withoutModels, ...(patterns !== undefined && { patterns }) }
  return linesOf(logs, group, { clock, reading })
}

/** Counts what goes out to AWS, when that is asked for. */
export interface CallCount {
  readonly onCall?: (operation: string) => void
  readonly lastWords: () => readonly string[]
}

/** A counter that begins now, by the run's clock. */
export function countCalls({ debug }: WatchFlags, clock: Clock): CallCount {
  if (debug !== true) return { lastWords: () => [] }
  const counts = new Map<string, number>()
  const startedAt = clock.now()
  return {
    onCall: (operation) => counts.set(operation, (counts.get(operation) ?? 0) + 1),
    lastWords: () => callsText({ counts, duration: clock.now() - startedAt }),
  }
}

/** Has whatever rollout is under way by then go back, as `rampart abort` would; says what came of asking. */
export function abortOf(driver: () => Driver | undefined): () => Promise<string> {
  return async () => {
    const known = driver()
    const rollout = await known?.latest()
    if (known === undefined || rollout === undefined || rollout.outcome !== undefined) {
      throw new RampartError(
        'preflight',
        'Nothing is under way that could go back; rampart rollback returns to an earlier release.',
      )
    }
    const refused = await known.rollBack(rollout.handle)
    if (refused !== undefined) throw refused
    return `asked ${known.fleet} to go back`
  }
}
