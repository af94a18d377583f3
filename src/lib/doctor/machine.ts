import { formatBytes } from '../domain/format-bytes.js'
import type { EngineInfo } from '../ports/docker-engine.js'
import { bad, ok, skip, type Outcome } from './outcome.js'

/** What a Docker engine says of itself. */
export type EngineFacts = Pick<EngineInfo, 'version' | 'memory' | 'rootDirectory'>

const numbers = (version: string): readonly number[] => (version.match(/\d+/g) ?? []).map(Number)

/** True when the version is that one or newer; parts that are missing count as 0. */
function isAtLeast(version: string, wanted: string): boolean {
  const have = numbers(version)
  const need = numbers(wanted)
  const index = need.findIndex((part, at) => (have[at] ?? 0) !== part)
  return index < 0 || (have[index] ?? 0) > (need[index] ?? 0)
}

/** The oldest Node that rampart runs on, and the oldest that its maker still mends. */
const oldestNode = '22.15.0'
// https://github.com/nodejs/release#release-schedule: odd releases are supported for half a year only.
const isShortLived = (version: string): boolean => (numbers(version)[0] ?? 0) % 2 === 1

/** The Node that runs rampart. */
export function nodeOutcome(version: string): Outcome {
  if (!isAtLeast(version, oldestNode)) {
    return bad('fail', `Node ${version}; rampart needs ${oldestNode} or newer`, 'nvm install 24')
  }
  if (isShortLived(version)) {
    return bad('warn', `Node ${version} is a release that is supported for half a year only`, 'nvm install 24')
  }
  return ok(`Node ${version}`)
}

const noEngine = skip(
  'there is no Docker engine here: deploys need none, only base:build does',
  'start Docker, or let DOCKER_HOST name an engine',
)

// The oldest engine that this program is tested with.
const oldestEngine = '20.10.0'

/** The engine's version. */
export function dockerOutcome(engine: EngineFacts | undefined): Outcome {
  if (engine === undefined) return noEngine
  return isAtLeast(engine.version, oldestEngine)
    ? ok(`Docker engine ${engine.version}`)
    : bad('warn', `Docker engine ${engine.version} is older than ${oldestEngine}`, 'update Docker')
}

const wantedMemory = 8e9
// What is sold as 8 GB shows a little less: the kernel keeps its part.
const enoughMemory = 0.93 * wantedMemory

/** The memory that builds may use. */
export function dockerMemoryOutcome(engine: EngineFacts | undefined): Outcome {
  if (engine === undefined) return noEngine
  const has = `the engine has ${formatBytes(engine.memory)} of memory`
  if (engine.memory >= enoughMemory) return ok(has)
  return bad(
    'warn',
    `${has}; a base that loads models while it is built needs ${formatBytes(wantedMemory)}`,
    'give Docker 8 GB (Docker Desktop: Settings, Resources), or build the base on a larger machine',
  )
}

// The base, its layers on their way to the registry, and the one that it replaces.
const wantedDisk = 20e9
const leastDisk = 5e9

/** The room for images; `free` is undefined when the engine's disk is not this machine's. */
export function dockerDiskOutcome(engine: EngineFacts | undefined, free: number | undefined): Outcome {
  if (engine === undefined) return noEngine
  if (free === undefined) return skip(`${engine.rootDirectory} is not on this machine`, 'docker system df')
  const has = `${formatBytes(free)} free in ${engine.rootDirectory}`
  if (free >= wantedDisk) return ok(has)
  return bad(
    free < leastDisk ? 'fail' : 'warn',
    `${has}; building and pushing a base takes up to ${formatBytes(wantedDisk)}`,
    'docker system prune',
  )
}
