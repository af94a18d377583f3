import { exitCodes, type FailureKind } from './exit-codes.js'

/** A place in a file that a person wrote; line and column count from 1. */
export interface Place {
  readonly file: string
  readonly line?: number
  readonly column?: number
}

/** One of several things wrong at once, e.g. one bad key of a configuration file. */
export interface Problem {
  readonly message: string
  readonly place?: Place
  /** What would be valid, or what to do about it. */
  readonly hint?: string
}

export interface RampartErrorOptions {
  readonly place?: Place
  /** Every problem found, when there can be more than one. */
  readonly problems?: readonly Problem[]
  /** What to do next, most useful first; a command stands alone in its string. */
  readonly next?: readonly string[]
  /** True when the same request may well succeed later, as when a network is down or a service is busy. */
  readonly passing?: boolean
  /** True when the identity that asked lacks the permission. */
  readonly denied?: boolean
  readonly cause?: unknown
}

/** A failure that rampart expects: whose fault it is (`kind`), what happened, where, and what to do next. */
export class RampartError extends Error {
  override readonly name = 'RampartError'
  readonly kind: FailureKind
  readonly place: Place | undefined
  readonly problems: readonly Problem[]
  readonly next: readonly string[]
  /** True when the same request may well succeed later; who can wait may ask again. */
  readonly passing: boolean
  /** True when the identity that asked lacks the permission. */
  readonly denied: boolean

  constructor(kind: FailureKind, message: string, options: RampartErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = kind
    this.place = options.place
    this.problems = options.problems ?? []
    this.next = options.next ?? []
    this.passing = options.passing ?? false
    this.denied = options.denied ?? false
  }

  /** The process exit code that this failure gives. */
  get exitCode(): number {
    return exitCodes[this.kind]
  }
}

/** `file:line:column`, as far as it is known. */
export function formatPlace(place: Place): string {
  return [place.file, place.line, place.line === undefined ? undefined : place.column]
    .filter((part) => part !== undefined)
    .join(':')
}
