import { RampartError } from '../errors/rampart-error.js'

/** One of several answers. */
export interface Choice<T extends string> {
  readonly value: T
  readonly label: string
}

/** A person who answers questions. Leaving with Ctrl-C or Escape rejects with an `interrupted` error. */
export interface Asker {
  /** A line of text; `problem` says what is wrong with one, or nothing. */
  text(question: string, initial: string, problem: (answer: string) => string | undefined): Promise<string>
  /** One of the choices; the first is the one that Enter takes. */
  choose<T extends string>(question: string, choices: readonly [Choice<T>, ...Choice<T>[]]): Promise<T>
  /** Yes or no. */
  confirm(question: string, initial: boolean): Promise<boolean>
}

interface Streams {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly output: NodeJS.WriteStream
  /** Leaves the question that is open, and each after it, as Ctrl-C does. */
  readonly signal?: AbortSignal
}

/**
 * Asks on a terminal; loads the library that does it with the first question. Questions go to the stream that people
 * watch, so that a redirected stdout holds the result alone.
 */
export async function createAsker({ input, output, signal }: Streams): Promise<Asker> {
  const { confirm, isCancel, select, text } = await import('@clack/prompts')
  const common = { input: input as typeof process.stdin, output, ...(signal !== undefined && { signal }) }
  const answered = <T>(answer: T): Exclude<T, symbol> => {
    if (isCancel(answer)) {
      throw new RampartError('interrupted', 'You left before anything was written; nothing was changed.')
    }
    return answer as Exclude<T, symbol>
  }
  return {
    text: async (message, initialValue, problem) =>
      answered(await text({ ...common, message, initialValue, validate: (answer) => problem(answer ?? '') })),
    choose: async <T extends string>(message: string, choices: readonly Choice<T>[]) => {
      const options = choices.map(({ value, label }) => ({ value: value as string, label }))
      return answered(await select<string>({ ...common, message, options })) as T
    },
    confirm: async (message, initialValue) => answered(await confirm({ ...common, message, initialValue })),
  }
}
