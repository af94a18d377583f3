import type { Recipe } from './recipe.js'

/** What the file system says of a file without opening it; the same values mean the same content, but for races. */
export interface FileIdentity {
  /** Absolute path on this machine. */
  readonly file: string
  readonly size: number
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly inode: bigint
}

/** Paths are relative to the context, with `/` between their parts and none at either end. */
export type ContextEntry =
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly identity: FileIdentity }
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  /** Fifos and devices, which cannot go into an image; copying one is an error. */
  | { readonly kind: 'special'; readonly path: string; readonly what: string }

export interface Context {
  readonly root: string
  /** What .dockerignore leaves, sorted by the bytes of the path, parents before children. */
  readonly entries: readonly ContextEntry[]
  /** The ignore file that was used, if there was one. */
  readonly ignoreFile: string | undefined
}

export interface WalkOptions {
  /** The Dockerfile's path; `<path>.dockerignore` wins over the context's own .dockerignore. */
  readonly dockerfile: string
  /** When given, only the parts of the context that its COPY and ADD can reach are walked. */
  readonly recipe?: Recipe
  readonly signal?: AbortSignal
}

/** Lists a build context without reading any file in it. Rejects with `usage` errors that name the path. */
export declare function walkContext(root: string, options: WalkOptions): Promise<Context>
