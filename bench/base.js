import { createHash } from 'node:crypto'
import { createGunzip } from 'node:zlib'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { baseLayers } from './fixture.js'

const digestOf = (hash) => `sha256:${hash.digest('hex')}`

/** Digest, size and diff id of a layer, by reading it once. */
async function measure(layer) {
  const hash = createHash('sha256')
  const inner = layer.zipped ? createHash('sha256') : undefined
  let size = 0
  async function* counted() {
    for await (const piece of layer.open()) {
      hash.update(piece)
      size += piece.length
      yield piece
    }
  }
  if (inner === undefined) for await (const piece of counted()) void piece
  else {
    await pipeline(Readable.from(counted()), createGunzip(), async (plain) => {
      for await (const piece of plain) inner.update(piece)
    })
  }
  const digest = digestOf(hash)
  return { ...layer, size, digest, diffId: inner === undefined ? digest : digestOf(inner) }
}

/** Pushes a base image of about that many bytes with rampart's own client; gives the bytes of its layers as stored. */
export async function pushBase(client, repository, bytes, seed) {
  const layers = []
  for (const layer of await baseLayers(bytes, seed)) {
    const measured = await measure(layer)
    layers.push(measured)
    await client.putBlob(repository, measured)
  }
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Env: ['PATH=/usr/bin:/bin'], WorkingDir: '/' },
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    }),
  )
  const digest = `sha256:${createHash('sha256').update(config).digest('hex')}`
  await client.putBlob(repository, { digest, size: config.length, open: () => [config] })
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: config.length },
    layers: layers.map((layer) => ({ mediaType: layer.mediaType, digest: layer.digest, size: layer.size })),
  }
  await client.putManifest(repository, 'latest', mediaType, Buffer.from(JSON.stringify(manifest)))
  return layers.reduce((sum, { size }) => sum + size, 0)
}
