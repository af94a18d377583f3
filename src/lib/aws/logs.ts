import { CloudWatchLogsClient, FilterLogEventsCommand, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs'
import type { LogLine, LogSource } from '../ports/log-source.js'
import { call, errorCode } from './failure.js'
import { clientSettings, type ClientOptions } from './options.js'

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html */
const largestPage = 10_000

/** The LogSource port on CloudWatch Logs. */
export function createLogSource(options: ClientOptions): LogSource {
  const client = new CloudWatchLogsClient(clientSettings(options))
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
          for (const event of page.events ?? []) {
            lines.push({
              id: event.eventId ?? '',
              stream: event.logStreamName ?? '',
              time: event.timestamp ?? 0,
              text: event.message ?? '',
            })
          }
          if (lines.length >= limit) break
        }
      } catch (error) {
        if (errorCode(error) === 'ResourceNotFound') return []
        await call('logs:FilterLogEvents', () => Promise.reject(error))
      }
      return lines.slice(0, limit).toReversed()
    },
  }
}
