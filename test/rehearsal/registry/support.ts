import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import type { Digest } from '../../../src/lib/domain/digest.js'
import { createRegistry, type Registry, type RegistryOptions } from '../../../src/lib/rehearsal/registry/registry.js'
import { createEcrService } from '../../../src/lib/rehearsal/services/ecr.js'
import { startServer } from '../../../src/lib/rehearsal/wire/server.js'
import { createWire } from '../../../src/lib/rehearsal/wire/wire.js'

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
  pushBlob(repository: string, bytes: Uint8Array<ArrayBuffer>): Promise<Digest>
  close(): Promise<void>
}

interface CallOptions {
  readonly headers?: Record<string, string>
  readonly body?: Uint8Array<ArrayBuffer> | string
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

/** Starts a registry and ECR on a free port of the loopback interface; they go with the test. */
export async function startRegistry(options: Omit<RegistryOptions, 'now' | 'directory'> = {}): Promise<TestRegistry> {
  const clock = { now: Date.UTC(2026, 10, 1) }
  const parent = await temporaryDirectory()
  const registry = await createRegistry({ ...options, now: () => clock.now, directory: parent })
  const server = await startServer({
    listener: createWire({
      services: [createEcrService(registry)],
      accountId: options.accountId ?? '123456789012',
      now: () => clock.now,
      fallback: (request, response) => registry.handle(request, response),
    }),
  })
  const close = async (): Promise<void> => {
    await server.close()
    await registry.close()
  }
  onTestFinished(close)
  const call: TestRegistry['call'] = (method, path, { headers = {}, body } = {}) =>
    fetch(new URL(path, server.url), { method, headers, ...(body !== undefined && { body }) })
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

const descriptor = (mediaType: string, bytes: Uint8Array) => ({
  mediaType,
  digest: sha256(bytes),
  size: bytes.byteLength,
})

/** An image manifest over blobs as text, with OCI's media types. */
export function imageManifest(
  blobs: { readonly config: Uint8Array; readonly layers: readonly Uint8Array[] },
  extra: Record<string, unknown> = {},
): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: ociManifest,
    config: descriptor('application/vnd.oci.image.config.v1+json', blobs.config),
    layers: blobs.layers.map((layer) => descriptor('application/vnd.oci.image.layer.v1.tar', layer)),
    ...extra,
  })
}

/** A program that ran: it may have failed. */
export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a client program to its end, with nothing of the user's own configuration. */
export async function attempt(
  program: string,
  args: readonly string[],
  options: { readonly home: string; readonly env?: Record<string, string>; readonly input?: string },
): Promise<Ran> {
  const { home, env = {}, input = '' } = options
  const child = spawn(program, args, {
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      DOCKER_CONFIG: home,
      REGISTRY_AUTH_FILE: `${home}/auth.json`,
      ...env,
    },
    cwd: home,
  })
  // A program that ends without reading its input is judged by its code.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: Number(code), stdout, stderr }
}

/** As {@link attempt}, and answers with the output; a failure fails the test with what the program said. */
export async function run(
  program: string,
  args: readonly string[],
  options: Parameters<typeof attempt>[2],
): Promise<string> {
  const { code, stdout, stderr } = await attempt(program, args, options)
  if (code !== 0) throw new Error(`${program} ${args[0]} ended with ${code}: ${stderr}${stdout}`)
  return stdout.trim()
}
