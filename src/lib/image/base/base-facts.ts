import type { Descriptor, Registry } from '../../ports/registry.js'
import type { ImageManifest } from '../image-config.js'
import { RampartError } from '../../errors/rampart-error.js'
import { decompress } from '../layer/decompress.js'
import { readTar, type TarEntry } from '../layer/tar-reader.js'

/** What a directory of the base is like. */
export interface DirectoryFacts {
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/** What is known of the base's files. It depends on the base's digest only, so that it can be kept under it. */
export interface BaseFacts {
  /** The text of /etc/passwd and /etc/group; undefined when the base has none or it could not be read. */
  readonly passwd: string | undefined
  readonly group: string | undefined
  /** Absolute paths, no slash at the end; `undefined`: it is there, but a layer that was not read may have changed it. */
  readonly directories: ReadonlyMap<string, DirectoryFacts | undefined>
  /** Absolute path to the target as it is written in the link. */
  readonly symlinks: ReadonlyMap<string, string>
  /** True when every layer was read, so that a directory or link that is not named here does not exist. */
  readonly complete: boolean
  /** What could not be read and what that means, one sentence each. */
  readonly notes: readonly string[]
}

// Code and system layers fit; layers of models and frameworks do not, and nothing a thin layer needs is in them.
const largestLayer = 32 * 1024 * 1024
const largestSum = 64 * 1024 * 1024

interface Reading {
  passwd: string | undefined
  group: string | undefined
  readonly directories: Map<string, DirectoryFacts | undefined>
  readonly symlinks: Map<string, string>
  /** Paths that a newer layer has as something else, has deleted, or has made opaque (with a slash at the end). */
  readonly hidden: Set<string>
}

/**
 * Reads the base's layers, newest first, for what a layer on top must know: users, groups, directories and links.
 * Layers of more than 32 MiB, and all beyond 64 MiB, are not read; neither are those that the registry has no bytes of.
 */
export async function readBaseFacts(
  registry: Registry,
  repository: string,
  manifest: ImageManifest,
): Promise<BaseFacts> {
  const reading: Reading = {
    passwd: undefined,
    group: undefined,
    directories: new Map(),
    symlinks: new Map(),
    hidden: new Set(),
  }
  const unread: Unread[] = []
  let left = largestSum
  for (const layer of manifest.layers.toReversed()) {
    const reason = layer.size > largestLayer ? 'large' : layer.size > left ? 'limit' : 'absent'
    const blob = reason === 'absent' ? await registry.openBlob(repository, layer) : undefined
    if (blob === undefined) {
      unread.push({ layer, reason })
      continue
    }
    left -= layer.size
    try {
      await readLayer(reading, decompress(blob, layer.mediaType), unread.length === 0)
    } catch (cause) {
      if (cause instanceof RampartError) throw cause
      throw new RampartError('unreachable', `${nameOf(layer)} cannot be unpacked`, {
        next: ['push the base again: its registry holds a damaged layer'],
        cause,
      })
    }
  }
  const { hidden: _, ...found } = reading
  return { ...found, complete: unread.length === 0, notes: unreadNotes(unread) }
}

/** The facts to use when nothing can be known. */
export function unknownBaseFacts(note: string): BaseFacts {
  const nothing = { passwd: undefined, group: undefined, directories: new Map(), symlinks: new Map() }
  return { ...nothing, complete: false, notes: [note] }
}

function nameOf(layer: Descriptor): string {
  return `layer ${layer.digest.slice(0, 19)} of the base (${(layer.size / 1e6).toFixed(1)} MB)`
}

interface Unread {
  readonly layer: Descriptor
  readonly reason: Reason
}

type Reason = keyof typeof reasons

const reasons = {
  large: 'larger than 32 MiB',
  limit: 'after 64 MiB of others',
  absent: 'without bytes in the registry',
}

/** One line for all of them: who has one such layer mostly has several, and reads past a dozen lines. */
function unreadNotes(unread: readonly Unread[]): readonly string[] {
  if (unread.length === 0) return []
  const bytes = unread.reduce((all, { layer }) => all + layer.size, 0)
  const why = Object.entries(reasons).flatMap(([reason, words]) => {
    const times = unread.filter((one) => one.reason === reason).length
    return times === 0 ? [] : [`${times} ${words}`]
  })
  const what = unread.length === 1 ? '1 layer of the base was' : `${unread.length} layers of the base were`
  return [`${what} not read (${(bytes / 1e6).toFixed(1)} MB: ${why.join(', ')}); owners of folders there are not known`]
}

async function readLayer(reading: Reading, tar: AsyncIterable<Uint8Array>, sure: boolean): Promise<void> {
  // What this layer deletes is deleted in older ones only, wherever in the layer it says so.
  const hides: string[] = []
  const wanted = (path: string): boolean =>
    (path === 'etc/passwd' && reading.passwd === undefined) || (path === 'etc/group' && reading.group === undefined)
  for await (const entry of readTar(tar, (header) => header.type === '0' && wanted(header.path) && header.size < 1e6)) {
    take(reading, entry, sure, hides)
  }
  for (const path of hides) reading.hidden.add(path)
}

// https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts
function take(reading: Reading, { header, content }: TarEntry, sure: boolean, hides: string[]): void {
  const path = `/${header.path}`
  const name = path.slice(path.lastIndexOf('/') + 1)
  const directory = path.slice(0, path.length - name.length)
  if (name === '.wh..wh..opq') hides.push(directory)
  else if (name.startsWith('.wh.')) hides.push(`${directory}${name.slice('.wh.'.length)}`)
  if (name.startsWith('.wh.') || isHidden(reading, path)) return
  if (header.type === '5') {
    if (reading.directories.has(path)) return
    const { mode, uid, gid } = header
    reading.directories.set(path, sure ? { mode, uid, gid } : undefined)
    return
  }
  // Below anything that is no directory nothing of an older layer shows.
  hides.push(path)
  const known = reading.symlinks.has(path) || reading.directories.has(path)
  if (header.type === '2' && !known) reading.symlinks.set(path, header.linkTarget)
  if (content === undefined) return
  if (path === '/etc/passwd') reading.passwd ??= Buffer.from(content).toString('utf8')
  else reading.group ??= Buffer.from(content).toString('utf8')
}

function isHidden(reading: Reading, path: string): boolean {
  if (reading.hidden.size === 0) return false
  if (reading.hidden.has(path)) return true
  for (let slash = path.lastIndexOf('/'); slash >= 0; slash = path.lastIndexOf('/', slash - 1)) {
    if (reading.hidden.has(path.slice(0, slash + 1)) || reading.hidden.has(path.slice(0, slash))) return true
    if (slash === 0) break
  }
  return false
}
