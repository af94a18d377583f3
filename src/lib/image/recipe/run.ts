import type { Place } from '../../errors/rampart-error.js'
import type { Instruction } from './dockerfile.js'
import { readJsonWords, takeFlags } from './words.js'

/** The script of a RUN, and where each of its characters stands. */
export interface RunScript {
  readonly script: string
  /** The words of `RUN ["…"]`, which no shell reads; `script` has them quoted. */
  readonly words?: readonly string[]
  /** True for the lines of a here-document, where a new line ends a command. */
  readonly isHeredoc: boolean
  /** Directories that are mounted while it runs, so that nothing in them is in the image. */
  readonly mounts: readonly string[]
  placeOf(index: number): Place
}

/** Reads a RUN in each of its forms: shell, JSON, here-document. Throws nothing. */
export function readRun(instruction: Instruction): RunScript {
  const body = instruction.text.slice(instruction.rest)
  const { flags, rest } = takeFlags(body)
  const start = instruction.rest + rest
  const mounts = flags.flatMap(({ name, value }) => (name === 'mount' && value !== undefined ? mountTarget(value) : []))
  const script = body.slice(rest)
  const json = readJsonWords(script)
  if (Array.isArray(json)) {
    const text = json.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ')
    const place = instruction.placeOf(0)
    return { script: text, words: json, isHeredoc: false, mounts, placeOf: () => place }
  }
  const heredoc = heredocOf(instruction, script)
  if (heredoc !== undefined) return { ...heredoc, isHeredoc: true, mounts }
  return { script, isHeredoc: false, mounts, placeOf: (index) => instruction.placeOf(start + index) }
}

/** What `--mount=type=cache,target=/x` and its like keep out of the image. */
function mountTarget(text: string): readonly string[] {
  const parts = new Map(text.split(',').map((part) => [part.split('=')[0] ?? '', part.slice(part.indexOf('=') + 1)]))
  const target = parts.get('target') ?? parts.get('dst') ?? parts.get('destination')
  return target === undefined || parts.get('type') === 'secret' || parts.get('type') === 'ssh' ? [] : [target]
}

// https://docs.docker.com/reference/dockerfile/#here-documents: `RUN <<EOF` runs the lines up to EOF as a script.
function heredocOf(instruction: Instruction, script: string): Pick<RunScript, 'script' | 'placeOf'> | undefined {
  const delimiter = /^<<-?\s*(['"]?)(\w+)\1\s*$/.exec(script.trim())?.[2]
  if (delimiter === undefined || instruction.heredoc === undefined) return undefined
  const { lines, line } = instruction.heredoc
  const end = lines.findIndex((one) => one.trim() === delimiter)
  const text = (end < 0 ? lines : lines.slice(0, end)).join('\n')
  const { file } = instruction.placeOf(0)
  return {
    script: text,
    placeOf: (index) => {
      const before = text.slice(0, index).split('\n')
      return { file, line: line + before.length - 1, column: (before.at(-1) ?? '').length + 1 }
    },
  }
}
