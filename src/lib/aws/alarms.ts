import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch'
import type { Alarms } from '../ports/alarms.js'
import { call } from './failure.js'
import { clientSettings, counted, type ClientOptions } from './options.js'

/** The Alarms port on the AWS SDK. */
export function createAlarms(options: ClientOptions): Alarms {
  const client = counted(new CloudWatchClient(clientSettings(options)), options)
  return {
    async describeAlarms(names) {
      if (names.length === 0) return []
      const answer = await call('cloudwatch:DescribeAlarms', () =>
        client.send(
          new DescribeAlarmsCommand({ AlarmNames: [...names], AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] }),
        ),
      )
      return [...(answer.MetricAlarms ?? []), ...(answer.CompositeAlarms ?? [])].map((alarm) => ({
        name: alarm.AlarmName ?? '',
        state: alarm.StateValue ?? '',
        reason: alarm.StateReason ?? '',
      }))
    },
  }
}
