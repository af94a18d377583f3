/** One file of a model's repository at one commit. */
export interface ModelFile {
  /** Relative to the repository's root, `/` between parts; never leads out of it. */
  readonly path: string
  readonly size: number
  /**
   * What the content must hash to, 64 hexadecimal digits of SHA-256 for large files (LFS), 40 of git's blob SHA-1 for
   * the others. The hub's cache names its blobs so, too.
   */
  readonly hash: string
}

/** The commit that a revision names, and the branch or tag when it was one. */
export interface ResolvedRevision {
  /** 40 hexadecimal digits. */
  readonly commit: string
  /** The name that was asked for; undefined when that was a commit. */
  readonly ref?: string
}

/**
 * A hub of models, as Hugging Face serves it. Failures are RampartErrors that say what was asked of whom: `unreachable`
 * for a hub that does not answer or refuses, `preflight` for a model, revision or file that is not there.
 */
export interface ModelHub {
  /** `https://host`, as people know it. */
  readonly endpoint: string
  /** Asks which commit a branch or tag names now; a full commit is its own answer and nothing is asked. */
  resolve(id: string, revision: string): Promise<ResolvedRevision>
  /** Every file of the repository at that commit. */
  list(id: string, commit: string): Promise<readonly ModelFile[]>
  /**
   * The file's bytes from `offset` on. The stream goes on by itself where a connection broke; it never gives more bytes
   * than the file's size. Its bytes are not checked: who stores them does that.
   */
  read(id: string, commit: string, file: ModelFile, offset: number): AsyncIterable<Uint8Array>
}
