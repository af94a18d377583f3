/** The steps of a target on its way to serve, as its own log lines tell them. */
export const loadStates = ['starting', 'downloading', 'loading', 'loaded', 'ready', 'killed'] as const

export type LoadState = (typeof loadStates)[number]

/** How far one target has come with its models. It follows from the target's log lines alone. */
export interface ModelLoad {
  readonly state: LoadState
  /** The model that is under way, or was last, where the lines name it. */
  readonly model?: string
  /** How much of it is there, when the lines say; bytes, or whole shards. */
  readonly progress?: { readonly done: number; readonly total: number; readonly unit: 'bytes' | 'shards' | 'percent' }
  /** Milliseconds from the first line of the process to the one that says it is ready. */
  readonly readyAfter?: number
  /** Models that were downloaded while the target started: the base image lacks them. */
  readonly downloads: readonly string[]
  /** Why the process was ended from outside, e.g. `out of memory (exit code 137)`. */
  readonly killed?: string
}
