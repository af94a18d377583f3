import type { Place, Problem } from '../../errors/rampart-error.js'
import type { Instruction } from './dockerfile.js'
import { parseGoDuration } from './duration.js'
import type { CommandLine, CopyStep, StepBody } from './step.js'
import { readJsonWords, splitPlain, splitQuoted, takeFlags, type Flag, type Word } from './words.js'

/** Thrown while one instruction is read; it becomes one problem of the file. */
export class StepProblem extends Error {
  override readonly name = 'StepProblem'
  readonly problem: Problem

  constructor(message: string, place: Place, hint?: string) {
    super(message)
    this.problem = { message, place, ...(hint !== undefined && { hint }) }
  }
}

interface Reading {
  readonly instruction: Instruction
  readonly escape: string
  readonly flags: ReadonlyMap<string, Flag>
  /** What follows the keyword and the flags. */
  readonly rest: string
  /** Where `rest` begins in the instruction's text. */
  readonly offset: number
}

const withDocker = 'build it with Docker (--builder docker)'
const flagsOf: Readonly<Record<string, readonly string[]>> = {
  COPY: ['chown', 'chmod', 'link', 'from', 'parents', 'exclude'],
  ADD: ['chown', 'chmod', 'link', 'checksum', 'keep-git-dir', 'unpack', 'exclude'],
  HEALTHCHECK: ['interval', 'timeout', 'start-period', 'start-interval', 'retries'],
}

/** Reads one instruction of a stage. Throws a {@link StepProblem} when it is outside the subset or malformed. */
export function readStep(instruction: Instruction, escape: string): StepBody {
  const reader = readers[instruction.keyword]
  if (reader === undefined) {
    throw new StepProblem(
      `${instruction.keyword} is not an instruction that rampart knows`,
      instruction.placeOf(0),
      'see https://docs.docker.com/reference/dockerfile/ for those there are',
    )
  }
  return reader(openInstruction(instruction, escape))
}

function openInstruction(instruction: Instruction, escape: string): Reading {
  const taken = takeFlags(instruction.text.slice(instruction.rest))
  const allowed = flagsOf[instruction.keyword] ?? []
  const flags = new Map<string, Flag>()
  for (const flag of taken.flags) {
    const place = instruction.placeOf(instruction.rest + flag.at)
    if (!allowed.includes(flag.name)) {
      throw new StepProblem(`--${flag.name} is not a flag of ${instruction.keyword}`, place)
    }
    if (flags.has(flag.name) && flag.name !== 'exclude') throw new StepProblem(`--${flag.name} is given twice`, place)
    if (flag.value === undefined && !['link', 'parents'].includes(flag.name)) {
      throw new StepProblem(`--${flag.name} needs a value`, place, `write --${flag.name}=…`)
    }
    flags.set(flag.name, flag)
  }
  const offset = instruction.rest + taken.rest
  return { instruction, escape, flags, rest: instruction.text.slice(offset).trimEnd(), offset }
}

function fail(reading: Reading, message: string, hint?: string, at = 0): never {
  throw new StepProblem(message, reading.instruction.placeOf(reading.offset + at), hint)
}

function failFlag(reading: Reading, flag: Flag, message: string, hint?: string): never {
  throw new StepProblem(message, reading.instruction.placeOf(reading.instruction.rest + flag.at), hint)
}

