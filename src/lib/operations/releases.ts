import { parseImageRef } from '../domain/image-ref.js'
import type { RolloutOutcome } from '../domain/outcome.js'
import type { ReleaseRecord } from '../domain/release-record.js'
import type { ReleaseList, ReleaseRow } from '../domain/release-row.js'
import type { Revision } from '../domain/release.js'
import type { Ledger } from '../release/ledger.js'
import type { Archive, ArchivedRevision } from '../rollout/archive.js'
import type { Driver, ListedRollout } from '../rollout/driver.js'

export interface ReleasesRequest {
  readonly app: string
  readonly environment: string
  /** Undefined where nothing is kept. */
  readonly ledger: Ledger | undefined
  readonly archive: Archive
  readonly driver: Driver
  readonly registryHost: string
  readonly repositories: readonly string[]
  /** At most so many; what is older than the ledger fills it up. */
  readonly limit: number
}

const outcomes: Readonly<Record<RolloutOutcome, string>> = {
  succeeded: 'done',
  'nothing-to-do': 'done',
  'rolled-back': 'rolledBack',
  failed: 'attention',
  cancelled: 'attention',
  abandoned: 'unknown',
}

const sameRevision = (a: Revision, b: Revision): boolean => a.name === b.name && a.number === b.number

/** What was released to an environment, newest first, from AWS alone: the ledger first, then what the platform keeps. */
export async function listReleases(request: ReleasesRequest): Promise<ReleaseList> {
  const { app, environment, ledger, archive, driver, limit } = request
  const [all, status] = await Promise.all([
    ledger?.list() ?? [],
    driver.status(request.registryHost, request.repositories),
  ])
  const records = all.slice(0, limit)
  const [platform, older] = await Promise.all([
    // The run of these was lost or left: the platform knows how it went on.
    records.some(({ ending }) => ending === undefined) ? listed(driver) : [],
    all.length < limit ? archive.list(limit) : [],
  ])
  const rows = [
    ...records.map((record) => recordRow(record, platform)),
    ...older
      .filter(({ revision }) => !all.some((record) => sameRevision(record.revision, revision)))
      .slice(0, limit - records.length)
      .map(archiveRow),
  ]
  const on = rows.filter(({ revision }) => sameRevision(revision, status.revision))
  const serving = on.find(({ outcome }) => outcome === 'done' || outcome === 'verification') ?? on[0]
  return {
    app,
    environment,
    fleet: status.fleet,
    releases: rows.map((row) => ({ ...row, serving: row === serving })),
    serving: { revision: status.revision, release: status.release ?? null },
  }
}

async function listed(driver: Driver): Promise<readonly ListedRollout[]> {
  const [latest, history] = await Promise.all([driver.latest(), driver.history()])
  return latest === undefined ? history : [latest, ...history]
}

function recordRow(record: ReleaseRecord, platform: readonly ListedRollout[]): ReleaseRow {
  const { number, kind, release, revision, source, bases, by, actor, host, link, proof, phases } = record
  const lost = record.ending === undefined
  const rollout = lost ? platform.find(({ handle }) => handle.id === record.rollout) : undefined
  const endedAt = record.endedAt ?? (rollout?.endedAt === undefined ? undefined : iso(rollout.endedAt))
  return {
    number,
    kind,
    release: release.id,
    revision,
    source: source ?? null,
    images: release.images,
    bases: bases ?? {},
    by,
    actor: actor ?? null,
    host,
    link: link ?? null,
    startedAt: record.startedAt,
    endedAt: endedAt ?? null,
    phases: phases ?? [],
    predicted: record.figures?.predicted?.total ?? null,
    outcome: record.ending ?? outcomeOf(rollout),
    outcomeBy: lost ? 'platform' : 'run',
    rollout: record.rollout ?? null,
    proof: proof ?? null,
    verification: verificationOf(record),
    serving: false,
  }
}

function verificationOf({ verification }: ReleaseRecord): ReleaseRow['verification'] {
  if (verification === undefined) return null
  const { at, ok, failed, wentBack = false } = verification
  return { at, ok, failed, wentBack }
}

function outcomeOf(rollout: ListedRollout | undefined): string {
  if (rollout === undefined) return 'unknown'
  return rollout.outcome === undefined ? 'running' : outcomes[rollout.outcome]
}

function archiveRow({ revision, release, images, createdAt }: ArchivedRevision): ReleaseRow {
  return {
    number: null,
    kind: 'deploy',
    release: release ?? null,
    revision,
    source: null,
    images: images.map((image) => {
      const ref = parseImageRef(image)
      const name = ref === undefined ? image : `${ref.registry}/${ref.repository}`
      return { service: null, repository: name, digest: ref?.digest ?? null }
    }),
    bases: {},
    by: null,
    actor: null,
    host: null,
    link: null,
    startedAt: createdAt === undefined ? null : iso(createdAt),
    endedAt: null,
    phases: [],
    predicted: null,
    outcome: 'recorded',
    outcomeBy: 'platform',
    rollout: null,
    proof: null,
    verification: null,
    serving: false,
  }
}

const iso = (time: number): string => new Date(time).toISOString()
