import type { Digest } from '../domain/digest.js'

/** https://github.com/opencontainers/image-spec/blob/main/descriptor.md */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string }
}

export interface Manifest {
  readonly descriptor: Descriptor
  readonly bytes: Uint8Array
}

/** What refers to a manifest: signatures, attestations, lists of contents. */
export interface Referrers {
  /** How the registry keeps them: by its own endpoint, or only in an index under a tag made of the digest. */
  readonly by: 'api' | 'tag'
  readonly manifests: readonly Descriptor[]
}

/** A blob to upload: the same bytes each time `open` is called. */
export interface BlobSource {
  readonly digest: Digest
  readonly size: number
  open(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

/**
 * An OCI distribution registry, as one host serves it. Every byte read is checked against its digest.
 * Failures are RampartErrors of kind `unreachable` that say what was asked of whom; what does not exist is
 * `undefined` or `false`.
 */
export interface Registry {
  /** Host and port, as they stand in image references. */
  readonly host: string
  /** Opens that many connections for the requests that will follow soon. Never fails: the requests do, if they must. */
  connect(count: number): void
  /** Rejects when the registry does not let us in. */
  ping(): Promise<void>
  headManifest(repository: string, reference: string): Promise<Descriptor | undefined>
  getManifest(repository: string, reference: string): Promise<Manifest | undefined>
  /** Stores the manifest under a tag or its digest. Where tags are immutable, see {@link isFixedTag}. */
  putManifest(repository: string, reference: string, mediaType: string, bytes: Uint8Array): Promise<void>
  hasBlob(repository: string, digest: Digest): Promise<boolean>
  /** The whole blob, for small ones. */
  getBlob(repository: string, descriptor: Descriptor): Promise<Uint8Array>
  /**
   * The blob as a stream; reading it to its end checks the digest. Undefined when the registry has no bytes of it to
   * give (404, or 410 for a layer that a rehearsal knows by its descriptor only).
   */
  openBlob(repository: string, descriptor: Descriptor): Promise<AsyncIterable<Uint8Array> | undefined>
  /** Asks for a blob of another repository of this registry; `false` (a normal answer) when it was not given. */
  mountBlob(repository: string, digest: Digest, from: string): Promise<boolean>
  /**
   * Opens that many uploads before it is known what will be uploaded, so that `putBlob` need not wait for them. Never
   * fails: an upload that could not be opened is asked for again when it is needed.
   */
  prepareUploads(repository: string, count: number): void
  /** Opens an upload and cancels it: rejects with the registry's refusal when nothing may be pushed there. */
  tryUpload(repository: string): Promise<void>
  /** POST, then one monolithic PUT. `onProgress` gets the bytes sent so far. */
  putBlob(
    repository: string,
    blob: BlobSource,
    onProgress?: (sent: number) => void,
    signal?: AbortSignal,
  ): Promise<void>
  /** None when there is no such repository. */
  listTags(repository: string): Promise<readonly string[]>
  /** All repositories; undefined where the registry does not tell, as most public ones. */
  listRepositories(): Promise<readonly string[] | undefined>
  /** The manifests whose subject is that one, wherever the registry keeps them. */
  listReferrers(repository: string, digest: Digest): Promise<Referrers>
  /** Gives back the uploads that were prepared and not used, and closes the connections. */
  close(): Promise<void>
}

/** Whether a manifest was refused because its tag is immutable and names another one, as Amazon ECR words it. */
export function isFixedTag(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'TAG_INVALID'
}
