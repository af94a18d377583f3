import { spawn, type ChildProcess } from 'node:child_process'
import type { Clock } from '../ports/clock.js'
import type { Program, ProgramEnd, ProgramOptions, Programs } from '../ports/programs.js'

/** What a program that is asked to end has left until it is ended, in milliseconds. */
const grace = 2000
/** How long output is taken from what an ended program has left running, in milliseconds. */
const drain = 500

/** Sends a signal to the program and to all that stayed in its process group; nothing when there is nobody left. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // Gone already.
  }
}

/** Runs programs as leaders of process groups of their own, so that they can be ended with all that they have started. */
export function createPrograms(clock: Clock): Programs {
  async function run(program: Program, { onOutput, signal }: ProgramOptions): Promise<ProgramEnd> {
    if (signal?.aborted === true) return { kind: 'killed', signal: 'SIGTERM' }
    const child = spawn(program.path, [], {
      cwd: program.directory,
      env: program.environment,
      // A group, and a session, of its own: Ctrl-C in the terminal comes to rampart alone, which decides.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const ended = Promise.withResolvers<ProgramEnd>()
    const closed = Promise.withResolvers<void>()
    child.on('error', (error: NodeJS.ErrnoException) => {
      ended.resolve({ kind: 'unstarted', code: error.code ?? error.message })
      closed.resolve()
    })
    child.on('exit', (code, killer) =>
      ended.resolve(code === null ? { kind: 'killed', signal: String(killer) } : { kind: 'exited', code }),
    )
    child.on('close', () => closed.resolve())
    child.stdout.on('data', (bytes: Buffer) => onOutput('stdout', bytes))
    child.stderr.on('data', (bytes: Buffer) => onOutput('stderr', bytes))
    // Who does not read what is written to it is free not to.
    child.stdin.on('error', () => undefined)
    child.stdin.end(program.input)

    const over = new AbortController()
    let stopped = false
    const onAbort = (): void => {
      stopped = true
      signalGroup(child, 'SIGTERM')
      clock.sleep(grace, over.signal).then(
        () => signalGroup(child, 'SIGKILL'),
        () => undefined,
      )
    }
    // A process that leaves at once, as after a second Ctrl-C, takes it along.
    const onLeave = (): void => signalGroup(child, 'SIGKILL')
    signal?.addEventListener('abort', onAbort, { once: true })
    process.once('exit', onLeave)
    try {
      const end = await ended.promise
      // What the program leaves running may hold its streams open for ever.
      await Promise.race([closed.promise, clock.sleep(drain, over.signal).catch(() => undefined)])
      // It was to end with all that it had started: nobody is left to look after the rest.
      if (stopped) signalGroup(child, 'SIGKILL')
      return end
    } finally {
      over.abort()
      signal?.removeEventListener('abort', onAbort)
      process.removeListener('exit', onLeave)
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
    }
  }
  return { run }
}
