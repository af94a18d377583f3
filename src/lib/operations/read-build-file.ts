import type { BuildFile, BuildStep, RunStep } from '../doctor/build-file.js'
import type { Place } from '../errors/rampart-error.js'
import { parseDockerfile, type Instruction } from '../image/recipe/dockerfile.js'
import { expand, ExpansionError } from '../image/recipe/expand.js'
import { readStep, StepProblem } from '../image/recipe/read-step.js'
import { readJsonWords, splitPlain, takeFlags } from '../image/recipe/words.js'

interface Reading {
  readonly lines: readonly string[]
  readonly escape: string
  readonly buildArgs: Readonly<Record<string, string>>
  /** What ARG has set before the first FROM. */
  readonly globals: Map<string, string>
  /** What the stage has set so far. */
  readonly variables: Map<string, string>
  shell: readonly string[]
  /** False before the first FROM. */
  inStage: boolean
}

const defaultShell = ['/bin/sh', '-c']

/**
 * Reads any Dockerfile, RUN and several stages included, for the checks. What is malformed is left out: the builder
 * says so better. `path` is for places; throws nothing.
 */
export function readBuildFile(text: string, path: string, buildArgs: Readonly<Record<string, string>>): BuildFile {
  const file = parseDockerfile(text, path)
  const reading: Reading = {
    lines: text.replace(/^\uFEFF/, '').split(/\r?\n/),
    escape: file.escape,
    buildArgs,
    globals: new Map(Object.entries(buildArgs)),
    variables: new Map(),
    shell: defaultShell,
    inStage: false,
  }
  const steps = file.instructions.flatMap((instruction, index): readonly BuildStep[] => {
    try {
      return stepOf(reading, instruction, file.instructions[index + 1]?.placeOf(0).line)
    } catch (error) {
      if (error instanceof StepProblem || error instanceof ExpansionError) return []
      throw error
    }
  })
  return { path, steps }
}

function stepOf(reading: Reading, instruction: Instruction, nextLine: number | undefined): readonly BuildStep[] {
  const place = instruction.placeOf(0)
  const value = (raw: string): string => expand(raw, reading.escape, (name) => reading.variables.get(name))
  switch (instruction.keyword) {
    case 'FROM':
      return [fromOf(reading, instruction, place)]
    case 'RUN':
      return [runOf(reading, instruction, place, nextLine)]
    case 'COPY':
    case 'ADD':
      return [copyOf(instruction, place, value)]
    case 'ENV':
    case 'ARG':
    case 'WORKDIR':
    case 'USER':
    case 'SHELL':
      break
    default:
      return []
  }
  const step = readStep(instruction, reading.escape)
  switch (step.kind) {
    case 'env': {
      const values = Object.fromEntries(step.pairs.map(({ key, value: raw }) => [value(key), value(raw)]))
      for (const [name, text] of Object.entries(values)) reading.variables.set(name, text)
      return [{ kind: 'env', values, place }]
    }
    case 'arg':
      return argOf(reading, step.items, place, value)
    case 'workdir':
    case 'user':
      return [{ kind: step.kind, value: value(step.value), place }]
    case 'shell':
      reading.shell = step.words
      return []
    default:
      return []
  }
}

function fromOf(reading: Reading, instruction: Instruction, place: Place): BuildStep {
  const body = instruction.text.slice(instruction.rest)
  const words = splitPlain(body.slice(takeFlags(body).rest)).map(({ raw }) => raw)
  reading.variables.clear()
  reading.shell = defaultShell
  reading.inStage = true
  const name = words[1]?.toLowerCase() === 'as' ? words[2] : undefined
  return {
    kind: 'from',
    reference: expand(words[0] ?? '', reading.escape, (variable) => reading.globals.get(variable)),
    ...(name !== undefined && { name }),
    place,
  }
}

