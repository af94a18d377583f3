import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDockerEngine } from '../../../src/lib/docker/engine.js'
import { proveBase, type BaseProof, type ProofRequest } from '../../../src/lib/image/base/prove.js'
import { baseModel, modelSeed } from '../../support/base-model.js'
import { packBase } from '../../support/docker-base.js'
import { forgetLabelled, testLabel } from '../../support/docker.js'
import { dockerProgram, requires } from '../../support/requires.js'

const seed = `rampart-test/proof:${process.pid}`
const { id, folder, revision } = baseModel
const engine = createDockerEngine({ environment: process.env, home: homedir() })

async function build(dockerfile: string): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'rampart-prove-'))
  try {
    writeFileSync(join(directory, 'Dockerfile'), dockerfile)
    const context = execFileSync('tar', ['-C', directory, '-c', '.'])
    const request = { context: [context], dockerfile: 'Dockerfile', args: {}, labels: {}, platform: 'linux/amd64' }
    const { id: image } = await engine.build(request, () => undefined)
    return image
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function prove(steps: readonly string[], more: Partial<ProofRequest> = {}): Promise<BaseProof> {
  const image = await build([`FROM ${seed}`, ...steps, ''].join('\n'))
  const runtime = { user: 'app', environment: {} }
  return proveBase({ image, models: [{ id, revision }], commands: [], runtime, ...more }, engine)
}

const shared = ['ENV HF_HOME=/opt/hf', 'RUN sh /bin/fetch /opt/hf/hub']
const snapshot = `/opt/hf/hub/${folder}/snapshots/${revision}`

requires('docker').describe('the proof of a base', () => {
  beforeAll(() => {
    execFileSync(dockerProgram, ['import', '--change', `LABEL ${testLabel}`, '-', seed], {
      input: packBase(modelSeed()),
      stdio: ['pipe', 'ignore', 'inherit'],
    })
  })

  afterAll(forgetLabelled)

  test('finds a model that the runtime user can load', async () => {
    const proof = await prove(shared)
    expect(proof).toMatchObject({ proved: true, user: 'app', uid: 1000, notes: [], commands: [] })
    expect(proof.models).toEqual([
      { id, revision, proved: true, found: [revision], place: '/opt/hf/hub', files: 4, bytes: expect.any(Number) },
    ])
    expect(proof.models[0]?.bytes).toBeGreaterThan(40_000)
  })

  test.each([
    ['HF_HUB_CACHE', '/data/cache', '/data/cache'],
    ['TRANSFORMERS_CACHE', '/data/transformers', '/data/transformers'],
    ['SENTENCE_TRANSFORMERS_HOME', '/data/st', '/data/st'],
    ['XDG_CACHE_HOME', '/data/xdg', '/data/xdg/huggingface/hub'],
  ])('looks where %s says', async (name, value, place) => {
    const proof = await prove([`ENV ${name}=${value}`, `RUN sh /bin/fetch ${place}`])
    expect(proof.models[0]).toMatchObject({ proved: true, place })
  })

  test('looks in the cache of the user’s own home', async () => {
    const proof = await prove(['RUN sh /bin/fetch /home/app/.cache/huggingface/hub'])
    expect(proof.models[0]).toMatchObject({ proved: true, place: '/home/app/.cache/huggingface/hub' })
  })

  test('runs as the image’s own user when the application names none', async () => {
    const proof = await prove([...shared, 'USER app'], { runtime: { environment: {} } })
    expect(proof).toMatchObject({ proved: true, user: 'app', uid: 1000 })
  })

  test('proves for a user that only Dockerfile.app makes', async () => {
    const proof = await prove(shared, { runtime: { user: 'web', environment: {} } })
    expect(proof).toMatchObject({ proved: true, user: 'web', uid: 65534 })
    expect(proof.notes).toEqual([expect.stringContaining('the base has no user web')])
  })

  test('refuses a base whose download failed behind || echo', async () => {
    const proof = await prove(['ENV HF_HOME=/opt/hf', 'RUN false || echo skipped'])
    expect(proof.proved).toBe(false)
    expect(proof.models[0]).toMatchObject({
      proved: false,
      found: [],
      problem: 'is not in /opt/hf/hub',
      remedy: expect.stringContaining('|| echo'),
    })
  })

  test('refuses models in the home of root, which the application’s user neither sees nor looks for', async () => {
    const proof = await prove(['RUN sh /bin/fetch /root/.cache/huggingface/hub'])
    expect(proof.models[0]).toMatchObject({
      proved: false,
      found: [revision],
      place: '/root/.cache/huggingface/hub',
      problem: 'is in /root/.cache/huggingface/hub; app looks in /home/app/.cache/huggingface/hub',
      remedy: expect.stringContaining('ENV HF_HOME='),
    })
  })

  test('refuses models that belong to root with mode 0700', async () => {
    const proof = await prove([...shared, 'RUN chmod 0700 /opt/hf/hub'])
    expect(proof.models[0]).toMatchObject({
      proved: false,
      problem: 'is in /opt/hf/hub, which app may not read',
      found: [revision],
    })
    const above = await prove([...shared, 'RUN chmod 0700 /opt/hf'])
    expect(above.models[0]).toMatchObject({
      proved: false,
      problem: 'is in /opt/hf/hub, which app may not read',
      place: '/opt/hf/hub',
    })
    const files = await prove([...shared, `RUN chmod 0600 /opt/hf/hub/${folder}/blobs/*`])
    expect(files.models[0]).toMatchObject({
      proved: false,
      problem: expect.stringMatching(/config\.json may not be read by uid 1000/),
    })
    expect(files.models[0]?.remedy).toContain('chmod -R a+rX /opt/hf/hub')
  })

  const shard = `${snapshot}/model-00002-of-00002.safetensors`

  test.each([
    [
      'a truncated shard',
      `head -c 9000 ${shard} > /t && cat /t > ${shard}`,
      /model-00002-of-00002\.safetensors is not what the hub has/,
    ],
    [
      'a shard cut short that no hash names',
      `head -c 9000 ${shard} > /t && rm ${shard} && mv /t ${shard}`,
      /is cut short: it has 9000 bytes, and by its own header 20\d\d\d/,
    ],
    ['a flipped byte', `printf x | dd of=${shard} bs=1 seek=5000 conv=notrunc`, /is not what the hub has/],
    [
      'a shard that is missing',
      `rm ${shard}`,
      /model-00002-of-00002\.safetensors is missing, which .*index\.json names/,
    ],
    [
      'a download that was cut off',
      `cp /bin/true /opt/hf/hub/${folder}/blobs/abc.incomplete`,
      /blobs\/abc\.incomplete is incomplete/,
    ],
    ['a link to nothing', `rm /opt/hf/hub/${folder}/blobs/*`, /is a link to nothing/],
    ['weights that are not there', `rm ${snapshot}/*.safetensors*`, /no weights/],
    [
      'another revision',
      `mv ${snapshot} ${snapshot.replace('0123', 'ffff')}`,
      /revision 0123456789ab is missing: ffff456789ab is there instead/,
    ],
    ['another main', `printf ${'e'.repeat(40)} > /opt/hf/hub/${folder}/refs/main`, /refs\/main names eeeeeeeeeeee/],
  ])('refuses %s', async (_, defect, problem) => {
    const proof = await prove([...shared, `RUN ${defect}`])
    expect(proof.proved).toBe(false)
    expect(proof.models[0]?.problem).toMatch(problem)
    expect(proof.models[0]?.remedy?.length).toBeGreaterThan(20)
  })

  test('wants the files that the configuration names', async () => {
    const proof = await prove(shared, { models: [{ id, revision, files: ['*.json', 'spm.model'] }] })
    expect(proof.models[0]).toMatchObject({ proved: false, problem: expect.stringContaining('spm.model') })
  })

  const noMain = `RUN rm /opt/hf/hub/${folder}/refs/main`
  const expectedAt = `/opt/hf/hub/${folder}/refs/main, which is not there`
  const foundAt = `what is there is ${snapshot}`

  test('notes where an application that names no revision looks, and what is there instead', async () => {
    const proof = await prove([...shared, noMain])
    const note = `an application that names no revision asks for main and looks in ${expectedAt}; ${foundAt}. Without a network it fails`
    expect(proof.models[0]).toMatchObject({ proved: true, note })
    expect(proof.models[0]?.remedy).toContain(`revision="${revision}"`)
    expect(proof.models[0]?.remedy).toContain(`> /opt/hf/hub/${folder}/refs/main`)
  })

  test('says so with what the image and Dockerfile.app tell the application', async () => {
    const runtime = { user: 'app', environment: { MODEL_REVISION: 'main' } }
    const proof = await prove([...shared, noMain, 'ENV HF_HUB_OFFLINE=1'], { runtime })
    expect(proof.models[0]?.note).toBe(
      `MODEL_REVISION=main: the application asks for main and looks in ${expectedAt}; ${foundAt}. With HF_HUB_OFFLINE=1 it fails`,
    )
    const told = await prove([...shared, noMain, `ENV MODEL_REVISION=${revision}`])
    expect(told.models[0]).toMatchObject({ proved: true })
    expect(told.models[0]).not.toHaveProperty('note')
  })

  test.each([
    ['dockerfile', /^let the code ask for revision=.*mkdir -p .*refs && printf 0123/],
    ['rampart', /^write ref: main beside the revision in rampart\.yml/],
  ] as const)('refuses a model without the ref that is declared (%s)', async (provide, remedy) => {
    const models = [{ id, revision, ref: 'main', provide }]
    expect(await prove(shared, { models })).toMatchObject({ proved: true })
    const proof = await prove([...shared, noMain], { models })
    expect(proof.models[0]).toMatchObject({
      proved: false,
      found: [revision],
      problem: `an application that asks for main looks in ${expectedAt}; ${foundAt}`,
      remedy: expect.stringMatching(remedy),
    })
    const other = await prove([...shared, `RUN cd /opt/hf/hub/${folder}/refs && printf ${'e'.repeat(40)} > v2`], {
      models: [{ id, revision, ref: 'v2', provide }],
    })
    expect(other.models[0]?.problem).toBe(
      'refs/v2 names eeeeeeeeeeee, so that an application that asks for v2 gets another model',
    )
  })

  test('runs the project’s own commands offline as the same user', async () => {
    const proof = await prove(shared, { commands: [`id -u; cat ${snapshot}/config.json`, 'echo no >&2; exit 4'] })
    expect(proof.proved).toBe(false)
    expect(proof.commands).toEqual([
      expect.objectContaining({ proved: true, exitCode: 0, output: ['1000', '{"model_type":"tiny"}'] }),
      expect.objectContaining({ proved: false, exitCode: 4, output: ['no'], problem: 'ended with 4' }),
    ])
  })

  test('says so when there is no shell to look with', async () => {
    await expect(prove(['RUN rm /bin/sh'])).rejects.toMatchObject({
      kind: 'verification',
      message: expect.stringContaining('no /bin/sh'),
    })
  })
})
