import type { InfraPlan } from './infra.js'

/** A model that rampart.yml wants in the cache. */
export interface CacheModel {
  readonly id: string
  /** The full commit. */
  readonly revision: string
  /** The branch by whose name it is loaded. */
  readonly ref?: string
  /** Patterns of its files; the usual ones when left out. */
  readonly files?: readonly string[]
}

/** What was proved to be on a file system: every byte of it had the hash that the hub gives. */
export interface CacheRecord {
  readonly v: 1
  readonly model: CacheModel
  readonly fileSystem: string
  readonly files: number
  readonly bytes: number
  /** ISO 8601. */
  readonly at: string
}

/** `id@` with as much of the commit as people read. */
export const modelName = ({ id, revision }: Pick<CacheModel, 'id' | 'revision'>): string =>
  `${id}@${revision.slice(0, 12)}`

/** Two are the same when the same files of the same commit are found by the same name. */
export const modelKey = ({ id, revision, ref, files }: CacheModel): string =>
  JSON.stringify([id, revision, ref ?? null, files ?? null])

/** A model of the cache, as it is and as it should be. */
export interface CachedModel {
  readonly id: string
  readonly revision: string
  /** `unwanted` is there, and rampart.yml does not name it any more. */
  readonly state: 'complete' | 'missing' | 'unwanted'
  readonly files: number | null
  readonly bytes: number | null
  /** ISO 8601. */
  readonly provedAt: string | null
}

/** What a bursting file system has left. Bytes, bytes a second and milliseconds; reads count a third. */
export interface BurstForecast {
  /** Null when CloudWatch has none: it takes some minutes to measure a new file system. */
  readonly credits: number | null
  /** What can be read a second while there are credits, and when there are none. */
  readonly fullSpeed: number
  readonly starvedSpeed: number
  /** How long it can be read at full speed; null when that is not known. */
  readonly emptyAfter: number | null
  /** How long one start takes that reads all models, at full speed and starved; null when their size is not known. */
  readonly load: { readonly full: number; readonly starved: number } | null
}

/** The `--json` of `cache status`: a stable shape. */
export interface CacheStatus {
  readonly fileSystem: string
  /** EFS's own word. */
  readonly state: string
  readonly bytes: number
  readonly throughput: 'bursting' | 'elastic' | 'provisioned'
  readonly wantedThroughput: NonNullable<InfraPlan['modelCache']>['throughput']
  readonly path: string
  /** Null for a file system whose speed does not depend on credits. */
  readonly burst: BurstForecast | null
  readonly mounts: readonly { readonly subnet: string; readonly zone: string; readonly state: string }[]
  /** Subnets in which nothing can mount it. */
  readonly unmounted: readonly string[]
  readonly models: readonly CachedModel[]
}

const kibibyte = 2 ** 10
const mebibyte = 2 ** 20
const gibibyte = 2 ** 30
const tebibyte = 2 ** 40
/** What is read is counted as a third of it. https://docs.aws.amazon.com/efs/latest/ug/metered-sizes.html */
const readFactor = 3

/** In milliseconds. */
const time = (bytes: number, speed: number): number => Math.round((bytes / speed) * 1000)

/**
 * How long the credits of a bursting file system last, and what becomes of a start when they are gone.
 * https://docs.aws.amazon.com/efs/latest/ug/performance.html#bursting
 */
export function forecastBurst(stored: number, models: number | undefined, credits: number | undefined): BurstForecast {
  const burst = 100 * mebibyte * Math.max(1, stored / tebibyte)
  const baseline = Math.max(mebibyte, (stored / gibibyte) * 50 * kibibyte)
  return {
    credits: credits ?? null,
    fullSpeed: burst * readFactor,
    starvedSpeed: baseline * readFactor,
    emptyAfter: credits === undefined ? null : time(credits, burst - baseline),
    load:
      models === undefined
        ? null
        : { full: time(models, burst * readFactor), starved: time(models, baseline * readFactor) },
  }
}

/** What is there against what is wanted, in the order of rampart.yml; what is not wanted any more last. */
export function compareModels(wanted: readonly CacheModel[], records: readonly CacheRecord[]): readonly CachedModel[] {
  const byKey = new Map(records.map((one) => [modelKey(one.model), one]))
  const keys = new Set(wanted.map(modelKey))
  const shown = (
    { id, revision }: CacheModel,
    state: CachedModel['state'],
    record: CacheRecord | undefined,
  ): CachedModel => ({
    id,
    revision,
    state,
    files: record?.files ?? null,
    bytes: record?.bytes ?? null,
    provedAt: record?.at ?? null,
  })
  return [
    ...wanted.map((model) => {
      const record = byKey.get(modelKey(model))
      return shown(model, record === undefined ? 'missing' : 'complete', record)
    }),
    ...records.filter(({ model }) => !keys.has(modelKey(model))).map((one) => shown(one.model, 'unwanted', one)),
  ]
}
