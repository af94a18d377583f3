import type { Digest } from '../domain/digest.js'
import { atMost } from '../domain/limiter.js'
import { manifestTypes, mediaTypes } from '../domain/media-types.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Descriptor, Registry } from '../ports/registry.js'

/** One manifest of the source, with the blobs that it names itself. */
export interface SourceManifest {
  readonly descriptor: Descriptor
  readonly bytes: Uint8Array
  readonly blobs: readonly Descriptor[]
}

/** A manifest that refers to another, after the manifests that it is made of. */
export interface SourceReferrer {
  readonly subject: Digest
  /** As a list of referrers describes it. */
  readonly described: Descriptor
  readonly manifests: readonly SourceManifest[]
}

/** An image to copy, with all that belongs to it. */
export interface SourceImage {
  readonly from: string
  readonly to: string
  /** The names that it gets. */
  readonly tags: readonly string[]
  readonly digest: Digest
  /** In the order in which a registry takes them: what an index names before it, the image's own last. */
  readonly manifests: readonly SourceManifest[]
  readonly referrers: readonly SourceReferrer[]
}

/** What to copy of one repository. */
export interface Selection {
  readonly from: string
  readonly to: string
  /** One image, by tag or digest; `as` is the name that it gets, none for a digest alone. */
  readonly only?: { readonly reference: string; readonly as: string | undefined }
  /** Which tags, where there is no `only`. */
  readonly wants: (tag: string) => boolean
}

interface Named {
  readonly from: string
  readonly reference: string
  readonly as: string | undefined
}

// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema
const referrersTag = /^sha256-[0-9a-f]{64}$/
// Signatures from before there were referrers: https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
const companionTag = /^sha256-([0-9a-f]{64})\.[\w.-]+$/
const parallelRequests = 16

/** Reads what is to be copied: manifests alone, none of the blobs. `onRead` gets the number of images read so far. */
export async function readSource(
  registry: Registry,
  selections: readonly Selection[],
  onRead: (count: number) => void = () => undefined,
): Promise<readonly SourceImage[]> {
  const politely = atMost(parallelRequests)
  let count = 0
  const images = await Promise.all(
    selections.map(async (selection) => {
      const reader = createReader(registry, selection.from, politely)
      return reader.images(selection, () => onRead((count += 1)))
    }),
  )
  // As people count: v9 before v10.
  return images.flat().toSorted((a, b) => nameOf(a).localeCompare(nameOf(b), 'en', { numeric: true }))
}

const nameOf = ({ to, tags, digest }: SourceImage): string => `${to} ${tags[0] ?? digest}`

