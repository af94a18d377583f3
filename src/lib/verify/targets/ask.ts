import { RampartError } from '../../errors/rampart-error.js'
import type { ProbeReport } from '../../domain/target-probe.js'
import type { RemoteCommand } from '../../ports/remote-command.js'
import { probeScript } from './probe-script.js'
import { readProbe } from './read-probe.js'
import type { WantedService } from './testimony.js'

/** What targets said of themselves, and why others did not. */
export interface Asked {
  readonly reports: ReadonlyMap<string, ProbeReport>
  /** One line for each reason, with whom it concerns. */
  readonly notes: readonly string[]
}

export interface AskOptions {
  /** Seconds for each answer that a target gives itself. */
  readonly timeout: number
  readonly signal: AbortSignal
}

/** Asks some targets what they serve, in whatever way. It rejects with the signal's reason only. */
export type Asker = (
  targets: readonly string[],
  services: readonly WantedService[],
  signal: AbortSignal,
) => Promise<Asked>

/** Asks with each asker those whom the ones before could not; undefined where there is none. */
export function inTurn(askers: readonly Asker[]): Asker | undefined {
  if (askers.length === 0) return undefined
  return async (targets, services, signal) => {
    const reports = new Map<string, ProbeReport>()
    const notes: string[] = []
    for (const ask of askers) {
      const left = targets.filter((one) => !reports.has(one))
      if (left.length === 0) break
      // oxlint-disable-next-line no-await-in-loop -- the next is asked for what is left
      const asked = await ask(left, services, signal)
      for (const [target, report] of asked.reports) reports.set(target, report)
      notes.push(...asked.notes)
    }
    return { reports, notes }
  }
}

/** Questions of one service: readiness, and one request twice. */
const answersOf = ({ probed }: WantedService): number => (probed.question === undefined ? 1 : 3)

const several = (count: number): string => `${count} ${count === 1 ? 'target' : 'targets'}`

/**
 * Asks the targets by their own agents what they serve: one command for all. What can not be asked is no failure: it is
 * left out and said, so that the proof stays at the grade that it has.
 */
export async function askTargets(
  remote: RemoteCommand,
  targets: readonly string[],
  services: readonly WantedService[],
  { timeout, signal }: AskOptions,
): Promise<Asked> {
  const reports = new Map<string, ProbeReport>()
  if (targets.length === 0) return { reports, notes: [] }
  try {
    const online = await remote.reachable(targets)
    const asked = targets.filter((one) => online.has(one))
    const away = targets.length - asked.length
    const notes =
      away === 0 ? [] : [`${several(away)} can not be asked: no SSM agent answers there (AmazonSSMManagedInstanceCore)`]
    if (asked.length === 0) return { reports, notes }
    const script = probeScript({ timeout, services: services.map(({ probed }) => probed) })
    const seconds = 30 + timeout * services.reduce((sum, one) => sum + answersOf(one), 0)
    const comment = 'rampart: proves what this instance serves'
    const results = await remote.run(script, asked, { timeout: seconds, comment, signal })
    const silent = new Map<string, number>()
    for (const target of asked) {
      const result = results.get(target)
      const report = result?.kind === 'done' ? readProbe(result.output) : undefined
      if (report !== undefined) {
        reports.set(target, report)
        continue
      }
      const why =
        result?.kind === 'not-run' ? result.why : `the probe ended with ${result?.exitCode ?? 'nothing'} and no answer`
      silent.set(why, (silent.get(why) ?? 0) + 1)
    }
    return {
      reports,
      notes: [...notes, ...[...silent].map(([why, count]) => `${several(count)} did not answer: ${why}`)],
    }
  } catch (error) {
    // No permission for Run Command, or no way to it: the weaker proof stands.
    if (!(error instanceof RampartError)) throw error
    return { reports, notes: [`the targets can not be asked: ${error.message}`] }
  }
}
