import {
  CloudWatchLogsClient,
  FilterLogEventsCommand,
  paginateDescribeLogGroups,
  paginateFilterLogEvents,
  type FilteredLogEvent,
} from '@aws-sdk/client-cloudwatch-logs'
import { RampartError } from '../errors/rampart-error.js'
import type { LogLine, LogSource } from '../ports/log-source.js'
import { call, errorCode } from './failure.js'
import { liveLines } from './live-tail.js'
import { clientSettings, counted, type ClientOptions } from './options.js'
import { withoutStrangePrefix } from './host-prefix.js'

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html */
const largestPage = 10_000

const lineOf = (event: FilteredLogEvent): LogLine => ({
  id: event.eventId ?? '',
  stream: event.logStreamName ?? '',
  time: event.timestamp ?? 0,
  text: event.message ?? '',
})

/** The LogSource port on CloudWatch Logs. */
export function createLogSource(options: ClientOptions): LogSource {
  const client = withoutStrangePrefix(counted(new CloudWatchLogsClient(clientSettings(options)), options))

  /** Live sessions take nothing but the ARN of a group. */
  async function arnOf(group: string): Promise<string> {
    return call('logs:DescribeLogGroups', async () => {
      for await (const page of paginateDescribeLogGroups({ client }, { logGroupNamePrefix: group })) {
        const arn = page.logGroups?.find(({ logGroupName }) => logGroupName === group)?.logGroupArn
        if (arn !== undefined) return arn
      }
      // It may yet be made: by the first target that writes to it.
      throw new RampartError('unreachable', `The log group ${group} does not exist.`, { passing: true })
    })
  }

  return {
    async exists(group) {
      try {
        // The one operation of this service that a deploy needs: whoever may deploy may ask this.
        await client.send(new FilterLogEventsCommand({ logGroupName: group, limit: 1 }))
        return true
      } catch (error) {
        if (errorCode(error) === 'ResourceNotFound') return false
        return call('logs:FilterLogEvents', () => Promise.reject(error))
      }
    },

    async read(group, { since, streamPrefix, limit = 1000 }) {
      const lines: LogLine[] = []
      try {
        const pages = paginateFilterLogEvents(
          { client },
          {
            logGroupName: group,
            startTime: since,
            limit: Math.min(limit, largestPage),
            // Newest first: the last words of a target that talks a lot must not be lost behind its first ones.
            startFromHead: false,
            ...(streamPrefix !== undefined && { logStreamNamePrefix: streamPrefix }),
          },
        )
        for await (const page of pages) {
          lines.push(...(page.events ?? []).map(lineOf))
          if (lines.length >= limit) break
        }
      } catch (error) {
        if (errorCode(error) === 'ResourceNotFound') return []
        await call('logs:FilterLogEvents', () => Promise.reject(error))
      }
      return lines.slice(0, limit).toReversed()
    },

    async page(group, { since, until, streamPrefix, from }) {
      try {
        const { events = [], nextToken } = await client.send(
          new FilterLogEventsCommand({
            logGroupName: group,
            startTime: since,
            limit: largestPage,
            ...(until !== undefined && { endTime: until }),
            ...(streamPrefix !== undefined && { logStreamNamePrefix: streamPrefix }),
            ...(from !== undefined && { nextToken: from }),
          }),
        )
        return { lines: events.map(lineOf), ...(nextToken !== undefined && { next: nextToken }) }
      } catch (error) {
        if (errorCode(error) === 'ResourceNotFound') return { lines: [] }
        return call('logs:FilterLogEvents', () => Promise.reject(error))
      }
    },

    async *live(group, { streamPrefixes, signal }) {
      const arn = await arnOf(group)
      yield* liveLines(client, arn, streamPrefixes ?? [], signal)
    },
  }
}
