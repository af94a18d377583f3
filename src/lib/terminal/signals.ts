import { exitCodes } from '../errors/exit-codes.js'

/** The signals that ask a run to stop: Ctrl-C, a supervisor, a terminal that went away. */
const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** A word of {@link stopSignals}. */
export type StopSignal = (typeof stopSignals)[number]

/** The part of a process that signals need, so that they can be tried without ending one. */
export interface SignalSource {
  on(event: StopSignal, listener: (signal: StopSignal) => void): unknown
  removeListener(event: StopSignal, listener: (signal: StopSignal) => void): unknown
  exit(code: number): void
  /** Seconds. */
  uptime(): number
}

/** The process exit code of a run that a signal ended at once. */
function exitCodeOf(signal: StopSignal): number {
  return signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated
}

// Below what a person does on purpose, above what npx and npm take to pass on a signal that the terminal has sent to the
// whole process group already.
const sameKeyPress = 300

/**
 * Calls the handler for the first stop signal. A second Ctrl-C or SIGTERM leaves the process at once: what is on the
 * way must not hold a person who wants to go. A second SIGHUP is ignored: closing a terminal may send several.
 * Returns the way to stop listening, after which the process has its usual manners back. `again` gets the later ones, and
 * says whether the process may stay all the same.
 */
export function onStop(
  handler: (signal: StopSignal) => void,
  source: SignalSource = process,
  again: (signal: StopSignal) => boolean = () => false,
): () => void {
  let askedAt: number | undefined
  const listener = (signal: StopSignal): void => {
    if (askedAt === undefined) {
      askedAt = source.uptime()
      handler(signal)
    } else if ((source.uptime() - askedAt) * 1000 > sameKeyPress) {
      askedAt = source.uptime()
      if (!again(signal) && signal !== 'SIGHUP') source.exit(exitCodeOf(signal))
    }
  }
  for (const signal of stopSignals) source.on(signal, listener)
  return () => {
    for (const signal of stopSignals) source.removeListener(signal, listener)
  }
}
