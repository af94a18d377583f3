import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createDockerEngine } from '../../../src/lib/docker/engine.js'
import type { Inspection } from '../../../src/lib/domain/inspection.js'
import type { EventBody } from '../../../src/lib/events/event.js'
import { buildWithEngine, type EngineBuilt, type EnginePorts } from '../../../src/lib/image/engine/build.js'
import { buildWith, type BuilderName } from '../../../src/lib/image/engine/choose.js'
import { buildAppImage, type BuiltImage } from '../../../src/lib/image/publish/publish.js'
import type { AppImageRequest } from '../../../src/lib/image/publish/types.js'
import { createRegistryClient } from '../../../src/lib/oci/client.js'
import { inspect, type InspectImageRequest } from '../../../src/lib/operations/inspect.js'
import { createFileCache } from '../../../src/lib/system/file-cache.js'
import { systemClock } from '../../../src/lib/system/clock.js'
import { startDockerRegistry } from '../../oci/docker-registry.js'
import { packBase } from '../../support/docker-base.js'
import { temporaryDirectory } from '../../support/project.js'
import { dockerProgram, requires } from '../../support/requires.js'

const modelBytes = 3_000_000
const smallFiles = 200

interface Bench {
  readonly host: string
  readonly directory: string
  readonly base: string
  readonly events: EventBody[]
  readonly docker: (...args: readonly string[]) => string
  readonly request: (changes?: Partial<AppImageRequest>) => AppImageRequest
  readonly ports: EnginePorts
  readonly look: (name: string, changes?: Partial<InspectImageRequest>) => Promise<Inspection>
  readonly read: number[]
}

/** A registry with a base that carries a model and many small files, and a place to build an app on it. */
async function bench(): Promise<Bench> {
  const directory = await temporaryDirectory('engine')
  const registry = await startDockerRegistry()
  onTestFinished(() => registry.stop())
  const host = registry.host
  const env = { ...process.env, DOCKER_BUILDKIT: '1' }
  const docker = (...args: readonly string[]): string =>
    execFileSync(dockerProgram, args, { env, stdio: ['pipe', 'pipe', 'pipe'] }).toString()
  const base = `${host}/team/base:1`
  const files: Record<string, string | Uint8Array> = { 'opt/models/model.safetensors': randomBytes(modelBytes) }
  for (let at = 0; at < smallFiles; at += 1)
    files[`opt/models/tokens/part-${at}.json`] = `{"part": ${at}}\n`.repeat(1 + at)
  execFileSync(dockerProgram, ['import', '--change', 'ENV PATH=/bin', '-', base], { input: packBase(files), env })
  onTestFinished(() => void docker('image', 'rm', '--force', base))
  docker('push', base)
  const client = createRegistryClient({
    endpoint: `http://${host}`,
    host,
    credentials: async () => undefined,
    clock: systemClock,
  })
  onTestFinished(() => client.close())
  const context = join(directory, 'context')
  await mkdir(join(context, 'app'), { recursive: true })
  await writeFile(join(context, 'app/main.py'), 'print("served")\n'.repeat(500))
  await mkdir(join(directory, 'scratch'))
  const events: EventBody[] = []
  const memory = createFileCache({ directory: join(directory, 'cache'), mostBytes: 1e8 })
  const read: number[] = []
  return {
    host,
    directory,
    base,
    events,
    docker,
    read,
    request: (changes = {}) => ({
      app: 'shop',
      service: 'backend',
      context,
      dockerfile: join(context, 'Dockerfile.app'),
      dockerfileName: 'Dockerfile.app',
      buildArgs: {},
      platform: 'linux/amd64',
      compression: 'gzip',
      repository: 'team/backend',
      tags: () => ['live'],
      ...changes,
    }),
    ports: {
      registry: client,
      locate: (_, repository) => ({ registry: client, repository }),
      git: { sourceRevision: () => Promise.resolve(undefined) },
      memory,
      groups: memory,
      now: () => Date.now(),
      emit: (event) => events.push(event),
      engine: createDockerEngine({ environment: process.env, home: directory }),
      credentials: async () => undefined,
      scratch: async () => join(directory, 'scratch'),
    },
    look: (name, changes = {}) =>
      inspect(
        {
          service: null,
          name,
          platform: 'linux/amd64',
          base: undefined,
          configured: undefined,
          budget: undefined,
          deep: false,
          ...changes,
        },
        {
          memory,
          locate: (_, repository) => ({ registry: client, repository }),
          onRead: ({ number }) => read.push(number),
        },
      ),
  }
}

/** The first seed's shape: code, a new user, and `chown -R` over what the base has. */
const defective = (base: string): string => `FROM ${base}
WORKDIR /app
COPY app /app
RUN printf 'svc:x:10001:10001::/app:/bin/sh\\n' >> /etc/passwd && chown -R 10001:10001 /app && chown -R 10001:10001 /opt/models
USER 10001
CMD ["sh"]
`

const within = (found: number, planted: number): void => {
  expect(Math.abs(found - planted)).toBeLessThanOrEqual(0.01 * planted)
}

