import type { Place } from '../errors/rampart-error.js'
import type { Instruction } from '../image/recipe/dockerfile.js'
import { readRun, type RunScript } from '../image/recipe/run.js'
import { readJsonWords } from '../image/recipe/words.js'
import { downloadKind, namedModels } from '../shell/downloads.js'
import { shellOptions, type ShellCommand } from '../shell/read.js'
import { readSegments, type Segment } from '../shell/segments.js'
import { restOf } from './dockerfile-facts.js'
import { findModels, type FoundModel } from './python/models.js'
import { readModule } from './python/module.js'
import { createProject } from './python/project.js'

/** What one part of a RUN is for, the weightiest first. */
const purposes = ['download', 'install', 'chown', 'user', 'other'] as const

type Purpose = (typeof purposes)[number]

/** One part of a RUN: a command, or commands that only make sense together. */
export interface RunPart {
  readonly instruction: Instruction
  readonly text: string
  /** Where the command that has this purpose stands. */
  readonly place: Place
  readonly purpose: Purpose
  /** The words of the command that has this purpose; of the first one when none has. */
  readonly words: readonly string[]
  /** The words of all its commands. */
  readonly allWords: readonly string[]
  /** `|| true` and its like follow: a failure looks like success. */
  readonly ignoresFailure: boolean
  /** What makes the build go on when the command that has this purpose fails. */
  readonly hiddenBy?: string
  /** What stands between it and the next part. */
  readonly operator: Segment['operator']
  /** The models that it downloads, as far as it names them. */
  readonly models: readonly FoundModel[]
}

/** The parts of every RUN of a stage, in order. */
export function partsOfStage(instructions: readonly Instruction[]): readonly RunPart[] {
  let shell: readonly string[] = []
  return instructions.flatMap((one) => {
    if (one.keyword === 'SHELL') {
      const words = readJsonWords(restOf(one))
      if (Array.isArray(words)) shell = words
    }
    return one.keyword === 'RUN' ? runParts(one, shell) : []
  })
}

/** The parts of a RUN, in order. What `||` leads to is not one of them when it only hides a failure. */
export function runParts(instruction: Instruction, shell: readonly string[] = []): readonly RunPart[] {
  const run = readRun(instruction)
  const parts: RunPart[] = []
  for (const group of groups(readSegments(run.script, shellOptions(shell)))) {
    const own = group.filter(({ isExcuse }) => !isExcuse)
    parts.push(partOf(instruction, run, own, own.length < group.length, group.at(-1)?.operator ?? ''))
  }
  return parts
}

/** What `||` joins stays together: without its other half each of them would do something else. */
function groups(segments: readonly Segment[]): readonly (readonly Segment[])[] {
  const found: Segment[][] = []
  for (const [index, segment] of segments.entries()) {
    const last = found.at(-1)
    if (last !== undefined && segments[index - 1]?.operator === '||') last.push(segment)
    else found.push([segment])
  }
  return found
}

function partOf(
  instruction: Instruction,
  run: RunScript,
  segments: readonly Segment[],
  ignoresFailure: boolean,
  operator: Segment['operator'],
): RunPart {
  const [first] = segments
  const last = segments.at(-1)
  const text = run.script.slice(first?.at ?? 0, (last?.at ?? 0) + (last?.text.length ?? 0))
  const commands = segments.flatMap((segment) => segment.commands)
  const known = commands.map((command) => ({ command, ...purposeOf(command) }))
  const purpose = purposes.find((one) => known.some((command) => command.purpose === one)) ?? 'other'
  const weighty = known.find((command) => command.purpose === purpose)?.command
  const allWords = commands.length === 0 ? text.split(/\s+/) : commands.flatMap(wordsOf)
  return {
    instruction,
    text,
    place: run.placeOf(weighty?.at ?? first?.at ?? 0),
    purpose,
    words: weighty === undefined ? allWords : wordsOf(weighty),
    allWords,
    ignoresFailure,
    operator,
    models: known.flatMap(({ models }) => models),
    ...(weighty?.hiddenBy !== undefined && { hiddenBy: weighty.hiddenBy }),
  }
}

const wordsOf = ({ name, words }: ShellCommand): readonly string[] => (name === '' ? words : [name, ...words])

function purposeOf(command: ShellCommand): { readonly purpose: Purpose; readonly models: readonly FoundModel[] } {
  const { name, words, assignments } = command
  const code = words[0] === '-c' && /^(?:.*\/)?python[\d.]*$/.test(name) ? words[1] : undefined
  const loaded = code === undefined ? [] : findModels(createProject([readModule('run.py', code)])).models
  const kind = downloadKind(command, assignments)
  if (loaded.length > 0 || kind === 'model') {
    const models = code === undefined ? namedModels(command).map((id) => ({ id, places: [] })) : loaded
    return { purpose: 'download', models }
  }
  // `poetry export`, `uv export`: what makes the list of an installation is a part of it.
  const isList = /^(?:poetry|uv|pipenv)$/.test(name) && /^(?:export|requirements|lock)$/.test(words[0] ?? '')
  if (kind === 'package' || isList) return { purpose: 'install', models: [] }
  if (/^(?:useradd|adduser|groupadd|addgroup)$/.test(name)) return { purpose: 'user', models: [] }
  const isRecursive = name === 'chown' && words.some((word) => /^-\w*R|^--recursive$/.test(word))
  return { purpose: isRecursive ? 'chown' : 'other', models: [] }
}
