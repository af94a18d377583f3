import type * as sdk from '@aws-sdk/client-cloudwatch'
import { paginate } from '../wire/pagination.js'
import { type Handler, type RequestContext, ServiceError } from '../wire/service.js'
import { answerQuery, isPeriod, metricOf, periodOf, queryProblem } from '../world/monitoring/queries.js'
import type { World } from '../world/world.js'

const wire = { signingName: 'monitoring', protocol: 'awsJson1_0' } as const

/** The operations on metrics: those that the world measures, and those that somebody puts. */
export function metricHandlers(world: World): Readonly<Record<string, Handler>> {
  const { metrics } = world.state
  return {
    PutMetricData: (input: sdk.PutMetricDataInput, context: RequestContext): void => {
      world.advanceTo(context.now)
      if (input.Namespace?.startsWith('AWS/') === true) {
        throw new ServiceError('InvalidParameterValue', 'The value AWS/ for parameter Namespace is invalid.')
      }
      for (const datum of input.MetricData ?? []) putDatum(world, input.Namespace, datum, context.now)
    },

    GetMetricData: (input: sdk.GetMetricDataInput, context: RequestContext): sdk.GetMetricDataOutput => {
      world.advanceTo(context.now)
      const queries = input.MetricDataQueries ?? []
      const problem = queryProblem(queries)
      if (problem !== undefined) throw new ServiceError('ValidationError', problem)
      const [from, to] = [input.StartTime?.getTime() ?? 0, input.EndTime?.getTime() ?? 0]
      if (from >= to) throw new ServiceError('ValidationError', 'The parameter StartTime must be less than EndTime.')
      const isAscending = input.ScanBy === 'TimestampAscending'
      const results = queries
        .filter(({ ReturnData }) => ReturnData !== false)
        .map(({ Id = '', Label, MetricStat }) => {
          const points = [...answerQuery(metrics, queries, Id, { from, to })].toSorted(([a], [b]) => a - b)
          if (!isAscending) points.reverse()
          return {
            Id,
            Label: Label ?? MetricStat?.Metric?.MetricName ?? Id,
            Timestamps: points.map(([at]) => new Date(at)),
            Values: points.map(([, value]) => value),
            StatusCode: 'Complete' as const,
          }
        })
      return { MetricDataResults: results, Messages: [] }
    },

    GetMetricStatistics: (
      input: sdk.GetMetricStatisticsInput,
      context: RequestContext,
    ): sdk.GetMetricStatisticsOutput => {
      world.advanceTo(context.now)
      if (!isPeriod(input.Period)) {
        throw new ServiceError('InvalidParameterValue', 'The parameter Period must be a multiple of 60.')
      }
      const asked = [...(input.Statistics ?? []), ...(input.ExtendedStatistics ?? [])]
      const [from, to] = [input.StartTime?.getTime() ?? 0, input.EndTime?.getTime() ?? 0]
      const period = periodOf([{ Id: 'one', Period: input.Period }])
      const id = metricOf(input)
      const points = new Map<number, sdk.Datapoint>()
      for (const name of asked) {
        for (const [at, value] of metrics.series(id, name, period, from, to)) {
          const point = points.get(at) ?? { Timestamp: new Date(at), Unit: 'None' as const }
          const told = name.startsWith('p')
            ? { ExtendedStatistics: { ...point.ExtendedStatistics, [name]: value } }
            : { [name]: value }
          points.set(at, { ...point, ...told })
        }
      }
      return { Label: id.name, Datapoints: [...points.values()] }
    },

    ListMetrics: (input: sdk.ListMetricsInput, context: RequestContext): sdk.ListMetricsOutput => {
      world.advanceTo(context.now)
      const wanted = input.Dimensions ?? []
      const page = paginate(wire, {
        operation: 'ListMetrics',
        items: metrics
          .ids()
          .filter(({ namespace }) => namespace === (input.Namespace ?? namespace))
          .filter(({ name }) => name === (input.MetricName ?? name))
          .filter(({ dimensions }) =>
            wanted.every(
              ({ Name = '', Value }) => Name in dimensions && (Value ?? dimensions[Name]) === dimensions[Name],
            ),
          ),
        limit: 500,
        token: input.NextToken,
        keyOf: (id) => JSON.stringify(id),
        boundTo: [input.Namespace, input.MetricName, wanted],
      })
      const listed = page.items.map(({ namespace, name, dimensions }) => ({
        Namespace: namespace,
        MetricName: name,
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      }))
      return { Metrics: listed, NextToken: page.nextToken }
    },
  }
}

function putDatum(world: World, namespace: string | undefined, datum: sdk.MetricDatum, now: number): void {
  const { metrics } = world.state
  const { MetricName, Dimensions, Timestamp, Value, Values, Counts, StatisticValues: set } = datum
  const id = metricOf({ Namespace: namespace, MetricName, Dimensions })
  const at = Timestamp?.getTime() ?? now
  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
  if (at > now + 2 * 3_600_000 || at < now - 14 * 24 * 3_600_000) {
    throw new ServiceError('InvalidParameterValue', 'The parameter MetricData.Timestamp must be within two weeks.')
  }
  if (set !== undefined) {
    const { Sum: sum = 0, SampleCount: count = 0, Minimum: min = 0, Maximum: max = 0 } = set
    metrics.addSet(id, at, { sum, count, min, max })
    return
  }
  const values = Values?.flatMap((value, index) =>
    Array.from({ length: Math.min(1000, Counts?.[index] ?? 1) }, () => value),
  )
  metrics.add(id, at, values ?? (Value === undefined ? [] : [Value]))
}
