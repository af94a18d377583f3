import { readdirSync } from 'node:fs'
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path'
import type { Path, PathProblem, YamlSource } from './document.js'
import { formatPath, shown, suggest, valueAt } from './explain.js'
import { statOf } from './stat.js'
import { checkInfra } from './infra-checks.js'
import { checkSecrets } from './secrets-checks.js'
import { checkVerify } from './verify-checks.js'
import { checkForKind, checkTarget, kindAt, type Report } from './target-checks.js'

/**
 * What can be wrong between several values, and with the paths that they name. It reads the plain data, so that its
 * problems are found beside those of single values and not after them; a value of the wrong kind is passed over.
 */
export function checkFile(data: unknown, directory: string, source: YamlSource): readonly PathProblem[] {
  const problems: PathProblem[] = []
  const report = (path: Path, message: string, hint: string, part: 'key' | 'value' = 'value'): void => {
    problems.push({ path, message: `\`${formatPath(path)}\` ${message}`, hint, place: source.place(path, part) })
  }
  for (const name of namesOf(data, ['services'])) {
    checkService(data, ['services', name], directory, source, report)
  }
  checkRepositories(data, report)
  for (const name of namesOf(data, ['environments'])) {
    checkTarget(data, ['environments', name], source, problems, report)
    checkInfra(data, ['environments', name], kindAt(data, ['environments', name]), report)
    checkSecrets(data, ['environments', name], report)
    checkRollout(data, ['environments', name, 'rollout'], kindAt(data, ['environments', name]), report)
  }
  checkVerify(data, directory, source, report)
  const defaults = namesOf(data, ['environments']).filter(
    (name) => valueAt(data, ['environments', name, 'default']) === true,
  )
  for (const name of defaults.slice(1)) {
    report(
      ['environments', name, 'default'],
      `is true, and so is that of \`${defaults[0]}\``,
      'Only one can be the default',
    )
  }
  for (const section of ['services', 'environments']) {
    const value = valueAt(data, [section])
    if (isMap(value) && Object.keys(value).length === 0) report([section], 'is empty', 'It needs at least one', 'key')
  }
  return problems
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The keys of a map in the data; empty when there is none. */
export function namesOf(data: unknown, path: Path): readonly string[] {
  const value = valueAt(data, path)
  return isMap(value) ? Object.keys(value) : []
}

function listAt(data: unknown, path: Path): readonly unknown[] {
  const value = valueAt(data, path)
  return Array.isArray(value) ? value : []
}

function checkService(data: unknown, path: Path, directory: string, source: YamlSource, report: Report): void {
  const service = valueAt(data, path)
  if (!isMap(service)) return
  checkUnique(data, [...path, 'tags'], report)
  checkUnique(data, [...path, 'base', 'inputs'], report)
  const given = valueAt(data, [...path, 'platform'])
  const platform = typeof given === 'string' ? given : 'linux/amd64'
  const basePlatform = valueAt(data, [...path, 'base', 'platform'])
  if (typeof basePlatform === 'string' && basePlatform !== platform) {
    report(
      [...path, 'base', 'platform'],
      'is not that of the service',
      `Both run as one image: write \`platform: ${platform}\``,
    )
  }
  const resolved = (at: Path): boolean => source.origin(at)?.resolved !== false
  const exists = (at: Path, root: string, fallback: string, kind: 'file' | 'directory'): boolean => {
    const value = valueAt(data, at) ?? fallback
    if (typeof value !== 'string' || value === '' || value.includes('\0') || !resolved(at)) return false
    const full = resolve(root, value)
    const stat = statOf(full)
    if (kind === 'file' ? stat?.isFile() === true : stat?.isDirectory() === true) return true
    const text = valueAt(data, at) === undefined ? `\`${value}\` (the default)` : shown(value, at, source)
    const found = stat === undefined ? 'does not exist' : stat.isDirectory() ? 'is a directory' : `is not a ${kind}`
    report(at, `names ${text}, which ${found}`, pathHint(full, root, kind))
    return false
  }
  const contextPath = [...path, 'context']
  if (!exists(contextPath, directory, '.', 'directory')) return
  const written = valueAt(data, contextPath)
  const context = resolve(directory, typeof written === 'string' ? written : '.')
  exists([...path, 'dockerfile'], context, 'Dockerfile.app', 'file')
  if (!isMap(service['base'])) return
  exists([...path, 'base', 'dockerfile'], context, 'Dockerfile.base', 'file')
  for (const [index, input] of listAt(data, [...path, 'base', 'inputs']).entries()) {
    const at = [...path, 'base', 'inputs', index]
    if (typeof input !== 'string' || !resolved(at)) continue
    const inside = relative(context, resolve(context, input))
    if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
      report(
        at,
        `names ${shown(input, at, source)}, which is outside the context`,
        'A base can only be made of files in its context',
      )
    } else exists(at, context, '', 'file')
  }
}

