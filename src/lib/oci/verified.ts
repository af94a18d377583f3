import type { Digest } from '../domain/digest.js'

/** The sha256 digest of bytes in memory. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${process.getBuiltinModule('node:crypto').createHash('sha256').update(bytes).digest('hex')}`
}

/** A stream that fails at its end through `fail` when it was not the promised bytes, so that a reader can not miss it. */
export async function* verified(
  source: AsyncIterable<Uint8Array>,
  expected: { readonly digest: Digest; readonly size: number },
  fail: (found: string) => Error,
): AsyncIterable<Uint8Array> {
  const hash = process.getBuiltinModule('node:crypto').createHash('sha256')
  let size = 0
  for await (const piece of source) {
    size += piece.length
    if (size > expected.size) throw fail(`more than ${expected.size} bytes`)
    hash.update(piece)
    yield piece
  }
  if (size !== expected.size) throw fail(`${size} of ${expected.size} bytes`)
  const digest = `sha256:${hash.digest('hex')}`
  if (digest !== expected.digest) throw fail(`bytes with the digest ${digest}`)
}
