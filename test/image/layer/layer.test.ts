import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyRecipe } from '../../../src/lib/image/layer/apply.js'
import { walkContext, type FileIdentity } from '../../../src/lib/image/context/context.js'
import { cutGroups } from '../../../src/lib/image/layer/groups.js'
import {
  layerKey,
  packLayer,
  type FileHashes,
  type GroupCache,
  type LayerEntry,
  type PackOptions,
} from '../../../src/lib/image/layer/layer.js'
import { readRecipe } from '../../../src/lib/image/recipe/recipe.js'
import { readTar } from '../../../src/lib/image/layer/tar-reader.js'
import { requires } from '../../support/requires.js'
import { collect, emptyBase, unpacked, withProject, type Files } from '../support/project.js'

function sha256(bytes: Uint8Array): string {
  return spawnSync('sha256sum', { input: bytes, encoding: 'utf8' }).stdout.slice(0, 64)
}

async function entriesOf(root: string, dockerfile = 'FROM b\nCOPY . /app/\n'): Promise<readonly LayerEntry[]> {
  const recipe = readRecipe(dockerfile, 'Dockerfile', {})
  const context = await walkContext(root, { dockerfile: join(root, 'Dockerfile'), recipe })
  return applyRecipe(recipe, emptyBase, context, { created: '1970-01-01T00:00:00Z' }).entries
}

function memoryCache(): GroupCache & { readonly kept: Map<string, Uint8Array> } {
  const kept = new Map<string, Uint8Array>()
  return { kept, get: async (key) => kept.get(key), put: async (key, bytes) => void kept.set(key, bytes) }
}

const nameOf = ({ file, size, mtimeNs, inode }: FileIdentity): string => [file, size, mtimeNs, inode].join()

function memoryHashes(): FileHashes & { readonly kept: Map<string, string> } {
  const kept = new Map<string, string>()
  return {
    kept,
    get: (identity) => kept.get(nameOf(identity)),
    set: (identity, hash) => void kept.set(nameOf(identity), hash),
  }
}

const many: Files = Object.fromEntries(
  Array.from({ length: 120 }, (_, index) => [`pkg${index % 7}/module_${index}.py`, `value = ${index}\n`.repeat(50)]),
)

describe('the same input gives the same layer', () => {
  test('whatever the order of creation, the times and the umask of the machine', async () => {
    const digests = new Set<string>()
    for (const umask of ['022', '077', '002']) {
      const root = mkdtempSync(join(tmpdir(), 'rampart-umask-'))
      try {
        const names = umask === '077' ? ['b', 'a/x', 'ü'] : ['ü', 'a/x', 'b']
        const script = `umask ${umask}; mkdir a empty; for n in ${names.join(' ')}; do echo "$n" > "$n"; done; chmod +x b; ln -s b l`
        expect(spawnSync('/bin/sh', ['-c', script], { cwd: root }).status).toBe(0)
        utimesSync(join(root, 'b'), Number(umask), Number(umask))
        const layer = await packLayer(await entriesOf(root), { compression: 'gzip' })
        digests.add(`${layer.diffId} ${layer.digest}`)
      } finally {
        rmSync(root, { recursive: true })
      }
    }
    expect(digests.size).toBe(1)
  })

  test('and it is the layer that it always was', async () => {
    // A change here makes every user upload every layer once more: it must be meant.
    await withProject(
      { 'a.py': 'print(1)\n', 'bin/run': { script: '#!/bin/sh\n' }, l: { link: 'a.py' } },
      async (root) => {
        const layer = await packLayer(await entriesOf(root, 'FROM b\nCOPY --chown=1000:1001 . /app/\n'), {
          compression: 'gzip',
        })
        expect(layer.diffId).toMatchInlineSnapshot(
          `"sha256:9357fdf8b73e8a80c1bccd0286f7a06ead8c705ab48e7b95c75e7870635a94be"`,
        )
      },
    )
  })

  test('any change gives another', async () => {
    await withProject({ a: 'a', b: 'b' }, async (root) => {
      const digest = async (dockerfile?: string, options?: Partial<PackOptions>): Promise<string> =>
        (await packLayer(await entriesOf(root, dockerfile), { compression: 'gzip', ...options })).diffId
      const seen = new Set([await digest()])
      seen.add(await digest('FROM b\nCOPY --chown=1 . /app/\n'))
      seen.add(await digest('FROM b\nCOPY --chmod=700 . /app/\n'))
      seen.add(await digest('FROM b\nCOPY . /other/\n'))
      seen.add(await digest(undefined, { mtime: 1 }))
      writeFileSync(join(root, 'b'), 'c')
      seen.add(await digest())
      chmodSync(join(root, 'b'), 0o755)
      seen.add(await digest())
      expect(seen.size).toBe(7)
    })
  })
})

