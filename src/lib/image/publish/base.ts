import { isDigest, type Digest } from '../../domain/digest.js'
import { formatImageRef, parseImageRef } from '../../domain/image-ref.js'
import { mediaTypes } from '../../domain/media-types.js'
import { RampartError, type Place } from '../../errors/rampart-error.js'
import type { Descriptor, Manifest, Registry } from '../../ports/registry.js'
import type { Base } from '../layer/apply.js'
import { decodeBaseFacts, encodeBaseFacts } from '../base/base-facts-store.js'
import { readBaseFacts } from '../base/base-facts.js'
import type { ImageConfig, ImageManifest } from '../image-config.js'
import type { Memory } from './remember.js'

/** A base image found in its registry. */
export interface FoundBase {
  /** As the Dockerfile names it. */
  readonly name: string
  /** Of the image itself, also where the name is that of an index of several platforms. */
  readonly digest: Digest
  /** Names in the memory what was read of it. */
  readonly key: string
  readonly registry: Registry
  readonly repository: string
  /** The rest of what a layer on top needs; read when it is asked for, and from memory if it is there. */
  load(): Promise<Base>
}

export interface BaseRequest {
  readonly reference: string
  readonly place: Place
  /** `os/architecture[/variant]`, for a base of several platforms. */
  readonly platform: string
  /** The registry of an image reference's host, which is empty for Docker Hub, and its name for the repository. */
  readonly locate: (host: string, repository: string) => { readonly registry: Registry; readonly repository: string }
  readonly memory: Memory
  /** True when the base is likely to be remembered; then a HEAD will do, where otherwise the manifest is read at once. */
  readonly expected: boolean
}

interface Kept {
  readonly digest: Digest
  readonly manifest: ImageManifest
  readonly config: ImageConfig
  readonly facts: string
}

const parse = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString('utf8'))

/** Asks which image the reference names now: one request, or none when it is a digest and remembered. */
export async function findBase(request: BaseRequest): Promise<FoundBase> {
  const { reference, place, memory } = request
  const ref = parseImageRef(reference)
  if (ref === undefined) throw new RampartError('usage', `${reference} is not an image reference`, { place })
  const { registry, repository } = request.locate(ref.registry, ref.repository)
  const wanted = ref.digest ?? ref.tag ?? 'latest'
  const missing = (): RampartError =>
    new RampartError('preflight', `the base image ${formatImageRef(ref)} is not in ${registry.host}`, {
      place,
      next: ['push the base image first, or name one that is there'],
    })

  // A HEAD does not count as a pull where pulls are limited.
  const read = request.expected || isDigest(wanted) ? undefined : await registry.getManifest(repository, wanted)
  const named = isDigest(wanted)
    ? wanted
    : (read?.descriptor ?? (request.expected ? await registry.headManifest(repository, wanted) : undefined))?.digest
  if (named === undefined) throw missing()
  const key = JSON.stringify(['base', 1, named, request.platform])
  const kept = await recallBase(memory, key)
  if (kept !== undefined) {
    return { name: reference, digest: kept.digest, key, registry, repository, load: () => Promise.resolve(kept.base) }
  }

  const found = read ?? (await registry.getManifest(repository, named))
  if (found === undefined) throw missing()
  const { digest, manifest } = await chooseManifest(registry, repository, found, request, missing)
  let loading: Promise<Base> | undefined
  const load = async (): Promise<Base> => {
    const [bytes, facts] = await Promise.all([
      registry.getBlob(repository, manifest.config),
      readBaseFacts(registry, repository, manifest),
    ])
    const config = parse(bytes) as ImageConfig
    const text: Kept = { digest, manifest, config, facts: encodeBaseFacts(facts) }
    await memory.put(key, Buffer.from(JSON.stringify(text)))
    return { manifest, config, facts }
  }
  return { name: reference, digest, key, registry, repository, load: () => (loading ??= load()) }
}

/** What was read of a base before, by its key. */
export async function recallBase(
  memory: Memory,
  key: string,
): Promise<{ readonly digest: Digest; readonly base: Base } | undefined> {
  const bytes = await memory.get(key)
  if (bytes === undefined) return undefined
  const { digest, manifest, config, facts: text } = parse(bytes) as Kept
  const facts = decodeBaseFacts(text)
  return facts === undefined ? undefined : { digest, base: { manifest, config, facts } }
}

/** The manifest that was found, or the one of the platform that is wanted where it is an index of several. */
async function chooseManifest(
  registry: Registry,
  repository: string,
  found: Manifest,
  { platform, place }: BaseRequest,
  missing: () => RampartError,
): Promise<{ readonly digest: Digest; readonly manifest: ImageManifest }> {
  const { mediaType, digest } = found.descriptor
  if (mediaType !== mediaTypes.ociIndex && mediaType !== mediaTypes.dockerList) {
    return { digest, manifest: parse(found.bytes) as ImageManifest }
  }
  const { manifests } = parse(found.bytes) as { readonly manifests: readonly Descriptor[] }
  const chosen = manifests.find((one) => platformOf(one) === platform)
  if (chosen === undefined) {
    const offered = manifests.map((one) => platformOf(one)).filter((one) => one !== 'unknown/unknown')
    throw new RampartError('preflight', `the base image has no ${platform}; it has ${offered.join(', ')}`, { place })
  }
  const single = await registry.getManifest(repository, chosen.digest)
  if (single === undefined) throw missing()
  return { digest: chosen.digest, manifest: parse(single.bytes) as ImageManifest }
}

/** `os/architecture[/variant]` of an entry of an index; `unknown/unknown` for what is no image. */
export function platformOf({ platform }: Descriptor): string {
  const { os = 'unknown', architecture = 'unknown', variant } = platform ?? {}
  // The first 64-bit ARM is what everyone means by arm64.
  return [
    os,
    architecture,
    ...(variant === undefined || (architecture === 'arm64' && variant === 'v8') ? [] : [variant]),
  ].join('/')
}

const ociLayerTypes: Readonly<Record<string, string>> = {
  'application/vnd.docker.image.rootfs.diff.tar': 'application/vnd.oci.image.layer.v1.tar',
  'application/vnd.docker.image.rootfs.diff.tar.gzip': 'application/vnd.oci.image.layer.v1.tar+gzip',
  'application/vnd.docker.image.rootfs.diff.tar.zstd': 'application/vnd.oci.image.layer.v1.tar+zstd',
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip':
    'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
}

/** A base's layer as an OCI manifest lists it. Docker's media types map one to one, and the blob stays as it is. */
export function asOciLayer({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType: ociLayerTypes[mediaType] ?? mediaType, digest, size }
}
