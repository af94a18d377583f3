import { parseDockerfile, type Instruction } from '../image/recipe/dockerfile.js'
import { readJsonWords, splitPlain, takeFlags } from '../image/recipe/words.js'
import { pathOfCommand } from './compose-file.js'
import { portOf } from '../shell/listening.js'
import { readShell } from '../shell/read.js'

/** One COPY or ADD of files of the context. */
export interface CopyFact {
  readonly instruction: Instruction
  readonly sources: readonly string[]
  readonly destination: string
}

/** One stage of a Dockerfile. */
interface Stage {
  /** The image or stage that it begins with, as written. */
  readonly from: string
  readonly name: string | undefined
  readonly instructions: readonly Instruction[]
}

/** What a Dockerfile says, as far as init needs it. Nothing is expanded or run. */
export interface DockerfileFacts {
  readonly path: string
  /** ARG lines before the first FROM. */
  readonly globals: readonly Instruction[]
  readonly stages: readonly Stage[]
  /** Of the last stage, in order. */
  readonly copies: readonly CopyFact[]
  readonly port: number | undefined
  readonly healthPath: string | undefined
  /** Of the last USER. */
  readonly user: string | undefined
  readonly workdir: string | undefined
  /** The CMD or ENTRYPOINT as words of one line. */
  readonly command: string
}

/** What follows an instruction's keyword and flags. */
export function restOf(instruction: Instruction): string {
  const body = instruction.text.slice(instruction.rest)
  return body.slice(takeFlags(body).rest).trim()
}

/** Reads a Dockerfile. It never throws: lines that are no instruction are left out. */
export function readDockerfileFacts(path: string, text: string): DockerfileFacts {
  const { instructions } = parseDockerfile(text, path)
  const globals: Instruction[] = []
  const stages: { from: string; name: string | undefined; instructions: Instruction[] }[] = []
  for (const instruction of instructions) {
    if (instruction.keyword === 'FROM') {
      const words = splitPlain(restOf(instruction)).map((word) => word.raw)
      stages.push({
        from: words[0] ?? '',
        name: words[1]?.toLowerCase() === 'as' ? words[2] : undefined,
        instructions: [],
      })
    } else if (stages.length === 0) globals.push(instruction)
    else stages.at(-1)?.instructions.push(instruction)
  }
  const last = stages.at(-1)?.instructions ?? []
  const lastOf = (keyword: string): Instruction | undefined => last.findLast((one) => one.keyword === keyword)
  const restOfLast = (keyword: string): string | undefined => {
    const found = lastOf(keyword)
    return found === undefined ? undefined : restOf(found)
  }
  const command = [restOfLast('ENTRYPOINT'), restOfLast('CMD')].flatMap((rest) => commandText(rest)).join(' ')
  const healthcheck = lastOf('HEALTHCHECK')
  const exposed = Number(/\d{1,5}/.exec(restOfLast('EXPOSE') ?? '')?.[0])
  return {
    path,
    globals,
    stages,
    copies: last.flatMap(readCopy),
    port: exposed >= 1 && exposed <= 65_535 ? exposed : portOf(command),
    healthPath: healthcheck === undefined ? undefined : pathOfCommand(healthcheck.text),
    user: restOfLast('USER'),
    workdir: restOfLast('WORKDIR'),
    command,
  }
}

function commandText(rest: string | undefined): readonly string[] {
  if (rest === undefined) return []
  const words = readJsonWords(rest)
  if (words !== undefined && words !== 'not-strings') return [words.join(' ')]
  const [command] = readShell(rest, { errexit: false, pipefail: false })
  return [command === undefined ? rest : [command.name, ...command.words].join(' ')]
}

function readCopy(instruction: Instruction): readonly CopyFact[] {
  if (instruction.keyword !== 'COPY' && instruction.keyword !== 'ADD') return []
  const { flags } = takeFlags(instruction.text.slice(instruction.rest))
  if (flags.some((flag) => flag.name === 'from')) return []
  const rest = restOf(instruction)
  const json = readJsonWords(rest)
  const words = json === undefined || json === 'not-strings' ? splitPlain(rest).map((word) => word.raw) : json
  const sources = words.slice(0, -1)
  // Of the context alone: heredocs and URLs are not files of the repository.
  return sources.length === 0 || sources.some((source) => /^<<|^\w+:\/\//.test(source))
    ? []
    : [{ instruction, sources, destination: words.at(-1) ?? '' }]
}
