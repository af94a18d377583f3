import type { MetricDataQuery } from '@aws-sdk/client-cloudwatch'
import { readExpression } from './expression.js'
import { isStatistic, type MetricId, type MetricStore } from './metrics.js'

/** What is asked of the store, by the SDK's own names. */
type Dimensions = readonly { readonly Name: string | undefined; readonly Value: string | undefined }[]

/** The metric that an SDK's structure names. */
export function metricOf(from: {
  readonly Namespace?: string | undefined
  readonly MetricName?: string | undefined
  readonly Dimensions?: Dimensions | undefined
}): MetricId {
  return {
    namespace: from.Namespace ?? '',
    name: from.MetricName ?? '',
    dimensions: Object.fromEntries((from.Dimensions ?? []).map(({ Name = '', Value = '' }) => [Name, Value])),
  }
}

/** What is wrong with queries, in words; undefined when all can be answered. */
export function queryProblem(queries: readonly MetricDataQuery[]): string | undefined {
  const ids = queries.map(({ Id = '' }) => Id)
  if (new Set(ids).size < ids.length) return 'The value Id of a metric data query must be unique'
  for (const { Id = '', Expression, MetricStat, Period } of queries) {
    if (!/^[a-z]\w*$/.test(Id)) return `The id ${Id} must begin with a lower-case letter`
    if ((Expression === undefined) === (MetricStat === undefined)) {
      return `Exactly one of Expression and MetricStat must be given for ${Id}`
    }
    if (MetricStat !== undefined) {
      if (!isStatistic(MetricStat.Stat ?? '')) return `Invalid statistic ${MetricStat.Stat ?? ''} for ${Id}`
      if (!isPeriod(MetricStat.Period)) return `Invalid period for ${Id}`
      continue
    }
    if (Period !== undefined && !isPeriod(Period)) return `Invalid period for ${Id}`
    const read = readExpression(Expression ?? '')
    if (read === undefined) return `Error in expression '${Id}': Invalid syntax`
    const unknown = read.ids.find((id) => !ids.includes(id) || id === Id)
    if (unknown !== undefined) return `Error in expression '${Id}': Unknown identifier ${unknown}`
  }
  return undefined
}

/** Whether that many seconds are a period that alarms and graphs of stored minutes have. */
export const isPeriod = (seconds: number | undefined): boolean =>
  seconds !== undefined && seconds > 0 && (seconds % 60 === 0 || [10, 20, 30].includes(seconds))

/** The greatest period among queries, in milliseconds. */
export const periodOf = (queries: readonly MetricDataQuery[]): number =>
  Math.max(60, ...queries.map(({ Period, MetricStat }) => MetricStat?.Period ?? Period ?? 0)) * 1000

/** The values of one query by time. Ids that name each other in a circle have none. */
export function answerQuery(
  store: MetricStore,
  queries: readonly MetricDataQuery[],
  id: string,
  span: { readonly from: number; readonly to: number },
  asking: ReadonlySet<string> = new Set(),
): ReadonlyMap<number, number> {
  const query = queries.find(({ Id }) => Id === id)
  if (query === undefined || asking.has(id)) return new Map()
  const { MetricStat: stat, Expression } = query
  if (stat !== undefined) {
    return store.series(metricOf(stat.Metric ?? {}), stat.Stat ?? '', (stat.Period ?? 60) * 1000, span.from, span.to)
  }
  const expression = readExpression(Expression ?? '')
  if (expression === undefined) return new Map()
  const inputs = new Map(
    expression.ids.map((one) => [one, answerQuery(store, queries, one, span, new Set([...asking, id]))] as const),
  )
  const times = [...new Set([...inputs.values()].flatMap((series) => [...series.keys()]))].toSorted((a, b) => a - b)
  return new Map(
    times.flatMap((at) => {
      const value = expression.valueAt((one) => inputs.get(one)?.get(at))
      return value === undefined ? [] : [[at, value] as const]
    }),
  )
}
