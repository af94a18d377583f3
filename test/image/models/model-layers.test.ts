import { execFileSync } from 'node:child_process'
import { mkdir, readFile, readdir, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { RampartError } from '../../../src/lib/errors/rampart-error.js'
import { modelLayers } from '../../../src/lib/image/models/model-layers.js'
import type { ModelLayer } from '../../../src/lib/image/models/types.js'
import { contentOf, hashOf, type HubFile, type HubModel } from '../../support/model-hub.js'
import { requires } from '../../support/requires.js'
import { commit, hubOf, portsOf, request, temporaryDirectory, wanted } from './support.js'

const weights: HubFile = { path: 'model.safetensors', content: { size: 3_000_000, seed: 9 }, lfs: true }
const config: HubFile = { path: 'config.json', content: '{"model_type":"x"}' }
const pooling: HubFile = { path: '1_Pooling/config.json', content: '{}' }
const model: HubModel = {
  id: 'org/model',
  commit,
  refs: ['main'],
  files: [
    config,
    weights,
    pooling,
    { path: 'pytorch_model.bin', content: { size: 3_000_000, seed: 8 }, lfs: true },
    { path: 'README.md', content: '# x' },
  ],
}

async function only(layers: Promise<readonly ModelLayer[]>): Promise<ModelLayer> {
  const [layer] = await layers
  if (layer === undefined) throw new Error('no layer')
  return layer
}

async function failureOf(work: Promise<unknown>): Promise<RampartError> {
  const error = await work.then(
    () => undefined,
    (failed: unknown) => failed,
  )
  if (!(error instanceof RampartError)) throw new Error(`not a RampartError: ${String(error)}`)
  return error
}

const bytesOf = async (layer: ModelLayer): Promise<Buffer> => buffer(Readable.from((await layer.tar()).open()))

const incompletes = async (directory: string): Promise<readonly string[]> =>
  (await readdir(join(directory, 'store/blobs'))).filter((name) => /incomplete|lock/.test(name))

requires('tar').describe('as other programs read it', () => {
  test("the layer is the hub's cache: blobs, relative links, the ref, owner and modes", async () => {
    const hub = await hubOf([model])
    const directory = await temporaryDirectory()
    const models = [wanted('org/model', { ref: 'main' })]
    const layer = await only(modelLayers(request({ models }), portsOf(hub, directory)))
    const tree = join(directory, 'tree')
    await mkdir(tree)
    await writeFile(join(directory, 'layer.tar'), await bytesOf(layer))
    const list = execFileSync('tar', ['-tvf', join(directory, 'layer.tar'), '--numeric-owner', '--utc'], {
      encoding: 'utf8',
    })
    const folder = 'opt/models/hub/models--org--model'
    const lines = list.trim().split('\n')
    expect(new Set(lines.map((line) => line.split(/\s+/)[1]))).toEqual(new Set(['1000/1000']))
    expect(new Set(lines.map((line) => line.split(/\s+/)[0]))).toEqual(
      new Set(['drwxr-xr-x', '-rw-r--r--', 'lrwxrwxrwx']),
    )
    expect(list).not.toContain('pytorch_model.bin')
    execFileSync('tar', ['-xf', join(directory, 'layer.tar'), '-C', tree])
    const snapshot = join(tree, folder, 'snapshots', commit)
    expect(await readFile(join(tree, folder, 'refs/main'), 'utf8')).toBe(commit)
    expect(await readFile(join(snapshot, 'config.json'), 'utf8')).toBe(config.content)
    expect(await readFile(join(snapshot, '1_Pooling/config.json'), 'utf8')).toBe('{}')
    expect((await readFile(join(snapshot, 'model.safetensors'))).equals(Buffer.concat([...contentOf(weights)]))).toBe(
      true,
    )
    expect(
      lines.some((line) =>
        line.endsWith(`snapshots/${commit}/1_Pooling/config.json -> ../../../blobs/${hashOf(pooling)}`),
      ),
    ).toBe(true)
    expect(
      lines.some((line) => line.endsWith(`snapshots/${commit}/config.json -> ../../blobs/${hashOf(config)}`)),
    ).toBe(true)
    expect((await readdir(join(tree, folder, 'blobs'))).toSorted()).toContain(hashOf(weights))
  })
})

test('no ref is written for a model that names none', async () => {
  const hub = await hubOf([model])
  const layer = await only(modelLayers(request(), portsOf(hub, await temporaryDirectory())))
  expect((await bytesOf(layer)).includes('refs')).toBe(false)
})

test('a known layer asks nobody for anything until its bytes are needed', async () => {
  const hub = await hubOf([model])
  const directory = await temporaryDirectory()
  const first = await only(modelLayers(request(), portsOf(hub, directory)))
  hub.requests.length = 0
  await rm(join(directory, 'store'), { recursive: true })
  const second = await only(modelLayers(request(), portsOf(hub, directory)))
  expect(second).toMatchObject({ known: true, descriptor: first.descriptor, bytes: first.bytes, files: 4 })
  expect(hub.requests).toEqual([])
  // On a machine that remembers nothing an earlier base does.
  const fresh = portsOf(hub, await temporaryDirectory())
  const third = await only(modelLayers(request({ earlier: [first.descriptor] }), fresh))
  expect(third).toMatchObject({ known: true, descriptor: first.descriptor, diffId: first.diffId, bytes: first.bytes })
  expect(hub.requests).toEqual([])
  expect((await bytesOf(third)).equals(await bytesOf(second))).toBe(true)
})

test.each([
  ['another place', request({ place: { root: '/srv/hub', owner: { uid: 1000, gid: 1000 } } })],
  ['another owner', request({ place: { root: '/opt/models/hub', owner: { uid: 1001, gid: 1001 } } })],
  ['a ref', request({ models: [wanted('org/model', { ref: 'main' })] })],
  ['other files', request({ models: [wanted('org/model', { files: ['*.json'] })] })],
])('%s is another layer', async (_, changed) => {
  const hub = await hubOf([model])
  const directory = await temporaryDirectory()
  const first = await only(modelLayers(request(), portsOf(hub, directory)))
  const other = await only(modelLayers({ ...changed, earlier: [first.descriptor] }, portsOf(hub, directory)))
  expect(other.known).toBe(false)
  expect(other.descriptor.digest).not.toBe(first.descriptor.digest)
})

test('wrong bytes are thrown away and asked for once more', async () => {
  const hub = await hubOf([model])
  const directory = await temporaryDirectory()
  hub.faults.set('model.safetensors', [{ kind: 'flip', at: 1_234_567 }])
  const ports = portsOf(hub, directory)
  const layer = await only(modelLayers(request(), ports))
  expect((await bytesOf(layer)).includes(Buffer.concat([...contentOf(weights)]))).toBe(true)
  expect(hub.sent.get('model.safetensors')).toBe(6_000_000)
  const last = ports.progress.at(-1)
  expect(new Set(ports.progress.map(({ total }) => total)).size).toBe(1)
  expect(last?.received).toBe(last?.total)
})

test('a byte that stays wrong is refused, small files too, and nothing of it is kept as a blob', async () => {
  for (const [path, at] of [
    ['model.safetensors', 2_999_999],
    ['config.json', 0],
  ] as const) {
    const hub = await hubOf([model])
    const directory = await temporaryDirectory()
    hub.faults.set(path, [
      { kind: 'flip', at },
      { kind: 'flip', at },
    ])
    const failure = await failureOf(modelLayers(request(), portsOf(hub, directory)))
    expect(failure).toMatchObject({ kind: 'unreachable' })
    expect(failure.message).toContain(`twice sent bytes of ${path} of org/model that do not have its hash`)
    const file = model.files.find((one) => one.path === path)
    expect(await readdir(join(directory, 'store/blobs'))).not.toContain(file && hashOf(file))
    await expect(modelLayers(request(), portsOf(hub, directory))).resolves.toHaveLength(1)
  }
})

test('what was kept of a broken download and is damaged meanwhile costs a second try, not a wrong layer', async () => {
  const hub = await hubOf([model])
  const directory = await temporaryDirectory()
  await mkdir(join(directory, 'store/blobs'), { recursive: true })
  const part = join(directory, 'store/blobs', `${hashOf(weights)}.incomplete`)
  await writeFile(part, Buffer.alloc(1_000_000))
  await modelLayers(request(), portsOf(hub, directory))
  expect(hub.sent.get('model.safetensors')).toBe(2_000_000 + 3_000_000)
  expect(await incompletes(directory)).toEqual([])
})

test('a blob that changed on disk is looked at again and downloaded again', async () => {
  const hub = await hubOf([model])
  const directory = await temporaryDirectory()
  await modelLayers(request(), portsOf(hub, directory))
  const blob = join(directory, 'store/blobs', hashOf(weights))
  // Touched alone it is still what it was.
  await utimes(blob, 1, 1)
  hub.sent.clear()
  await modelLayers(request({ zstd: true }), portsOf(hub, directory))
  expect(hub.sent.size).toBe(0)
  await writeFile(blob, Buffer.alloc(3_000_000))
  await modelLayers(request({ models: [wanted('org/model', { ref: 'main' })] }), portsOf(hub, directory))
  expect(hub.sent.get('model.safetensors')).toBe(3_000_000)
  await truncate(blob, 5)
  await modelLayers(request({ models: [wanted('org/model', { ref: 'v1' })] }), portsOf(hub, directory))
  expect(hub.sent.get('model.safetensors')).toBe(6_000_000)
})

test('two at once make the same layer, each with a file of its own', async () => {
  const hub = await hubOf([model])
  const directory = await temporaryDirectory()
  const [one, other] = await Promise.all([
    only(modelLayers(request(), portsOf(hub, directory))),
    only(modelLayers(request(), portsOf(hub, directory))),
  ])
  expect(one.descriptor).toEqual(other.descriptor)
  expect((await bytesOf(one)).equals(await bytesOf(other))).toBe(true)
  expect(await incompletes(directory)).toEqual([])
})

test('the lock of a process that is gone holds nobody up', async () => {
  const hub = await hubOf([model])
  const directory = await temporaryDirectory()
  const blobs = join(directory, 'store/blobs')
  await mkdir(blobs, { recursive: true })
  const path = join(blobs, hashOf(weights))
  await writeFile(`${path}.incomplete`, Buffer.concat([...contentOf(weights, 0, 1_000_000)]))
  // No process has this number: it is above the largest that Linux gives.
  await writeFile(`${path}.lock`, '4194305')
  await modelLayers(request(), portsOf(hub, directory))
  expect(hub.sent.get('model.safetensors')).toBe(2_000_000)
})

test('who is stopped keeps what came, and no lock', async () => {
  const hub = await hubOf([model])
  const directory = await temporaryDirectory()
  hub.faults.set('model.safetensors', [{ kind: 'stall', after: 2_000_000 }])
  const stop = new AbortController()
  const reason = new Error('stopped')
  const ports = portsOf(hub, directory, stop.signal)
  const made = modelLayers(request(), ports)
  await hub.reached('model.safetensors', 2_000_000)
  // One piece of a megabyte was written; the rest is on its way.
  stop.abort(reason)
  await expect(made).rejects.toBe(reason)
  const kept = await incompletes(directory)
  expect(kept).toEqual([`${hashOf(weights)}.incomplete`])
  const { size } = await stat(join(directory, 'store/blobs', String(kept[0])))
  hub.sent.clear()
  await modelLayers(request(), portsOf(hub, directory))
  expect(hub.sent.get('model.safetensors')).toBe(3_000_000 - size)
})

test('an index that names a shard that is not chosen stops before the weights are downloaded', async () => {
  const sharded: HubModel = {
    ...model,
    files: [
      config,
      { path: 'model-00001-of-00002.safetensors', content: { size: 2_000_000, seed: 1 }, lfs: true },
      {
        path: 'model.safetensors.index.json',
        content: JSON.stringify({
          weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' },
        }),
      },
    ],
  }
  const hub = await hubOf([sharded])
  const failure = await failureOf(modelLayers(request(), portsOf(hub, await temporaryDirectory())))
  expect(failure).toMatchObject({ kind: 'usage' })
  expect(failure.message).toBe(
    'model.safetensors.index.json of org/model needs model-00002-of-00002.safetensors, which is not among its files',
  )
  expect(hub.sent.has('model-00001-of-00002.safetensors')).toBe(false)
})

test('a pattern that names nothing is a mistake, and so is a revision that is no commit', async () => {
  const hub = await hubOf([model])
  const directory = await temporaryDirectory()
  const typo = request({ models: [wanted('org/model', { files: ['*.safetensor'] })] })
  const failure = await failureOf(modelLayers(typo, portsOf(hub, directory)))
  expect(failure).toMatchObject({ kind: 'usage' })
  expect(failure.message).toBe('no file of org/model at 0123456789ab matches *.safetensor')
  expect(failure.next[0]).toContain('model.safetensors')
  const branch = request({ models: [wanted('org/model', { revision: 'main' })] })
  expect(await failureOf(modelLayers(branch, portsOf(hub, directory)))).toMatchObject({
    kind: 'usage',
    next: ['rampart base build --write-revisions'],
  })
})

test('weights that shrink are packed with zstd where that is allowed', async () => {
  const text = 'weights that repeat '.repeat(200_000)
  const shrinking = { ...model, files: [config, { path: 'model.safetensors', content: text, lfs: true }] }
  const hub = await hubOf([shrinking])
  const directory = await temporaryDirectory()
  const plain = await only(modelLayers(request(), portsOf(hub, directory)))
  const packed = await only(modelLayers(request({ zstd: true }), portsOf(hub, directory)))
  expect(plain.descriptor.mediaType).toBe('application/vnd.oci.image.layer.v1.tar')
  expect(packed.descriptor.mediaType).toBe('application/vnd.oci.image.layer.v1.tar+zstd')
  expect(packed.diffId).toBe(plain.diffId)
  expect(packed.descriptor.size).toBeLessThan(plain.descriptor.size / 10)
  expect(await buffer(Readable.from((await packed.blob()).open()))).toHaveLength(packed.descriptor.size)
})

test('a place that cannot be is told with the way to another', async () => {
  const hub = await hubOf([model])
  const base = {
    passwd: undefined,
    group: undefined,
    directories: new Map(),
    symlinks: new Map([['/opt', '/opt']]),
    complete: true,
    notes: [],
  }
  const place = { root: '/opt/models/hub', owner: { uid: 0, gid: 0 }, base }
  const failure = await failureOf(modelLayers(request({ place }), portsOf(hub, await temporaryDirectory())))
  expect(failure).toMatchObject({ kind: 'preflight' })
  expect(failure.next[0]).toMatch(/HF_HOME/)
})

test('directories that the base has keep their owner and mode, and missing ones are the runtime user’s', async () => {
  const hub = await hubOf([model])
  const base = {
    passwd: undefined,
    group: undefined,
    directories: new Map([
      ['/home', { mode: 0o755, uid: 0, gid: 0 }],
      ['/home/app', { mode: 0o700, uid: 1000, gid: 1000 }],
    ]),
    symlinks: new Map(),
    complete: true,
    notes: [],
  }
  const place = { root: '/home/app/.cache/huggingface/hub', owner: { uid: 1000, gid: 1000 }, base }
  const layer = await only(modelLayers(request({ place }), portsOf(hub, await temporaryDirectory())))
  const tar = await bytesOf(layer)
  const header = (path: string): string => {
    const at = tar.indexOf(`${path}\0`)
    return [100, 108, 116].map((offset) => tar.toString('latin1', at + offset, at + offset + 7)).join(' ')
  }
  expect(header('home/')).toBe('0000755 0000000 0000000')
  expect(header('home/app/')).toBe('0000700 0001750 0001750')
  expect(header('home/app/.cache/')).toBe('0000755 0001750 0001750')
})
