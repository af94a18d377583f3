import { portOf } from '../shell/listening.js'
import { joinPath, type Tree } from './tree.js'

/** A service of Node, as its package.json tells. */
export interface NodePackage {
  readonly name: string | undefined
  /** The lock file, relative to the repository. */
  readonly lock: string | undefined
  /** What `npm start` runs. */
  readonly start: string
  /** True when it has to be built before it can start. */
  readonly builds: boolean
  readonly port: number
}

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The package of a directory, or undefined when there is none that can be started. */
export function findNodePackage(tree: Tree, directory: string): NodePackage | undefined {
  const path = joinPath(directory, 'package.json') ?? ''
  let data: unknown
  try {
    data = JSON.parse(tree.text(path) ?? '')
  } catch {
    return undefined
  }
  if (!isTable(data)) return undefined
  const scripts = isTable(data['scripts']) ? data['scripts'] : {}
  const { start, build } = scripts
  if (typeof start !== 'string') return undefined
  const lock = ['package-lock.json', 'npm-shrinkwrap.json', 'pnpm-lock.yaml', 'yarn.lock']
    .map((name) => joinPath(directory, name))
    .find((file) => file !== undefined && tree.paths.includes(file))
  return {
    name: typeof data['name'] === 'string' ? data['name'] : undefined,
    lock,
    start,
    builds: typeof build === 'string',
    port: portOf(start) ?? 3000,
  }
}
