import * as sdk from '@aws-sdk/client-cloudwatch'
import { type Service } from '../wire/service.js'
import type { World } from '../world/world.js'
import { alarmHandlers } from './cloudwatch-alarms.js'
import { dashboardHandlers } from './cloudwatch-dashboards.js'
import { metricHandlers } from './cloudwatch-metrics.js'

/** The world's alarms, metrics and dashboards. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/ */
export function createCloudWatchService(world: World): Service {
  return {
    signingName: 'monitoring',
    protocol: 'awsJson1_0',
    target: 'GraniteServiceVersion20100801',
    // Clients from before 2025 speak the query protocol.
    also: [{ protocol: 'awsQuery', target: '2010-08-01' }],
    sdk,
    handlers: { ...alarmHandlers(world), ...metricHandlers(world), ...dashboardHandlers(world) },
  }
}
