import { dirname, resolve } from 'node:path'
import * as z from 'zod/mini'
import { RampartError, type Problem } from '../errors/rampart-error.js'
import { checkFile, namesOf } from './checks.js'
import { readYaml, type Path, type PathProblem, type YamlSource } from './document.js'
import { explain, missing, quoted, suggest, valueAt } from './explain.js'
import { fileSchema } from './schema.js'
import { kindOf, schemaAt } from './schema-path.js'
import { regionFrom } from './region.js'
import { resolveConfig } from './resolve.js'
import type { Config } from './types.js'

/** A rampart.yml to read, and what surrounds it. */
export interface FileToRead {
  /** As problems name it. */
  readonly path: string
  readonly text: string
  readonly environment: string | undefined
  /** Where `${NAME}` is looked up. */
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly dotenvProblems: readonly Problem[]
}

/** What was read; `variables` tells whether the file holds any `${NAME}`. */
export interface ReadResult {
  readonly config: Config
  readonly variables: boolean
}

/**
 * Parses, checks and resolves a file. Throws a RampartError of kind `usage` that holds every problem found, in the
 * order of the file. This module brings the YAML parser and zod with it: load it when they are needed.
 */
export function readConfig({ path, text, environment, variables, dotenvProblems }: FileToRead): ReadResult {
  const source = readYaml(text, path, variables)
  const { data } = source
  if (typeof data !== 'object' || data === null) {
    const place = { file: path, line: 1, column: 1 }
    const message = data === null ? 'The file is empty' : 'The file holds a single value'
    const none = { message, hint: 'It needs a map with `app`, `services` and `environments`', place }
    throw failure(path, [...dotenvProblems, ...(data === undefined ? source.problems : [none])])
  }
  const choice = chooseEnvironment(data, environment, source)
  const chosen = choice.name
  readInterpolatedScalars(data, [], source)
  const parsed = z.safeParse(fileSchema, data)
  const written = chosen === undefined ? undefined : valueAt(data, ['environments', chosen, 'region'])
  const region = typeof written === 'string' ? written : regionFrom(variables)
  const problems = [
    ...(parsed.error?.issues.flatMap((issue) => explain(issue, data, source)) ?? []),
    ...checkFile(data, dirname(resolve(path)), source),
    ...(chosen !== undefined && region === undefined ? [missing(['environments', chosen, 'region'], source)] : []),
    // Where a variable has no value, that alone is the problem.
  ].filter((problem) => source.origin(problem.path)?.resolved !== false)
  // What only another environment needs may be missing here.
  const flaws = source.flaws.filter(
    ({ path: [section, name], missing: unset }) => !unset || section !== 'environments' || name === chosen,
  )
  const all = [
    ...dotenvProblems,
    ...source.problems,
    ...flaws,
    ...problems,
    ...(choice.problem === undefined ? [] : [choice.problem]),
  ]
  // Without problems the chosen environment is sound; others may lack variables that only they need.
  const sound = parsed.data ?? z.safeParse(fileSchema, onlyEnvironment(data, chosen)).data
  if (all.length > 0 || sound === undefined || chosen === undefined || region === undefined) throw failure(path, all)
  const environments = namesOf(data, ['environments'])
  const config = resolveConfig(sound, { environment: chosen, environments, path, region, interpolated: source.used })
  return { config, variables: source.variables() }
}

function onlyEnvironment(data: object, name = ''): unknown {
  return { ...data, environments: { [name]: valueAt(data, ['environments', name]) } }
}

const order = ({ place }: Problem): number => (place?.line ?? 0) * 1e6 + (place?.column ?? 0)

function failure(path: string, problems: readonly Problem[]): RampartError {
  // .env comes first: what is missing there shows up in the file again.
  const rank = ({ place }: Problem): number => (place?.file === path ? 1 : 0)
  const seen = new Set<string>()
  const sorted = problems
    .toSorted((one, other) => rank(one) - rank(other) || order(one) - order(other))
    // A value that an alias repeats has one place and one problem.
    .filter(({ message, place, hint }) => {
      const key = JSON.stringify([place, message, hint])
      return !seen.has(key) && seen.add(key)
    })
    .map(({ message, place, hint }) => ({ message, ...(place && { place }), ...(hint !== undefined && { hint }) }))
  const count = sorted.length === 1 ? 'a problem' : `${sorted.length} problems`
  const place = sorted[0]?.place
  return new RampartError('usage', `${path} has ${count}`, { problems: sorted, ...(place && { place }) })
}

/** The environment to resolve, or why there is none; neither when the file names none at all. */
interface Choice {
  readonly name?: string
  readonly problem?: PathProblem
}

function chooseEnvironment(data: unknown, wanted: string | undefined, source: YamlSource): Choice {
  const names = namesOf(data, ['environments'])
  // Then that is the problem, and it is found elsewhere.
  if (names.length === 0) return {}
  const path = ['environments']
  const place = source.place(path, 'key')
  if (wanted !== undefined) {
    if (names.includes(wanted)) return { name: wanted }
    const near = suggest(wanted, names)
    const hint =
      near === undefined ? `There are: ${quoted(names)}` : `Did you mean \`${near}\`? There are: ${quoted(names)}`
    return { problem: { path, place, message: `There is no environment \`${wanted}\``, hint } }
  }
  const marked = names.filter((name) => valueAt(data, ['environments', name, 'default']) === true)
  const [name] = marked.length > 0 ? marked : names.length === 1 ? names : []
  if (name !== undefined) return { name }
  const hint = `Choose one of ${quoted(names)} with --env, or write \`default: true\` in one of them`
  return { problem: { path, place, message: 'There are several environments, and none is the default', hint } }
}

/** Makes numbers and booleans of texts that came from variables, where the file needs them: `port: ${PORT}`. */
function readInterpolatedScalars(data: unknown, path: Path, source: YamlSource): void {
  if (typeof data !== 'object' || data === null) return
  for (const [key, value] of Object.entries(data)) {
    const at = [...path, Array.isArray(data) ? Number(key) : key]
    readInterpolatedScalars(value, at, source)
    if (typeof value !== 'string' || source.origin(at)?.interpolated !== true) continue
    const kind = kindOf(schemaAt(at))
    const read =
      kind === 'number' && /^\d+$/.test(value) ? Number(value) : kind === 'boolean' ? booleans[value] : undefined
    if (read !== undefined) (data as Record<string, unknown>)[key] = read
  }
}

const booleans: Readonly<Record<string, boolean>> = { true: true, false: false }
