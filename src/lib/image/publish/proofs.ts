import type { Digest } from '../../domain/digest.js'
import type { Registry } from '../../ports/registry.js'
import type { RememberedImage } from './remember.js'

/** What a repository holds, each asked at most once and only when it does not follow from something known. */
export interface Proofs {
  /** The digest that a tag names now. */
  tag(name: string): Promise<Digest | undefined>
  hasImage(digest: Digest): Promise<boolean>
  hasBlob(digest: Digest): Promise<boolean>
}

/** Asks at once for the tags of the image that was published last: who finds it there knows that its layers are, too. */
export function openProofs(registry: Registry, repository: string, latest: RememberedImage | undefined): Proofs {
  const tags = new Map<string, Promise<Digest | undefined>>()
  const blobs = new Map<Digest, Promise<boolean>>()

  function tag(name: string): Promise<Digest | undefined> {
    const known = tags.get(name)
    if (known !== undefined) return known
    const asked = registry.headManifest(repository, name).then((found) => found?.digest)
    asked.catch(() => undefined)
    tags.set(name, asked)
    return asked
  }

  async function hasImage(digest: Digest): Promise<boolean> {
    const named = await Promise.all(tags.values())
    return named.includes(digest) || (await tag(digest)) === digest
  }

  // With no tag to ask for, the digest itself is.
  if (latest !== undefined) for (const name of latest.tags.length > 0 ? latest.tags : [latest.digest]) void tag(name)
  let latestThere: Promise<boolean> | undefined

  return {
    tag,
    hasImage,
    hasBlob: (digest) => {
      const known = blobs.get(digest)
      if (known !== undefined) return known
      const ask = async (): Promise<boolean> => {
        const implied = latest?.layers.includes(digest) === true && (await (latestThere ??= hasImage(latest.digest)))
        return implied || registry.hasBlob(repository, digest)
      }
      const asked = ask()
      asked.catch(() => undefined)
      blobs.set(digest, asked)
      return asked
    },
  }
}