const readers: Readonly<Record<string, (reading: Reading) => StepBody>> = {
  ARG: readArg,
  ENV: (reading) => ({ kind: 'env', pairs: readPairs(reading) }),
  LABEL: (reading) => ({ kind: 'label', pairs: readPairs(reading) }),
  WORKDIR: (reading) => ({ kind: 'workdir', value: readOne(reading) }),
  USER: (reading) => ({ kind: 'user', value: readOne(reading) }),
  STOPSIGNAL: (reading) => ({ kind: 'stopsignal', value: readOne(reading) }),
  MAINTAINER: (reading) => ({ kind: 'maintainer', value: readOne(reading) }),
  EXPOSE: (reading) => ({ kind: 'expose', values: atLeastOne(reading, splitPlain(reading.rest)) }),
  VOLUME: readVolume,
  COPY: readCopy,
  ADD: readCopy,
  CMD: (reading) => ({ kind: 'cmd', command: readCommand(reading, reading.rest, 0) }),
  ENTRYPOINT: (reading) => ({ kind: 'entrypoint', command: readCommand(reading, reading.rest, 0) }),
  SHELL: readShell,
  HEALTHCHECK: readHealthcheck,
  RUN: (reading) =>
    refuse(reading, 'RUN needs a container', `move it into the base image (Dockerfile.base), or ${withDocker}`),
  ONBUILD: (reading) => refuse(reading, 'ONBUILD is for base images', `put it there, or ${withDocker}`),
}

function refuse(reading: Reading, message: string, hint: string): never {
  throw new StepProblem(message, reading.instruction.placeOf(0), hint)
}

function readOne(reading: Reading): string {
  return reading.rest === '' ? fail(reading, `${reading.instruction.keyword} needs a value`) : reading.rest
}

function atLeastOne(reading: Reading, words: readonly Word[]): readonly string[] {
  return words.length === 0
    ? fail(reading, `${reading.instruction.keyword} needs at least one value`)
    : words.map((word) => word.raw)
}

function readArg(reading: Reading): StepBody {
  const words = splitQuoted(reading.rest, reading.escape)
  atLeastOne(reading, words)
  return {
    kind: 'arg',
    items: words.map(({ raw, at }) => {
      const equals = raw.indexOf('=')
      if (equals === 0) fail(reading, 'this ARG has no name', undefined, at)
      return equals < 0 ? { name: raw } : { name: raw.slice(0, equals), value: raw.slice(equals + 1) }
    }),
  }
}

// `ENV name value …` is the old form: it is told by the first word having no equals sign, and the rest is one value.
function readPairs(reading: Reading): readonly { readonly key: string; readonly value: string }[] {
  const { keyword } = reading.instruction
  const words = splitQuoted(reading.rest, reading.escape)
  const [first] = words
  if (first === undefined) fail(reading, `${keyword} needs at least one name=value`)
  if (!first.raw.includes('=')) {
    const match = /^([^\t\v\f\r ]+)[\t\v\f\r ]+(.*)$/s.exec(reading.rest)
    if (match === null) fail(reading, `${keyword} needs a value for ${first.raw}`, `write ${keyword} ${first.raw}=…`)
    return [{ key: match[1] ?? '', value: match[2] ?? '' }]
  }
  return words.map(({ raw, at }) => {
    const equals = raw.indexOf('=')
    if (equals < 0) fail(reading, `${raw} has no =`, `write name=value, and quote values that hold spaces`, at)
    if (equals === 0) fail(reading, `this ${keyword} has no name`, undefined, at)
    return { key: raw.slice(0, equals), value: raw.slice(equals + 1) }
  })
}

/** The words of a JSON array, or undefined for the shell form. */
function jsonWords(reading: Reading, text: string, at: number): readonly string[] | undefined {
  const words = readJsonWords(text)
  if (words !== 'not-strings') return words
  return fail(reading, 'only strings can stand in this JSON array', 'put each word in double quotes', at)
}

function readCommand(reading: Reading, text: string, at: number): CommandLine {
  const words = jsonWords(reading, text, at)
  return words === undefined ? { form: 'shell', text } : { form: 'exec', words }
}

function readShell(reading: Reading): StepBody {
  const words = jsonWords(reading, reading.rest, 0)
  if (words === undefined || words.length === 0) fail(reading, 'SHELL needs a JSON array', 'write ["/bin/sh", "-c"]')
  return { kind: 'shell', words }
}

function readVolume(reading: Reading): StepBody {
  const json = jsonWords(reading, reading.rest, 0)
  const values = json ?? atLeastOne(reading, splitPlain(reading.rest))
  if (values.length === 0 || values.some((value) => value.trim() === '')) fail(reading, 'VOLUME needs a path')
  return { kind: 'volume', values: values.map((value) => value.trim()) }
}

