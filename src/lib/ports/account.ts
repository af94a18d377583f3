import type { Digest } from '../domain/digest.js'

/** Who asks, and where images live. */
export interface Identity {
  readonly account: string
  readonly arn: string
}

export interface RegistryAuthorization {
  /** The registry's address with its scheme, e.g. `https://123456789012.dkr.ecr.us-west-2.amazonaws.com`. */
  readonly endpoint: string
  readonly username: string
  /** A secret. */
  readonly password: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** A repository to make. */
export interface NewRepository {
  readonly name: string
  /** Tags that may be moved from one image to another; all others stay where they are for ever. At most five. */
  readonly movingTags: readonly string[]
  /** How many images are kept, the newest first; older ones go. */
  readonly keep: number
}

/** Whether an image can be pulled: an archived one can not until it is restored, which takes a while (`ACTIVATING`). */
export type ImageState = 'ACTIVE' | 'ACTIVATING' | 'ARCHIVED'

export interface Account {
  /** Whether this machine has credentials at all, and when they end, in milliseconds since 1970, where they do. */
  credentials(): Promise<{ readonly expiresAt?: number } | undefined>
  whoAmI(): Promise<Identity>
  registryAuthorization(): Promise<RegistryAuthorization>
  /** Whether ECR has the repository, and whether its tags can be moved. */
  describeRepository(name: string): Promise<{ readonly uri: string; readonly immutableTags: boolean } | undefined>
  /** What ECR says of an image; undefined when it has none of that digest, or no longer. */
  imageState(repository: string, digest: Digest): Promise<ImageState | undefined>
  /** The digest of the image that has the tag; undefined when the repository has none, or is not there. */
  taggedImage(repository: string, tag: string): Promise<Digest | undefined>
  /** Makes a repository in ECR that scans what is pushed, is encrypted, and forgets what is old. */
  createRepository(repository: NewRepository): Promise<void>
}