function pathHint(full: string, root: string, kind: 'file' | 'directory'): string {
  const looked = `Paths here are relative to ${root}`
  try {
    const near = suggest(full.slice(dirname(full).length + 1), readdirSync(dirname(full)))
    return near === undefined || resolve(dirname(full), near) === full
      ? `Name a ${kind} that exists. ${looked}`
      : `Did you mean \`${relative(root, resolve(dirname(full), near))}\`? ${looked}`
  } catch {
    return `Name a ${kind} that exists. ${looked}`
  }
}

function checkUnique(data: unknown, path: Path, report: Report): void {
  const items = listAt(data, path)
  for (const [index, item] of items.entries()) {
    if (items.indexOf(item) < index) report([...path, index], 'is there twice', 'Name each once')
  }
}

function checkRepositories(data: unknown, report: Report): void {
  const owners = new Map<unknown, string>()
  const names = namesOf(data, ['services'])
  for (const name of names) {
    const repository = valueAt(data, ['services', name, 'repository'])
    const owner = owners.get(repository)
    if (typeof repository !== 'string') continue
    if (owner === undefined) owners.set(repository, name)
    else
      report(['services', name, 'repository'], `is that of \`${owner}\``, 'Each service needs a repository of its own')
  }
  for (const name of names) {
    const owner = owners.get(valueAt(data, ['services', name, 'base', 'repository']))
    if (owner === undefined) continue
    report(
      ['services', name, 'base', 'repository'],
      `is the app repository of \`${owner}\``,
      'Bases need a repository of their own',
    )
  }
}

function checkRollout(data: unknown, path: Path, kind: string | undefined, report: Report): void {
  checkForKind(data, path, kind, report)
  checkUnique(data, [...path, 'alarms'], report)
  const least = valueAt(data, [...path, 'minHealthy']) ?? 100
  const most = valueAt(data, [...path, 'maxHealthy'])
  // EC2 Auto Scaling refuses a wider span: API_RefreshPreferences.html.
  if (
    kind !== 'ecs' &&
    typeof least === 'number' &&
    typeof most === 'number' &&
    least >= 0 &&
    most <= 200 &&
    most - least > 100
  ) {
    report(
      [...path, 'maxHealthy'],
      `is more than 100 above minHealthy (${least})`,
      `Write \`maxHealthy: ${least + 100}\`, or leave it out`,
    )
  }
  const at = [...path, 'checkpoints', 'at']
  const stops = listAt(data, at)
  for (const [index, stop] of stops.entries()) {
    const before = stops[index - 1]
    if (typeof stop === 'number' && typeof before === 'number' && stop <= before) {
      report([...at, index], `is not above the one before it (${before})`, 'Percentages rise, each above the last')
    }
  }
  if (stops.length > 0 && typeof stops.at(-1) === 'number' && stops.at(-1) !== 100) {
    report(
      [...at, stops.length - 1],
      'is the last checkpoint and is not 100',
      'End with 100: replacing stops at the last checkpoint, and the rest of the group would keep the old release',
    )
  }
}
