import { parseDockerfile } from './dockerfile.js'
import { expand } from './expand.js'
import { readStep } from './read-step.js'
import { declare, platformArguments } from './recipe.js'
import { splitPlain, takeFlags } from './words.js'

/** One stage of a Dockerfile of any kind. */
export interface Stage {
  /** What FROM names, variables replaced: an image, or an earlier stage. */
  readonly reference: string
  /** AS, in lower case as Docker compares it. */
  readonly name: string | undefined
  /** Where the name of the image stands: line and column from 1, and its text as it was written. */
  readonly line: number
  readonly column: number
  readonly raw: string
}

/** The stages of a Dockerfile, RUN and all else it may hold. What is malformed is left for the engine to refuse. */
export function readStages(
  text: string,
  buildArgs: Readonly<Record<string, string>>,
  platform: string,
): readonly Stage[] {
  const file = parseDockerfile(text, 'Dockerfile')
  const globals = platformArguments(platform, buildArgs)
  const stages: Stage[] = []
  for (const instruction of file.instructions) {
    if (instruction.keyword === 'ARG' && stages.length === 0) {
      const step = readStep(instruction, file.escape)
      if (step.kind === 'arg') {
        declare({ ...step, place: instruction.placeOf(0), text: instruction.text }, file.escape, globals, buildArgs)
      }
    }
    if (instruction.keyword !== 'FROM') continue
    const body = instruction.text.slice(instruction.rest)
    const { rest } = takeFlags(body)
    const [image, as, name] = splitPlain(body.slice(rest))
    if (image === undefined) continue
    const { line = 1, column = 1 } = instruction.placeOf(instruction.rest + rest + image.at)
    stages.push({
      reference: expand(image.raw, file.escape, (variable) => globals.get(variable)),
      name: as?.raw.toLowerCase() === 'as' ? name?.raw.toLowerCase() : undefined,
      line,
      column,
      raw: image.raw,
    })
  }
  return stages
}

/** The image that the last stage stands on in the end; undefined for none, and for `scratch`. */
export function rootOf(stages: readonly Stage[]): Stage | undefined {
  let at = stages.length - 1
  for (;;) {
    const stage = stages[at]
    if (stage === undefined) return undefined
    const below = stages.slice(0, at).findLastIndex(({ name }) => name === stage.reference.toLowerCase())
    if (below < 0) return stage.reference === 'scratch' ? undefined : stage
    at = below
  }
}

/** The Dockerfile with other images in the place of those that stages name; stages that `pins` does not know stay. */
export function pinStages(text: string, pins: ReadonlyMap<Stage, string>): string {
  const lines = text.replace(/^\uFEFF/, '').split('\n')
  for (const [{ line, column, raw }, pinned] of pins) {
    const old = lines[line - 1] ?? ''
    lines[line - 1] = `${old.slice(0, column - 1)}${pinned}${old.slice(column - 1 + raw.length)}`
  }
  return lines.join('\n')
}
