export interface LogLine {
  readonly id: string
  /** The target that wrote it, as its log stream names it. */
  readonly stream: string
  /** Milliseconds since 1970. */
  readonly time: number
  readonly text: string
}

export interface LogSource {
  exists(group: string): Promise<boolean>
  /** The last `limit` lines of the group from `since` on, oldest first; empty when the group does not exist. */
  read(
    group: string,
    options: { readonly since: number; readonly streamPrefix?: string; readonly limit?: number },
  ): Promise<readonly LogLine[]>
}
