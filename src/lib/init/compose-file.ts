import { probeOf } from '../shell/listening.js'
import { parse } from 'yaml'
import type { StandingContainer } from '../domain/standing.js'
import { directoryOf, joinPath, nameOf, type Tree } from './tree.js'

/** A service of a compose file that is built here. */
export interface ComposeService {
  readonly name: string
  /** Relative to the repository. */
  readonly context: string
  /** Relative to the repository. */
  readonly dockerfile: string
  /** The container's port that is published first. */
  readonly port?: number
  /** The path that its health check asks. */
  readonly healthPath?: string
}

/** What a compose file says of the app. */
export interface ComposeFile {
  readonly path: string
  readonly name?: string
  readonly services: readonly ComposeService[]
}

type Table = Readonly<Record<string, unknown>>
const isTable = (value: unknown): value is Table => typeof value === 'object' && value !== null && !Array.isArray(value)

// https://docs.docker.com/compose/intro/compose-application-model/#the-compose-file
const names = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml']

/** The compose files of a repository at its top, the preferred name first; broken ones are left out. */
export function findComposeFile(tree: Tree): ComposeFile | undefined {
  const path = names.find((name) => tree.paths.includes(name))
  if (path === undefined) return undefined
  let data: unknown
  try {
    data = parse(tree.text(path) ?? '', { logLevel: 'error', maxAliasCount: 100 })
  } catch {
    return undefined
  }
  const services = isTable(data) && isTable(data['services']) ? Object.entries(data['services']) : []
  const name = isTable(data) ? data['name'] : undefined
  return {
    path,
    ...(typeof name === 'string' && { name }),
    services: services.flatMap(([service, value]) => readService(path, service, value)),
  }
}

function readService(file: string, name: string, value: unknown): readonly ComposeService[] {
  if (!isTable(value)) return []
  const build = value['build']
  const context = typeof build === 'string' ? build : isTable(build) ? (build['context'] ?? '.') : undefined
  if (typeof context !== 'string' || /^\w+:\/\//.test(context)) return []
  const directory = joinPath(directoryOf(file), context)
  const named = isTable(build) && typeof build['dockerfile'] === 'string' ? build['dockerfile'] : 'Dockerfile'
  const dockerfile = directory === undefined ? undefined : joinPath(directory, named)
  if (directory === undefined || dockerfile === undefined) return []
  const port = portOfService(value)
  const healthPath = healthOfService(value)
  return [
    {
      name,
      context: directory,
      dockerfile,
      ...(port !== undefined && { port }),
      ...(healthPath !== undefined && { healthPath }),
    },
  ]
}

/** A service of a compose file that runs an image; variables stand in it as they were written. */
export type RunService = Pick<StandingContainer, 'name' | 'image' | 'ports' | 'healthPath' | 'logGroup'>

/** What a text runs by a compose file that is the text; empty when it is none. Never throws. */
export function runServices(text: string): readonly RunService[] {
  let data: unknown
  try {
    data = parse(text, { logLevel: 'error', maxAliasCount: 100 })
  } catch {
    return []
  }
  const services = isTable(data) && isTable(data['services']) ? Object.entries(data['services']) : []
  return services.flatMap(([name, value]) => {
    const image = isTable(value) ? value['image'] : undefined
    if (!isTable(value) || typeof image !== 'string') return []
    const healthPath = healthOfService(value)
    const logGroup = logGroupOf(value)
    return [
      {
        name,
        image,
        ports: publishedPorts(value),
        ...(healthPath !== undefined && { healthPath }),
        ...(logGroup !== undefined && { logGroup }),
      },
    ]
  })
}

// https://docs.docker.com/engine/logging/drivers/awslogs/
function logGroupOf(service: Table): string | undefined {
  const logging = isTable(service['logging']) ? service['logging']['options'] : undefined
  const group = isTable(logging) ? logging['awslogs-group'] : undefined
  return typeof group === 'string' ? group : undefined
}

function healthOfService(service: Table): string | undefined {
  const test = isTable(service['healthcheck']) ? service['healthcheck']['test'] : undefined
  return pathOfCommand(Array.isArray(test) ? test.join(' ') : typeof test === 'string' ? test : '')
}

/** https://docs.docker.com/reference/compose-file/services/#ports: `[host address:][host port:]container port[/protocol]` */
export function publishedPort(text: string): StandingContainer['ports'][number] | undefined {
  const match = /^(?:.*?:)??(?:(\d{1,5}):)?(\d{1,5})(?:\/tcp)?$/.exec(text.trim())
  const container = Number(match?.[2])
  return match === null || !(container >= 1 && container <= 65_535)
    ? undefined
    : { host: Number(match[1] ?? container), container }
}

function publishedPorts(service: Table): StandingContainer['ports'] {
  const ports: readonly unknown[] = Array.isArray(service['ports']) ? service['ports'] : []
  return ports.flatMap((one) => {
    if (!isTable(one)) return publishedPort(String(one)) ?? []
    const container = Number(one['target'])
    return container >= 1 ? [{ host: Number(one['published'] ?? container), container }] : []
  })
}

function portOfService(service: Table): number | undefined {
  const ports = service['ports']
  const exposed = service['expose']
  const [first] = [...(Array.isArray(ports) ? ports : []), ...(Array.isArray(exposed) ? exposed : [])] as unknown[]
  const text = isTable(first) ? first['target'] : first
  if (typeof text !== 'string' && typeof text !== 'number') return undefined
  // `host:container/protocol`: the container's side stands last.
  const port = Number(/(\d{1,5})(?:\/\w+)?$/.exec(String(text))?.[1])
  return port >= 1 && port <= 65_535 ? port : undefined
}

/** The path that a command asks of this machine, when that is more than the first page. */
export function pathOfCommand(command: string): string | undefined {
  const { path = '/' } = probeOf(command) ?? {}
  return path === '/' ? undefined : path
}

/** The end of a Dockerfile's name that tells which service it is for; undefined when it tells none. */
export function serviceOfDockerfile(path: string): string | undefined {
  const name = nameOf(path)
  const after = /^Dockerfile[.-](.+)$/.exec(name)?.[1] ?? /^(.+)\.Dockerfile$/i.exec(name)?.[1]
  return after === undefined || /^(?:app|base|dev|prod|production|test|dockerignore)$/.test(after) ? undefined : after
}
