import { chmod, lstat, mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hubSecrets, modelPorts, openModelHub, writeRevisionsOf } from '../../../src/lib/compose/models.js'
import type { EventBody } from '../../../src/lib/events/event.js'
import { modelLayers } from '../../../src/lib/image/models/model-layers.js'
import { ManualClock } from '../../support/manual-clock.js'
import { hubToken, type HubModel } from '../../support/model-hub.js'
import { commit, hubOf, request, temporaryDirectory } from './support.js'

const model: HubModel = {
  id: 'org/model',
  commit,
  refs: ['main'],
  gated: true,
  files: [{ path: 'model.safetensors', content: { size: 3_000_000, seed: 1 }, lfs: true }],
}

const runOf = (events: EventBody[] = []) => ({
  clock: new ManualClock(),
  emit: (body: EventBody) => void events.push(body),
  signal: new AbortController().signal,
})

test('the hub, the token and the store are those of the environment', async () => {
  const hub = await hubOf([model])
  const home = await temporaryDirectory()
  const environment = { HF_ENDPOINT: hub.url, HF_TOKEN: hubToken, HOME: home }
  const events: EventBody[] = []
  const ports = modelPorts(environment, runOf(events), 'backend')
  expect(await hubSecrets(environment)).toEqual([hubToken])
  await modelLayers(request(), ports)
  expect(await readdir(join(home, '.cache/rampart/models/blobs'))).toHaveLength(1)
  expect((await stat(join(home, '.cache/rampart/models'))).mode & 0o777).toBe(0o700)
  expect(events.at(-1)).toEqual({
    type: 'model.progress',
    service: 'backend',
    model: 'org/model',
    received: 3_000_000,
    total: 3_000_000,
  })
  expect(JSON.stringify(events)).not.toContain(hubToken)
})

test('branches of rampart.yml become commits, asked once each, in the file itself', async () => {
  const hub = await hubOf([{ ...model, gated: false }])
  const directory = await temporaryDirectory()
  const text = `# ours
services:
  a: { base: { models: [{ id: org/model, revision: main }] } } # keep
  b: { base: { models: [{ id: org/model, revision: main }] } }
`
  await mkdir(join(directory, 'real'))
  const file = join(directory, 'real/rampart.yml')
  await writeFile(file, text)
  await chmod(file, 0o640)
  const link = join(directory, 'rampart.yml')
  await symlink('real/rampart.yml', link)
  const client = openModelHub({ HF_ENDPOINT: hub.url, HOME: directory }, runOf())
  expect(await writeRevisionsOf(link, client)).toEqual([{ id: 'org/model', name: 'main', commit }])
  expect(await readFile(file, 'utf8')).toBe(text.replaceAll('main', commit))
  expect((await lstat(link)).isSymbolicLink()).toBe(true)
  expect((await stat(file)).mode & 0o777).toBe(0o640)
  expect(hub.requests).toHaveLength(1)
  expect(await writeRevisionsOf(link, client)).toEqual([])
  expect(hub.requests).toHaveLength(1)
  expect(await readdir(join(directory, 'real'))).toEqual(['rampart.yml'])
})

test('a branch that is not there changes nothing', async () => {
  const hub = await hubOf([{ ...model, gated: false }])
  const directory = await temporaryDirectory()
  const file = join(directory, 'rampart.yml')
  const text = 'services: { a: { base: { models: [{ id: org/model, revision: develop }] } } }\n'
  await writeFile(file, text)
  const client = openModelHub({ HF_ENDPOINT: hub.url, HOME: directory }, runOf())
  await expect(writeRevisionsOf(file, client)).rejects.toMatchObject({ kind: 'preflight' })
  expect(await readFile(file, 'utf8')).toBe(text)
})