function argOf(
  reading: Reading,
  items: readonly { readonly name: string; readonly value?: string }[],
  place: Place,
  value: (raw: string) => string,
): readonly BuildStep[] {
  const values: Record<string, string> = {}
  for (const item of items) {
    const given = reading.buildArgs[item.name]
    const own = item.value === undefined ? undefined : value(item.value)
    const chosen = given ?? own ?? (reading.inStage ? reading.globals.get(item.name) : undefined)
    if (chosen === undefined) continue
    values[item.name] = chosen
    if (!reading.inStage) reading.globals.set(item.name, chosen)
    reading.variables.set(item.name, chosen)
  }
  return reading.inStage ? [{ kind: 'arg', values, place }] : []
}

function copyOf(instruction: Instruction, place: Place, value: (raw: string) => string): BuildStep {
  const body = instruction.text.slice(instruction.rest)
  const { flags, rest } = takeFlags(body)
  const json = readJsonWords(body.slice(rest))
  const words = Array.isArray(json) ? json : splitPlain(body.slice(rest)).map(({ raw }) => raw)
  const sources = words.slice(0, -1).map(value)
  const elsewhere = flags.some(({ name }) => name === 'from') || sources.some((one) => /^\w+:\/\/|^git@|^<</.test(one))
  return { kind: 'copy', local: !elsewhere, sources, destination: value(words.at(-1) ?? ''), place }
}

/** What `--mount=type=cache,target=/x` and its like keep out of the image. */
function mountTarget(text: string): readonly string[] {
  const parts = new Map(text.split(',').map((part) => [part.split('=')[0] ?? '', part.slice(part.indexOf('=') + 1)]))
  const target = parts.get('target') ?? parts.get('dst') ?? parts.get('destination')
  return target === undefined || parts.get('type') === 'secret' || parts.get('type') === 'ssh' ? [] : [target]
}

function runOf(
  reading: Reading,
  instruction: Instruction,
  place: Place,
  nextLine: number | undefined,
): RunStep & { readonly place: Place } {
  const body = instruction.text.slice(instruction.rest)
  const { flags, rest } = takeFlags(body)
  const start = instruction.rest + rest
  const [, ...options] = reading.shell.slice(0, -1)
  const shell = {
    errexit: reading.shell.some((word) => /^-\w*e\w*$/.test(word)) || options.includes('errexit'),
    pipefail: reading.shell.includes('pipefail'),
  }
  const mounts = flags.flatMap(({ name, value }) => (name === 'mount' && value !== undefined ? mountTarget(value) : []))
  const run = { kind: 'run', shell, mounts, place } as const
  const script = body.slice(rest)
  const json = readJsonWords(script)
  if (Array.isArray(json)) {
    const text = json.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ')
    return { ...run, script: text, placeOf: () => place }
  }
  const heredoc = heredocOf(reading, script, place, nextLine)
  if (heredoc !== undefined) return { ...run, ...heredoc }
  return { ...run, script, placeOf: (index) => instruction.placeOf(start + index) }
}

// https://docs.docker.com/reference/dockerfile/#here-documents: `RUN <<EOF` runs the lines up to EOF as a script.
function heredocOf(
  { lines }: Reading,
  script: string,
  place: Place,
  nextLine: number | undefined,
): Pick<RunStep, 'script' | 'placeOf'> | undefined {
  const delimiter = /^<<-?\s*(['"]?)(\w+)\1\s*$/.exec(script.trim())?.[2]
  if (delimiter === undefined || place.line === undefined) return undefined
  const below = lines.slice(place.line, nextLine === undefined ? undefined : nextLine - 1)
  const end = below.findIndex((line) => line.trim() === delimiter)
  const text = (end < 0 ? below : below.slice(0, end)).join('\n')
  const { line, file } = place
  return {
    script: text,
    placeOf: (index) => {
      const before = text.slice(0, index).split('\n')
      return { file, line: line + before.length, column: (before.at(-1) ?? '').length + 1 }
    },
  }
}
