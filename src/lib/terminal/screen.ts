/** The streams of a terminal that a program may take for itself. */
export interface TerminalStreams {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  /** Where warnings may come from while the screen is taken. */
  readonly stderr: NodeJS.WriteStream
}

/** The alternate screen of a terminal, as one program has it at a time. */
export interface Screen {
  /** Shows the alternate screen: empty, cursor hidden, lines cut instead of wrapped. */
  take(): void
  /** Writes on the screen; drops what comes before it was taken or after it was given back. */
  write(text: string): void
  /** Leaves cursor, screen and modes as they were, then prints what others wrote meanwhile. Safe to call at any time. */
  giveBack(): void
}

// https://invisible-island.net/xterm/ctlseqs/ctlseqs.html: 1049 alternate screen with the cursor saved, 25 cursor, 7
// automatic wrap (so that no disagreement on a character's width can break a row), 2004 bracketed paste, 2026
// synchronised output (https://github.com/contour-terminal/vt-extensions/blob/master/synchronized-output.md).
const taking = '\u001b[?1049h\u001b[H\u001b[?25l\u001b[?7l'
const givingBack = '\u001b[?2026l\u001b[?2004l\u001b[0m\u001b[?7h\u001b[?25h\u001b[?1049l'

/** How much of what others write is kept until the screen is free again. */
const heldBytes = 256 * 1024

/**
 * The alternate screen of these streams. While it is taken, nobody else reaches it: what is written to stdout and
 * stderr is held until it is given back. An exit of the process and an uncaught exception give it back by themselves.
 */
export function createScreen(streams: TerminalStreams, source: NodeJS.EventEmitter = process): Screen {
  const { stdin, stdout, stderr } = streams
  let taken: { readonly release: () => void; readonly raw: boolean; readonly write: (text: string) => void } | undefined

  function giveBack(): void {
    if (taken === undefined) return
    const { release, raw, write } = taken
    taken = undefined
    source.removeListener('exit', giveBack)
    source.removeListener('uncaughtExceptionMonitor', giveBack)
    // A terminal that has gone away takes neither modes nor text.
    attempt(() => {
      if (stdin.isTTY) stdin.setRawMode(raw)
    })
    write(givingBack)
    release()
  }

  return {
    take() {
      if (taken !== undefined) return
      const held: (() => void)[] = []
      const own = stdout.write.bind(stdout)
      const releases = [stdout, stderr].filter((stream) => stream.isTTY).map((stream) => hold(stream, held))
      taken = {
        raw: stdin.isTTY && stdin.isRaw,
        write: (text) => attempt(() => own(text)),
        release: () => {
          for (const release of releases) release()
          for (const print of held) attempt(print)
        },
      }
      source.on('exit', giveBack)
      source.on('uncaughtExceptionMonitor', giveBack)
      taken.write(taking)
    },
    write: (text) => taken?.write(text),
    giveBack,
  }
}

function attempt(action: () => void): void {
  try {
    action()
  } catch {
    // Nothing is left to be told, and nobody to tell it to.
  }
}

/** Keeps what is written to the stream until it is released; gives the way to release it. */
function hold(stream: NodeJS.WriteStream, held: (() => void)[]): () => void {
  // oxlint-disable-next-line typescript/unbound-method -- put back on the same stream
  const original = stream.write
  const own = Object.hasOwn(stream, 'write')
  let size = 0
  stream.write = (chunk: Uint8Array | string, ...more: readonly unknown[]): boolean => {
    if (chunk.length > 0 && size + chunk.length <= heldBytes) {
      size += chunk.length
      held.push(() => stream.write(chunk))
    }
    const done = more.find((one) => typeof one === 'function')
    if (done !== undefined) process.nextTick(done)
    return true
  }
  return () => {
    if (own) stream.write = original
    else Reflect.deleteProperty(stream, 'write')
  }
}