describe('the blob', () => {
  test.each(['gzip', 'zstd'] as const)(
    '%s: is one archive of all groups, with the digests and sizes that are said',
    async (compression) => {
      await withProject(many, async (root) => {
        const entries = await entriesOf(root)
        const layer = await packLayer(entries, { compression })
        const blob = await collect(layer.chunks())
        expect(layer.digest).toBe(`sha256:${sha256(blob)}`)
        expect(layer.size).toBe(blob.length)
        expect(await collect(layer.chunks())).toEqual(blob)
        const tar = await unpacked(layer.chunks, compression)
        expect(layer.diffId).toBe(`sha256:${sha256(tar)}`)
        expect(layer.uncompressedSize).toBe(tar.length)
        expect(layer.groups.total).toBeGreaterThan(20)
        expect(layer.mediaType).toBe(`application/vnd.oci.image.layer.v1.tar+${compression}`)
      })
    },
  )

  test('a change of one file compresses its group alone, and gives what a fresh start gives', async () => {
    await withProject(many, async (root) => {
      const cache = memoryCache()
      const first = await packLayer(await entriesOf(root), { compression: 'gzip', cache })
      expect(first.groups.compressed).toBe(first.groups.total)
      const again = await packLayer(await entriesOf(root), { compression: 'gzip', cache })
      expect(again.groups.compressed).toBe(0)
      expect(again.digest).toBe(first.digest)
      writeFileSync(join(root, 'pkg3/module_10.py'), 'changed\n')
      const changed = await packLayer(await entriesOf(root), { compression: 'gzip', cache })
      expect(changed.groups).toEqual({ compressed: 1, total: first.groups.total })
      const fresh = await packLayer(await entriesOf(root), { compression: 'gzip' })
      expect(changed).toMatchObject({ digest: fresh.digest, diffId: fresh.diffId, size: fresh.size })
      expect(await collect(changed.chunks())).toEqual(await collect(fresh.chunks()))
    })
  })

  test('a new file moves no other cut', async () => {
    await withProject(many, async (root) => {
      const cache = memoryCache()
      await packLayer(await entriesOf(root), { compression: 'zstd', cache })
      writeFileSync(join(root, 'pkg3/new.py'), 'new\n')
      const layer = await packLayer(await entriesOf(root), { compression: 'zstd', cache })
      expect(layer.groups.compressed).toBeLessThanOrEqual(2)
    })
  })
})

describe('the key of a layer', () => {
  test('is known without reading once every file has been read, and differs with everything that matters', async () => {
    await withProject({ a: 'a', b: 'b', l: { link: 'a' } }, async (root) => {
      const hashes = memoryHashes()
      const entries = await entriesOf(root)
      const options: PackOptions = { compression: 'gzip', hashes }
      expect(layerKey(entries, options)).toBeUndefined()
      await packLayer(entries, options)
      const keys = new Set([layerKey(entries, options), layerKey(await entriesOf(root), options)])
      expect(keys.size).toBe(1)
      keys.add(layerKey(entries, { ...options, compression: 'zstd' }))
      keys.add(layerKey(entries, { ...options, mtime: 9 }))
      keys.add(layerKey(await entriesOf(root, 'FROM b\nCOPY --chown=1 . /app/\n'), options))
      keys.add(layerKey(await entriesOf(root, 'FROM b\nCOPY . /opt/\n'), options))
      expect(keys.size).toBe(5)
      expect(keys).not.toContain(undefined)
      writeFileSync(join(root, 'b'), 'other')
      expect(layerKey(await entriesOf(root), options)).toBeUndefined()
    })
  })
})

describe('files that change or cannot be read', () => {
  test('a file that changed since it was listed is named', async () => {
    await withProject({ a: 'a' }, async (root) => {
      const entries = await entriesOf(root)
      writeFileSync(join(root, 'a'), 'longer than before')
      await expect(packLayer(entries, { compression: 'gzip' })).rejects.toMatchObject({
        kind: 'usage',
        message: `${join(root, 'a')} changed while the image was made`,
      })
    })
  })

  test('a file that is gone is named', async () => {
    await withProject({ a: 'a' }, async (root) => {
      const entries = await entriesOf(root)
      rmSync(join(root, 'a'))
      await expect(packLayer(entries, { compression: 'gzip' })).rejects.toMatchObject({ kind: 'usage' })
    })
  })
})

