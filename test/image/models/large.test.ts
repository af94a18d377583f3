import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import type { Descriptor } from '../../../src/lib/ports/registry.js'
import type { HubModel } from '../../support/model-hub.js'
import { commit, hubOf, temporaryDirectory } from './support.js'

const shard = 160 * 1024 * 1024
const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'] as const
const map = { 'a.weight': shards[0], 'b.weight': shards[1] }
/** 320 MiB in two shards, and the twin that nobody needs. */
const large: HubModel = {
  id: 'org/large',
  commit,
  files: [
    { path: 'config.json', content: '{}' },
    { path: shards[0], content: { size: shard, seed: 1 }, lfs: true },
    { path: shards[1], content: { size: shard, seed: 2 }, lfs: true },
    { path: 'model.safetensors.index.json', content: JSON.stringify({ weight_map: map }) },
    { path: 'pytorch_model.bin', content: { size: shard, seed: 3 }, lfs: true },
  ],
}

interface Made {
  readonly descriptor: Descriptor
  readonly diffId: string
  readonly bytes: number
  readonly files: number
  readonly known: boolean
  readonly sent: number
  readonly taken: number
}

const script = join(import.meta.dirname, '..', 'support', 'model-process.mjs')

function start(url: string, directory: string, umask = '022', zstd = 'false'): ChildProcess {
  const command = 'umask "$0" && exec "$@"'
  const args = [umask, process.execPath, script, url, directory, commit, zstd]
  const child = spawn('/bin/sh', ['-c', command, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function run(...args: Parameters<typeof start>): Promise<Made> {
  const child = start(...args)
  if (child.stdout === null) throw new Error('no output')
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')])
  return JSON.parse(output) as Made
}

test('a download that is killed goes on where it was, in bounded memory, and the layer is that of any machine', async () => {
  const hub = await hubOf([large])
  const first = await temporaryDirectory()
  const killed = start(hub.url, first)
  const ended = once(killed, 'exit')
  await Promise.race([Promise.all(shards.map((path) => hub.reached(path, 50_000_000))), ended])
  expect(killed.kill('SIGKILL')).toBe(true)
  await ended
  const blobs = join(first, 'store/blobs')
  const names = (await readdir(blobs)).filter((name) => name.endsWith('.incomplete'))
  expect(names).toHaveLength(2)
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(blobs, name))).size))
  const kept = sizes.reduce((sum, size) => sum + size, 0)
  expect(kept).toBeGreaterThan(60_000_000)
  expect(kept).toBeLessThan(2 * shard)

  hub.sent.clear()
  const made = await run(hub.url, first)
  const resumed = shards.reduce((sum, path) => sum + (hub.sent.get(path) ?? 0), 0)
  expect(resumed).toBe(2 * shard - kept)
  expect(hub.sent.get('pytorch_model.bin')).toBeUndefined()
  expect(made).toMatchObject({ files: 4, known: false })
  expect(made.bytes).toBeGreaterThan(2 * shard)
  // Weights that nothing can shrink are kept as they are.
  expect(made.descriptor.mediaType).toBe('application/vnd.oci.image.layer.v1.tar')
  expect(made.descriptor.digest).toBe(made.diffId)
  expect(made.sent).toBe(made.descriptor.size)
  // Node itself takes some 50 MB; all of it stays below 200.
  expect(made.taken).toBeLessThan(145_000_000)

  const again = await run(hub.url, first, '077')
  expect(again).toMatchObject({ known: true, descriptor: made.descriptor })

  const second = await temporaryDirectory()
  hub.sent.clear()
  const elsewhere = await run(hub.url, second, '077', 'true')
  expect(elsewhere.diffId).toBe(made.diffId)
  expect(elsewhere.descriptor.digest).toBe(made.descriptor.digest)
  const third = await run(hub.url, await temporaryDirectory(), '000')
  expect(third.descriptor).toEqual(made.descriptor)
}, 180_000)
