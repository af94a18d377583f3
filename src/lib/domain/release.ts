import type { Digest } from './digest.js'

/** One image of a release. `repository` includes the registry's host. */
export interface ReleaseImage {
  readonly service: string
  readonly repository: string
  readonly digest: Digest
}

/** An immutable set of image digests, one per service. The id follows from the digests alone. */
export interface Release {
  readonly id: string
  readonly app: string
  readonly environment: string
  readonly images: readonly ReleaseImage[]
}

/** A numbered launch-template version (asg), or later a task-definition revision (ecs), that launches a release. */
export interface Revision {
  /** E.g. the launch template's id. */
  readonly name: string
  readonly number: string
}
