const wrappers: ReadonlySet<string> = new Set(['sudo', 'exec', 'command', 'env', 'nohup', 'nice', 'timeout', 'gosu'])

/** The command that `sudo`, `timeout 600` and their like start; it fails as they do. */
export function unwrap(name: string, words: readonly string[]): readonly [string, readonly string[]] {
  if (!wrappers.has(name)) return [name, words]
  const plain = words.findIndex((word, index) => !/^-|^\w+=/.test(word) && !/^-[ugn]$/.test(words[index - 1] ?? ''))
  // The first word of these two is a duration, or a user.
  const start = plain < 0 ? -1 : name === 'timeout' || name === 'gosu' ? plain + 1 : plain
  const inner = start < 0 ? undefined : words[start]
  return inner === undefined ? [name, words] : unwrap(inner, words.slice(start + 1))
}
