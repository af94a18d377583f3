import { createHash } from 'node:crypto'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { Digest } from '../../../src/lib/domain/digest.js'
import { decodeBaseFacts, encodeBaseFacts } from '../../../src/lib/image/base/base-facts-store.js'
import { readBaseFacts, type BaseFacts } from '../../../src/lib/image/base/base-facts.js'
import type { ImageManifest } from '../../../src/lib/image/image-config.js'
import type { Descriptor } from '../../../src/lib/ports/registry.js'
import { blobRegistry } from '../support/blobs.js'
import { makeTar, type Made } from '../support/tar.js'

interface MadeLayer {
  readonly entries: readonly Made[]
  readonly compression?: 'gzip' | 'zstd' | 'frames'
  /** The size to claim. */
  readonly size?: number
  /** The registry has no bytes of it. */
  readonly phantom?: boolean
}

async function factsOf(layers: readonly MadeLayer[]): Promise<{ readonly facts: BaseFacts; readonly asked: number }> {
  const blobs = new Map<Digest, Uint8Array>()
  const descriptors = layers.map(({ entries, compression, size, phantom }): Descriptor => {
    const tar = makeTar(entries)
    const bytes = compress(tar, compression)
    const digest: Digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    if (phantom !== true) blobs.set(digest, bytes)
    const suffix = compression === undefined ? '' : compression === 'gzip' ? '+gzip' : '+zstd'
    return { mediaType: `application/vnd.oci.image.layer.v1.tar${suffix}`, digest, size: size ?? bytes.length }
  })
  const config = { mediaType: '', digest: `sha256:${'0'.repeat(64)}`, size: 0 } as const
  const manifest: ImageManifest = { schemaVersion: 2, config, layers: descriptors }
  const asked: Digest[] = []
  const facts = await readBaseFacts(blobRegistry(blobs, asked), 'base', manifest)
  return { facts, asked: asked.length }
}

function compress(tar: Buffer, compression: MadeLayer['compression']): Buffer {
  if (compression === 'gzip') return gzipSync(tar)
  if (compression === 'zstd') return zstdCompressSync(tar)
  if (compression === undefined) return tar
  // As rampart writes layers itself: frame after frame, some of the same chunk when they are read.
  const frames: Buffer[] = []
  for (let at = 0; at < tar.length; at += 700) frames.push(zstdCompressSync(tar.subarray(at, at + 700)))
  return Buffer.concat(frames)
}

const directory = (path: string, mode = 0o755, uid = 0, gid = 0): Made => ({ path, kind: 'directory', mode, uid, gid })
const file = (path: string, content = ''): Made => ({ path, kind: 'file', content })
const link = (path: string, target: string): Made => ({ path, kind: 'symlink', target })

