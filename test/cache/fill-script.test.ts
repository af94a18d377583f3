import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { lstat, readFile, readdir, readlink, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { selectFiles } from '../../src/lib/image/models/select.js'
import { commit, hubOf, temporaryDirectory, wanted } from '../image/models/support.js'
import { root } from '../support/cli.js'
import { contentOf, hashOf, hubToken, type HubModel, type StandInHub } from '../support/model-hub.js'
import { requires } from '../support/requires.js'

const script = join(root, 'templates/infra/fill-cache.py')
const weights = { path: 'model.safetensors', content: { size: 6_000_000, seed: 3 }, lfs: true } as const
const model: HubModel = {
  id: 'org/model',
  commit,
  files: [
    { path: 'config.json', content: '{"a":1}' },
    weights,
    { path: 'pytorch_model.bin', content: { size: 10, seed: 1 }, lfs: true },
    { path: '1_Pooling/odd #1?.json', content: '{}' },
    { path: 'empty.txt', content: '' },
  ],
}

interface Facts {
  readonly index: number
  readonly model: string
  readonly received: number
  readonly total: number
  readonly proved?: number
}

function start(hub: Pick<StandInHub, 'url'>, directory: string, models: readonly object[], token?: string) {
  const env = {
    PATH: process.env['PATH'] ?? '',
    RAMPART_CACHE: directory,
    RAMPART_MODELS: JSON.stringify(models),
    HF_ENDPOINT: hub.url,
    ...(token !== undefined && { HF_TOKEN: token }),
  }
  return spawn('python3', [script], { env, stdio: ['ignore', 'pipe', 'pipe'] })
}

async function ended(child: ChildProcess & { readonly stdout: NonNullable<ChildProcess['stdout']> }) {
  const [[code], output] = await Promise.all([once(child, 'exit'), text(child.stdout)])
  const facts = [...output.matchAll(/^rampart-cache (\{.*)$/gm)].map(([, json = '']) => JSON.parse(json) as Facts)
  return { code: code as number | null, output, facts }
}

const fill = (
  hub: Pick<StandInHub, 'url'>,
  directory: string,
  models: readonly object[] = [wanted()],
  token?: string,
) => ended(start(hub, directory, models, token))

const blobOf = (directory: string, digest: string): string => join(directory, 'models--org--model/blobs', digest)

requires('python3').describe('the script that fills the cache', () => {
  test('writes what the hub’s library would have, and says what is proved', async () => {
    const hub = await hubOf([model])
    const directory = await temporaryDirectory()
    const { code, facts } = await fill(hub, directory, [{ ...wanted(), ref: 'main' }])
    expect([code, facts.at(-1)]).toEqual([
      0,
      { index: 0, model: `org/model@${commit}`, received: 6_000_009, total: 6_000_009, proved: 4 },
    ])
    const folder = join(directory, 'models--org--model')
    expect(await readFile(join(folder, 'refs/main'), 'utf8')).toBe(commit)
    const snapshot = join(folder, 'snapshots', commit)
    expect((await readdir(snapshot, { recursive: true })).toSorted()).toEqual([
      '1_Pooling',
      '1_Pooling/odd #1?.json',
      'config.json',
      'empty.txt',
      'model.safetensors',
    ])
    expect(await readlink(join(snapshot, '1_Pooling/odd #1?.json'))).toMatch(/^\.\.\/\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/)
    const held = await readFile(join(snapshot, 'model.safetensors'))
    expect(held.equals(Buffer.concat([...contentOf(weights)]))).toBe(true)
    expect((await stat(join(snapshot, 'config.json'))).mode & 0o777).toBe(0o644)
    expect((await lstat(join(snapshot, 'config.json'))).isSymbolicLink()).toBe(true)
  })

  test('killed, it goes on where it stopped; a second run downloads nothing and looks at every byte', async () => {
    const hub = await hubOf([model])
    const directory = await temporaryDirectory()
    hub.faults.set(weights.path, [{ kind: 'stall', after: 4_000_000 }])
    const child = start(hub, directory, [wanted()])
    await hub.reached(weights.path, 3_900_000)
    const part = `${blobOf(directory, hashOf(weights))}.incomplete`
    await expect
      .poll(() =>
        stat(part).then(
          ({ size }) => size,
          () => 0,
        ),
      )
      .toBeGreaterThan(2_000_000)
    child.kill('SIGKILL')
    await ended(child)
    const { size } = await stat(part)
    expect((await fill(hub, directory)).code).toBe(0)
    expect(hub.requests.filter(({ host }) => host === 'storage').map(({ range }) => range)).toEqual([
      undefined,
      `bytes=${size}-`,
    ])
    const before = hub.requests.length
    expect((await fill(hub, directory)).facts.at(-1)).toMatchObject({ proved: 4 })
    expect(hub.requests.slice(before).filter(({ path }) => path.includes('/resolve/'))).toEqual([])
    // What was damaged in its place meanwhile is brought anew.
    const blob = blobOf(directory, hashOf(weights))
    const damaged = await readFile(blob)
    damaged[17] = (damaged[17] ?? 0) ^ 1
    await writeFile(blob, damaged)
    expect((await fill(hub, directory)).code).toBe(0)
    expect((await readFile(blob)).equals(Buffer.concat([...contentOf(weights)]))).toBe(true)
  })

  test('a connection that breaks is followed by one that goes on, with ranges or without', async () => {
    const hub = await hubOf([model])
    const directory = await temporaryDirectory()
    hub.faults.set(weights.path, [{ kind: 'cut', after: 3_000_000 }, { kind: 'no-ranges' }])
    const { code, facts } = await fill(hub, directory)
    expect([code, facts.at(-1)?.received]).toEqual([0, 6_000_009])
  })

  test('bytes that are not the hub’s get no place', async () => {
    const hub = await hubOf([model])
    const directory = await temporaryDirectory()
    const flip = { kind: 'flip', at: 5_000_000 } as const
    hub.faults.set(weights.path, [flip, flip])
    const { code, output } = await fill(hub, directory)
    expect([code, output]).toEqual([
      1,
      expect.stringMatching(/^rampart-cache failed: .*another hash than the hub says/m),
    ])
    expect(await readdir(join(directory, 'models--org--model/blobs'))).not.toContain(hashOf(weights))
    await expect(stat(join(directory, 'models--org--model/snapshots'))).rejects.toThrow('ENOENT')
  })

  test.each([
    ['a pattern that names nothing', { ...wanted(), files: ['*.gguf'] }, 'no file of org/model matches *.gguf'],
    ['a revision that is not there', { ...wanted(), revision: 'd'.repeat(40) }, '404 Invalid rev id'],
    ['a model that asks for a token', { ...wanted('org/gated') }, '401 Access to model org/gated is restricted'],
  ])('%s is said, with exit code 1', async (_, one, words) => {
    const hub = await hubOf([model, { ...model, id: 'org/gated', gated: true }])
    const { code, output } = await fill(hub, await temporaryDirectory(), [one])
    expect([code, output]).toEqual([1, expect.stringContaining(words)])
  })

  test('the token goes to the hub alone', async () => {
    const hub = await hubOf([{ ...model, gated: true }])
    const { code, output } = await fill(hub, await temporaryDirectory(), [wanted()], hubToken)
    expect(code).toBe(0)
    expect(output).not.toContain(hubToken)
    const asked = hub.requests.filter(({ authorization }) => authorization !== undefined)
    expect(new Set(asked.map(({ host }) => host))).toEqual(new Set(['hub']))
  })

  test('chooses the files that a base would have', async () => {
    const names = 'model pytorch_model consolidated voice optimizer tf_model model-00001-of-00002 config'.split(' ')
    const endings =
      '.safetensors .bin .pt .pth .json .h5 .onnx .onnx_data .msgpack .ot .gguf .PNG .safetensors.index.json .tflite'
    const path = fc
      .tuple(
        fc.constantFrom('', '1_Dense/', 'onnx/', 'original/', 'openvino/openvino_', '.git'),
        fc.constantFrom(...names),
        fc.constantFrom(...endings.split(' ')),
      )
      .map((parts) => parts.join(''))
    const trees = fc.sample(fc.uniqueArray(path, { minLength: 1, maxLength: 9 }), 3000)
    const program =
      'import json, sys, runpy\n' +
      `usual = runpy.run_path(${JSON.stringify(script)})["usual"]\n` +
      'print(json.dumps([usual(one) for one in json.load(sys.stdin)]))'
    const running = promisify(execFile)('python3', ['-c', program], {
      env: { ...process.env, RAMPART_CACHE: '/', RAMPART_MODELS: '[]' },
      maxBuffer: 1e8,
    })
    running.child.stdin?.end(JSON.stringify(trees))
    const answers = JSON.parse((await running).stdout) as (readonly string[])[]
    const ours = trees.map((paths) => {
      try {
        const listed = paths.map((one) => ({ path: one, size: 1, hash: 'a'.repeat(40) }))
        return selectFiles(wanted(), listed).map((one) => one.path)
      } catch {
        return []
      }
    })
    expect(answers).toEqual(ours)
  })
})
