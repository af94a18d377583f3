/** https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html */
export interface TagMutability {
  readonly mode: 'MUTABLE' | 'IMMUTABLE' | 'MUTABLE_WITH_EXCLUSION' | 'IMMUTABLE_WITH_EXCLUSION'
  /** Wildcard filters: `*` stands for any run of characters. */
  readonly exclusions: readonly string[]
}

/** True when the tag may be moved from one image to another. */
export function mayMoveTag(mutability: TagMutability, tag: string): boolean {
  const excluded = mutability.exclusions.some((filter) => matchesWildcard(filter, tag))
  switch (mutability.mode) {
    case 'MUTABLE':
      return true
    case 'IMMUTABLE':
      return false
    case 'MUTABLE_WITH_EXCLUSION':
      return !excluded
    case 'IMMUTABLE_WITH_EXCLUSION':
      return excluded
  }
}

function matchesWildcard(filter: string, tag: string): boolean {
  const pattern = filter
    .split('*')
    .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`))
    .join('.*')
  return new RegExp(`^${pattern}$`).test(tag)
}