function createReader(registry: Registry, from: string, politely: ReturnType<typeof atMost>) {
  const known = new Map<string, Promise<readonly SourceManifest[]>>()
  const missing = (reference: string): RampartError =>
    new RampartError('preflight', `${registry.host}/${from} has no image ${reference}.`, {
      next: ['check the name, the tag, and that the account that is logged in may read it'],
    })

  /** The manifest after those that it names. */
  async function tree(reference: string): Promise<readonly SourceManifest[]> {
    const found = await politely(() => registry.getManifest(from, reference))
    if (found === undefined) throw missing(reference)
    const { descriptor, bytes } = found
    const { children, blobs } = readManifest(descriptor, bytes, `${registry.host}/${from}@${descriptor.digest}`)
    const below = await Promise.all(children.map(({ digest }) => treeOf(digest)))
    return unique([...below.flat(), { descriptor, bytes, blobs }])
  }

  function treeOf(digest: Digest): Promise<readonly SourceManifest[]> {
    const reading = known.get(digest) ?? tree(digest)
    known.set(digest, reading)
    return reading
  }

  let listsReferrers: Promise<boolean> | undefined

  /** Everything that refers to those manifests, and to what refers to them. */
  async function referrersOf(
    manifests: readonly SourceManifest[],
    tags: ReadonlySet<string>,
  ): Promise<readonly SourceReferrer[]> {
    const found = await Promise.all(
      manifests.map(async ({ descriptor: { digest: subject } }): Promise<readonly SourceReferrer[]> => {
        // Where the registry keeps referrers under tags, the list of tags has told of them already.
        listsReferrers ??= politely(() => registry.listReferrers(from, subject)).then(({ by }) => by === 'api')
        if (!(await listsReferrers) && !tags.has(subject.replace(':', '-'))) return []
        const { manifests: listed } = await politely(() => registry.listReferrers(from, subject))
        const direct = await Promise.all(
          listed.map(async (described) => ({ subject, described, manifests: await treeOf(described.digest) })),
        )
        const further = await Promise.all(direct.map((one) => referrersOf(one.manifests, tags)))
        return [...direct, ...further.flat()]
      }),
    )
    return found.flat()
  }

  async function names(selection: Selection, tags: readonly string[]): Promise<readonly Named[]> {
    if (selection.only !== undefined) return [{ from, ...selection.only }]
    const chosen = tags.filter((tag) => !referrersTag.test(tag) && selection.wants(tag))
    return chosen.map((tag) => ({ from, reference: tag, as: tag }))
  }

  async function images(selection: Selection, onRead: () => void): Promise<readonly SourceImage[]> {
    const tags = await politely(() => registry.listTags(from))
    const wanted = await names(selection, tags)
    const all = new Set(tags)
    const byDigest = new Map<Digest, { tags: string[]; manifests: readonly SourceManifest[] }>()
    const add = async ({ reference, as }: Named): Promise<void> => {
      const manifests = await tree(reference)
      const digest = manifests.at(-1)?.descriptor.digest
      if (digest === undefined) throw missing(reference)
      known.set(digest, Promise.resolve(manifests))
      const image = byDigest.get(digest) ?? { tags: [], manifests }
      if (as !== undefined) image.tags.push(as)
      byDigest.set(digest, image)
      onRead()
    }
    await Promise.all(wanted.map(add))
    const digests = new Set([...byDigest.values()].flatMap(({ manifests }) => manifests.map(hexOf)))
    const taken = new Set(wanted.map(({ as }) => as))
    const companions = tags.filter((tag) => !taken.has(tag) && digests.has(companionTag.exec(tag)?.[1] ?? ''))
    await Promise.all(companions.map((tag) => add({ from, reference: tag, as: tag })))
    return Promise.all(
      [...byDigest].map(async ([digest, image]) => ({
        from,
        to: selection.to,
        tags: image.tags.toSorted(),
        digest,
        manifests: image.manifests,
        referrers: await referrersOf(image.manifests, all),
      })),
    )
  }

  return { images }
}

const isManifest = (one: Descriptor): boolean => manifestTypes.includes(one.mediaType)

const hexOf = ({ descriptor }: SourceManifest): string => descriptor.digest.slice('sha256:'.length)

const unique = (manifests: readonly SourceManifest[]): readonly SourceManifest[] => [
  ...new Map(manifests.map((one) => [one.descriptor.digest, one])).values(),
]

interface ManifestBody {
  readonly schemaVersion?: number
  readonly manifests?: readonly Descriptor[]
  readonly config?: Descriptor
  readonly layers?: readonly (Descriptor & { readonly urls?: readonly string[] })[]
}

function readManifest(
  { mediaType }: Descriptor,
  bytes: Uint8Array,
  name: string,
): { readonly children: readonly Descriptor[]; readonly blobs: readonly Descriptor[] } {
  const body = JSON.parse(Buffer.from(bytes).toString('utf8')) as ManifestBody
  if (body.schemaVersion !== 2) {
    throw new RampartError('preflight', `${name} is in Docker's first image format, which registries no longer take.`, {
      next: ['build the image again, or leave its tag out with --skip-tag'],
    })
  }
  if (mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerList) {
    const listed = body.manifests ?? []
    // BuildKit's caches are indexes that name layers.
    return { children: listed.filter(isManifest), blobs: listed.filter((one) => !isManifest(one)) }
  }
  const { config, layers = [] } = body
  // What may not be distributed is fetched from where its manifest says; registries do not have it.
  const kept = layers.filter(
    ({ mediaType: type, urls }) => urls === undefined || !/foreign|nondistributable/.test(type),
  )
  return { children: [], blobs: [...(config === undefined ? [] : [config]), ...kept] }
}
