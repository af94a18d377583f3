import { isGone } from '../terminal/gone.js'

/** Why a dashboard is to end: a key, a signal, or a terminal that has gone away. */
export type Leaving = 'key' | 'lost' | 'SIGINT' | 'SIGTERM' | 'SIGHUP'

export interface TerminalWatch {
  readonly closed: Promise<Leaving>
  leave(why: Leaving): void
  isLost(): boolean
  /** Stops listening; the process has its usual manners back. */
  release(): void
}

export interface TerminalWatchOptions {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly onResize: () => void
  /** The process was stopped and goes on; the terminal may have been used by others. */
  readonly onContinue: () => void
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Listens to what a terminal and its process tell. An error that is not the loss of the terminal is thrown. */
export function watchTerminal({ stdin, stdout, onResize, onContinue }: TerminalWatchOptions): TerminalWatch {
  const closed = Promise.withResolvers<Leaving>()
  let lost = false
  let hungUp = false
  const onSignal = (signal: NodeJS.Signals): void => {
    hungUp ||= signal === 'SIGHUP'
    closed.resolve(signal as Leaving)
  }
  const onLost = (): void => {
    lost = true
    closed.resolve('lost')
  }
  const onError = (error: NodeJS.ErrnoException): void => {
    if (!isGone(error)) throw error
    onLost()
  }
  stdout.on('resize', onResize)
  stdout.on('error', onError)
  stdin.on('error', onError)
  if (stdin.isTTY) stdin.on('end', onLost)
  for (const signal of signals) process.on(signal, onSignal)
  process.on('SIGCONT', onContinue)
  return {
    closed: closed.promise,
    leave: (why) => closed.resolve(why),
    isLost: () => lost,
    release() {
      stdout.removeListener('resize', onResize)
      stdin.removeListener('end', onLost)
      for (const signal of signals) process.removeListener(signal, onSignal)
      process.removeListener('SIGCONT', onContinue)
      // A lost terminal goes on telling so; that must not end a process that has better things to finish.
      // After a hang-up, what is written last may fail only when nobody listens any more.
      if (lost || hungUp) return
      stdout.removeListener('error', onError)
      stdin.removeListener('error', onError)
    },
  }
}

/** Long enough for the signal to stop the process before the timer is looked at. */
const stopTakes = 50

/** Stops the process group as the terminal's own Ctrl-Z does; calls back when it goes on, or when nothing could stop it. */
export function suspendProcess(goOn: () => void): void {
  if (process.platform === 'win32') return goOn()
  process.kill(0, 'SIGTSTP')
  setTimeout(goOn, stopTakes)
}
