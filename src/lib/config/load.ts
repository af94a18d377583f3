import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { RampartError } from '../errors/rampart-error.js'
import { parseDotenv } from './dotenv.js'
import { recall, remember, type ConfigMemory } from './remember.js'
import type { Config } from './types.js'

export interface LoadOptions {
  /** The path of rampart.yml; problems name it as it is given here. */
  readonly path: string
  /** The environment to resolve; needed when the file has several and none is the default. */
  readonly environment?: string
  /** Where `${NAME}` is looked up, before .env. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where files that were found sound are remembered; nowhere when left out. */
  readonly memory?: ConfigMemory
}

/**
 * Reads rampart.yml and the .env beside it. Rejects with a RampartError of kind `usage` that holds every problem
 * found, in the order of the file, each with its line and column.
 */
export async function loadConfig({ path, environment, env, memory }: LoadOptions): Promise<Config> {
  const dotenvPath = join(dirname(path), '.env')
  const [text, dotenvText = ''] = await Promise.all([readText(path), readText(dotenvPath)])
  if (text === undefined) {
    throw new RampartError('usage', `There is no file ${path}`, { next: ['Name the file with --config <path>'] })
  }
  const dotenv = parseDotenv(dotenvText, dotenvPath)
  const file = { path, text, environment, variables: overlay(dotenv.values, env), dotenvProblems: dotenv.problems }
  const known = dotenv.problems.length > 0 ? undefined : memory
  const before = known && (await recall(known, file))
  if (before !== undefined) return before
  // The YAML parser and zod take longer to load than a small deploy takes to find that nothing changed.
  const { readConfig } = await import('./read.js')
  const { config, variables } = readConfig(file)
  // What came from the environment may be secret, and is never written down.
  if (known !== undefined && !variables) await remember(known, file, config)
  return config
}

/** The process's environment over .env; without a prototype, so that `${constructor}` is a variable that is not set. */
function overlay(dotenv: LoadOptions['env'], env: LoadOptions['env']): LoadOptions['env'] {
  const set = Object.entries(env).filter(([, value]) => value !== undefined)
  return Object.assign(Object.create(null), dotenv, Object.fromEntries(set))
}

/** The text of a file; undefined when there is none, or when it is a directory (virtual environments are called .env). */
async function readText(path: string): Promise<string | undefined> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path))
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined
    const reason = code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'it is not UTF-8 text' : (code ?? 'unknown reason')
    throw new RampartError('usage', `${path} can not be read: ${reason}`, { place: { file: path }, cause: error })
  }
}
