import type { Place } from '../errors/rampart-error.js'

/** A word of a Dockerfile as it was written: variables are not yet replaced, quotes are still there. */
export type Raw = string

export interface Pair {
  readonly key: Raw
  readonly value: Raw
}

/** CMD or ENTRYPOINT: `exec` is a list of words, `shell` one text for the shell. Neither has its variables replaced. */
export type CommandLine =
  | { readonly form: 'exec'; readonly words: readonly string[] }
  | { readonly form: 'shell'; readonly text: string }

export interface CopyStep {
  readonly kind: 'copy'
  /** True for ADD. */
  readonly add: boolean
  readonly sources: readonly Raw[]
  readonly destination: Raw
  readonly chown?: Raw
  readonly chmod?: Raw
  readonly link: boolean
}

export interface HealthcheckStep {
  readonly kind: 'healthcheck'
  /** Undefined for NONE. */
  readonly command: CommandLine | undefined
  /** Nanoseconds; 0 means that it was not given. */
  readonly interval: number
  readonly timeout: number
  readonly startPeriod: number
  readonly startInterval: number
  readonly retries: number
}

/** One instruction, and where it is. `text` is the instruction on one line, for history and messages. */
export type Step = (
  | { readonly kind: 'arg'; readonly items: readonly { readonly name: Raw; readonly value?: Raw }[] }
  | { readonly kind: 'env' | 'label'; readonly pairs: readonly Pair[] }
  | { readonly kind: 'workdir' | 'user' | 'stopsignal' | 'maintainer'; readonly value: Raw }
  | CopyStep
  | { readonly kind: 'expose' | 'volume'; readonly values: readonly Raw[] }
  | { readonly kind: 'cmd' | 'entrypoint'; readonly command: CommandLine }
  | { readonly kind: 'shell'; readonly words: readonly string[] }
  | HealthcheckStep
) & { readonly place: Place; readonly text: string }

/** A Dockerfile of the subset that becomes one layer, read but not yet applied to a base. */
export interface Recipe {
  /** The file's name as it was given, for messages. */
  readonly path: string
  readonly from: {
    /** The base as an image reference, variables replaced; never `scratch`. */
    readonly reference: string
    /** `--platform`, variables replaced. */
    readonly platform?: string
    readonly place: Place
  }
  readonly steps: readonly Step[]
  /** The escape character: a backslash unless the file's directive says otherwise. */
  readonly escape: '\\' | '`'
  readonly buildArgs: Readonly<Record<string, string>>
}

/**
 * Reads a Dockerfile. Everything outside the subset (RUN, several stages, COPY --from, ADD of URLs, ONBUILD, heredocs …)
 * and every syntax error is one problem of a RampartError of kind `usage` with file:line:column; `path` is for messages.
 */
export declare function readRecipe(text: string, path: string, buildArgs: Readonly<Record<string, string>>): Recipe
