import type { BuildFile, BuildStep, RunStep } from '../doctor/build-file.js'
import type { Place } from '../errors/rampart-error.js'
import { parseDockerfile, type Instruction } from '../image/recipe/dockerfile.js'
import { expand, ExpansionError } from '../image/recipe/expand.js'
import { readRun } from '../image/recipe/run.js'
import { readStep, StepProblem } from '../image/recipe/read-step.js'
import type { CommandLine } from '../image/recipe/step.js'
import { readJsonWords, splitPlain, takeFlags } from '../image/recipe/words.js'
import { shellOptions } from '../shell/read.js'

interface Reading {
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
    escape: file.escape,
    buildArgs,
    globals: new Map(Object.entries(buildArgs)),
    variables: new Map(),
    shell: defaultShell,
    inStage: false,
  }
  const steps = file.instructions.flatMap((instruction): readonly BuildStep[] => {
    try {
      return stepOf(reading, instruction)
    } catch (error) {
      if (error instanceof StepProblem || error instanceof ExpansionError) return []
      throw error
    }
  })
  return { path, steps }
}

function stepOf(reading: Reading, instruction: Instruction): readonly BuildStep[] {
  const place = instruction.placeOf(0)
  const value = (raw: string): string => expand(raw, reading.escape, (name) => reading.variables.get(name))
  switch (instruction.keyword) {
    case 'FROM':
      return [fromOf(reading, instruction, place)]
    case 'RUN':
      return [runOf(reading, instruction, place)]
    case 'COPY':
    case 'ADD':
      return [copyOf(instruction, place, value)]
    case 'ENV':
    case 'ARG':
    case 'WORKDIR':
    case 'USER':
    case 'SHELL':
    case 'HEALTHCHECK':
    case 'EXPOSE':
    case 'CMD':
    case 'ENTRYPOINT':
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
    case 'healthcheck': {
      const command = step.command && commandText(step.command)
      return [{ kind: 'healthcheck', command, waits: step.startPeriod > 0, place }]
    }
    case 'expose':
      return [{ kind: 'expose', ports: step.values.map((raw) => Number.parseInt(value(raw), 10)), place }]
    case 'cmd':
    case 'entrypoint':
      return [{ kind: 'start', command: commandText(step.command), place }]
    default:
      return []
  }
}

const commandText = (command: CommandLine): string => (command.form === 'exec' ? command.words.join(' ') : command.text)

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

function runOf(reading: Reading, instruction: Instruction, place: Place): RunStep & { readonly place: Place } {
  return { kind: 'run', shell: shellOptions(reading.shell), place, ...readRun(instruction) }
}
