import * as sdk from '@aws-sdk/client-cloudwatch'
import type { Alarm } from '../world/state.js'
import type { World } from '../world/world.js'
import { paginate } from '../wire/pagination.js'
import { type RequestContext, type Service, ServiceError } from '../wire/service.js'
import { setAlarmState } from '../world/alarms.js'

const signingName = 'monitoring'
const wire = { signingName, protocol: 'awsJson1_0' } as const

/**
 * The world's alarms.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
 */
export function createCloudWatchService(world: World): Service {
  const { state } = world
  const handlers = {
    DescribeAlarms: (input: sdk.DescribeAlarmsInput, context: RequestContext): sdk.DescribeAlarmsOutput => {
      world.advanceTo(context.now)
      if (input.AlarmNames !== undefined && input.AlarmNamePrefix !== undefined) {
        throw new ServiceError('ValidationError', 'AlarmNames and AlarmNamePrefix can not be specified together')
      }
      const ofType = input.AlarmTypes?.includes('MetricAlarm') ?? true
      const page = paginate(wire, {
        operation: 'DescribeAlarms',
        items: state.alarms
          .filter(({ name }) => input.AlarmNames?.includes(name) ?? name.startsWith(input.AlarmNamePrefix ?? ''))
          .filter((alarm) => ofType && (input.StateValue === undefined || input.StateValue === alarm.state)),
        limit: input.MaxRecords ?? 50,
        token: input.NextToken,
        keyOf: ({ name }) => name,
        boundTo: [input.AlarmNames, input.AlarmNamePrefix, input.StateValue],
      })
      return { MetricAlarms: page.items.map(describeAlarm), CompositeAlarms: [], NextToken: page.nextToken }
    },

    SetAlarmState: (input: sdk.SetAlarmStateInput, context: RequestContext): void => {
      world.advanceTo(context.now)
      const alarm = state.alarms.find(({ name }) => name === input.AlarmName)
      if (alarm === undefined) throw new ServiceError('ResourceNotFound', 'Unknown alarm', { status: 404 })
      setAlarmState(state, alarm, input.StateValue ?? 'OK', input.StateReason ?? '')
      world.advanceTo(context.now)
    },
  }
  return {
    signingName,
    protocol: 'awsJson1_0',
    target: 'GraniteServiceVersion20100801',
    // Clients from before 2025 speak the query protocol.
    also: [{ protocol: 'awsQuery', target: '2010-08-01' }],
    sdk,
    handlers,
  }
}

function describeAlarm(alarm: Alarm): sdk.MetricAlarm {
  return {
    AlarmName: alarm.name,
    AlarmArn: alarm.arn,
    ActionsEnabled: true,
    OKActions: [],
    AlarmActions: [],
    InsufficientDataActions: [],
    StateValue: alarm.state,
    StateReason: alarm.reason,
    StateUpdatedTimestamp: new Date(alarm.updatedAt),
    MetricName: alarm.metric,
    Namespace: 'AWS/ApplicationELB',
    Statistic: 'Sum',
    Dimensions: [],
    Period: 60,
    EvaluationPeriods: 3,
    Threshold: 10,
    ComparisonOperator: 'GreaterThanThreshold',
    TreatMissingData: 'ignore',
  }
}
