import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import type { Digest } from '../../../src/lib/domain/digest.js'
import type { ImageConfig, ImageManifest } from '../../../src/lib/image/image-config.js'
import { readTar } from '../../../src/lib/image/layer/tar-reader.js'
import { dockerProgram } from '../../support/requires.js'

/** An image as `docker save` gives it. */
export interface SavedImage {
  readonly config: ImageConfig
  readonly layers: readonly Buffer[]
  readonly manifest: ImageManifest
}

/** Runs docker with BuildKit; the output of both streams, and whether it ended well. */
export function docker(args: readonly string[], input?: Uint8Array): { readonly ok: boolean; readonly output: string } {
  const result = spawnSync(dockerProgram, args, {
    env: { ...process.env, DOCKER_BUILDKIT: '1' },
    ...(input !== undefined && { input }),
    timeout: 60_000,
    maxBuffer: 1 << 28,
  })
  return { ok: result.status === 0, output: `${String(result.stdout)}${String(result.stderr)}` }
}

/** Makes an image of one layer. */
export function importImage(tar: Uint8Array, name: string, changes: readonly string[]): void {
  const { ok, output } = docker(['import', ...changes.flatMap((change) => ['--change', change]), '-', name], tar)
  if (!ok) throw new Error(output)
}

/** Reads an image of the engine. */
export async function saveImage(name: string): Promise<SavedImage> {
  const saved = spawnSync(dockerProgram, ['save', name], { maxBuffer: 1 << 28 })
  if (saved.status !== 0) throw new Error(String(saved.stderr))
  const files = new Map<string, Buffer>()
  const links = new Map<string, string>()
  for await (const { header, content } of readTar([saved.stdout], () => true)) {
    if (header.type === '0') files.set(header.path, Buffer.from(content ?? []))
    // The engine saves a layer that it has twice as a link to the first.
    else if (header.type === '2') links.set(header.path, header.linkTarget.replace(/^(?:\.\.\/)+/, ''))
  }
  const file = (path: string): Buffer => files.get(links.get(path) ?? path) ?? Buffer.alloc(0)
  const [entry] = JSON.parse(file('manifest.json').toString()) as [
    { readonly Config: string; readonly Layers: string[] },
  ]
  const layers = entry.Layers.map(file)
  const config = file(entry.Config)
  return {
    config: JSON.parse(config.toString()) as ImageConfig,
    layers,
    manifest: {
      schemaVersion: 2,
      config: descriptorOf(config, 'application/vnd.oci.image.config.v1+json'),
      layers: layers.map((layer) => descriptorOf(layer, 'application/vnd.oci.image.layer.v1.tar')),
    },
  }
}

function descriptorOf(bytes: Buffer, mediaType: string): ImageManifest['config'] {
  const digest: Digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  return { mediaType, digest, size: bytes.length }
}
