import type { Digest } from './digest.js'

/** One tag of a service's policy: whether it is there, and whether it points to the image that it should. */
export interface TagReport {
  /** As rampart.yml has it. */
  readonly template: string
  /** Null when nothing tells what stands for the placeholder. */
  readonly tag: string | null
  readonly digest: Digest | null
  readonly state: 'same' | 'other' | 'missing' | 'unknown'
}

/** The tags of one service against one image. */
export interface ServiceTags {
  readonly service: string
  /** With the registry's host. */
  readonly repository: string
  /** The image that all tags should point to; null when there is none. */
  readonly digest: Digest | null
  /** Whether that is what serves, or only what the first tag points to. */
  readonly by: 'serving' | 'tag' | null
  /** False when the registry does not have that image (any more). */
  readonly stored: boolean
  readonly tags: readonly TagReport[]
  readonly good: boolean
}
