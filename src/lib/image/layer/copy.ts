import { compileGlob, hasWildcard } from '../context/glob.js'
import { looksLikeArchive } from '../context/archive.js'
import type { ModeChange } from '../recipe/chmod.js'
import type { Context, ContextEntry } from '../context/context.js'
import { baseName, cleanPath, joinPath, parentPath, resolveInRoot } from '../context/paths.js'
import { TreeProblem, type Tree } from './tree.js'
import type { Owner } from './users.js'

/** A build context by its paths. */
export interface ContextIndex {
  readonly context: Context
  /** By absolute path, the context's root being `/`. */
  readonly entries: ReadonlyMap<string, ContextEntry>
  /** The children of each directory, in order. */
  readonly children: ReadonlyMap<string, readonly ContextEntry[]>
}

/** One COPY or ADD, its variables replaced. */
export interface CopyRequest {
  readonly sources: readonly string[]
  /** Absolute; with a slash at the end when it must be a directory. */
  readonly destination: string
  readonly owner: () => Owner
  readonly chmod: ModeChange | undefined
  readonly add: boolean
}

/** Makes the context ready for any number of {@link copyInto}. */
export function indexContext(context: Context): ContextIndex {
  const entries = new Map<string, ContextEntry>()
  const children = new Map<string, ContextEntry[]>([['/', []]])
  for (const entry of context.entries) {
    const path = `/${entry.path}`
    entries.set(path, entry)
    if (entry.kind === 'directory') children.set(path, [])
    children.get(parentPath(path))?.push(entry)
  }
  return { context, entries, children }
}

/**
 * Copies as BuildKit does: a directory gives its contents, a link that is named itself is followed within the context,
 * links below are kept, an existing destination directory takes files in and keeps its own owner and mode.
 * Throws a {@link TreeProblem}; returns notes.
 */
export function copyInto(tree: Tree, index: ContextIndex, request: CopyRequest): readonly string[] {
  const notes: string[] = []
  const found = request.sources.flatMap((source) => {
    const matches = matchSource(index, source)
    if (matches.length === 0) notes.push(`nothing in the build context matches ${source}`)
    return matches
  })
  if (found.length > 1 && !request.destination.endsWith('/')) requireDirectory(tree, request.destination)
  for (const source of found) copyOne(tree, index, request, source, notes)
  return notes
}

function requireDirectory(tree: Tree, destination: string): void {
  if (tree.kindOf(tree.resolve(destination)) === 'directory') return
  throw new TreeProblem(
    `several sources cannot become the one file ${destination}`,
    `write ${destination}/ with a slash at the end to make it a directory`,
  )
}

function readLink(index: ContextIndex): (path: string) => string | undefined {
  return (path) => {
    const entry = index.entries.get(path)
    return entry?.kind === 'symlink' ? entry.target : undefined
  }
}

function matchSource(index: ContextIndex, source: string): readonly string[] {
  const clean = joinPath('/', source)
  const parts = clean.slice(1).split('/')
  const wild = parts.findIndex((part) => hasWildcard(part))
  if (wild < 0) return [clean]
  const start = resolveInRoot(`/${parts.slice(0, wild).join('/')}`, readLink(index))
  const known = start !== undefined && (start === '/' || index.entries.has(start))
  if (!known) throw missing(index, `/${parts.slice(0, wild).join('/')}`)
  const pattern = compileGlob(parts.slice(wild).join('/'))
  if (pattern === undefined) throw new TreeProblem(`${source} is not a pattern`, 'write a backslash before [, * and ?')
  const matches: string[] = []
  const visit = (directory: string, prefix: string): void => {
    for (const child of index.children.get(directory) ?? []) {
      const relative = `${prefix}${baseName(`/${child.path}`)}`
      if (pattern.test(relative)) matches.push(`/${child.path}`)
      else if (child.kind === 'directory') visit(`/${child.path}`, `${relative}/`)
    }
  }
  visit(start, '')
  return matches
}

function missing(index: ContextIndex, path: string): TreeProblem {
  const relative = path.slice(1)
  const excluded = index.context.excludedBy(relative)
  if (excluded === undefined) return new TreeProblem(`${relative} is not in the build context`)
  return new TreeProblem(
    `${relative} is left out of the build context by line ${excluded.line} of the ignore file: ${excluded.pattern}`,
    `add a line !${relative} below it`,
  )
}

function copyOne(tree: Tree, index: ContextIndex, request: CopyRequest, source: string, notes: string[]): void {
  const followed = resolveInRoot(source, readLink(index))
  const entry = followed === undefined ? undefined : index.entries.get(followed)
  if (followed === undefined || (entry === undefined && followed !== '/')) throw missing(index, source)
  const isDirectory = entry === undefined || entry.kind === 'directory'
  if (request.add && entry?.kind === 'file' && looksLikeArchive(entry.identity.file)) {
    throw new TreeProblem(
      `ADD would unpack the archive ${entry.path}`,
      'write COPY to have it as a file, or unpack it in the build context',
    )
  }
  const last = request.destination.slice(request.destination.lastIndexOf('/') + 1)
  const ensured = last === '' || last === '.' ? request.destination : parentPath(request.destination)
  tree.makeDirectories(tree.resolve(ensured), request.owner)
  let target = tree.resolve(cleanPath(request.destination))
  if (!isDirectory && tree.kindOf(target) === 'directory') target = joinPath(target, baseName(source))
  tree.makeDirectories(isDirectory && tree.kindOf(target) === undefined ? target : parentPath(target), request.owner)
  if (isDirectory) copyDirectory(tree, index, request, followed, target, notes)
  else if (entry !== undefined) copyEntry(tree, index, request, entry, target, notes)
}

function copyDirectory(
  tree: Tree,
  index: ContextIndex,
  request: CopyRequest,
  source: string,
  target: string,
  notes: string[],
): void {
  const kind = tree.kindOf(target)
  if (kind !== 'directory') throw new TreeProblem(`${target} is a ${kind}, and a directory cannot be copied onto it`)
  for (const child of index.children.get(source) ?? []) {
    copyEntry(tree, index, request, child, joinPath(target, baseName(`/${child.path}`)), notes)
  }
}

function copyEntry(
  tree: Tree,
  index: ContextIndex,
  request: CopyRequest,
  entry: ContextEntry,
  target: string,
  notes: string[],
): void {
  const owner = request.owner()
  switch (entry.kind) {
    case 'directory': {
      const mode = 0o755
      tree.put(target, { kind: 'directory', mode: request.chmod?.(mode, true) ?? mode, ...owner })
      copyDirectory(tree, index, request, `/${entry.path}`, target, notes)
      break
    }
    case 'file': {
      // The umask and the file system of the machine decide the other bits; like git, we keep the one that means
      // something, so that the same sources give the same layer everywhere.
      const mode = (entry.mode & 0o100) === 0 ? 0o644 : 0o755
      tree.put(target, {
        kind: 'file',
        mode: request.chmod?.(mode, false) ?? mode,
        ...owner,
        identity: entry.identity,
      })
      break
    }
    case 'symlink':
      tree.put(target, { kind: 'symlink', mode: 0o777, ...owner, target: entry.target })
      break
    case 'special':
      notes.push(`${entry.path} is ${entry.what} and was not copied`)
      break
    default:
  }
}
