import { text } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { RampartError } from '../../src/lib/errors/rampart-error.js'
import { createModelHub } from '../../src/lib/hub/client.js'
import type { ModelFile, ModelHub } from '../../src/lib/ports/model-hub.js'
import { ManualClock } from '../support/manual-clock.js'
import { hashOf, hubToken, startModelHub, type HubModel, type StandInHub } from '../support/model-hub.js'

const commit = 'c'.repeat(40)
const model: HubModel = {
  id: 'org/model',
  commit,
  refs: ['main', 'refs/pr/1'],
  files: [
    { path: 'config.json', content: '{"a":1}' },
    { path: 'model.safetensors', content: { size: 5_000_000, seed: 1 }, lfs: true },
    { path: 'sub/odd #1?.txt', content: 'odd' },
    { path: 'empty.txt', content: '' },
    { path: 'vocab.txt', content: 'words' },
  ],
}

async function start(models = [model], token: string | null = hubToken) {
  const standIn = await startModelHub(models)
  onTestFinished(() => standIn.stop())
  const clock = new ManualClock()
  const began = clock.now()
  const hub = createModelHub({
    endpoint: standIn.url,
    token: () => Promise.resolve(token ?? undefined),
    clock,
    random: () => 0,
  })
  return { standIn, hub, waited: () => clock.now() - began }
}

const readAll = (hub: ModelHub, file: ModelFile, offset = 0): Promise<string> =>
  text(Readable.from(hub.read(model.id, commit, file, offset)))

async function fileNamed(hub: ModelHub, path: string): Promise<ModelFile> {
  const found = (await hub.list(model.id, commit)).find((file) => file.path === path)
  if (found === undefined) throw new Error(`no ${path}`)
  return found
}

const bytesOf = async (hub: ModelHub, file: ModelFile, offset = 0): Promise<Buffer> => {
  const parts: Uint8Array[] = []
  for await (const part of hub.read(model.id, commit, file, offset)) parts.push(part)
  return Buffer.concat(parts)
}

async function failureOf(work: Promise<unknown>): Promise<RampartError> {
  const error = await work.then(
    () => undefined,
    (failed: unknown) => failed,
  )
  if (!(error instanceof RampartError)) throw new Error(`not a RampartError: ${String(error)}`)
  return error
}

const storageRequests = ({ requests }: StandInHub) => requests.filter(({ host }) => host === 'storage')

test('a listing has every page, sizes and the hashes of both kinds', async () => {
  const { hub } = await start()
  const files = await hub.list(model.id, commit)
  expect(files).toEqual(
    model.files.map((file) => ({
      path: file.path,
      size: typeof file.content === 'string' ? file.content.length : file.content.size,
      hash: hashOf(file),
    })),
  )
})

test('a branch is resolved, a commit is its own answer', async () => {
  const { hub, standIn } = await start()
  expect(await hub.resolve(model.id, 'main')).toEqual({ commit, ref: 'main' })
  expect(await hub.resolve(model.id, 'refs/pr/1')).toEqual({ commit, ref: 'refs/pr/1' })
  const before = standIn.requests.length
  expect(await hub.resolve(model.id, 'd'.repeat(40))).toEqual({ commit: 'd'.repeat(40) })
  expect(standIn.requests).toHaveLength(before)
})

test('files are read whole, from an offset, with odd names, and when they are empty', async () => {
  const { hub } = await start()
  expect(await readAll(hub, await fileNamed(hub, 'config.json'))).toBe('{"a":1}')
  expect(await readAll(hub, await fileNamed(hub, 'config.json'), 3)).toBe('":1}')
  expect(await readAll(hub, await fileNamed(hub, 'sub/odd #1?.txt'))).toBe('odd')
  expect(await readAll(hub, await fileNamed(hub, 'empty.txt'))).toBe('')
})

