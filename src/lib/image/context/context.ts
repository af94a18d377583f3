import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync, type BigIntStats } from 'node:fs'
import { join, relative } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { RampartError, type Problem } from '../../errors/rampart-error.js'
import { noIgnoreRules, parseDockerignore, type IgnoreRules, type ParentMatches } from './dockerignore.js'
import { compareBytes, resolveInRoot } from './paths.js'
import type { Recipe } from '../recipe/recipe.js'
import { sourceRoots } from './source-roots.js'

/** What the file system says of a file without opening it; the same values mean the same content, but for races. */
export interface FileIdentity {
  /** Absolute path on this machine. */
  readonly file: string
  readonly size: number
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly inode: bigint
}

/** Paths are relative to the context, with `/` between their parts and none at either end. */
export type ContextEntry =
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly identity: FileIdentity }
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  /** Fifos, sockets and devices, which do not go into an image. */
  | { readonly kind: 'special'; readonly path: string; readonly what: string }

/** A build context: what COPY can take. */
export interface Context {
  readonly root: string
  /** What .dockerignore leaves, sorted by the bytes of the path, parents before children. */
  readonly entries: readonly ContextEntry[]
  /** The ignore file that was used, if there was one. */
  readonly ignoreFile: string | undefined
  /** The line of the ignore file that leaves this path out; undefined when none does. */
  excludedBy(path: string): { readonly line: number; readonly pattern: string } | undefined
}

export interface WalkOptions {
  /** The Dockerfile's path; `<path>.dockerignore` wins over the context's own .dockerignore. */
  readonly dockerfile: string
  /** When given, only the parts of the context that its COPY and ADD can reach are walked. */
  readonly recipe?: Recipe
  /** When given, only these paths, relative to the context, and what is below them. */
  readonly paths?: readonly string[]
  readonly signal?: AbortSignal
}

interface Walk {
  readonly root: string
  readonly rules: IgnoreRules
  readonly reaches: (path: string) => boolean
  readonly entries: ContextEntry[]
  readonly problems: Problem[]
  readonly signal: AbortSignal | undefined
  directories: number
}

/** Lists a build context without reading any file in it. Rejects with `usage` errors that name the path. */
export async function walkContext(root: string, options: WalkOptions): Promise<Context> {
  const real = realRoot(root)
  const { rules, file } = readRules(real, options.dockerfile)
  const limits = options.recipe === undefined ? options.paths : sourceRoots(options.recipe)
  let entries = await walk(real, rules, limits, options.signal)
  // A link can lead out of the part that was walked; then all of it is needed.
  if (limits !== undefined && options.paths === undefined && leadsOut(entries, limits))
    entries = await walk(real, rules, undefined, options.signal)
  return { root: real, entries, ignoreFile: file, excludedBy: (path) => rules.whyIgnored(path) }
}

function realRoot(root: string): string {
  try {
    const real = realpathSync(root)
    if (lstatSync(real).isDirectory()) return real
  } catch (cause) {
    throw new RampartError('usage', `the build context ${root} cannot be read`, { place: { file: root }, cause })
  }
  throw new RampartError('usage', `the build context ${root} is not a directory`, { place: { file: root } })
}

function readRules(root: string, dockerfile: string): { readonly rules: IgnoreRules; readonly file?: string } {
  for (const file of [`${dockerfile}.dockerignore`, join(root, '.dockerignore')]) {
    let text: string
    try {
      text = readFileSync(file, 'utf8')
    } catch (cause) {
      if (errorCode(cause) === 'ENOENT' || errorCode(cause) === 'ENOTDIR') continue
      throw new RampartError('usage', `${file} cannot be read`, { place: { file }, cause })
    }
    return { rules: parseDockerignore(text, relative(process.cwd(), file) || file), file }
  }
  return { rules: noIgnoreRules }
}

