import { isDigest, type Digest } from '../../domain/digest.js'
import { RegistryError } from './registry-error.js'

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md */
export interface BlobDescriptor {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  /** Non-empty when the content lives elsewhere and is not to be pushed. */
  readonly urls: readonly string[]
  readonly platform?: { readonly os: string; readonly architecture: string }
}

/** What a registry needs to know of a manifest. */
export interface ManifestContent {
  readonly kind: 'image' | 'index'
  /** Of an image, never of an index. */
  readonly config?: BlobDescriptor
  readonly layers: readonly BlobDescriptor[]
  /** The children of an index. */
  readonly manifests: readonly BlobDescriptor[]
  readonly subject?: Digest
  /** As the referrers list gives it: the manifest's own, or its config's media type. */
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
} as const

const kinds: Readonly<Record<string, ManifestContent['kind']>> = {
  [mediaTypes.ociManifest]: 'image',
  [mediaTypes.dockerManifest]: 'image',
  [mediaTypes.ociIndex]: 'index',
  [mediaTypes.dockerList]: 'index',
}

type Json = Readonly<Record<string, unknown>>

/** The media type that the manifest says of itself, if it does and is JSON at all. */
export function declaredMediaType(bytes: Uint8Array): string | undefined {
  const type = parseJson(bytes)?.['mediaType']
  return typeof type === 'string' ? type : undefined
}

/**
 * Reads a manifest that is pushed as `mediaType`.
 * @throws RegistryError MANIFEST_INVALID with what is wrong.
 */
export function parseManifest(bytes: Uint8Array, mediaType: string): ManifestContent {
  const kind = kinds[mediaType]
  if (kind === undefined) throw invalid(`media type ${mediaType || '(none)'} is not that of an image or an index`)
  const json = parseJson(bytes)
  if (!json) throw invalid('it is not a JSON object')
  if (json['schemaVersion'] !== 2) throw invalid('schemaVersion is not 2')
  const own = json['mediaType']
  if (own !== undefined && own !== mediaType) throw invalid(`its own mediaType is not ${mediaType}, as which it came`)
  const subject = json['subject'] === undefined ? undefined : descriptor(json['subject'], 'subject').digest
  const annotations = stringRecord(json['annotations'])
  const common = { ...(subject && { subject }), ...(annotations && { annotations }) }
  const ownType = typeof json['artifactType'] === 'string' ? json['artifactType'] : undefined
  if (kind === 'index') {
    const manifests = descriptors(json['manifests'], 'manifests')
    return { kind, layers: [], manifests, ...common, ...(ownType !== undefined && { artifactType: ownType }) }
  }
  const config = descriptor(json['config'], 'config')
  const layers = descriptors(json['layers'], 'layers')
  return { kind, config, layers, manifests: [], ...common, artifactType: ownType ?? config.mediaType }
}

function descriptors(value: unknown, where: string): BlobDescriptor[] {
  // Clients written in Go say null where they mean an empty list.
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw invalid(`${where} is not a list`)
  return value.map((entry, index) => descriptor(entry, `${where}[${index}]`))
}

function descriptor(value: unknown, where: string): BlobDescriptor {
  const { mediaType, digest, size, urls, platform } = asObject(value) ?? {}
  if (typeof mediaType !== 'string') throw invalid(`${where} has no mediaType`)
  if (typeof digest !== 'string' || !isDigest(digest)) throw invalid(`${where} has no sha256 digest`)
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw invalid(`${where} has no size`)
  const { os, architecture } = asObject(platform) ?? {}
  return {
    mediaType,
    digest,
    size,
    urls: Array.isArray(urls) ? urls.filter((url) => typeof url === 'string') : [],
    ...(typeof os === 'string' && typeof architecture === 'string' && { platform: { os, architecture } }),
  }
}

/** The object in those bytes; undefined when it is none. */
export function parseJson(bytes: Uint8Array): Json | undefined {
  try {
    return asObject(JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')))
  } catch {
    return undefined
  }
}

/** The value as an object; undefined when it is a list, null or no object. */
export function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined
}

/** The members of an object that are text; undefined when it is no object. */
export function stringRecord(value: unknown): Readonly<Record<string, string>> | undefined {
  const object = asObject(value)
  return (
    object &&
    (Object.fromEntries(Object.entries(object).filter((entry) => typeof entry[1] === 'string')) as Record<
      string,
      string
    >)
  )
}

function invalid(reason: string): RegistryError {
  return new RegistryError('MANIFEST_INVALID', `manifest invalid: ${reason}`)
}
