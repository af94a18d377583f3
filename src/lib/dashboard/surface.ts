import { EventEmitter } from 'node:events'
import type { Screen } from '../terminal/screen.js'

/** A stream for Ink to draw on. What it writes for one frame reaches the terminal in one piece, or not at all. */
export interface Surface {
  readonly stream: NodeJS.WriteStream
  /** Draws a frame: what is written meanwhile is kept together. */
  frame(draw: () => void): void
  /** From now on nothing that is written reaches the terminal. */
  close(): void
}

/** The screen that Ink sees: as large as the terminal, and never telling it of a change of size, which we do ourselves. */
export function createSurface(
  screen: Screen,
  size: { readonly columns: () => number; readonly rows: () => number },
): Surface {
  let open = true
  let parts: string[] | undefined
  const stream = Object.assign(new EventEmitter(), {
    isTTY: true,
    writable: true,
    write(chunk: string, done?: unknown): boolean {
      if (open) {
        if (parts === undefined) screen.write(chunk)
        else parts.push(chunk)
      }
      if (typeof done === 'function') process.nextTick(done as () => void)
      return true
    },
  })
  Object.defineProperties(stream, { columns: { get: size.columns }, rows: { get: size.rows } })
  return {
    stream: stream as unknown as NodeJS.WriteStream,
    frame(draw) {
      parts = []
      draw()
      const text = parts.join('')
      parts = undefined
      if (text !== '' && open) screen.write(text)
    },
    close: () => {
      open = false
    },
  }
}
