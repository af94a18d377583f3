import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { RampartError } from '../errors/rampart-error.js'
import type { Context, ContextEntry, FileIdentity } from './context.js'
import type { FileHashes } from './layer.js'

// Reading through a stream costs more per file and less memory.
const largeFile = 8 * 1024 * 1024
const readersAtOnce = 8

/** Hashes the files that are not known, so that the inputs can be compared with those of earlier images. */
export async function hashFiles(context: Context, hashes: FileHashes, signal?: AbortSignal): Promise<void> {
  const unknown: FileIdentity[] = []
  for (const entry of context.entries) {
    if (entry.kind === 'file' && hashes.get(entry.identity) === undefined) unknown.push(entry.identity)
  }
  const next = unknown.values()
  const reader = async (): Promise<void> => {
    for (const identity of next) {
      signal?.throwIfAborted()
      hashes.set(identity, await hashFile(identity))
    }
  }
  await Promise.all(Array.from({ length: Math.min(readersAtOnce, unknown.length) }, reader))
}

async function hashFile({ file, size }: FileIdentity): Promise<string> {
  const hash = createHash('sha256')
  try {
    if (size <= largeFile) hash.update(await readFile(file))
    else for await (const piece of createReadStream(file, { highWaterMark: 512 * 1024 })) hash.update(piece as Buffer)
  } catch (error) {
    throw new RampartError('usage', `a file of the build context cannot be read`, { place: { file }, cause: error })
  }
  return hash.digest('hex')
}

/** All that the content of an app image follows from, but for its base. */
export interface ContentInputs {
  readonly dockerfile: string
  readonly buildArgs: Readonly<Record<string, string>>
  readonly platform: string
  readonly compression: string
  /** Seconds since 1970 for the files in the layer. */
  readonly mtime: number
  readonly context: Context
}

// It rises with every change of this program that gives other images for the same inputs.
const builderVersion = 1

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Names the content. Undefined while a file's hash is unknown. */
export function contentKey(inputs: ContentInputs, hashes: FileHashes): string | undefined {
  const { dockerfile, buildArgs, platform, compression, mtime, context } = inputs
  const entries: unknown[] = []
  for (const entry of context.entries) {
    const row = entryRow(entry, hashes)
    if (row === undefined) return undefined
    entries.push(row)
  }
  return sha256(JSON.stringify([builderVersion, dockerfile, sorted(buildArgs), platform, compression, mtime, entries]))
}

/** Names all inputs: equal names, equal images. */
export function imageKey(
  content: string,
  created: string,
  labels: Readonly<Record<string, string>>,
  base: { readonly name: string; readonly digest: string },
): string {
  return sha256(JSON.stringify([content, created, sorted(labels), base.name, base.digest]))
}

const sorted = (values: Readonly<Record<string, string>>): unknown =>
  Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1))

function entryRow(entry: ContextEntry, hashes: FileHashes): readonly unknown[] | undefined {
  switch (entry.kind) {
    case 'file': {
      const hash = hashes.get(entry.identity)
      return hash === undefined ? undefined : [entry.path, entry.mode, hash]
    }
    case 'directory':
      return [entry.path, entry.mode]
    case 'symlink':
      return [entry.path, entry.target]
    case 'special':
      return [entry.path, entry.what]
  }
}
