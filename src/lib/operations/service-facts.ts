import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { formatPlace, RampartError } from '../errors/rampart-error.js'
import type { ServiceFacts } from '../doctor/service-files.js'
import { parseDockerignore } from '../image/context/dockerignore.js'
import { readRecipe } from '../image/recipe/recipe.js'
import { readBuildFile } from './read-build-file.js'

/** What the configuration says of a service's files. Paths are absolute unless they say otherwise. */
export interface ServiceFiles {
  readonly name: string
  readonly context: string
  readonly dockerfile: string
  readonly args: Readonly<Record<string, string>>
  readonly base?: {
    readonly dockerfile: string
    readonly repository: string
    readonly tag: string
    /** Relative to the context. */
    readonly inputs: readonly string[]
    readonly args: Readonly<Record<string, string>>
  }
  readonly models: ServiceFacts['models']
  readonly health?: NonNullable<ServiceFacts['health']>
  /** Path of rampart.yml. */
  readonly config: string
}

const named = (path: string): string => relative(process.cwd(), path) || path

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new RampartError('usage', `${named(path)} cannot be read`, {
      place: { file: named(path) },
      next: [`write ${named(path)}, or name another file in rampart.yml`],
      cause,
    })
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}

/** Reads the files that build a service. Rejects with a `usage` error that names the one that cannot be read. */
export async function readServiceFacts(service: ServiceFiles): Promise<ServiceFacts> {
  const { name, context, dockerfile, args, base, models, config, health } = service
  const path = named(dockerfile)
  const text = await read(dockerfile)
  const notOneLayer = problemOf(() => readRecipe(text, path, args))
  const facts = {
    name,
    models,
    context: relative(process.cwd(), context),
    configPath: named(config),
    configText: await read(config),
    ...(health !== undefined && { health }),
    app: readBuildFile(text, path, args),
    ...(notOneLayer !== undefined && { notOneLayer }),
    ignoreFile: await ignoreFileOf(service),
  }
  if (base === undefined) return facts
  const baseText = await read(base.dockerfile)
  const inputs = await Promise.all(base.inputs.map(async (input) => [input, await read(join(context, input))] as const))
  return {
    ...facts,
    base: {
      file: readBuildFile(baseText, named(base.dockerfile), base.args),
      repository: base.repository,
      tag: base.tag,
      inputs: new Map(inputs),
      text: baseText,
    },
  }
}

function problemOf(body: () => unknown): ServiceFacts['notOneLayer'] {
  try {
    body()
    return undefined
  } catch (error) {
    if (!(error instanceof RampartError)) throw error
    const [problem] = error.problems
    const place = problem?.place ?? error.place
    return { detail: problem?.message ?? error.message, ...(place !== undefined && { place: formatPlace(place) }) }
  }
}

// Version control, secrets and what tools leave behind: nothing that an image is for.
const unwanted: ReadonlySet<string> = new Set([
  '.git',
  '.env',
  '.venv',
  'venv',
  'node_modules',
  '.aws',
  '.ssh',
  '.netrc',
  '.mypy_cache',
  '.pytest_cache',
  '.terraform',
])

async function ignoreFileOf({ context, dockerfile }: ServiceFiles): Promise<ServiceFacts['ignoreFile']> {
  const expected = named(join(context, '.dockerignore'))
  for (const path of [`${dockerfile}.dockerignore`, join(context, '.dockerignore')]) {
    const text = await readIfThere(path)
    if (text === undefined) continue
    const rules = parseDockerignore(text, named(path))
    const entries = await readdir(context)
    return {
      path: named(path),
      expected,
      lets: entries.filter((one) => unwanted.has(one) && !rules.ask(one, undefined).ignored),
    }
  }
  return { path: undefined, expected, lets: [] }
}
