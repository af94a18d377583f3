import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createBlobStore } from '../../../src/lib/rehearsal/registry/blob-store.js'
import { createRegistry } from '../../../src/lib/rehearsal/registry/registry.js'
import { sha256, startRegistry, temporaryDirectory, type TestRegistry } from './support.js'

const layer = Buffer.from('some layer')

const files = async ({ registry }: TestRegistry) => ({
  uploads: await readdir(join(registry.directory, 'uploads')),
  blobs: await readdir(join(registry.directory, 'blobs')),
})

const hex = (bytes: Uint8Array): string => sha256(bytes).slice('sha256:'.length)

test('one blob is one file, however often and wherever it is pushed', async () => {
  const server = await startRegistry()
  for (const repository of ['one', 'two', 'two']) await server.pushBlob(repository, layer)
  expect(await files(server)).toEqual({ uploads: [], blobs: [hex(layer)] })
})

test('refused, cancelled and forgotten uploads leave nothing', async () => {
  const server = await startRegistry()
  const begin = async () => (await server.call('POST', '/v2/app/blobs/uploads/')).headers.get('location') ?? ''
  await server.call('PUT', `${await begin()}?digest=${sha256('other')}`, { body: layer })
  const cancelled = await begin()
  await server.call('PATCH', cancelled, { body: layer })
  await server.call('DELETE', cancelled)
  await server.call('POST', `/v2/app/blobs/uploads/?digest=${sha256('other')}`, { body: layer })
  expect(await files(server)).toEqual({ uploads: [], blobs: [] })
  const forgotten = await begin()
  await server.call('PATCH', forgotten, { body: layer })
  expect((await files(server)).uploads).toHaveLength(1)
  server.clock.now += 8 * 24 * 60 * 60 * 1000
  await begin()
  expect((await files(server)).uploads).toEqual([])
  expect((await server.call('GET', forgotten)).status).toBe(404)
})

test('a POST with the digest that breaks off leaves nothing', async () => {
  const server = await startRegistry()
  const url = new URL(`/v2/app/blobs/uploads/?digest=${sha256(layer)}`, server.url)
  const broken = httpRequest(url, { method: 'POST', headers: { 'Content-Length': layer.length } })
  broken.on('error', () => undefined)
  broken.write(layer.subarray(0, 4))
  while ((await files(server)).uploads.length === 0) await new Promise(setImmediate)
  broken.destroy()
  while ((await files(server)).uploads.length > 0) await new Promise(setImmediate)
  expect(await files(server)).toEqual({ uploads: [], blobs: [] })
})

test('the last link takes the bytes along', async () => {
  const server = await startRegistry()
  await server.pushBlob('one', layer)
  await server.pushBlob('two', layer)
  await server.call('DELETE', `/v2/one/blobs/${sha256(layer)}`)
  expect((await files(server)).blobs).toEqual([hex(layer)])
  await server.call('DELETE', `/v2/two/blobs/${sha256(layer)}`)
  expect((await files(server)).blobs).toEqual([])
})

test('closing deletes all of it, and registries in one place do not meet', async () => {
  const parent = await temporaryDirectory()
  const [one, two] = await Promise.all([
    createRegistry({ now: Date.now, directory: parent }),
    createRegistry({ now: Date.now, directory: parent }),
  ])
  one.storeImage({ repository: 'app', tag: 'v1', layers: [{ bytes: layer }] })
  expect(two.catalog.find('app', 'v1')).toBeUndefined()
  expect(await readdir(join(two.directory, 'blobs'))).toEqual([])
  await one.close()
  expect(await readdir(parent)).toHaveLength(1)
  await two.close()
  expect(await readdir(parent)).toEqual([])
})

test('its directory is readable by its user alone', async () => {
  const server = await startRegistry()
  expect((await stat(server.registry.directory)).mode & 0o077).toBe(0)
})

