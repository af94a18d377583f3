import { spawnSync } from 'node:child_process'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { mediaTypes } from '../../src/lib/domain/media-types.js'
import type { Migration } from '../../src/lib/domain/migration.js'
import { startDockerRegistry, type DockerRegistry } from '../oci/docker-registry.js'
import { layerBytes, putImage, putJson, putReferrer } from '../oci/images.js'
import { clientOf } from '../oci/stand-in.js'
import { cleanEnvironment, runCli, startCli } from '../support/cli.js'
import { startCountingProxy, type CountingProxy } from '../support/counting-proxy.js'
import { requires } from '../support/requires.js'

const { describe } = requires('docker-registry')

interface Result {
  readonly outcome: string
  readonly exitCode: number
  readonly message: string
  readonly migration: Migration
}

const read = (stdout: string): Result => JSON.parse(stdout) as Result
const hostOf = ({ url }: CountingProxy): string => new URL(url).host

const migrate = (...words: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> =>
  runCli(['registry', 'migrate', ...words], { env: cleanEnvironment() })

describe('registry migrate between two docker-registries', () => {
  let source: DockerRegistry
  let target: DockerRegistry
  let counted: CountingProxy

  beforeEach(async () => {
    ;[source, target] = await Promise.all([startDockerRegistry(), startDockerRegistry()])
    counted = await startCountingProxy(target.host)
  })
  afterEach(async () => {
    await counted.stop()
    await Promise.all([source.stop(), target.stop()])
  })

  test('50 images with 6 shared layers cross once; killed, and run again, the rest only', async () => {
    const from = clientOf(source.host)
    const shared = Array.from({ length: 6 }, () => layerBytes(2_000_000))
    const own = Array.from({ length: 50 }, (_, index) => layerBytes(300_000 + index))
    const images = []
    for (const [index, layer] of own.entries()) {
      images.push(await putImage(from, 'team/app', { tag: `v1.${index}`, layers: [...shared, layer] }))
    }
    await from.close()
    const layers = shared.length * 2_000_000 + own.reduce((sum, bytes) => sum + bytes.length, 0)

    const words = ['registry', 'migrate', `${source.host}/team/app`, `${hostOf(counted)}/moved/app`]
    const first = startCli([...words, '--jobs', '2', '--progress', 'ndjson'], { env: cleanEnvironment() })
    await first.waitFor('"step":"copied"')
    first.process.kill('SIGKILL')
    await first.finished
    const before = counted.takeBlobs()
    const had = clientOf(target.host)
    const tagged = await had.listTags('moved/app')
    expect(tagged.length).toBeGreaterThan(0)
    expect(tagged.length).toBeLessThan(50)

    const second = await runCli([...words, '--json'], { env: cleanEnvironment() })
    const result = read(second.stdout)
    expect([second.code, result.outcome, result.migration.images.length]).toEqual([0, 'done', 50])
    const rest = counted.takeBlobs()
    // What the first run had stored whole is not sent again, and what it had not is sent once.
    const twice = [...rest.keys()].filter((digest) => before.has(digest))
    expect(twice.length).toBeLessThanOrEqual(3)
    expect(result.migration.blobs.there.count).toBeGreaterThanOrEqual(before.size - 3)
    expect(result.migration.blobs.total).toMatchObject({ count: 6 + 50 + 50 })
    const bytes = [...new Map([...before, ...rest])].reduce((sum, [, size]) => sum + size, 0)
    expect(bytes).toBeGreaterThanOrEqual(layers)
    expect(bytes).toBeLessThan(layers + 50 * 2000)

    const there = await Promise.all(images.map((_, index) => had.headManifest('moved/app', `v1.${index}`)))
    expect(there.map((one) => one?.digest)).toEqual(images.map(({ digest }) => digest))

    counted.takeUploaded()
    const third = await runCli([...words, '--json'], { env: cleanEnvironment() })
    expect(read(third.stdout)).toMatchObject({ exitCode: 0, message: 'All 50 images were there already.' })
    expect(counted.takeUploaded()).toBe(0)
    await had.close()
  })

  test('indexes, what refers to them, signatures under tags, and a dry run that changes nothing', async () => {
    const from = clientOf(source.host)
    const common = layerBytes(5000)
    const [intel, arm] = [
      await putImage(from, 'app', { layers: [common, layerBytes(1000)] }),
      await putImage(from, 'app', { layers: [common, layerBytes(1001)], architecture: 'arm64' }),
    ]
    const index = await putJson(from, 'app', 'v2', mediaTypes.ociIndex, { manifests: [intel, arm] })
    const statement = await putReferrer(from, 'app', index, layerBytes(700))
    const signature = await putReferrer(
      from,
      'app',
      { mediaType: mediaTypes.ociManifest, digest: statement, size: 1 },
      layerBytes(300),
    )
    const list = await putReferrer(from, 'app', arm, layerBytes(400))
    const legacy = await putImage(from, 'app', {
      tag: `${intel.digest.replace(':', '-')}.sig`,
      layers: [layerBytes(200)],
    })
    await putImage(from, 'app', { tag: 'other', layers: [layerBytes(900)] })
    await from.close()

    const words = [`${source.host}/app`, `${hostOf(counted)}/app`, '--tag', 'v?']
    const dry = await migrate(...words, '--dry-run', '--json')
    const plan = read(dry.stdout).migration
    expect([dry.code, plan.dryRun, counted.takeUploaded()]).toEqual([0, true, 0])
    expect(
      plan.images.map(({ tags, platforms, referrers, action, result }) => [tags, platforms, referrers, action, result]),
    ).toEqual([
      [[`${intel.digest.replace(':', '-')}.sig`], 1, 0, 'copy', 'planned'],
      [['v2'], 2, 3, 'copy', 'planned'],
    ])

    expect((await migrate(...words)).code).toBe(0)
    const at = clientOf(target.host)
    expect((await at.headManifest('app', 'v2'))?.digest).toBe(index.digest)
    expect((await at.headManifest('app', `${intel.digest.replace(':', '-')}.sig`))?.digest).toBe(legacy.digest)
    expect(await at.headManifest('app', 'other')).toBeUndefined()
    const refer = async (digest: typeof statement) =>
      (await at.listReferrers('app', digest)).manifests.map((one) => [one.digest, one.artifactType])
    expect(await refer(index.digest)).toEqual([[statement, 'application/vnd.example.statement']])
    expect((await refer(statement)).map(([digest]) => digest)).toEqual([signature])
    expect((await refer(arm.digest)).map(([digest]) => digest)).toEqual([list])
    await at.close()
    const again = read((await migrate(...words, '--json')).stdout)
    expect(again.message).toBe('All 2 images were there already.')
  })

  test('several repositories by a pattern, their shared layers mounted, their tags chosen', async () => {
    const from = clientOf(source.host)
    const shared = layerBytes(800_000)
    for (const name of ['api', 'ui', 'jobs']) {
      await putImage(from, `team/${name}`, { tag: 'latest', layers: [shared, layerBytes(2000)] })
      await putImage(from, `team/${name}`, { tag: 'dev', layers: [shared, layerBytes(2000)] })
    }
    await putImage(from, 'elsewhere', { tag: 'latest', layers: [layerBytes(10)] })
    await from.close()
    const done = await migrate(`${source.host}/team/*`, `${hostOf(counted)}/new`, '--skip-tag', 'd*', '--json')
    const { migration } = read(done.stdout)
    expect(migration.images.map(({ target: to, tags }) => [to.split('/').slice(1).join('/'), tags])).toEqual(
      ['api', 'jobs', 'ui'].map((name) => [`new/${name}`, ['latest']]),
    )
    expect(migration.blobs.mounted).toMatchObject({ count: 2, bytes: 1_600_000 })
    expect([...counted.takeBlobs().values()].filter((size) => size === 800_000)).toHaveLength(1)
  })

  test('what can not be copied is told, the rest is copied, and the exit code says so', async () => {
    const from = clientOf(source.host)
    await putImage(from, 'app', { tag: 'good', layers: [layerBytes(1000)] })
    const lost = layerBytes(1500)
    const bad = await putImage(from, 'app', { tag: 'bad', layers: [lost] })
    const { layers } = JSON.parse(Buffer.from((await from.getManifest('app', bad.digest))?.bytes ?? []).toString()) as {
      layers: { digest: string }[]
    }
    await fetch(`http://${source.host}/v2/app/blobs/${layers[0]?.digest ?? ''}`, { method: 'DELETE' })
    await from.close()
    const { code, stdout, stderr } = await migrate(`${source.host}/app`, `${target.host}/app`)
    expect(code).toBe(7)
    expect(stdout + stderr).toContain('run the same command again: it copies the rest only')
    expect(stdout).toMatch(/app:bad .* failed: .*has no bytes of sha256:/)
    expect(stdout).toMatch(/app:good .* copied/)
  })
})

const independent = 'skopeo'

requires('docker-registry', 'skopeo').describe('skopeo', () => {
  test('reads what was copied', async () => {
    const [source, target] = await Promise.all([startDockerRegistry(), startDockerRegistry()])
    try {
      const from = clientOf(source.host)
      await putImage(from, 'app', { tag: 'v1', layers: [layerBytes(4000)] })
      await from.close()
      await migrate(`${source.host}/app:v1`, `${target.host}/copy/app:first`)
      const words = ['inspect', '--raw', '--tls-verify=false', `docker://${target.host}/copy/app:first`]
      const found = spawnSync(independent, words, { encoding: 'utf8' })
      expect(found.stderr).toBe('')
      expect(JSON.parse(found.stdout)).toMatchObject({ schemaVersion: 2 })
    } finally {
      await Promise.all([source.stop(), target.stop()])
    }
  })
})

test('places that are none are usage errors that say what to write', async () => {
  for (const words of [
    ['NOT A PLACE', 'registry.example.com'],
    ['registry.example.com/app', 'registry.example.com/app:v1'],
    ['registry.example.com/team/*:v1', 'registry.example.com'],
  ]) {
    const { code, stderr } = await runCli(['registry', 'migrate', ...words])
    expect([words, code]).toEqual([words, 2])
    expect(stderr).toMatch(/(?:Error: |\(exit code 2\): )[\s\S]*Next:/)
  }
})