describe('large files', () => {
  test('pass in pieces, and are made again for a second reading', async () => {
    await withProject({ small: 's' }, async (root) => {
      const large = join(root, 'large')
      // Some 70 MB that do not compress, so that the blob is too large to be held.
      writeFileSync(large, Buffer.concat(Array.from({ length: 70 }, (_, index) => noise(index))))
      const entries = await entriesOf(root)
      const hashes = memoryHashes()
      const layer = await packLayer(entries, { compression: 'zstd', hashes })
      expect(layer.size).toBeGreaterThan(60_000_000)
      const blob = await collect(layer.chunks())
      expect(spawnSync('sha256sum', { input: blob, encoding: 'utf8' }).stdout.slice(0, 64)).toBe(layer.digest.slice(7))
      expect(layerKey(entries, { compression: 'zstd', hashes })).toBeDefined()
      truncateSync(large, 1000)
      await expect(collect(layer.chunks())).rejects.toMatchObject({ kind: 'usage' })
    })
  })

  // The process itself, with the types to take away, is some 85 MB.
  test.each(['gzip', 'zstd'])(
    '%s: a gigabyte takes less than 140 MB more than a byte',
    { timeout: 180_000 },
    async (compression) => {
      const least = await withProject({ a: 'a' }, (root) => peakMemory(root, compression))
      await withProject({}, async (root) => {
        const model = openSync(join(root, 'model.bin'), 'w')
        const piece = noise(1)
        for (let count = 0; count < 1024; count++) writeSync(model, piece)
        closeSync(model)
        expect((await peakMemory(root, compression)) - least).toBeLessThan(140_000_000)
      })
    },
  )
})

/** Bytes that do not compress, the same for the same number. */
function noise(seed: number): Buffer {
  const bytes = Buffer.alloc(1 << 20)
  let state = seed + 1
  for (let at = 0; at < bytes.length; at += 4) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9
    bytes.writeInt32LE(state | 0, at)
  }
  return bytes
}

/** Packs and reads the layer of this context in a process of its own; its peak resident memory in bytes. */
async function peakMemory(root: string, compression: string): Promise<number> {
  const script = join(import.meta.dirname, '..', 'support', 'pack-process.mjs')
  const child = spawn(process.execPath, ['--no-warnings', script, root, compression])
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => (output += String(chunk)))
  child.stderr.on('data', (chunk: Buffer) => (errors += String(chunk)))
  const code = await new Promise((resolve) => child.on('close', resolve))
  if (code !== 0) throw new Error(errors)
  return Number(output)
}

requires('tar').describe('other programs read the archive', () => {
  test('names of every kind, links, modes and owners', async () => {
    const deep = `${'d'.repeat(90)}/${'e'.repeat(120)}/ü${'f'.repeat(100)}`
    const files: Files = {
      'with space': 'x',
      'new\nline': 'y',
      'ünïcode/ß': 'z',
      [deep]: 'deep',
      empty: null,
      'run.sh': { script: '#!/bin/sh\n' },
      link: { link: `${deep}/of/a/target/that/is/longer/than/a/hundred/bytes` },
    }
    await withProject(files, async (root) => {
      const layer = await packLayer(await entriesOf(root, 'FROM b\nCOPY --chown=4000000:7 . /app/\n'), {
        compression: 'gzip',
      })
      const target = mkdtempSync(join(tmpdir(), 'rampart-untar-'))
      try {
        const tar = spawnSync('tar', ['-xzf', '-', '--no-same-owner', '-C', target], {
          input: await collect(layer.chunks()),
        })
        expect(String(tar.stderr)).toBe('')
        for (const [path, content] of Object.entries(files)) {
          const written = typeof content === 'string' ? readFileSync(join(target, 'app', path), 'utf8') : content
          expect(written).toBe(content)
        }
        expect(statSync(join(target, 'app/run.sh')).mode & 0o777).toBe(0o755)
        expect(statSync(join(target, 'app/empty')).isDirectory()).toBe(true)
        const listed = spawnSync('tar', ['-tvzf', '-', '--numeric-owner'], {
          input: await collect(layer.chunks()),
          encoding: 'utf8',
        })
        expect(listed.stdout).toContain('4000000/7')
        expect(listed.stdout.split('\n').filter((line) => line.startsWith('l'))).toHaveLength(1)
      } finally {
        rmSync(target, { recursive: true })
      }
    })
  })
})

