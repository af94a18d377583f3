import { randomUUID } from 'node:crypto'
import type * as sdk from '@aws-sdk/client-cloudwatch-logs'
import type { LogEvent, LogStore } from '../world/log-store.js'
import { type EventStream, ServiceError, type StreamEvent } from '../wire/service.js'
import { readFilterPattern } from './logs-filter.js'

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartLiveTail.html */
const updateEvery = 1000
const longestSession = 3 * 3600_000
const mostInUpdate = 500
const mostWaiting = 10

const invalid = (message: string): ServiceError => new ServiceError('InvalidParameterException', message)

function checked(input: sdk.StartLiveTailRequest, arn: string): (event: LogEvent) => boolean {
  const { logGroupIdentifiers = [], logStreamNames, logStreamNamePrefixes, logEventFilterPattern = '' } = input
  if (logGroupIdentifiers.length === 0 || logGroupIdentifiers.length > 10) {
    throw invalid('Between 1 and 10 log group identifiers must be specified.')
  }
  if (logGroupIdentifiers.some((identifier) => !identifier.startsWith('arn:') || identifier.endsWith('*'))) {
    throw invalid('Log groups must be specified by their ARNs, without an asterisk at the end.')
  }
  if (logGroupIdentifiers.some((identifier) => identifier !== arn)) {
    throw new ServiceError('ResourceNotFoundException', 'The specified log group does not exist.')
  }
  if (logStreamNames !== undefined && logStreamNamePrefixes !== undefined) {
    throw invalid('LogStreamNames and LogStreamNamePrefixes cannot be specified together.')
  }
  const matches = readFilterPattern(logEventFilterPattern)
  return ({ stream, message }) =>
    (logStreamNames?.includes(stream) ?? true) &&
    (logStreamNamePrefixes?.some((prefix) => stream.startsWith(prefix)) ?? true) &&
    matches(message)
}

/** So many of the events, evenly over all of them: which ones AWS takes is not said. */
function sample(events: readonly LogEvent[], most: number): readonly LogEvent[] {
  if (events.length <= most) return events
  return events.filter(
    (_, at) => Math.floor((at * most) / events.length) !== Math.floor(((at - 1) * most) / events.length),
  )
}

/**
 * A session of Live Tail: its start, an update for each second with what was written in it, and its end after three
 * hours, all by the virtual clock; `now` begins it. A client that stays away is kept ten updates, as AWS keeps them.
 */
export function startLiveTail(
  input: sdk.StartLiveTailRequest,
  {
    arn,
    requestId,
    logs,
    now: begin,
  }: { readonly arn: string; readonly requestId: string; readonly logs: LogStore; readonly now: number },
): EventStream {
  const isAsked = checked(input, arn)
  let isOpen = false
  let updates = 0
  let { count } = logs.arrivals(0)

  /** The updates of so many seconds; what would have been in each is not told apart. */
  function updatesOf(seconds: number): readonly StreamEvent[] {
    const arrived = logs.arrivals(count)
    count = arrived.count
    const events = arrived.events.filter(isAsked)
    const room = Math.min(seconds, mostWaiting) * mostInUpdate
    const sampled = events.length > room
    const sent = sample(events, room).map(({ stream, time, message }) => ({
      logStreamName: stream,
      logGroupIdentifier: arn,
      message,
      timestamp: time,
      ingestionTime: time,
    }))
    return Array.from({ length: Math.max(1, Math.ceil(sent.length / mostInUpdate)) }, (_, at): StreamEvent => {
      const sessionResults = sent.slice(at * mostInUpdate, (at + 1) * mostInUpdate)
      const value: sdk.LiveTailSessionUpdate = { sessionMetadata: { sampled }, sessionResults }
      return { name: 'sessionUpdate', value }
    })
  }

  return {
    due(now) {
      const events: StreamEvent[] = []
      if (!isOpen) {
        isOpen = true
        const start: sdk.LiveTailSessionStart = { ...input, requestId, sessionId: randomUUID() }
        events.push({ name: 'sessionStart', value: start })
      }
      const seconds = Math.floor((Math.min(now, begin + longestSession) - begin) / updateEvery)
      if (seconds > updates) events.push(...updatesOf(seconds - updates))
      updates = Math.max(updates, seconds)
      const over = now - begin >= longestSession
      if (over) {
        const value = { message: 'The session has been open for three hours.' }
        events.push({ name: 'SessionTimeoutException', value, isError: true })
      }
      return { events, over }
    },
  }
}
