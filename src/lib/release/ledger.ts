import type { ReleaseRecord } from '../domain/release-record.js'
import type { VerificationRecord } from '../domain/verification.js'
import type { Parameters } from '../ports/parameters.js'
import { ledgerPath, numbered, numberOf, type Place } from './paths.js'

/** What Parameter Store takes in its standard tier: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html */
const limit = 4096

/** How many records are kept; the oldest go. Rollback needs the last few, the figures of a plan some tens. */
const kept = 100

/** The releases of one environment, in AWS itself: any machine with access reads and goes on with the same list. */
export class Ledger {
  readonly #parameters: Parameters
  readonly #path: string

  constructor(parameters: Parameters, place: Place) {
    this.#parameters = parameters
    this.#path = ledgerPath(place)
  }

  /** Every record, the newest first. One that this version can not read is left out. */
  async list(): Promise<readonly ReleaseRecord[]> {
    const found = await this.#parameters.list(this.#path)
    return found
      .map(({ name, value }) => readRecord(value, numberOf(name)))
      .filter((record) => record !== undefined)
      .toSorted((a, b) => b.number - a.number)
  }

  /**
   * Begins a record and gives it the next number. A record of the same release, revision and kind that is the newest
   * and has not ended is gone on with: a run that was lost and is run again is one release.
   */
  async begin(fields: Omit<ReleaseRecord, 'v' | 'number'>): Promise<ReleaseRecord> {
    for (;;) {
      const known = await this.#parameters.list(this.#path)
      const newest = known.at(-1)
      const last = newest && readRecord(newest.value, numberOf(newest.name))
      if (last !== undefined && last.ending === undefined && isSame(last, fields)) return last
      const number = 1 + Math.max(0, ...known.map(({ name }) => numberOf(name) ?? 0))
      const record: ReleaseRecord = { v: 1, number, ...fields }
      if (!(await this.#parameters.create(numbered(this.#path, number), encode(record)))) continue
      await this.#forget(known.map(({ name }) => name))
      return record
    }
  }

  /** Writes what has become of a record. */
  async update(record: ReleaseRecord): Promise<void> {
    await this.#parameters.put(numbered(this.#path, record.number), encode(record))
  }

  async #forget(names: readonly string[]): Promise<void> {
    const old = names.filter((name) => numberOf(name) !== undefined).toSorted()
    for (const name of old.slice(0, Math.max(0, old.length + 1 - kept))) await this.#parameters.remove(name)
  }
}

function isSame(record: ReleaseRecord, fields: Omit<ReleaseRecord, 'v' | 'number'>): boolean {
  return (
    record.kind === fields.kind &&
    record.release.id === fields.release.id &&
    record.revision.name === fields.revision.name &&
    record.revision.number === fields.revision.number
  )
}

/** A record that is too large loses what a person misses least; what rollback needs stays. */
function encode(record: ReleaseRecord): string {
  const { bases, phases, figures, source, verification, ...others } = record
  const rest = { ...others, ...(verification && { verification: brief(verification) }) }
  const learned = { ...(phases && { phases }), ...(figures && { figures }) }
  const shorter: readonly ReleaseRecord[] = [
    record,
    { ...record, ...rest },
    { ...rest, ...learned, ...(source && { source: { ...source, subject: '' } }), ...(bases && { bases }) },
    { ...rest, ...learned, ...(source && { source: { ...source, subject: '' } }) },
    { ...rest, ...(phases && { phases }), ...(source && { source: { ...source, subject: '' } }) },
    rest,
  ]
  const texts = shorter.map((one) => JSON.stringify(one))
  return texts.find((text) => Buffer.byteLength(text) <= limit) ?? texts.at(-1) ?? ''
}

/** Without the requests themselves: figures without them still tell whether a release got slower. */
function brief({ latency, ...rest }: VerificationRecord): VerificationRecord {
  if (latency === undefined) return rest
  const figures = Object.entries(latency).map(([name, { mean, p50, p95 }]) => [name, { mean, p50, p95 }] as const)
  return { ...rest, latency: Object.fromEntries(figures) }
}

/** What somebody wrote there by hand, or a later rampart, must not end the command. */
function readRecord(text: string, number: number | undefined): ReleaseRecord | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return number !== undefined && isRecord(value) ? { ...value, number } : undefined
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is ReleaseRecord {
  if (typeof value !== 'object' || value === null) return false
  const { v, release, revision, from, startedAt } = value as Partial<ReleaseRecord>
  return (
    v === 1 &&
    typeof startedAt === 'string' &&
    Array.isArray((release as Partial<ReleaseRecord['release']> | undefined)?.images) &&
    isRevision(revision) &&
    isRevision(from)
  )
}

function isRevision(value: ReleaseRecord['revision'] | undefined): boolean {
  return typeof value?.name === 'string' && typeof value.number === 'string'
}
