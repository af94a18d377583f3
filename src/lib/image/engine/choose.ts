import { readFile } from 'node:fs/promises'
import { formatProblem } from '../../errors/format.js'
import { RampartError } from '../../errors/rampart-error.js'
import type { AppImageRequest } from '../publish/types.js'
import { readRecipe } from '../recipe/recipe.js'

/** `layer` makes one layer without an engine; `docker` has a Docker engine build; `auto` takes the first that can. */
export type BuilderName = 'auto' | 'layer' | 'docker'

/** Why a Dockerfile is not for the layer builder, its first reason and place; undefined when it is. */
async function whyNotOneLayer(request: AppImageRequest): Promise<string | undefined> {
  const { dockerfile, dockerfileName = dockerfile, buildArgs } = request
  try {
    readRecipe(await readFile(dockerfile, 'utf8'), dockerfileName, buildArgs)
    return undefined
  } catch (error) {
    if (!(error instanceof RampartError)) return undefined
    const [problem] = error.problems
    if (problem === undefined) return error.message
    const { message, place } = problem
    return formatProblem(place === undefined ? { message } : { message, place })
  }
}

/**
 * Builds with the builder that was asked for. `auto` tries the layer builder, which costs nothing where it can, and
 * takes the engine when the Dockerfile is the reason that it could not. `say` gets the choice in one line.
 */
export async function buildWith<T>(
  builder: BuilderName,
  request: AppImageRequest,
  builders: { readonly layer: () => Promise<T>; readonly docker: () => Promise<T> },
  say: (why: string) => void,
): Promise<T> {
  if (builder === 'docker') {
    say('docker: as asked for')
    return builders.docker()
  }
  try {
    const built = await builders.layer()
    say(builder === 'auto' ? 'layer: every instruction only copies or configures' : 'layer: as asked for')
    return built
  } catch (error) {
    const why = builder === 'auto' && error instanceof RampartError ? await whyNotOneLayer(request) : undefined
    if (why === undefined) throw error
    say(`docker: ${why}`)
    return builders.docker()
  }
}