async function walk(
  root: string,
  rules: IgnoreRules,
  limits: readonly string[] | undefined,
  signal: AbortSignal | undefined,
): Promise<readonly ContextEntry[]> {
  const reaches = (path: string): boolean =>
    limits === undefined ||
    limits.some((limit) => limit === path || path.startsWith(`${limit}/`) || limit.startsWith(`${path}/`))
  const state: Walk = { root, rules, reaches, entries: [], problems: [], signal, directories: 0 }
  await walkDirectory(state, '', undefined)
  if (state.problems.length > 0) {
    const [first] = state.problems
    const more = state.problems.length > 1 ? `, and ${state.problems.length - 1} more` : ''
    throw new RampartError('usage', `${first?.message ?? ''}${more}`, {
      ...(first?.place !== undefined && { place: first.place }),
      problems: state.problems,
      next: ['make it readable, or name it in .dockerignore'],
    })
  }
  return state.entries.sort((one, other) => compareBytes(one.path, other.path))
}

/** True when something below this directory is in the context. */
async function walkDirectory(state: Walk, path: string, parent: ParentMatches | undefined): Promise<boolean> {
  // Files are many and small, so that calls that wait cost less; other work gets its turn between directories.
  if (state.directories++ % 32 === 31) {
    await setImmediate()
    state.signal?.throwIfAborted()
  }
  let found = false
  for (const name of listNames(state, path)) {
    const child = path === '' ? name : `${path}/${name}`
    if (!state.reaches(child)) continue
    const answer = state.rules.ask(child, parent)
    const stat = statOf(state, child)
    if (stat === undefined) continue
    if (!stat.isDirectory()) {
      if (!answer.ignored) {
        state.entries.push(entryOf(state.root, child, stat))
        found = true
      }
      continue
    }
    if (answer.ignored && !state.rules.mayTakeBack(child)) continue
    const filled = await walkDirectory(state, child, answer.matches)
    if (answer.ignored && !filled) continue
    state.entries.push({ kind: 'directory', path: child, mode: Number(stat.mode) & 0o7777 })
    found = true
  }
  return found
}

function listNames(state: Walk, path: string): readonly string[] {
  try {
    return readdirSync(join(state.root, path))
  } catch (cause) {
    if (errorCode(cause) !== 'ENOENT') {
      state.problems.push({
        message: `the directory cannot be read (${errorCode(cause)})`,
        place: { file: path || '.' },
      })
    }
    return []
  }
}

function statOf(state: Walk, path: string): BigIntStats | undefined {
  try {
    return lstatSync(join(state.root, path), { bigint: true })
  } catch (cause) {
    // Gone since it was listed, or a name that is not UTF-8 and so cannot be found under what it was decoded to.
    if (errorCode(cause) !== 'ENOENT') {
      state.problems.push({ message: `it cannot be read (${errorCode(cause)})`, place: { file: path } })
    } else if (path.includes('\uFFFD')) {
      state.problems.push({ message: 'its name is not UTF-8, which no image can hold', place: { file: path } })
    }
    return undefined
  }
}

function entryOf(root: string, path: string, stat: BigIntStats): ContextEntry {
  const file = join(root, path)
  if (stat.isSymbolicLink()) return { kind: 'symlink', path, target: readlinkSync(file) }
  if (stat.isFile()) {
    const { mtimeNs, ctimeNs, ino } = stat
    const identity = { file, size: Number(stat.size), mtimeNs, ctimeNs, inode: ino }
    return { kind: 'file', path, mode: Number(stat.mode) & 0o7777, identity }
  }
  return { kind: 'special', path, what: stat.isFIFO() ? 'a fifo' : stat.isSocket() ? 'a socket' : 'a device' }
}

function leadsOut(entries: readonly ContextEntry[], limits: readonly string[]): boolean {
  const links = new Map(
    entries.flatMap((entry) => (entry.kind === 'symlink' ? [[`/${entry.path}`, entry.target]] : [])),
  )
  const inside = (path: string): boolean => limits.some((limit) => path === limit || path.startsWith(`${limit}/`))
  return Array.from(links.keys()).some((link) => {
    const target = resolveInRoot(link, (path) => links.get(path))
    return target !== undefined && !inside(target.slice(1))
  })
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
