import type { Registry } from '../ports/registry.js'
import type { ImageManifest } from './image-config.js'

export interface DirectoryFacts {
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/** What is known of the base's files. It depends on the base's digest only, so that it can be kept under it. */
export interface BaseFacts {
  /** The text of /etc/passwd and /etc/group; undefined when the base has none or it could not be read. */
  readonly passwd: string | undefined
  readonly group: string | undefined
  /** Absolute paths, without a slash at the end; `undefined` metadata: it is there, but a layer not read may have changed it. */
  readonly directories: ReadonlyMap<string, DirectoryFacts | undefined>
  /** Absolute path to the target as it is written in the link. */
  readonly symlinks: ReadonlyMap<string, string>
  /** True when every layer was read, so that what is not named here does not exist. */
  readonly complete: boolean
  /** What could not be read and what that means, one sentence each. */
  readonly notes: readonly string[]
}

/**
 * Reads the base's layers, newest first, for what a layer on top must know: users, groups, directories and links.
 * Layers of more than 32 MiB, and all beyond 64 MiB, are not read; neither are those that the registry has no bytes of.
 */
export declare function readBaseFacts(
  registry: Registry,
  repository: string,
  manifest: ImageManifest,
): Promise<BaseFacts>

/** Facts as one JSON text, to be kept under the base's digest. */
export declare function encodeBaseFacts(facts: BaseFacts): string

/** The inverse of {@link encodeBaseFacts}; undefined when the text is not of this version. */
export declare function decodeBaseFacts(text: string): BaseFacts | undefined

/** The facts to use when nothing can be known. */
export declare function unknownBaseFacts(note: string): BaseFacts
