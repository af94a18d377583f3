import { createHash } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import type { Digest } from '../../../src/lib/domain/digest.js'
import { mediaTypes } from '../../../src/lib/domain/media-types.js'
import { modelAnnotations, modelLayers } from '../../../src/lib/image/models/model-layers.js'
import { pushModelLayers } from '../../../src/lib/image/models/push.js'
import { createRegistryClient } from '../../../src/lib/oci/client.js'
import type { Descriptor, Registry } from '../../../src/lib/ports/registry.js'
import { startDockerRegistry } from '../../oci/docker-registry.js'
import { startCountingProxy } from '../../support/counting-proxy.js'
import { ManualClock } from '../../support/manual-clock.js'
import type { HubModel } from '../../support/model-hub.js'
import { requires } from '../../support/requires.js'
import { commit, hubOf, portsOf, request, temporaryDirectory, wanted } from './support.js'

const modelOf = (id: string, seed: number): HubModel => ({
  id,
  commit,
  files: [
    { path: 'config.json', content: `{"seed":${seed}}` },
    { path: 'model.safetensors', content: { size: 4_000_000, seed }, lfs: true },
  ],
})

/** What the Docker engine made of requirements.txt, in so far as it matters here. */
async function pushRest(registry: Registry, repository: string, text: string): Promise<Descriptor> {
  const bytes = Buffer.alloc(10_000, text)
  const digest: Digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  await registry.putBlob(repository, { digest, size: bytes.length, open: () => [bytes] })
  return { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size: bytes.length }
}

async function putBase(registry: Registry, repository: string, layers: readonly Descriptor[]): Promise<void> {
  const config = Buffer.from('{"architecture":"amd64","os":"linux"}')
  const digest: Digest = `sha256:${createHash('sha256').update(config).digest('hex')}`
  await registry.putBlob(repository, { digest, size: config.length, open: () => [config] })
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest, size: config.length },
    layers,
  }
  await registry.putManifest(repository, 'latest', mediaTypes.ociManifest, Buffer.from(JSON.stringify(manifest)))
}

async function layersOf(registry: Registry, repository: string): Promise<readonly Descriptor[]> {
  const manifest = await registry.getManifest(repository, 'latest')
  return (JSON.parse(Buffer.from(manifest?.bytes ?? []).toString('utf8')) as { layers: Descriptor[] }).layers
}

requires('docker-registry').describe('models at a registry', () => {
  test('a registry gets the bytes of what is new, and of nothing else', async () => {
    const docker = await startDockerRegistry()
    onTestFinished(() => docker.stop())
    const proxy = await startCountingProxy(docker.host)
    onTestFinished(() => proxy.stop())
    const hub = await hubOf([modelOf('org/one', 1), modelOf('org/two', 2), modelOf('org/three', 3)])
    const registry = createRegistryClient({
      endpoint: proxy.url,
      credentials: () => Promise.resolve(undefined),
      clock: new ManualClock(),
    })
    onTestFinished(() => registry.close())
    const repository = 'backend-base'
    const build = async (ids: readonly string[], requirements: string, earlier: readonly Descriptor[] = []) => {
      const models = ids.map((id) => wanted(id))
      // A machine that has never seen any of it.
      const layers = await modelLayers(request({ models, earlier }), portsOf(hub, await temporaryDirectory()))
      proxy.takeUploaded()
      const rest = await pushRest(registry, repository, requirements)
      const restBytes = proxy.takeUploaded()
      const sent = await pushModelLayers(layers, { registry, repository })
      const modelBytes = proxy.takeUploaded()
      await putBase(registry, repository, [rest, ...layers.map(({ descriptor }) => descriptor)])
      return { layers, sent, restBytes, modelBytes }
    }

    const first = await build(['org/one', 'org/two'], 'torch==1')
    const sizes = first.layers.map(({ descriptor }) => descriptor.size)
    expect(first.modelBytes).toBe((sizes[0] ?? 0) + (sizes[1] ?? 0))
    expect(first.sent.map(({ how }) => how)).toEqual(['uploaded', 'uploaded'])

    // Whoever reads the manifest sees which model a layer is, and how much of it.
    const listed = (await layersOf(registry, repository)).map(({ annotations = {} }) => annotations)
    expect(listed.map((one) => one[modelAnnotations.model])).toEqual([
      undefined,
      `org/one@${commit}`,
      `org/two@${commit}`,
    ])
    expect(listed[1]?.[modelAnnotations.bytes]).toBe(String(first.layers[0]?.bytes))

    hub.sent.clear()
    const changed = await build(['org/one', 'org/two'], 'torch==2', await layersOf(registry, repository))
    expect(changed).toMatchObject({ restBytes: 10_000, modelBytes: 0 })
    expect(hub.sent.size).toBe(0)

    const added = await build(['org/one', 'org/two', 'org/three'], 'torch==2', await layersOf(registry, repository))
    expect(added.modelBytes).toBe(added.layers[2]?.descriptor.size)
    expect(added.sent.map(({ how }) => how)).toEqual(['present', 'present', 'uploaded'])
    // The model that is new is all that was downloaded.
    expect(hub.sent.get('model.safetensors')).toBe(4_000_000)

    proxy.takeUploaded()
    const other = await pushModelLayers(added.layers, { registry, repository: 'other-base', mountFrom: [repository] })
    expect(other.map(({ how, uploadedBytes }) => [how, uploadedBytes])).toEqual(added.layers.map(() => ['mounted', 0]))
    expect(proxy.takeUploaded()).toBe(0)
  })
})