requires('docker', 'docker-registry', 'tar').describe('images that a Docker engine built', () => {
  const plantedBytes =
    modelBytes +
    Array.from({ length: smallFiles }, (_, at) => `{"part": ${at}}\n`.length * (1 + at)).reduce((a, b) => a + b)

  for (const buildKit of ['0', '1']) {
    const builder = buildKit === '0' ? 'the classic builder' : 'BuildKit'
    test(`chown -R over the cache, by ${builder} and docker push: instruction and bytes are named`, async () => {
      const { host, base, docker, look, directory, read } = await bench()
      await writeFile(join(directory, 'context/Dockerfile.app'), defective(base))
      const image = `${host}/team/fat:${buildKit}`
      execFileSync(
        dockerProgram,
        ['build', '-q', '-f', join(directory, 'context/Dockerfile.app'), '-t', image, join(directory, 'context')],
        {
          env: { ...process.env, DOCKER_BUILDKIT: buildKit },
        },
      )
      onTestFinished(() => void docker('image', 'rm', '--force', image))
      docker('push', image)
      const found = await look(image, { base, budget: 500_000 })
      expect(found.base).toMatchObject({ name: base, by: 'flag', layers: 1 })
      const [ofBase, ofApp] = found.copies
      expect(ofBase).toMatchObject({ of: 'base', originals: [1], changes: ['owner'], files: smallFiles + 1 })
      expect(ofBase?.instruction).toMatch(/^RUN printf .*chown -R 10001:10001 \/opt\/models$/)
      expect(ofBase?.examples[0]).toEqual({
        path: '/opt/models/model.safetensors',
        bytes: modelBytes,
        original: '/opt/models/model.safetensors',
      })
      within(ofBase?.bytes ?? 0, plantedBytes)
      expect(ofApp).toMatchObject({ of: 'app', changes: ['owner'], files: 1, bytes: 8000 })
      expect(found.budget).toMatchObject({ verdict: 'over', budget: 500_000 })
      expect(found.budget.instruction).toMatch(/^RUN printf/)
      expect(found.notes).toEqual([])
      // What was read once is remembered by its digest.
      const before = read.length
      expect(before).toBeGreaterThan(0)
      expect((await look(image, { base, budget: 500_000 })).copies).toEqual(found.copies)
      expect(read.length).toBe(before)
    })
  }

  test('auto takes the engine for a RUN and says why; the image runs, and is pushed without its base', async () => {
    const { host, base, docker, look, directory, events, request, ports } = await bench()
    await writeFile(
      join(directory, 'context/Dockerfile.app'),
      `FROM ${base} AS build
RUN mkdir -p /out && printf 'made by a stage\\n' > /out/made.txt
FROM ${base}
ARG GREETING=nobody
COPY app /app
COPY --from=build /out /out
RUN printf '%s\\n' "$GREETING" > /out/greeting.txt
CMD ["cat", "/out/made.txt", "/out/greeting.txt"]
`,
    )
    const wanted = request({ buildArgs: { GREETING: 'hello' } })
    const make = (builder: BuilderName) =>
      buildWith<Pick<BuiltImage, 'digest' | 'push'> | EngineBuilt>(
        builder,
        wanted,
        { layer: () => buildAppImage(wanted, ports), docker: () => buildWithEngine(wanted, ports) },
        (detail) => events.push({ type: 'image.step', service: 'backend', step: 'builder', detail }),
      )
    await expect(make('layer')).rejects.toMatchObject({ kind: 'usage' })
    const built = await make('auto')
    expect(events).toContainEqual({
      type: 'image.step',
      service: 'backend',
      step: 'builder',
      detail: 'docker: Dockerfile.app:2:1: RUN needs a container',
    })
    const pushed = await built.push()
    expect(pushed).toMatchObject({ unchanged: false, tags: ['live'], digest: built.digest })
    // Nothing of the base: that would be megabytes.
    expect(pushed.uploadedLayerBytes).toBeLessThan(20_000)
    const image = `${host}/team/backend@${pushed.digest}`
    docker('pull', image)
    onTestFinished(() => void docker('image', 'rm', '--force', image))
    expect(docker('run', '--rm', '--network', 'none', image)).toBe('made by a stage\nhello\n')

    const found = await look(`${host}/team/backend:live`)
    expect(found.base).toMatchObject({ name: base, by: 'label', layers: 1 })
    expect(found.layers.map(({ instruction }) => instruction).slice(1)).toEqual([
      'COPY app /app',
      'COPY /out /out',
      `RUN printf '%s\\n' "$GREETING" > /out/greeting.txt`,
    ])
    expect([found.copies, found.secrets]).toEqual([[], []])

    const again = await make('auto')
    expect(await again.push()).toMatchObject({ digest: built.digest, unchanged: true, uploadedLayerBytes: 0 })
    // The engine built it, and so it can be looked at before it is pushed.
    const { image: made, heaviest } = again as EngineBuilt
    const planned = await look('', { planned: { image: made, heaviest } })
    expect({ ...planned, source: 'registry', image: found.image }).toEqual(found)
  })

  test('the engine builds no image over its budget, names instruction and line, and leaves nothing behind', async () => {
    const { base, directory, request, ports, events } = await bench()
    await writeFile(join(directory, 'context/Dockerfile.app'), defective(base))
    const wanted = request({ budget: 500_000 })
    await expect(buildWithEngine(wanted, ports)).rejects.toMatchObject({
      kind: 'preflight',
      message: expect.stringMatching(
        /^The app layers of backend have .* MB, more than their budget of 500 kB, most of it by RUN printf .* \(Dockerfile\.app:4:1\)\.$/,
      ) as string,
    })
    expect(await ports.registry.headManifest('team/backend', 'live')).toBeUndefined()
    const { digest, push } = await buildWithEngine({ ...wanted, allowOverBudget: true }, ports)
    expect((await push()).digest).toBe(digest)
    expect(events.filter(({ type }) => type === 'warning')).toHaveLength(1)
    // What was compressed lies there until the caller removes it; no archive without compression does.
    const left = readdirSync(join(directory, 'scratch'), { recursive: true, withFileTypes: true })
    expect(left.filter((one) => one.isFile() && !one.name.endsWith('.blob'))).toEqual([])
  })
})
