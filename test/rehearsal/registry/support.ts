import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Digest } from '../../../src/lib/domain/digest.js'
import { createRegistry, type Registry, type RegistryOptions } from '../../../src/lib/rehearsal/registry/registry.js'
import { startServer } from '../../../src/lib/rehearsal/wire/server.js'

/** A registry that listens, with a clock that the test turns. */
export interface TestRegistry {
  readonly url: string
  /** Host and port. */
  readonly host: string
  readonly registry: Registry
  /** The directory above the registry's own. */
  readonly parent: string
  readonly clock: { now: number }
  call(method: string, path: string, options?: CallOptions): Promise<Response>
  /** POST and one PUT; fails the test unless the registry took it. */
  pushBlob(repository: string, bytes: Uint8Array): Promise<Digest>
  close(): Promise<void>
}

export interface CallOptions {
  readonly headers?: Record<string, string>
  readonly body?: Uint8Array | string
}

export const ociManifest = 'application/vnd.oci.image.manifest.v1+json'
export const ociIndex = 'application/vnd.oci.image.index.v1+json'
export const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json'
export const dockerList = 'application/vnd.docker.distribution.manifest.list.v2+json'

/** The digest of bytes or text. */
export function sha256(content: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

/** A directory that goes with the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'rampart-test-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** Starts a registry on a free port of the loopback interface; it goes with the test. */
export async function startRegistry(options: Omit<RegistryOptions, 'now' | 'directory'> = {}): Promise<TestRegistry> {
  const clock = { now: Date.UTC(2026, 10, 1) }
  const parent = await temporaryDirectory()
  const registry = await createRegistry({ ...options, now: () => clock.now, directory: parent })
  const server = await startServer({
    listener: (request, response) => {
      void registry.handle(request, response).then((taken) => taken || response.writeHead(404).end('not the registry'))
    },
  })
  const close = async (): Promise<void> => {
    await server.close()
    await registry.close()
  }
  onTestFinished(close)
  const call: TestRegistry['call'] = (method, path, { headers = {}, body } = {}) =>
    fetch(new URL(path, server.url), { method, headers, ...(body !== undefined && { body: body as BodyInit }) })
  return {
    url: server.url,
    host: new URL(server.url).host,
    registry,
    parent,
    clock,
    call,
    pushBlob: async (repository, bytes) => {
      const digest = sha256(bytes)
      const begun = await call('POST', `/v2/${repository}/blobs/uploads/`)
      const put = await call('PUT', `${begun.headers.get('location')}?digest=${digest}`, { body: bytes })
      if (put.status !== 201) throw new Error(`push of a blob: ${put.status} ${await put.text()}`)
      return digest
    },
    close,
  }
}

/** The code in an error body. */
export async function codeOf(response: Response): Promise<string | undefined> {
  const body = (await response.json()) as { errors?: { code?: string }[] }
  return body.errors?.[0]?.code
}

/** An image manifest over blobs as text, in either family of media types. */
export function imageManifest(
  blobs: { readonly config: Uint8Array; readonly layers: readonly Uint8Array[] },
  extra: Record<string, unknown> = {},
): string {
  const descriptor = (mediaType: string, bytes: Uint8Array) => ({
    mediaType,
    digest: sha256(bytes),
    size: bytes.byteLength,
  })
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: ociManifest,
    config: descriptor('application/vnd.oci.image.config.v1+json', blobs.config),
    layers: blobs.layers.map((layer) => descriptor('application/vnd.oci.image.layer.v1.tar', layer)),
    ...extra,
  })
}
