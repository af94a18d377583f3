import { parseImageRef } from '../../domain/image-ref.js'
import { RampartError, type Place, type Problem } from '../../errors/rampart-error.js'
import { parseDockerfile, type Instruction } from './dockerfile.js'
import { expand, ExpansionError } from './expand.js'
import { readStep, StepProblem } from './read-step.js'
import type { Step } from './step.js'
import { splitPlain, takeFlags } from './words.js'

/** A Dockerfile of the subset that becomes one layer, read but not yet applied to a base. */
export interface Recipe {
  /** The file's name as it was given, for messages. */
  readonly path: string
  readonly from: {
    /** The base as an image reference, variables replaced; never `scratch`. */
    readonly reference: string
    /** `--platform`, variables replaced. */
    readonly platform?: string
    readonly place: Place
  }
  readonly steps: readonly Step[]
  /** The escape character: a backslash unless the file's directive says otherwise. */
  readonly escape: '\\' | '`'
  readonly buildArgs: Readonly<Record<string, string>>
  /** The arguments declared before FROM and those of the platform: what `ARG name` in the stage takes its value from. */
  readonly globals: ReadonlyMap<string, string>
}

/**
 * Reads a Dockerfile. Everything outside the subset (RUN, several stages, COPY --from, ADD of URLs, ONBUILD, heredocs …)
 * and every syntax error is one problem of a RampartError of kind `usage` with file:line:column; `path` is for messages.
 * `platform` is what TARGETPLATFORM and its kin say.
 */
export function readRecipe(
  text: string,
  path: string,
  buildArgs: Readonly<Record<string, string>>,
  platform = 'linux/amd64',
): Recipe {
  const file = parseDockerfile(text, path)
  const problems: Problem[] = [...file.problems]
  const globals = platformArguments(platform, buildArgs)
  const steps: Step[] = []
  let from: Recipe['from'] | undefined
  for (const instruction of file.instructions) {
    try {
      if (instruction.keyword === 'FROM') {
        if (from !== undefined) throw anotherStage(instruction)
        from = readFrom(instruction, file.escape, globals)
        continue
      }
      const step = { ...readStep(instruction, file.escape), place: instruction.placeOf(0), text: instruction.text }
      if (from !== undefined) steps.push(step)
      else if (step.kind === 'arg') declare(step, file.escape, globals, buildArgs)
      else throw new StepProblem(`${instruction.keyword} stands before FROM`, instruction.placeOf(0))
    } catch (error) {
      problems.push(asProblem(error, instruction))
    }
  }
  if (from === undefined && !file.instructions.some(({ keyword }) => keyword === 'FROM')) {
    problems.push({
      message: 'there is no FROM',
      place: { file: path, line: 1, column: 1 },
      hint: 'name the base image',
    })
  }
  if (problems.length > 0 || from === undefined) throw recipeError(path, problems)
  return { path, from, steps, escape: file.escape, buildArgs, globals }
}

/** The instructions that a base's ONBUILD left for its child images, as steps; their places name the base. */
export function readTriggers(triggers: readonly string[]): readonly Step[] {
  const name = 'ONBUILD of the base'
  const file = parseDockerfile(triggers.join('\n'), name)
  const problems: Problem[] = []
  const steps = file.instructions.flatMap((instruction): readonly Step[] => {
    try {
      return [{ ...readStep(instruction, file.escape), place: { file: name }, text: instruction.text }]
    } catch (error) {
      problems.push(asProblem(error, instruction))
      return []
    }
  })
  if (problems.length > 0) throw recipeError(name, problems)
  return steps
}

/** The error for a Dockerfile that cannot become a layer, with the ways out. */
export function recipeError(path: string, problems: readonly Problem[]): RampartError {
  const [first] = problems
  const more = problems.length > 1 ? `, and ${problems.length - 1} more` : ''
  return new RampartError('usage', `${path} cannot be built as one layer: ${first?.message ?? ''}${more}`, {
    ...(first?.place !== undefined && { place: first.place }),
    problems,
    next: [
      ...new Set(problems.flatMap((problem) => problem.hint ?? [])),
      'build this service with a Docker engine: --builder docker',
    ].slice(0, 4),
  })
}

function asProblem(error: unknown, instruction: Instruction): Problem {
  if (error instanceof StepProblem) return error.problem
  if (error instanceof ExpansionError) return { message: error.message, place: instruction.placeOf(instruction.rest) }
  throw error
}

function anotherStage(instruction: Instruction): StepProblem {
  return new StepProblem(
    'a second FROM begins another stage, and rampart builds one',
    instruction.placeOf(0),
    'build what the first stage makes into the base, or build with Docker (--builder docker)',
  )
}

function readFrom(
  instruction: Instruction,
  escape: string,
  globals: ReadonlyMap<string, string>,
): NonNullable<Recipe['from']> {
  const body = instruction.text.slice(instruction.rest)
  const { flags, rest } = takeFlags(body)
  const words = splitPlain(body.slice(rest))
  const place = instruction.placeOf(instruction.rest + rest)
  const lookup = (name: string): string | undefined => globals.get(name)
  const unknown = flags.find((flag) => flag.name !== 'platform' || flag.value === undefined)
  if (unknown !== undefined) {
    throw new StepProblem(`--${unknown.name} is not a flag of FROM`, instruction.placeOf(instruction.rest + unknown.at))
  }
  if (!(words.length === 1 || (words.length === 3 && words[1]?.raw.toLowerCase() === 'as'))) {
    throw new StepProblem('FROM takes an image, and a name after AS', place)
  }
  const reference = expand(words[0]?.raw ?? '', escape, lookup)
  if (reference === 'scratch') {
    throw new StepProblem('FROM scratch has no base to put a layer on', place, 'name a base image')
  }
  if (parseImageRef(reference) === undefined) {
    throw new StepProblem(
      reference === '' ? `the base ${words[0]?.raw} is empty` : `${reference} is not an image reference`,
      place,
      reference === ''
        ? 'give the variable a value with ARG name=value before FROM, or as a build argument'
        : undefined,
    )
  }
  const platform = flags[0]?.value === undefined ? '' : expand(flags[0].value, escape, lookup)
  return { reference, place, ...(platform !== '' && { platform }) }
}

/** Gives an ARG before FROM its value. */
export function declare(
  step: Step & { readonly kind: 'arg' },
  escape: string,
  globals: Map<string, string>,
  buildArgs: Readonly<Record<string, string>>,
): void {
  for (const { name, value } of step.items) {
    const given = Object.hasOwn(buildArgs, name) ? buildArgs[name] : undefined
    const expanded = value === undefined ? undefined : expand(value, escape, (variable) => globals.get(variable))
    const chosen = given ?? expanded
    if (chosen !== undefined) globals.set(name, chosen)
  }
}

// https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope
/** The arguments that every build has: those of the platform, unless they are given. */
export function platformArguments(platform: string, buildArgs: Readonly<Record<string, string>>): Map<string, string> {
  const [os = '', architecture = '', variant = ''] = platform.split('/')
  const globals = new Map<string, string>()
  for (const side of ['BUILD', 'TARGET']) {
    globals.set(`${side}PLATFORM`, platform)
    globals.set(`${side}OS`, os)
    globals.set(`${side}ARCH`, architecture)
    globals.set(`${side}VARIANT`, variant)
  }
  for (const name of globals.keys()) {
    const given = Object.hasOwn(buildArgs, name) ? buildArgs[name] : undefined
    if (given !== undefined) globals.set(name, given)
  }
  return globals
}
