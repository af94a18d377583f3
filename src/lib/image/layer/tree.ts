import type { BaseFacts, DirectoryFacts } from '../base/base-facts.js'
import type { FileIdentity } from '../context/context.js'
import type { LayerEntry } from './layer.js'
import { compareBytes, parentPath, resolveInRoot } from '../context/paths.js'
import { homeDirectories, type Owner } from './users.js'

/** What stands at a path of the new image, as far as it is known. */
export type Kind = 'directory' | 'file' | 'symlink'

/** Something that cannot be done to the tree, in a few words. */
export class TreeProblem extends Error {
  override readonly name = 'TreeProblem'
  readonly hint: string | undefined

  constructor(message: string, hint?: string) {
    super(message)
    this.hint = hint
  }
}

type Node = (Owner & { readonly mode: number }) &
  (
    | { readonly kind: 'directory' }
    | { readonly kind: 'file'; readonly identity: FileIdentity }
    | { readonly kind: 'symlink'; readonly target: string }
  )

/** The base's files with the layer's on top. All paths are absolute; `resolve` takes the links out of them first. */
export interface Tree {
  /** Follows links, the last part's too. Throws a {@link TreeProblem} when that cannot be known. */
  resolve(path: string): string
  kindOf(path: string): Kind | undefined
  /** Makes the directory and those above it, where they are missing; the new ones belong to `owner()`. */
  makeDirectories(path: string, owner: () => Owner): void
  put(path: string, node: Node): void
  /** One entry per path, parents first. */
  entries(): readonly LayerEntry[]
}

// What every Linux base has, and with these values: https://refspecs.linuxfoundation.org/FHS_3.0/fhs/index.html
const standard = new Set(
  '/bin /boot /dev /etc /home /lib /media /mnt /opt /proc /run /sbin /srv /sys /usr /usr/bin /usr/include /usr/lib /usr/local /usr/local/bin /usr/local/etc /usr/local/lib /usr/local/sbin /usr/local/share /usr/sbin /usr/share /usr/src /var /var/cache /var/lib /var/log /var/opt /var/spool'.split(
    ' ',
  ),
)
const standardOdd: ReadonlyMap<string, DirectoryFacts> = new Map([
  ['/root', { mode: 0o700, uid: 0, gid: 0 }],
  ['/tmp', { mode: 0o1777, uid: 0, gid: 0 }],
  ['/var/tmp', { mode: 0o1777, uid: 0, gid: 0 }],
])
// On today's distributions these are links; a directory in their place would hide every program of the base.
const oftenLinks = /^\/(?:bin|sbin|lib|lib32|lib64|libx32|var\/run|var\/lock)$/

/** The tree of a base of which `facts` is known and which starts in `workingDirectory`. */
export function createTree(facts: BaseFacts, workingDirectory: string): Tree {
  const nodes = new Map<string, Node>()
  const assumed = facts.complete ? new Set<string>() : assumedDirectories(facts, workingDirectory)

  const kindOf = (path: string): Kind | undefined => {
    const node = nodes.get(path)
    if (node !== undefined) return node.kind
    if (facts.symlinks.has(path)) return 'symlink'
    return path === '/' || facts.directories.has(path) || assumed.has(path) ? 'directory' : undefined
  }
  const readLink = (path: string): string | undefined => {
    const node = nodes.get(path)
    if (node !== undefined) return node.kind === 'symlink' ? node.target : undefined
    const target = facts.symlinks.get(path)
    if (target === undefined && !facts.complete && !facts.directories.has(path) && oftenLinks.test(path)) {
      throw new TreeProblem(
        `${path} is a link in most bases, and this base could not be read to know`,
        `write where it leads to, e.g. /usr${path} or ${path.replace('/var', '')}`,
      )
    }
    return target
  }
  const makeDirectories = (path: string, owner: () => Owner): void => {
    const kind = kindOf(path)
    if (kind === 'directory') return
    if (kind !== undefined) throw new TreeProblem(`${path} is a ${kind}, not a directory`)
    makeDirectories(parentPath(path), owner)
    checkLength(path)
    nodes.set(path, { kind: 'directory', mode: 0o755, ...owner() })
  }
  const put = (path: string, node: Node): void => {
    checkLength(path)
    const kind = kindOf(path)
    if (node.kind === 'directory') {
      if (kind !== undefined && kind !== 'directory') {
        throw new TreeProblem(`${path} is a ${kind}, and a directory cannot be copied onto it`)
      }
    } else if (kind === 'directory') {
      throw new TreeProblem(`${path} is a directory, and a ${node.kind} cannot take its place`)
    }
    nodes.set(path, node)
  }
  const knownOf = (path: string): DirectoryFacts | undefined =>
    facts.directories.has(path) ? facts.directories.get(path) : facts.complete ? undefined : standardOdd.get(path)

  return {
    resolve: (path) => {
      const resolved = resolveInRoot(path, readLink)
      if (resolved === undefined) throw new TreeProblem(`${path} leads through links in a circle`)
      return resolved
    },
    kindOf,
    makeDirectories,
    put,
    entries: () => {
      const all = new Map<string, LayerEntry>()
      const add = (path: string, node: Node): void => void all.set(path, { path: path.slice(1), ...node })
      for (const [path, node] of nodes) {
        add(path, node)
        // Docker's layers carry the directories above an entry too. Without them, where a layer is unpacked on its own
        // before it is put on the others, such a directory would be made anew and hide the base's owner and mode.
        for (let above = parentPath(path); above !== '/' && !all.has(above); above = parentPath(above)) {
          const known = nodes.has(above) ? undefined : knownOf(above)
          if (known !== undefined) add(above, { kind: 'directory', ...known })
        }
      }
      return Array.from(all.values()).sort((one, other) => compareBytes(one.path, other.path))
    },
  }
}

// What Linux can open: https://man7.org/linux/man-pages/man3/pathconf.3.html
function checkLength(path: string): void {
  if (path.split('/').some((part) => Buffer.byteLength(part) > 255) || Buffer.byteLength(path) > 4095) {
    throw new TreeProblem(`the path is too long for a Linux system: ${path.slice(0, 60)}…`)
  }
}

/** Directories that a base that could not be read whole surely has. */
function assumedDirectories(facts: BaseFacts, workingDirectory: string): Set<string> {
  const all = new Set([...standard, ...standardOdd.keys()])
  for (const directory of [workingDirectory, ...homeDirectories(facts)]) {
    for (let path = directory; path.startsWith('/') && path !== '/'; path = parentPath(path)) all.add(path)
  }
  return all
}
