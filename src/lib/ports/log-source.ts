export interface LogLine {
  /** Empty for a line that a live session brought: those have none. */
  readonly id: string
  /** The target that wrote it, as its log stream names it. */
  readonly stream: string
  /** Milliseconds since 1970. */
  readonly time: number
  readonly text: string
}

/** Some of the lines that were asked for, in the order of their time. A page may be empty and not be the last. */
export interface LogPage {
  readonly lines: readonly LogLine[]
  /** Where the rest begins; undefined when there is none by now. */
  readonly next?: string
}

/** What a live session brings. */
export type LiveLines =
  /** It is open: whatever arrives from now on will be in it. */
  | { readonly kind: 'open' }
  /** What has arrived since the last one; `sampled` when that was more than it carries. */
  | { readonly kind: 'lines'; readonly lines: readonly LogLine[]; readonly sampled: boolean }

export interface LogSource {
  exists(group: string): Promise<boolean>
  /** The last `limit` lines of the group from `since` on, oldest first; empty when the group does not exist. */
  read(
    group: string,
    options: { readonly since: number; readonly streamPrefix?: string; readonly limit?: number },
  ): Promise<readonly LogLine[]>
  /** One page of the lines from `since` to `until`, both included: one call. Empty when the group does not exist. */
  page(
    group: string,
    options: {
      readonly since: number
      readonly until?: number
      readonly streamPrefix?: string
      /** The `next` of the page before, with the other options as they were. */
      readonly from?: string
    },
  ): Promise<LogPage>
  /**
   * The lines of a group as they arrive, in whatever order, until the session's time is over or the signal is aborted.
   * Throws where live sessions are not to be had, and when one breaks.
   */
  live(
    group: string,
    options: { readonly streamPrefixes?: readonly string[]; readonly signal: AbortSignal },
  ): AsyncIterable<LiveLines>
}
