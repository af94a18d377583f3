import { isDigest } from '../domain/digest.js'
import type { ReleaseRecord } from '../domain/release-record.js'
import type { Release, Revision } from '../domain/release.js'
import type { RevisionFacts } from '../domain/rollout-facts.js'
import { RampartError } from '../errors/rampart-error.js'
import { candidatesOf, defaultOf, findCandidate, type Candidate, type Serving } from '../release/choose.js'
import { makeRelease } from '../release/make-release.js'
import type { Driver, ListedRollout, StoredRevision } from '../rollout/driver.js'

/** What is asked to find out where an environment stands. */
export interface BearingsRequest {
  readonly app: string
  readonly environment: string
  readonly driver: Driver
  /** The records of the ledger, newest first. */
  readonly records: () => Promise<readonly ReleaseRecord[]>
  /** Revisions of this environment that the platform keeps, also older than the ledger. */
  readonly archived?: () => Promise<readonly RevisionFacts[]>
  readonly registryHost: () => Promise<string>
  /** The services of the app and their repositories, without the registry's host. */
  readonly services: readonly { readonly service: string; readonly repository: string }[]
}

/** What a rollback goes back to. */
export interface Wanted {
  readonly release: Release
  readonly revision: Revision
  readonly isProved: boolean
  /** False when what the revision launches is not all pinned by digest, as when rampart did not make it. */
  readonly isPinned: boolean
  /** Undefined for what the ledger does not know. */
  readonly record?: ReleaseRecord
}

/** Where an environment stands, and what it can go back to. */
export interface Bearings {
  readonly records: readonly ReleaseRecord[]
  readonly candidates: readonly Candidate[]
  /** What the fleet is on, or comes from while a rollout is under way. */
  readonly serving: Serving
  readonly current: StoredRevision
  readonly running?: ListedRollout
}

/** Asks ledger and platform where the environment stands; changes nothing. */
export async function takeBearings(request: BearingsRequest): Promise<Bearings> {
  const { driver, services } = request
  const [newest, revision, host] = await Promise.all([driver.latest(), driver.current(), request.registryHost()])
  const running = newest?.outcome === undefined ? newest : undefined
  const [records, current, isWhole] = await Promise.all([
    request.records().catch((error: unknown) => {
      // The platform itself knows what a rollout under way comes from: stopping a bad one does not wait for the ledger.
      if (running === undefined || !(error instanceof RampartError)) throw error
      return []
    }),
    driver.stored(
      revision,
      host,
      services.map(({ repository }) => repository),
    ),
    running === undefined && driver.settledOn(revision),
  ])
  const serving = { revision, isWhole, ...(current.release !== undefined && { release: current.release }) }
  return {
    records,
    candidates: candidatesOf(records, serving),
    serving,
    current,
    ...(running !== undefined && { running }),
  }
}

const sameRevision = (a: Revision, b: Revision): boolean => a.name === b.name && a.number === b.number

function ofCandidate({ record, isProved }: Candidate): Wanted {
  return { release: record.release, revision: record.revision, isProved, isPinned: true, record }
}

/** What a revision launches, be it in the ledger or not. */
function ofRevision(
  { app, environment, services }: BearingsRequest,
  { candidates }: Bearings,
  current: RevisionFacts,
): Wanted {
  const known = candidates.find(({ record }) => sameRevision(record.revision, current.revision))
  if (known !== undefined) return ofCandidate(known)
  const images = services.flatMap(({ service, repository }) => {
    const reference = current.images.find((one) => one.slice(one.indexOf('/') + 1).split(/[:@]/)[0] === repository)
    const [name = '', digest = ''] = reference?.split('@') ?? []
    return isDigest(digest) ? [{ service, repository: name.replace(/:[^:/]+$/, ''), digest }] : []
  })
  const release = makeRelease(app, environment, images)
  const isPinned = images.length === services.length
  const isProved = candidates.some(({ record, isProved: proved }) => proved && record.release.id === release.id)
  return {
    release: isPinned ? release : { ...release, id: `version ${current.revision.number}` },
    revision: current.revision,
    isProved,
    isPinned,
  }
}

/** What a person names: a release of the ledger, else the id of an older one that the platform still keeps. */
async function findWanted(request: BearingsRequest, bearings: Bearings, word: string): Promise<Wanted> {
  try {
    return ofCandidate(findCandidate(bearings.records, bearings.candidates, word))
  } catch (error) {
    const archived = (await request.archived?.()) ?? []
    const found = archived.find(({ release }) => release === word)
    if (found === undefined) throw error
    return ofRevision(request, bearings, found)
  }
}

/**
 * What to go back to: what a person names, else what a rollout under way comes from (or the rollback that is under way,
 * unless that itself is to be turned), else the last proved release before the one that serves.
 */
export async function chooseWanted(
  request: BearingsRequest,
  bearings: Bearings,
  asked: { readonly to?: string | undefined; readonly lastProved?: boolean; readonly turns?: boolean },
): Promise<Wanted> {
  const { records, candidates, running } = bearings
  if (asked.to !== undefined) return findWanted(request, bearings, asked.to)
  if (running === undefined || asked.lastProved === true) return ofCandidate(defaultOf(candidates))
  if (asked.turns === true) return ofRevision(request, bearings, bearings.current)
  const [newest] = records
  const joined =
    newest?.kind === 'rollback' && newest.ending === undefined && (await request.driver.isMovingTo(newest.revision))
  if (!joined) return ofRevision(request, bearings, bearings.current)
  const isProved = candidates.some(({ record, isProved: proved }) => proved && record.release.id === newest.release.id)
  return ofCandidate({ record: newest, isProved, isServing: false, isDefault: false })
}

/** `#12 r-0123456789`, as people are told what is gone back to. */
export function nameOf({ release, record }: Pick<Wanted, 'release' | 'record'>): string {
  return record === undefined ? release.id : `#${record.number} ${release.id}`
}
