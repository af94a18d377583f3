import type { Digest } from './digest.js'

/** Whether a layer belongs to the base image or was put on top of it; `unknown` when nobody can say which base it is. */
export type LayerPart = 'base' | 'app' | 'unknown'

/** Files and the bytes of their contents, uncompressed. */
export interface Amount {
  readonly files: number
  readonly bytes: number
}

/** What a layer that was read holds, against everything below it. */
export interface LayerContents extends Amount {
  /** Paths that no layer below shows. */
  readonly added: Amount
  /** Paths that were there with another content. */
  readonly changed: Amount
  /** Files whose very content is there already, see {@link InspectedCopies}. */
  readonly copied: Amount
  /** Paths of the layers below that it takes away. */
  readonly deleted: number
}

export interface InspectedLayer {
  /** From 1, the lowest first. */
  readonly number: number
  readonly part: LayerPart
  readonly digest: Digest
  readonly mediaType: string
  /** Bytes as the registry stores it. */
  readonly storedBytes: number
  /** Bytes of the archive without compression; null when it was not read. */
  readonly uncompressedBytes: number | null
  /** The instruction of the image's history that made it, without values that look secret; null when it is not known. */
  readonly instruction: string | null
  /** Null when it was not read. */
  readonly contents: LayerContents | null
  /** Why it was not read; null when it was. */
  readonly unread: string | null
}

/** What sets a copy apart from its original. */
export type CopyChange = 'owner' | 'mode' | 'time' | 'path'

/** Files of one layer whose content a layer below has already, by their SHA-256. */
export interface InspectedCopies extends Amount {
  readonly layer: number
  readonly instruction: string | null
  /** Where the originals are. */
  readonly of: LayerPart
  /** The layers of the originals. */
  readonly originals: readonly number[]
  /** What the instruction changed of them; empty when nothing at all differs. */
  readonly changes: readonly CopyChange[]
  /** What they come to as they are stored: their share of the layer. */
  readonly storedBytes: number
  /** The largest ones. */
  readonly examples: readonly { readonly path: string; readonly bytes: number; readonly original: string }[]
}

export interface InspectedFile {
  readonly path: string
  readonly bytes: number
  readonly layer: number
}

/** Something that looks like a secret. Its value is never kept. */
export interface InspectedSecret {
  /** Which rule found it, e.g. `private-key`. */
  readonly rule: string
  /** What it looks like, in a few words. */
  readonly what: string
  /** The file; null for what stands in the image's configuration. */
  readonly path: string | null
  /** The variable or the instruction's number in the history, where it stands in the configuration. */
  readonly where: string | null
  /** The layer of the file; null otherwise. */
  readonly layer: number | null
  readonly part: LayerPart
}

export interface InspectedModel {
  readonly id: string
  readonly revision: string | null
  /** Bytes of its files; null when neither the label nor a layer that was read says so. */
  readonly bytes: number | null
  /** The image's own label, or files in the layout of the hub's cache. */
  readonly source: 'label' | 'files'
  /** The layers in which files of it were found. */
  readonly layers: readonly number[]
}

/** The app part against what it may have. */
export interface InspectedBudget {
  readonly verdict: 'within' | 'over' | 'unknown'
  /** Null when nothing sets one. */
  readonly budget: number | null
  /** Stored bytes of the app part; null when it is not known where the base ends. */
  readonly bytes: number | null
  /** The instruction that brought most of it, when it is over. */
  readonly instruction: string | null
  /** `file:line:column` of that instruction, when a Dockerfile is at hand. */
  readonly place: string | null
}

/** All that can be said of one image. Sizes are bytes. Stable: new fields may come, none goes. */
export interface Inspection {
  /** The service of the configuration that it belongs to. */
  readonly service: string | null
  /** `registry` for an image that is there; `plan` for what `deploy` would push now. */
  readonly source: 'registry' | 'plan'
  readonly image: string
  readonly digest: Digest
  readonly platform: string
  readonly created: string | null
  readonly base: {
    readonly name: string
    readonly digest: Digest | null
    readonly layers: number
    /** By what it was found: the image's labels, the configuration, or the flag. */
    readonly by: 'label' | 'configuration' | 'flag'
    readonly fingerprint: string | null
  } | null
  readonly storedBytes: number
  readonly baseBytes: number | null
  readonly appBytes: number | null
  readonly layers: readonly InspectedLayer[]
  readonly copies: readonly InspectedCopies[]
  readonly largest: {
    readonly folders: readonly (Amount & { readonly path: string })[]
    readonly files: readonly InspectedFile[]
  }
  readonly secrets: readonly InspectedSecret[]
  readonly models: readonly InspectedModel[]
  /** The label `rampart.proof` as it stands, parsed where it is JSON; null when there is none. */
  readonly proof: unknown
  readonly budget: InspectedBudget
  /** What was not looked at, and what that means, one sentence each. */
  readonly notes: readonly string[]
}
