/** How a working tree stands to the place that its commits are shared at. */
export interface Standing {
  /** What is checked out. */
  readonly commit: string
  readonly subject: string
  /** Every path of the tree that differs from the commit, untracked ones too, as `git status --porcelain` prints it. */
  readonly changes: readonly string[]
  /** The commit that the tag names here. */
  readonly local?: string
  /** Undefined when the repository has no remote named `origin`. */
  readonly origin?: {
    /** The commit that the tag names there. */
    readonly tag?: string
    /** Whether a branch or the tag of it leads to the commit. */
    readonly hasCommit: boolean
  }
}

/** The half of version control that names commits. Rejects with kind `unreachable` and git's own words, without passwords. */
export interface GitTags {
  /** Asks `origin` itself, not what was fetched last; undefined outside a repository with commits. */
  standing(directory: string, tag: string): Promise<Standing | undefined>
  /** What is checked out and whether it is as committed, without asking anybody. */
  checkedOut(directory: string): Promise<{ readonly commit: string; readonly changes: readonly string[] } | undefined>
  /** Rejects when the tag could not be made here, or not be pushed to `origin`; changes nothing. */
  tryTag(directory: string, tag: string, commit: string): Promise<void>
  /** Makes an annotated tag. */
  createTag(directory: string, tag: string, commit: string, message: string): Promise<void>
  pushTag(directory: string, tag: string): Promise<void>
}