function readCopy(reading: Reading): CopyStep {
  const { keyword } = reading.instruction
  for (const [name, flag] of reading.flags) {
    if (name === 'from') {
      failFlag(reading, flag, `${keyword} --from copies from another image`, `put it into the base, or ${withDocker}`)
    }
    if (!['chown', 'chmod', 'link'].includes(name)) {
      failFlag(reading, flag, `rampart does not build ${keyword} --${name}`, withDocker)
    }
  }
  const link = reading.flags.get('link')
  if (link?.value !== undefined && !/^(?:true|false)$/i.test(link.value)) {
    failFlag(reading, link, '--link is true or false')
  }
  const json = jsonWords(reading, reading.rest, 0)
  const words = json?.map((raw) => ({ raw, at: 0 })) ?? splitPlain(reading.rest)
  if (words.length < 2) fail(reading, `${keyword} needs at least one source and a destination`)
  for (const { raw, at } of words) {
    if (/^<<-?\S/.test(raw)) fail(reading, 'a heredoc is a file that is not in the context', withDocker, at)
  }
  for (const { raw, at } of words.slice(0, -1)) {
    if (/^(?:https?|git|ssh):\/\/|^git@|\.git(?:#.*)?$/.test(raw) && keyword === 'ADD') {
      fail(reading, 'ADD of a URL downloads while it builds', `put the file into the context, or ${withDocker}`, at)
    }
    if (/^https?:\/\//.test(raw)) fail(reading, 'COPY cannot take a URL', 'put the file into the context', at)
  }
  const chown = reading.flags.get('chown')?.value
  const chmod = reading.flags.get('chmod')?.value
  return {
    kind: 'copy',
    add: keyword === 'ADD',
    sources: words.slice(0, -1).map((word) => word.raw),
    destination: words.at(-1)?.raw ?? '',
    ...(chown !== undefined && chown !== '' && { chown }),
    ...(chmod !== undefined && chmod !== '' && { chmod }),
    link: link !== undefined && link.value?.toLowerCase() !== 'false',
  }
}

function readHealthcheck(reading: Reading): StepBody {
  const match = /^(\S+)\s*/.exec(reading.rest)
  const type = (match?.[1] ?? '').toUpperCase()
  const at = match?.[0].length ?? 0
  const text = reading.rest.slice(at)
  if (type !== 'NONE' && type !== 'CMD') fail(reading, 'HEALTHCHECK needs CMD or NONE')
  if (type === 'NONE' && text !== '') fail(reading, 'HEALTHCHECK NONE takes no arguments', undefined, at)
  if (type === 'CMD' && text === '') fail(reading, 'HEALTHCHECK CMD needs a command')
  return {
    kind: 'healthcheck',
    command: type === 'NONE' ? undefined : readCommand(reading, text, at),
    interval: readDuration(reading, 'interval'),
    timeout: readDuration(reading, 'timeout'),
    startPeriod: readDuration(reading, 'start-period'),
    startInterval: readDuration(reading, 'start-interval'),
    retries: readRetries(reading),
  }
}

function readDuration(reading: Reading, name: string): number {
  const flag = reading.flags.get(name)
  if (flag?.value === undefined || flag.value === '') return 0
  const duration = parseGoDuration(flag.value)
  if (duration === undefined) failFlag(reading, flag, `--${name} is not a duration`, 'write e.g. 30s or 1m30s')
  // Docker's own floor: an interval of a health check is never below a millisecond.
  if (duration < 1e6) failFlag(reading, flag, `--${name} cannot be less than 1ms`)
  return duration
}

function readRetries(reading: Reading): number {
  const flag = reading.flags.get('retries')
  if (flag?.value === undefined || flag.value === '') return 0
  const retries = Number(flag.value)
  if (!/^\+?\d+$/.test(flag.value) || retries < 1 || retries > 2 ** 31 - 1) {
    failFlag(reading, flag, '--retries must be a whole number of at least 1')
  }
  return retries
}
