import type { InputLogEvent, PutLogEventsResponse } from '@aws-sdk/client-cloudwatch-logs'
import type { LogStore } from '../world/log-store.js'
import { ServiceError } from '../wire/service.js'

const hour = 3_600_000

/**
 * Takes a batch of lines, and says which it does not keep: those of more than two hours ahead or two weeks ago.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
 */
export function putLogEvents(
  logs: LogStore,
  stream: string,
  events: readonly InputLogEvent[],
  now: number,
): PutLogEventsResponse {
  const times = events.map(({ timestamp = 0 }) => timestamp)
  if (times.some((time, index) => time < (times[index - 1] ?? 0))) {
    throw invalid('Log events in a single PutLogEvents request must be in chronological order.')
  }
  if ((times.at(-1) ?? 0) - (times[0] ?? 0) > 24 * hour) {
    throw invalid('The batch of log events in a single PutLogEvents request cannot span more than 24 hours.')
  }
  const old = times.filter((time) => time < now - 14 * 24 * hour).length
  const early = times.findIndex((time) => time > now + 2 * hour)
  for (const { timestamp = 0, message = '' } of events.slice(old, early < 0 ? undefined : early)) {
    logs.append(stream, timestamp, message)
  }
  return {
    // Of no use since 2023, and still there.
    nextSequenceToken: String(now).padStart(56, '4'),
    ...((old > 0 || early >= 0) && {
      rejectedLogEventsInfo: {
        ...(old > 0 && { tooOldLogEventEndIndex: old }),
        ...(early >= 0 && { tooNewLogEventStartIndex: early }),
      },
    }),
  }
}

const invalid = (message: string): ServiceError => new ServiceError('InvalidParameterException', message)