test('what killed processes left behind goes after an hour, and nothing else', async () => {
  const parent = await temporaryDirectory()
  const machine = hostname().replaceAll(/\W/g, '_')
  // A process that has ended: its number is free.
  const { pid: dead } = spawnSync(process.execPath, ['-e', '0'])
  const leave = async (name: string, age: number): Promise<void> => {
    const path = join(parent, name)
    await mkdir(join(path, 'uploads'), { recursive: true })
    await writeFile(join(path, 'uploads', 'part'), 'x')
    const time = Date.now() / 1000 - age
    await utimes(join(path, 'uploads'), time, time)
  }
  const kept = [
    `rampart-registry-${machine}-${dead}-recent`,
    `rampart-registry-${machine}-${process.pid}-living`,
    `rampart-registry-elsewhere-${dead}-foreig`,
    `something-else`,
  ]
  await leave(`rampart-registry-${machine}-${dead}-abcdef`, 4000)
  for (const name of kept) await leave(name, name.endsWith('recent') ? 60 : 4000)
  const registry = await createRegistry({ now: () => 0, directory: parent })
  const names = await readdir(parent)
  expect(names.filter((name) => join(parent, name) !== registry.directory).sort()).toEqual(kept.sort())
  await registry.close()
})

test('a large upload goes to disk, not to memory', async () => {
  const server = await startRegistry()
  const chunk = Buffer.alloc(1024 * 1024, 7)
  const count = 384
  const most = (count / 2) * chunk.length
  const hash = createHash('sha256')
  for (let n = 0; n < count; n += 1) hash.update(chunk)
  const digest = `sha256:${hash.digest('hex')}`
  const upload = (await server.call('POST', '/v2/app/blobs/uploads/')).headers.get('location')
  let highest = 0
  const before = process.memoryUsage().arrayBuffers
  async function* body() {
    for (let n = 0; n < count; n += 1) {
      highest = Math.max(highest, process.memoryUsage().arrayBuffers - before)
      yield chunk
    }
  }
  const response = await fetch(new URL(`${upload}?digest=${digest}`, server.url), {
    method: 'PUT',
    body: ReadableStream.from(body()),
    duplex: 'half',
  })
  expect(response.status).toBe(201)
  expect(highest).toBeLessThan(most)
  let received = 0
  const blob = await server.call('GET', `/v2/app/blobs/${digest}`)
  for await (const part of blob.body ?? []) {
    received += (part as Uint8Array).length
    highest = Math.max(highest, process.memoryUsage().arrayBuffers - before)
  }
  expect(received).toBe(count * chunk.length)
  expect(highest).toBeLessThan(most)
})

test('a source is asked for no more than the disk can follow', async () => {
  const directory = await temporaryDirectory()
  const blobs = await createBlobStore(directory)
  const chunk = Buffer.alloc(1024 * 1024, 7)
  const written = (): number => {
    const [name] = readdirSync(join(directory, 'uploads'))
    return name === undefined ? 0 : statSync(join(directory, 'uploads', name)).size
  }
  let pulled = 0
  let farthest = 0
  // It never waits, so that only the writer can slow it down.
  async function* source() {
    for (let n = 0; n < 32; n += 1) {
      farthest = Math.max(farthest, pulled - written())
      pulled += chunk.length
      yield chunk
    }
  }
  const writer = blobs.write()
  await writer.append(source())
  expect([writer.size, written()]).toEqual([32 * chunk.length, 32 * chunk.length])
  expect(farthest).toBeLessThanOrEqual(4 * chunk.length)
})

test('a disk that fails is told, without the paths of this machine', async () => {
  const server = await startRegistry()
  const upload = (await server.call('POST', '/v2/app/blobs/uploads/')).headers.get('location') ?? ''
  await server.registry.close()
  const response = await server.call('PATCH', upload, { body: layer })
  expect([response.status, await response.json()]).toEqual([
    500,
    { errors: [{ code: 'UNKNOWN', message: 'the registry failed: ENOENT' }] },
  ])
  expect((await server.call('GET', upload)).status).toBe(404)
})

test('registries that start at the same time sweep the same leftovers without minding each other', async () => {
  const parent = await temporaryDirectory()
  const { pid: dead } = spawnSync(process.execPath, ['-e', '0'])
  const old = Date.now() / 1000 - 4000
  for (let index = 0; index < 40; index++) {
    const name = `rampart-registry-${hostname().replaceAll(/\W/g, '_')}-${dead}-left${String(index).padStart(2, '0')}`
    const uploads = join(parent, name, 'uploads')
    await mkdir(uploads, { recursive: true })
    await utimes(uploads, old, old)
  }
  const registries = await Promise.all(
    Array.from({ length: 24 }, async (_, index) => {
      // One after another, so that each is somewhere else in the same list.
      for (let turn = 0; turn < 3 * index; turn++) await nextTurn()
      return createRegistry({ now: () => 0, directory: parent })
    }),
  )
  expect(await readdir(parent)).toHaveLength(24)
  await Promise.all(registries.map((registry) => registry.close()))
})
