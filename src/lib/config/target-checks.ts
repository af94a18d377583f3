import type { Path, PathProblem, YamlSource } from './document.js'
import { missing, quoted, suggest, valueAt } from './explain.js'
import { parseDuration } from './scalars.js'

export type Report = (path: Path, message: string, hint: string, part?: 'key' | 'value') => void

/** The kind of an environment's target, if it says one. */
export function kindAt(data: unknown, environment: Path): string | undefined {
  const kind = valueAt(data, [...environment, 'target', 'kind'])
  return typeof kind === 'string' ? kind : undefined
}

function keysOf(data: unknown, path: Path): readonly string[] {
  const value = valueAt(data, path)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : []
}

/** What a target of each kind needs beside its kind; the others do not take it. */
export const targetKeys: Readonly<Record<string, readonly string[]>> = { asg: ['group'], ecs: ['cluster', 'services'] }

/** That a target has what its kind needs and nothing of another kind, and that each service of the app has its place. */
export function checkTarget(
  data: unknown,
  environment: Path,
  source: YamlSource,
  problems: PathProblem[],
  report: Report,
): void {
  const kind = kindAt(data, environment)
  const path = [...environment, 'target']
  const own = targetKeys[kind ?? '']
  if (own === undefined) return
  for (const key of own) if (valueAt(data, [...path, key]) === undefined) problems.push(missing([...path, key], source))
  for (const [other, keys] of Object.entries(targetKeys)) {
    if (other === kind) continue
    for (const key of keys) {
      if (valueAt(data, [...path, key]) === undefined) continue
      report([...path, key], `does not go with kind \`${kind}\``, `It is for kind \`${other}\``, 'key')
    }
  }
  if (kind === 'ecs') checkServices(data, [...path, 'services'], report)
}

function checkServices(data: unknown, path: Path, report: Report): void {
  const services = keysOf(data, ['services'])
  const placed = keysOf(data, path)
  if (valueAt(data, path) === undefined) return
  for (const name of placed) {
    if (services.includes(name)) continue
    const near = suggest(name, services)
    const hint = near === undefined ? `The app has: ${quoted(services)}` : `Did you mean \`${near}\`?`
    report([...path, name], 'is no service of this app', hint, 'key')
  }
  const without = services.filter((name) => !placed.includes(name))
  if (without.length > 0 && placed.every((name) => services.includes(name))) {
    report(path, `has no place for ${quoted(without)}`, 'Every service of the app is released together', 'key')
  }
  const owners = new Map<unknown, string>()
  for (const name of placed) {
    const service = valueAt(data, [...path, name, 'service'])
    const owner = owners.get(service)
    if (typeof service !== 'string') continue
    if (owner === undefined) owners.set(service, name)
    else report([...path, name, 'service'], `is that of \`${owner}\``, 'Each service needs an ECS service of its own')
  }
}

const rolloutKeys: Readonly<Record<string, readonly string[]>> = {
  asg: ['warmup', 'checkpoints'],
  ecs: ['circuitBreaker', 'earlySuccess', 'strategy'],
}

const shifting: ReadonlySet<unknown> = new Set(['CANARY', 'LINEAR'])

/** That the settings of a rollout go with the kind of its target. */
export function checkForKind(data: unknown, path: Path, kind: string | undefined, report: Report): void {
  if (kind === undefined || rolloutKeys[kind] === undefined) return
  for (const [other, keys] of Object.entries(rolloutKeys)) {
    if (other === kind) continue
    for (const key of keys) {
      if (valueAt(data, [...path, key]) === undefined) continue
      report([...path, key], `does not apply to kind \`${kind}\``, `It is for kind \`${other}\`; leave it out`, 'key')
    }
  }
  if (kind !== 'ecs') return
  for (const at of [
    [...path, 'bake'],
    [...path, 'strategy', 'bake'],
  ]) {
    const bake = valueAt(data, at)
    const milliseconds = typeof bake === 'string' ? parseDuration(bake) : undefined
    if (milliseconds !== undefined && milliseconds % 60_000 !== 0) {
      report(at, 'is not in whole minutes', 'ECS counts bake times in minutes, e.g. `5m`')
    }
  }
  const strategy = valueAt(data, [...path, 'strategy', 'kind'])
  for (const key of ['percent', 'bake']) {
    if (typeof strategy !== 'string' || shifting.has(strategy)) continue
    if (valueAt(data, [...path, 'strategy', key]) === undefined) continue
    report([...path, 'strategy', key], `does not go with \`${strategy}\``, 'It is for `CANARY` and `LINEAR`', 'key')
  }
  if (valueAt(data, [...path, 'earlySuccess']) !== undefined && strategy !== undefined && strategy !== 'ROLLING') {
    report(
      [...path, 'earlySuccess'],
      'is for rolling deployments alone',
      'Leave it out, or write `kind: ROLLING`',
      'key',
    )
  }
}
