import { CloudWatchClient, paginateGetMetricData } from '@aws-sdk/client-cloudwatch'
import type { Metrics } from '../ports/metrics.js'
import { call } from './failure.js'
import { clientSettings, counted, type ClientOptions } from './options.js'

/** The Metrics port on the AWS SDK. */
export function createMetrics(options: ClientOptions): Metrics {
  const client = counted(new CloudWatchClient(clientSettings(options)), options)
  return {
    greatest: async ({ namespace, name, dimensions }, from, to) =>
      call('cloudwatch:GetMetricData', async () => {
        const values: number[] = []
        const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }))
        const Metric = { Namespace: namespace, MetricName: name, Dimensions }
        const pages = paginateGetMetricData(
          { client },
          {
            StartTime: new Date(from),
            EndTime: new Date(to),
            MetricDataQueries: [{ Id: 'greatest', MetricStat: { Metric, Period: 60, Stat: 'Maximum' } }],
          },
        )
        for await (const page of pages)
          values.push(...(page.MetricDataResults ?? []).flatMap((one) => one.Values ?? []))
        return values
      }),
  }
}
