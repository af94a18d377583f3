import type { Digest } from '../../../src/lib/domain/digest.js'
import type { Registry } from '../../../src/lib/ports/registry.js'

/** A registry that has these blobs to read and refuses everything else. */
export function blobRegistry(blobs: ReadonlyMap<Digest, Uint8Array>, asked: Digest[] = []): Registry {
  return {
    host: 'blobs.test',
    ping: refuse,
    headManifest: refuse,
    getManifest: refuse,
    putManifest: refuse,
    hasBlob: (_, digest) => Promise.resolve(blobs.has(digest)),
    getBlob: refuse,
    openBlob: async (_, { digest }) => {
      asked.push(digest)
      const bytes = blobs.get(digest)
      return bytes === undefined ? undefined : inPieces(bytes)
    },
    mountBlob: refuse,
    putBlob: refuse,
    connect: () => undefined,
    prepareUploads: () => undefined,
    tryUpload: refuse,
    listTags: refuse,
    listRepositories: refuse,
    listReferrers: refuse,
    close: () => Promise.resolve(),
  }
}

function refuse(): Promise<never> {
  return Promise.reject(new Error('this registry only has blobs to read'))
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000)
}
