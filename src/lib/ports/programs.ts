/** A program of the user's, to be run once. */
export interface Program {
  readonly path: string
  readonly directory: string
  /** All of its environment. */
  readonly environment: Readonly<Record<string, string>>
  /** What it may read from its standard input; it need not. */
  readonly input: string
}

export type ProgramEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: string }
  /** It did not begin; `code` is the system's word for why, e.g. `ENOENT`, `EACCES`. */
  | { readonly kind: 'unstarted'; readonly code: string }

export interface ProgramOptions {
  /** Takes the bytes of each stream in order, until the program has ended. */
  readonly onOutput: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => void
  /** Ends the program and all that it has started, if they stayed in its process group. */
  readonly signal?: AbortSignal
}

export interface Programs {
  /** Runs the program to its end, also when the signal ends it. Never rejects. */
  run(program: Program, options: ProgramOptions): Promise<ProgramEnd>
}
