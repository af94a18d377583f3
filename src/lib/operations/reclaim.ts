import type { Digest } from '../domain/digest.js'
import { parseImageRef } from '../domain/image-ref.js'
import type { Revision } from '../domain/release.js'
import { RampartError } from '../errors/rampart-error.js'
import type { ImageStore, KeptBack } from '../ports/image-store.js'
import type { Ledger } from '../release/ledger.js'
import { bytesFreed, findOrphans, type OrphanShelf, type Shelf } from '../release/orphans.js'
import type { Archive } from '../rollout/archive.js'
import type { Driver } from '../rollout/driver.js'

/** An environment whose images are in the registry. */
export interface Claimant {
  readonly name: string
  /** Undefined where nothing is kept. */
  readonly ledger: Ledger | undefined
  readonly archive: Archive
  readonly driver: Driver
}

export interface ReclaimPorts {
  readonly store: ImageStore
  /** Every environment that takes images from the registry. */
  readonly claimants: readonly Claimant[]
  readonly registryHost: string
  readonly repositories: readonly string[]
  /** Those of bases, too. */
  readonly allRepositories: readonly string[]
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** So many revisions of the platform are protected; the ledger keeps as many. */
const lookBack = 100

/** What nothing needs any more. Rejects when not everything could be asked that may need something. */
export async function listOrphans(ports: ReclaimPorts): Promise<readonly OrphanShelf[]> {
  const { store, claimants, allRepositories, now } = ports
  const [shelves, needed] = await Promise.all([
    Promise.all(
      allRepositories.map(async (repository): Promise<Shelf> => ({
        repository,
        images: (await store.list(repository)) ?? [],
      })),
    ),
    Promise.all(claimants.map(async (claimant) => neededBy(claimant, ports))),
  ])
  return findOrphans(shelves, new Set(needed.flat()), now())
}

/** Every digest that an environment serves, could go back to, or has built on. */
async function neededBy(
  { ledger, archive, driver }: Claimant,
  { registryHost, repositories }: ReclaimPorts,
): Promise<readonly Digest[]> {
  const [records, revisions, status] = await Promise.all([
    ledger?.list() ?? [],
    archive.list(lookBack),
    orNothingThere(driver.status(registryHost, repositories)),
  ])
  const latest = status && (await driver.latest())
  // What a release came from may be nobody's release: it is what its rollout goes back to.
  const known = new Set(revisions.map(({ revision }) => keyOf(revision)))
  const others = new Map(
    [...records.flatMap(({ from, revision }) => [from, revision]), ...(latest === undefined ? [] : [latest.revision])]
      .filter((revision) => !known.has(keyOf(revision)))
      .map((revision) => [keyOf(revision), revision]),
  )
  const stored = await Promise.all(
    [...others.values()].map(async (revision) => driver.stored(revision, registryHost, repositories)),
  )
  const references = [...revisions, ...stored, ...(status === undefined ? [] : [status])].flatMap(
    ({ images }) => images,
  )
  return [
    ...references.flatMap((image) => parseImageRef(image)?.digest ?? []),
    ...records.flatMap(({ release }) => release.images.map(({ digest }) => digest)),
    ...records.flatMap(({ bases = {} }) => Object.values(bases).flatMap(({ digest }) => digest ?? [])),
  ]
}

/** In an environment that is only planned nothing serves; whatever else goes wrong, nobody may conclude from it. */
async function orNothingThere<T>(asked: Promise<T>): Promise<T | undefined> {
  return asked.catch((error: unknown) => {
    if (error instanceof RampartError && error.kind === 'preflight') return undefined
    throw error
  })
}

const keyOf = ({ name, number }: Revision): string => `${name}\n${number}`

/** What became of a deletion. */
export interface Reclaimed {
  readonly images: number
  readonly bytes: number
  readonly keptBack: readonly (KeptBack & { readonly repository: string })[]
}

/**
 * Deletes those of the listed images that still are orphans: it looks again first, and stops when a rollout is under way.
 * @throws RampartError `conflict` when one is.
 */
export async function reclaim(listed: readonly OrphanShelf[], ports: ReclaimPorts): Promise<Reclaimed> {
  const running = await Promise.all(
    ports.claimants.map(async ({ driver }) => (await orNothingThere(driver.plan())) && driver.underWay()),
  )
  const conflict = running.find((one) => one !== undefined)?.conflict
  if (conflict !== undefined) {
    throw new RampartError('conflict', `${conflict.message} Nothing was deleted.`, {
      next: ['run the same command again when it has ended'],
      cause: conflict,
    })
  }
  const now = await listOrphans(ports)
  const results = await Promise.all(
    now.map(async (shelf) => {
      const { repository, images } = shelf
      const asked = new Set(listed.find((one) => one.repository === repository)?.images.map(({ digest }) => digest))
      const both = images.flatMap(({ digest }) => (asked.has(digest) ? [digest] : []))
      const keptBack = both.length === 0 ? [] : await ports.store.remove(repository, both)
      const stayed = new Set(keptBack.map(({ digest }) => digest))
      const deleted = new Set(both.filter((digest) => !stayed.has(digest)))
      return {
        images: deleted.size,
        bytes: bytesFreed(shelf, deleted),
        keptBack: keptBack.map((one) => ({ ...one, repository })),
      }
    }),
  )
  return {
    images: results.reduce((sum, one) => sum + one.images, 0),
    bytes: results.reduce((sum, one) => sum + one.bytes, 0),
    keptBack: results.flatMap((one) => one.keptBack),
  }
}
