import type { Event } from '../events/event.js'
import type { View } from '../view/view.js'
import type { Page } from './page.js'

/** The part of a stream that a reporter needs. */
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }

/** Shows a run while it goes on. */
export interface Progress {
  /** Takes the event and the view that it made. It neither throws nor waits. */
  event(event: Event, view: View): void
  /** Ends what is live on the screen and leaves the last state of it there. */
  stop(): Promise<void>
}

/** What a way to show progress is given. */
export interface ProgressContext {
  readonly output: Output
  readonly page: Page
  /** The run's clock, in milliseconds since 1970. */
  readonly now: () => number
}

/** Writes lines to a stream. */
export function writeLines(output: Output, lines: readonly string[]): void {
  if (lines.length > 0) output.write(`${lines.join('\n')}\n`)
}
