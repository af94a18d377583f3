/** What version control knows of some paths. */
export interface SourceRevision {
  /** The last commit that touched the paths, so that a change elsewhere gives the same image. */
  readonly commit: string
  /** When that commit was made, in ISO 8601. */
  readonly committedAt: string
  readonly subject: string
  /** True when the paths differ from the commit. */
  readonly dirty: boolean
  /** The address of the `origin` remote without credentials, when there is one. */
  readonly remote?: string
  /** The nearest tag's description (`git describe --tags --always`). */
  readonly version?: string
}

export interface Git {
  /** Undefined outside a repository, in one without commits, and where git is not installed. */
  sourceRevision(directory: string, paths: readonly string[]): Promise<SourceRevision | undefined>
}
