import { createHash, type Hash } from 'node:crypto'
import type { ModelFile } from '../../ports/model-hub.js'

/** The hash by which the hub knows the content of a file of this size; feed it all of the bytes. */
export function contentHash({ hash, size }: ModelFile): Hash {
  if (hash.length === 64) return createHash('sha256')
  // https://git-scm.com/book/en/v2/Git-Internals-Git-Objects#_object_storage
  return createHash('sha1').update(`blob ${size}\0`)
}