describe('the facts of a base', () => {
  test.each(['gzip', 'zstd', 'frames', undefined] as const)(
    'are read from layers compressed with %s',
    async (compression) => {
      const entries = [
        directory('etc'),
        file('etc/passwd', 'a:x:1:2::/:\n'),
        file('etc/group', 'g:x:3:\n'),
        directory('odd', 0o2700, 5, 6),
        link('bin', 'usr/bin'),
      ]
      const { facts } = await factsOf([{ entries, ...(compression !== undefined && { compression }) }])
      expect(facts).toEqual({
        passwd: 'a:x:1:2::/:\n',
        group: 'g:x:3:\n',
        directories: new Map([
          ['/etc', { mode: 0o755, uid: 0, gid: 0 }],
          ['/odd', { mode: 0o2700, uid: 5, gid: 6 }],
        ]),
        symlinks: new Map([['/bin', 'usr/bin']]),
        complete: true,
        notes: [],
      })
    },
  )

  test('are those of the newest layer, without what it took away', async () => {
    const { facts } = await factsOf([
      {
        entries: [
          directory('a'),
          directory('a/b'),
          directory('c'),
          directory('c/d'),
          directory('e'),
          directory('f'),
          link('g', 'a'),
          file('etc/passwd', 'old'),
          directory('h'),
          directory('h/i'),
        ],
      },
      {
        entries: [
          file('.wh.a'),
          directory('c', 0o700),
          file('c/.wh..wh..opq'),
          file('e'),
          link('f', 'c'),
          directory('g'),
          file('etc/passwd', 'new'),
          file('h/.wh.i'),
        ],
      },
      { entries: [directory('c/new')] },
    ])
    expect(Object.fromEntries(facts.directories)).toEqual({
      '/c/new': { mode: 0o755, uid: 0, gid: 0 },
      '/c': { mode: 0o700, uid: 0, gid: 0 },
      '/g': { mode: 0o755, uid: 0, gid: 0 },
      '/h': { mode: 0o755, uid: 0, gid: 0 },
    })
    expect(Object.fromEntries(facts.symlinks)).toEqual({ '/f': 'c' })
    expect(facts.passwd).toBe('new')
  })

  test('a deleted user file is no user file', async () => {
    const { facts } = await factsOf([{ entries: [file('etc/passwd', 'old')] }, { entries: [file('etc/.wh.passwd')] }])
    expect(facts.passwd).toBeUndefined()
    expect(facts.complete).toBe(true)
  })

  test('below a layer that was not read nothing is sure', async () => {
    const { facts, asked } = await factsOf([
      { entries: [directory('old', 0o700), file('etc/passwd', 'p')] },
      { entries: [directory('weights')], size: 33 * 1024 * 1024 },
      { entries: [directory('new', 0o711)] },
    ])
    expect(asked).toBe(2)
    expect(facts.complete).toBe(false)
    expect(Object.fromEntries(facts.directories)).toEqual({
      '/new': { mode: 0o711, uid: 0, gid: 0 },
      '/old': undefined,
    })
    expect(facts.passwd).toBe('p')
    expect(facts.notes).toEqual([
      '1 layer of the base was not read (34.6 MB: 1 larger than 32 MiB); owners of folders there are not known',
    ])
  })

  test('no more than 64 MiB are read, newest first', async () => {
    const size = 30 * 1024 * 1024
    const { facts, asked } = await factsOf([
      { entries: [directory('one')], size },
      { entries: [directory('two')], size },
      { entries: [directory('three')], size },
    ])
    expect(asked).toBe(2)
    expect(Array.from(facts.directories.keys())).toEqual(['/three', '/two'])
    expect(facts.complete).toBe(false)
  })

  test('a layer that the registry knows by its descriptor only is one that was not read', async () => {
    const { facts } = await factsOf([{ entries: [directory('a')] }, { entries: [directory('b')], phantom: true }])
    expect(facts.complete).toBe(false)
    expect(facts.directories).toEqual(new Map([['/a', undefined]]))
    expect(facts.notes[0]).toContain('1 without bytes in the registry')
  })

  test('a damaged layer is an error that names it', async () => {
    const tar = makeTar([file('a', 'x'.repeat(2000))])
    const digest: Digest = `sha256:${'1'.repeat(64)}`
    const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest, size: 10 }
    const registry = blobRegistry(new Map([[digest, gzipSync(tar).subarray(0, 60)]]))
    const manifest: ImageManifest = { schemaVersion: 2, config: layer, layers: [layer] }
    await expect(readBaseFacts(registry, 'base', manifest)).rejects.toMatchObject({
      kind: 'unreachable',
      message: 'layer sha256:111111111111 of the base (0.0 MB) cannot be unpacked',
    })
  })

  test('are kept as text', async () => {
    const { facts } = await factsOf([
      { entries: [directory('a', 0o700, 1, 2), link('b', 'a'), file('etc/passwd', 'x')] },
      { entries: [], phantom: true },
      { entries: [directory('c')] },
    ])
    expect(decodeBaseFacts(encodeBaseFacts(facts))).toEqual(facts)
    expect(decodeBaseFacts('{}')).toBeUndefined()
    expect(decodeBaseFacts('{"version":1}')).toBeUndefined()
    expect(decodeBaseFacts('not JSON')).toBeUndefined()
  })
})