test('the token goes to the hub and never to where it points', async () => {
  const { hub, standIn } = await start([{ ...model, gated: true }])
  const weights = await fileNamed(hub, 'model.safetensors')
  expect(await bytesOf(hub, weights)).toHaveLength(weights.size)
  const asked = standIn.requests.filter(({ host }) => host === 'hub')
  expect(asked.length).toBeGreaterThan(3)
  expect(new Set(asked.map(({ authorization }) => authorization))).toEqual(new Set([`Bearer ${hubToken}`]))
  expect(storageRequests(standIn).map(({ authorization }) => authorization)).toEqual([undefined])
})

test('a connection that breaks is followed by one that asks for the rest alone', async () => {
  const { hub, standIn } = await start()
  const weights = await fileNamed(hub, 'model.safetensors')
  const whole = await bytesOf(hub, weights)
  standIn.requests.length = 0
  standIn.sent.clear()
  standIn.faults.set('model.safetensors', [
    { kind: 'cut', after: 2_000_000 },
    { kind: 'cut', after: 1_500_000 },
  ])
  expect(whole.equals(await bytesOf(hub, weights))).toBe(true)
  expect(storageRequests(standIn).map(({ range }) => range)).toEqual([
    undefined,
    'bytes=2000000-4999999',
    'bytes=3500000-4999999',
  ])
  expect(standIn.sent.get('model.safetensors')).toBe(5_000_000)
})

test('an answer without the range that was asked for is used from the offset on', async () => {
  const { hub, standIn } = await start()
  const weights = await fileNamed(hub, 'model.safetensors')
  const whole = await bytesOf(hub, weights)
  standIn.faults.set('model.safetensors', [{ kind: 'no-ranges' }])
  expect(whole.subarray(4_000_000).equals(await bytesOf(hub, weights, 4_000_000))).toBe(true)
})

test.each([500, 502, 503, 504, 408, 429])('%i passes, and is asked again', async (status) => {
  const { hub, standIn } = await start()
  standIn.faults.set('tree', [{ kind: 'status', status }])
  standIn.faults.set('config.json', [
    { kind: 'status', status },
    { kind: 'status', status },
  ])
  expect(await readAll(hub, await fileNamed(hub, 'config.json'))).toBe('{"a":1}')
})

test('Retry-After and the end of the window are waited for', async () => {
  const { hub, standIn, waited } = await start()
  standIn.faults.set('tree', [
    { kind: 'status', status: 429, headers: { 'retry-after': '7' } },
    { kind: 'status', status: 429, headers: { ratelimit: '"api";r=0;t=11' } },
  ])
  await hub.list(model.id, commit)
  expect(waited()).toBe(18_000)
})

test('a limit that lasts for minutes is told and not waited for', async () => {
  const { hub, standIn, waited } = await start([model], null)
  standIn.faults.set('tree', [{ kind: 'status', status: 429, headers: { ratelimit: '"api";r=0;t=240' } }])
  const failure = await failureOf(hub.list(model.id, commit))
  expect(failure).toMatchObject({ kind: 'unreachable', passing: true })
  expect(failure.next).toEqual([
    'wait 240 seconds and run the same command again: what is downloaded stays',
    'set HF_TOKEN, or log in: hf auth login',
  ])
  expect(waited()).toBe(0)
})

test('a hub that stays broken is given up after some tries', async () => {
  const { hub, standIn } = await start()
  standIn.faults.set(
    'tree',
    Array.from({ length: 50 }, () => ({ kind: 'status', status: 503 }) as const),
  )
  const failure = await failureOf(hub.list(model.id, commit))
  expect(failure.message).toMatch(/^127\.0\.0\.1:\d+ refused to list the files of org\/model at c{12}: 503$/)
  expect(standIn.requests).toHaveLength(8)
})

