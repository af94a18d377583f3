/** What an expression of Python says, as far as it can be known without running it. */
export type Value =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number }
  /** A dotted name, e.g. `settings.MODEL`. */
  | { readonly kind: 'name'; readonly path: readonly string[] }
  | { readonly kind: 'call'; readonly call: Call }
  | { readonly kind: 'list'; readonly items: readonly Value[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [key: Value, value: Value])[] }
  /** `of[key]`. */
  | { readonly kind: 'item'; readonly of: Value; readonly key: Value }
  /** An f-string or a sum of texts, piece by piece. */
  | { readonly kind: 'joined'; readonly parts: readonly Value[] }
  /** `a or b`, `a if c else b`: one of them. */
  | { readonly kind: 'either'; readonly of: readonly Value[] }
  | { readonly kind: 'unknown' }

/** A call, or a decorator that takes arguments. */
export interface Call {
  /** The dotted name that is called; empty when it is not a name. */
  readonly callee: readonly string[]
  readonly positional: readonly Value[]
  readonly named: ReadonlyMap<string, Value>
  /** Counts from 1. */
  readonly line: number
  /** Names of the functions and classes around it, outermost first. */
  readonly scope: readonly string[]
  /** The name that the result is given, e.g. `app` in `app = FastAPI()`. */
  readonly target?: string
}

/** One file of Python. */
export interface Module {
  readonly path: string
  readonly calls: readonly Call[]
  /** What names are bound to, by scope and name (`function.name`); several when a name is bound more than once. */
  readonly bindings: ReadonlyMap<string, readonly Value[]>
  /** What a local name was imported as: the dotted path, beginning with one dot per level when relative. */
  readonly imports: ReadonlyMap<string, string>
}

export const unknown: Value = { kind: 'unknown' }
