import { isDigest } from '../domain/digest.js'
import type { ReleaseRecord } from '../domain/release-record.js'
import type { Release, Revision } from '../domain/release.js'
import type { RevisionFacts } from '../domain/rollout-facts.js'
import { RampartError } from '../errors/rampart-error.js'
import {
  candidatesOf,
  defaultOf,
  findCandidate,
  wentBackFrom,
  type Candidate,
  type Serving,
} from '../release/choose.js'
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
  /** The last release, as people are told of it, when it has gone back already: there is nothing of it to undo. */
  readonly goneBack?: string
}

/** More looks than that are not taken while rollouts begin and end. */
const mostLooks = 4

/**
 * The newest rollout, and what the fleet is on or comes from. A rollout that begins between two answers would make what
 * it has just moved look as if it had been there before: both are asked until nothing changed meanwhile.
 */
async function lookAround(driver: Driver): Promise<readonly [ListedRollout | undefined, Revision]> {
  let newest = await driver.latest()
  for (let looks = 1; ; looks += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
    const revision = await driver.current()
    // oxlint-disable-next-line no-await-in-loop
    const then = await driver.latest()
    const isSame = newest?.handle.id === then?.handle.id && newest?.outcome === then?.outcome
    newest = then
    if (isSame || looks === mostLooks) return [newest, revision]
  }
}

/** Asks ledger and platform where the environment stands; changes nothing. */
export async function takeBearings(request: BearingsRequest): Promise<Bearings> {
  const { driver, services } = request
  const [[newest, revision], host] = await Promise.all([lookAround(driver), request.registryHost()])
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
  const last = newest && { id: newest.handle.id, isRolledBack: newest.outcome === 'rolled-back' }
  const goneBack = running === undefined ? wentBackFrom(records, serving, last) : undefined
  return {
    records,
    candidates: candidatesOf(records, serving),
    serving,
    current,
    ...(running !== undefined && { running }),
    ...(goneBack !== undefined && {
      goneBack: goneBack.record === undefined ? `The rollout ${last?.id}` : `Release ${numbered(goneBack.record)}`,
    }),
  }
}

const sameRevision = (a: Revision, b: Revision): boolean => a.name === b.name && a.number === b.number

const numbered = ({ number, release }: ReleaseRecord): string => `#${number} ${release.id}`

/** What serves, as people are told of it. */
export function nameOfServing({ candidates, current }: Bearings): string {
  const known = candidates.find(({ isServing }) => isServing)
  return known === undefined ? (current.release ?? `version ${current.revision.number}`) : numbered(known.record)
}

/**
 * Who asks to go back while the last release has done so by itself may mean that one, or what serves since: to go on to
 * the release before on a guess would take away what is good.
 */
function ambiguous(bearings: Bearings, goneBack: string): RampartError {
  const further = bearings.candidates.find(({ isDefault }) => isDefault)
  const serves = nameOfServing(bearings)
  return new RampartError(
    'preflight',
    `${goneBack} has gone back already: ${serves} serves on the whole fleet. Nothing was changed.`,
    {
      next: [
        ...(further === undefined ? [] : [`rampart rollback --to ${further.record.number} leaves ${serves} too`]),
        'rampart rollback --list',
      ],
    },
  )
}

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
  const { records, candidates, running, goneBack } = bearings
  if (asked.to !== undefined) return findWanted(request, bearings, asked.to)
  if (goneBack !== undefined) throw ambiguous(bearings, goneBack)
  if (running === undefined || asked.lastProved === true) return ofCandidate(defaultOf(candidates))
  if (asked.turns === true) return ofRevision(request, bearings, bearings.current)
  const [newest] = records
  if (newest === undefined || newest.ending !== undefined) return ofRevision(request, bearings, bearings.current)
  if (newest.kind === 'rollback' && (await request.driver.isMovingTo(newest.revision))) {
    const isProved = candidates.some(
      ({ record, isProved: proved }) => proved && record.release.id === newest.release.id,
    )
    return ofCandidate({ record: newest, isProved, isServing: false, isDefault: false })
  }
  // A deploy that did not pass takes itself back by a rollout like every other: turned, the failed release would serve.
  const isReturning =
    newest.kind === 'deploy' &&
    sameRevision(newest.revision, bearings.current.revision) &&
    !sameRevision(newest.from, newest.revision) &&
    (await request.driver.isMovingTo(newest.from))
  if (!isReturning) return ofRevision(request, bearings, bearings.current)
  const repositories = request.services.map(({ repository }) => repository)
  return ofRevision(
    request,
    bearings,
    await request.driver.stored(newest.from, await request.registryHost(), repositories),
  )
}

/** `#12 r-0123456789`, as people are told what is gone back to. */
export function nameOf({ release, record }: Pick<Wanted, 'release' | 'record'>): string {
  return record === undefined ? release.id : numbered(record)
}
