import type { Place } from '../../errors/rampart-error.js'

/** A word of a Dockerfile as it was written: variables are not yet replaced, quotes are still there. */
export type Raw = string

/** A name and its value, both as they were written. */
export interface Pair {
  readonly key: Raw
  readonly value: Raw
}

/** CMD or ENTRYPOINT: `exec` is a list of words, `shell` one text for the shell. Neither has its variables replaced. */
export type CommandLine =
  | { readonly form: 'exec'; readonly words: readonly string[] }
  | { readonly form: 'shell'; readonly text: string }

/** COPY or ADD of files of the build context. */
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

/** HEALTHCHECK; durations in nanoseconds, 0 where none was given. */
export interface HealthcheckStep {
  readonly kind: 'healthcheck'
  /** Undefined for NONE. */
  readonly command: CommandLine | undefined
  readonly interval: number
  readonly timeout: number
  readonly startPeriod: number
  readonly startInterval: number
  readonly retries: number
}

/** What an instruction asks for. */
export type StepBody =
  | { readonly kind: 'arg'; readonly items: readonly { readonly name: Raw; readonly value?: Raw }[] }
  | { readonly kind: 'env' | 'label'; readonly pairs: readonly Pair[] }
  | { readonly kind: 'workdir' | 'user' | 'stopsignal' | 'maintainer'; readonly value: Raw }
  | CopyStep
  | { readonly kind: 'expose' | 'volume'; readonly values: readonly Raw[] }
  | { readonly kind: 'cmd' | 'entrypoint'; readonly command: CommandLine }
  | { readonly kind: 'shell'; readonly words: readonly string[] }
  | HealthcheckStep

/** One instruction and where it is; `text` is the instruction on one line, for history and messages. */
export type Step = StepBody & { readonly place: Place; readonly text: string }
