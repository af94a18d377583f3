/** A metric of CloudWatch, by what names it. */
export interface MetricId {
  readonly namespace: string
  readonly name: string
  readonly dimensions: Readonly<Record<string, string>>
}

/** What was measured in one minute. */
interface Point {
  sum: number
  count: number
  min: number
  max: number
  /** Single values, for percentiles; as many as are worth keeping. */
  readonly values: number[]
}

/** Values that somebody summed up: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_StatisticSet.html */
export type StatisticSet = Pick<Point, 'sum' | 'count' | 'min' | 'max'>

/** The measures of the world, minute by minute. */
export interface MetricStore {
  add(id: MetricId, at: number, values: readonly number[]): void
  addSet(id: MetricId, at: number, set: StatisticSet): void
  /** A statistic for each period that has data, by the period's beginning in milliseconds since 1970. */
  series(id: MetricId, statistic: string, period: number, from: number, to: number): ReadonlyMap<number, number>
  ids(): readonly MetricId[]
}

const minute = 60_000
/** How many minutes of the past are kept: enough for every graph of a rollout, little for a world that runs for weeks. */
export const keptMinutes = 24 * 60
const keptValues = 200

const keyOf = ({ namespace, name, dimensions }: MetricId): string =>
  JSON.stringify([namespace, name, Object.entries(dimensions).toSorted(([a], [b]) => (a < b ? -1 : 1))])

/** True for the statistics that the store can tell. */
export const isStatistic = (text: string): boolean =>
  ['Sum', 'Average', 'Minimum', 'Maximum', 'SampleCount'].includes(text) || /^p(?:100|\d{1,2}(?:\.\d+)?)$/.test(text)

function statisticOf({ sum, count, min, max, values }: Point, statistic: string): number {
  switch (statistic) {
    case 'Sum':
      return sum
    case 'Minimum':
      return min
    case 'Maximum':
      return max
    case 'SampleCount':
      return count
    case 'Average':
      return sum / count
    default: {
      const sorted = values.toSorted((a, b) => a - b)
      const rank = Math.ceil((Number(statistic.slice(1)) / 100) * sorted.length)
      return sorted[Math.max(0, rank - 1)] ?? max
    }
  }
}

function merge(into: Point | undefined, set: StatisticSet, values: readonly number[]): Point {
  const kept = [...(into?.values ?? []), ...values].slice(-keptValues)
  if (into === undefined) return { ...set, values: kept }
  return {
    sum: into.sum + set.sum,
    count: into.count + set.count,
    min: Math.min(into.min, set.min),
    max: Math.max(into.max, set.max),
    values: kept,
  }
}

/** A store without measures. */
export function createMetricStore(): MetricStore {
  const all = new Map<string, { readonly id: MetricId; readonly points: Map<number, Point> }>()

  function put(id: MetricId, at: number, set: StatisticSet, values: readonly number[]): void {
    const key = keyOf(id)
    const entry = all.get(key) ?? { id, points: new Map<number, Point>() }
    all.set(key, entry)
    const start = Math.floor(at / minute) * minute
    entry.points.set(start, merge(entry.points.get(start), set, values))
    for (const old of entry.points.keys()) {
      if (old > start - keptMinutes * minute) break
      entry.points.delete(old)
    }
  }

  return {
    add(id, at, values) {
      if (values.length === 0) return
      const sum = values.reduce((a, b) => a + b, 0)
      put(id, at, { sum, count: values.length, min: Math.min(...values), max: Math.max(...values) }, values)
    },
    addSet: (id, at, set) => put(id, at, set, set.count > 0 ? [set.sum / set.count] : []),
    series(id, statistic, period, from, to) {
      const merged = new Map<number, Point>()
      for (const [at, point] of all.get(keyOf(id))?.points ?? []) {
        if (at < from || at >= to) continue
        const start = Math.floor(at / period) * period
        merged.set(start, merge(merged.get(start), point, point.values))
      }
      return new Map([...merged].map(([at, point]) => [at, statisticOf(point, statistic)] as const))
    },
    ids: () => [...all.values()].map(({ id }) => id),
  }
}