test('403 is not asked again and names what to do', async () => {
  const { hub, standIn } = await start()
  const file = await fileNamed(hub, 'config.json')
  standIn.faults.set('config.json', [
    { kind: 'status', status: 403, headers: { 'x-error-message': `no ${hubToken} here` } },
  ])
  const failure = await failureOf(readAll(hub, file))
  expect(failure.kind).toBe('unreachable')
  expect(failure.message).toMatch(/refused to send config\.json of org\/model: 403 no \*\*\* here$/)
  expect(failure.next.join('\n')).toMatch(/may read org\/model/)
})

test.each([
  ['as it is', `${'x'.repeat(290)} ${hubToken}`],
  ['as in an address', `https://hub/?token=${encodeURIComponent(hubToken)}`],
  ['as in a header', `Basic ${Buffer.from(hubToken).toString('base64')}`],
])('no part of a token shows that the hub says %s', async (_, said) => {
  const { hub, standIn } = await start()
  const fault = { kind: 'status', status: 403, headers: { 'x-error-message': said }, body: said } as const
  standIn.faults.set('tree', [fault])
  const failure = await failureOf(hub.list(model.id, commit))
  const shown = JSON.stringify([failure.message, failure.next, String(failure.cause)])
  expect(shown).toContain('403')
  for (const form of [hubToken, Buffer.from(hubToken).toString('base64')]) expect(shown).not.toContain(form.slice(0, 6))
})

test.each(['hf_two\nlines', 'hf_with space', 'hf_überall'])(
  'a token that no header can carry is not shown: %j',
  async (token) => {
    const { hub, standIn } = await start([model], token)
    const failure = await failureOf(hub.list(model.id, commit))
    expect(failure).toMatchObject({ kind: 'usage', next: [expect.stringContaining('HF_TOKEN')] })
    expect(`${failure.message} ${failure.next.join(' ')} ${String(failure.cause)}`).not.toContain('hf_')
    expect(standIn.requests).toEqual([])
  },
)

test('what does not exist is told as that, with and without a token', async () => {
  const { hub } = await start()
  expect(await failureOf(hub.resolve('org/nothing', 'main'))).toMatchObject({ kind: 'preflight' })
  expect(await failureOf(hub.resolve(model.id, 'nobranch'))).toMatchObject({ kind: 'preflight' })
  expect(await failureOf(hub.list(model.id, 'e'.repeat(40)))).toMatchObject({
    kind: 'preflight',
    next: [expect.stringMatching(/^copy the commit from/)],
  })
  const anonymous = await start([model], null)
  const failure = await failureOf(anonymous.hub.resolve('org/nothing', 'main'))
  expect(failure.next.join('\n')).toMatch(/check the id org\/nothing.*\n.*HF_TOKEN/)
})

test('a gated model says where to ask for access', async () => {
  const { hub } = await start([{ ...model, gated: true }], null)
  const failure = await failureOf(hub.list(model.id, commit))
  expect(failure.next[0]).toMatch(/^ask for access to the model at http:\/\/127\.0\.0\.1:\d+\/org\/model$/)
})

test('a hub that nobody serves is named', async () => {
  const { hub, standIn } = await start()
  await standIn.stop()
  const failure = await failureOf(hub.list(model.id, commit))
  expect(failure).toMatchObject({ kind: 'unreachable', passing: true })
  expect(failure.message).toMatch(/^could not list the files of org\/model .* at 127\.0\.0\.1:\d+: ECONNREFUSED$/)
})

test.each(['../up', '/etc/passwd', 'a/../../b', 'a//b', String.raw`a\b`, 'a\nb', '.'])(
  'a listing with the path %j is refused',
  async (path) => {
    const { hub } = await start([{ ...model, files: [{ path, content: 'x' }] }])
    expect((await failureOf(hub.list(model.id, commit))).message).toMatch(/whose path leads elsewhere$/)
  },
)

test('a server that is no hub is told as that', async () => {
  const { hub, standIn } = await start()
  standIn.faults.set('tree', [{ kind: 'status', status: 200 }])
  expect((await failureOf(hub.list(model.id, commit))).next.join()).toMatch(/HF_ENDPOINT/)
})