requires('python3').describe('python reads the archive', () => {
  test('any names, owners and modes, as they were meant', async () => {
    const part = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((text) => isFileName(text))
    const path = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'))
    const samples = fc.sample(fc.tuple(path, fc.nat(2 ** 31), fc.nat(0o7777)), { numRuns: 100, seed: 3 })
    const entries = samples.map(([name, uid, mode]): LayerEntry => ({
      kind: 'symlink',
      path: name,
      mode,
      uid,
      gid: uid,
      target: name,
    }))
    const layer = await packLayer(entries, { compression: 'gzip' })
    const script = `
import sys, tarfile, io, json
t = tarfile.open(fileobj=io.BytesIO(sys.stdin.buffer.read()), mode='r:gz')
print(json.dumps([[m.name, m.uid, m.mode, m.linkname] for m in t]))`
    const { stdout } = spawnSync('python3', ['-c', script], { input: await collect(layer.chunks()), encoding: 'utf8' })
    expect(JSON.parse(stdout)).toEqual(samples.map(([name, uid, mode]) => [name, uid, mode, name]))
  })
})

function isFileName(text: string): boolean {
  return text !== '.' && text !== '..' && !/[/\0]/.test(text) && text.isWellFormed()
}

async function lengthOfNames(bytes: Uint8Array): Promise<number> {
  let count = 0
  for await (const { header } of readTar([bytes], () => true)) count += header.path.length
  return count
}

describe('archives are read as they were written', () => {
  test('whatever the chunks they come in', async () => {
    await withProject({ ...many, [`x/${'long'.repeat(60)}`]: 'long', ü: { link: 'ß' } }, async (root) => {
      const entries = await entriesOf(root)
      const layer = await packLayer(entries, { compression: 'gzip' })
      const tar = await unpacked(layer.chunks, 'gzip')
      await fc.assert(
        fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1 }), async (sizes) => {
          const read: string[] = []
          for await (const { header, content } of readTar(cut(tar, sizes), () => true)) {
            read.push(`${header.type} ${header.path} ${header.linkTarget} ${content?.length ?? 0}`)
          }
          expect(read).toEqual(
            entries.map((entry) => {
              if (entry.kind === 'file') return `0 ${entry.path}  ${entry.identity.size}`
              return entry.kind === 'symlink' ? `2 ${entry.path} ${entry.target} 0` : `5 ${entry.path}  0`
            }),
          )
        }),
        { numRuns: 20 },
      )
    })
  })

  test('what is cut short or damaged is an error', async () => {
    await withProject({ a: 'a' }, async (root) => {
      const layer = await packLayer(await entriesOf(root), { compression: 'gzip' })
      const tar = await unpacked(layer.chunks, 'gzip')
      await expect(lengthOfNames(tar.subarray(0, 700))).rejects.toThrow('cut short')
      const damaged = Buffer.from(tar)
      damaged[3] = 1
      await expect(lengthOfNames(damaged)).rejects.toThrow('damaged')
      expect(await lengthOfNames(tar)).toBeGreaterThan(0)
    })
  })
})

function* cut(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  let index = 0
  for (let at = 0; at < bytes.length;) {
    const size = sizes[index++ % sizes.length] ?? 1
    yield bytes.subarray(at, at + size)
    at += size
  }
}

function fileEntry(path: string, size: number): LayerEntry {
  const identity = { file: path, size, mtimeNs: 0n, ctimeNs: 0n, inode: 0n }
  return { kind: 'file', path, mode: 0o644, uid: 0, gid: 0, identity }
}

describe('groups', () => {
  test('hold all entries in order, large files alone, and never too much', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.nat(20_000_000))), (items) => {
        const entries = items.map(([path, size]) => fileEntry(path, size))
        const groups = cutGroups(entries)
        expect(groups.flat()).toEqual(entries)
        for (const group of groups) {
          const sizes = group.map((member) => (member.kind === 'file' ? member.identity.size : 0))
          expect(group.length).toBeGreaterThan(0)
          const sum = sizes.reduce((total, size) => total + size, 0)
          expect(group.length === 1 || sum <= 8 * 1024 * 1024).toBe(true)
          expect(group.length === 1 || sizes.every((size) => size <= 4 * 1024 * 1024)).toBe(true)
        }
      }),
    )
  })

  test('are some forty for a project of any size', () => {
    for (const count of [200, 1000, 5000, 40_000]) {
      const groups = cutGroups(
        Array.from({ length: count }, (_, index) => fileEntry(`app/dir${index % 31}/file${index}`, 100)),
      )
      expect(groups.length).toBeGreaterThan(20)
      expect(groups.length).toBeLessThan(90)
    }
  })
})
