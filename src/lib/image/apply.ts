import type { Digest } from '../domain/digest.js'
import type { BaseFacts } from './base.js'
import type { Context } from './context.js'
import type { ImageConfig, ImageManifest } from './image-config.js'
import type { LayerEntry } from './layer.js'
import type { Recipe } from './recipe.js'

export interface Base {
  readonly manifest: ImageManifest
  readonly config: ImageConfig
  readonly facts: BaseFacts
}

export interface ApplyOptions {
  /** ISO 8601, for `created` and the history. */
  readonly created: string
  /** Set after those of the Dockerfile, so that they win. */
  readonly labels?: Readonly<Record<string, string>>
}

export interface AppliedRecipe {
  /** The layer's entries, sorted, one per path; none when the Dockerfile changes the configuration only. */
  readonly entries: readonly LayerEntry[]
  /** Bytes of files in the layer, before compression. */
  readonly bytes: number
  /** The configuration of the image that has this layer on top; without one when there are no entries. */
  config(layer?: { readonly diffId: Digest }): ImageConfig
  /** What a person should know, one sentence each. */
  readonly notes: readonly string[]
}

/**
 * Does what `docker build` would do with the recipe on that base, as one layer.
 * Throws a RampartError of kind `usage` with every problem and its line (a source that is not there, an unknown user …).
 */
export declare function applyRecipe(recipe: Recipe, base: Base, context: Context, options: ApplyOptions): AppliedRecipe

/** The configuration's bytes: JSON with the keys in a fixed order, so that equal configurations have equal digests. */
export declare function encodeImageConfig(config: ImageConfig): Uint8Array
