import * as sdk from '@aws-sdk/client-cloudwatch-logs'
import type { LogEvent } from '../world/log-store.js'
import type { World } from '../world/world.js'
import { paginate } from '../wire/pagination.js'
import { type EventStream, type RequestContext, type Service, ServiceError } from '../wire/service.js'
import { readFilterPattern } from './logs-filter.js'
import { startLiveTail } from './logs-live-tail.js'
import { putLogEvents } from './logs-put.js'

const signingName = 'logs'
const wire = { signingName, protocol: 'awsJson1_1' } as const
const largestPage = 10_000
const earliestBackwards = Date.parse('2024-01-01T00:00:00Z')

/**
 * CloudWatch Logs over the world's one log group.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
 */
export function createLogsService(world: World): Service {
  const { state } = world
  const arn = `arn:aws:logs:${state.setup.region}:${state.setup.accountId}:log-group:${state.setup.logGroup}`

  function requireGroup(input: { logGroupName?: string | undefined; logGroupIdentifier?: string | undefined }): void {
    const asked = input.logGroupName ?? input.logGroupIdentifier
    if (asked === undefined) {
      throw new ServiceError(
        'InvalidParameterException',
        'Either logGroupName or logGroupIdentifier must be specified.',
      )
    }
    const isThere = state.present.logGroup
    if (!isThere || (asked !== state.setup.logGroup && asked !== arn && asked !== `${arn}:*`)) {
      throw new ServiceError('ResourceNotFoundException', 'The specified log group does not exist.')
    }
  }

  const handlers = {
    DescribeLogGroups: (
      input: sdk.DescribeLogGroupsRequest,
      context: RequestContext,
    ): sdk.DescribeLogGroupsResponse => {
      world.advanceTo(context.now)
      const { logGroupNamePrefix = '', logGroupNamePattern = '' } = input
      const { logGroup } = state.setup
      const isAsked =
        state.present.logGroup && logGroup.startsWith(logGroupNamePrefix) && logGroup.includes(logGroupNamePattern)
      const createdAt = Math.min(...state.logs.streams().map((stream) => stream.createdAt), context.now)
      const described: sdk.LogGroup = {
        logGroupName: logGroup,
        creationTime: createdAt,
        metricFilterCount: 0,
        storedBytes: 0,
        logGroupClass: 'STANDARD',
        arn: `${arn}:*`,
        logGroupArn: arn,
      }
      return { logGroups: isAsked ? [described] : [] }
    },

    CreateLogStream: (input: sdk.CreateLogStreamRequest, context: RequestContext): Record<string, never> => {
      world.advanceTo(context.now)
      requireGroup(input)
      if (!state.logs.create(input.logStreamName ?? '', context.now)) {
        throw new ServiceError('ResourceAlreadyExistsException', 'The specified log stream already exists')
      }
      return {}
    },

    PutLogEvents: (input: sdk.PutLogEventsRequest, context: RequestContext): sdk.PutLogEventsResponse => {
      world.advanceTo(context.now)
      requireGroup(input)
      const stream = input.logStreamName ?? ''
      requireStreams([stream])
      return putLogEvents(state.logs, stream, input.logEvents ?? [], context.now)
    },

    StartLiveTail: (input: sdk.StartLiveTailRequest, context: RequestContext): EventStream => {
      world.advanceTo(context.now)
      return startLiveTail(input, { arn, requestId: context.requestId, logs: state.logs, now: context.now })
    },

    DescribeLogStreams: (
      input: sdk.DescribeLogStreamsRequest,
      context: RequestContext,
    ): sdk.DescribeLogStreamsResponse => {
      world.advanceTo(context.now)
      requireGroup(input)
      const byTime = input.orderBy === 'LastEventTime'
      if (byTime && input.logStreamNamePrefix !== undefined) {
        throw new ServiceError('InvalidParameterException', 'Cannot order by LastEventTime with a logStreamNamePrefix.')
      }
      const streams = state.logs
        .streams()
        .filter(({ name }) => name.startsWith(input.logStreamNamePrefix ?? ''))
        .toSorted((a, b) => (byTime ? (a.lastAt ?? 0) - (b.lastAt ?? 0) : 0))
      const page = paginate(wire, {
        operation: 'DescribeLogStreams',
        items: input.descending === true ? streams.toReversed() : streams,
        limit: input.limit ?? 50,
        token: input.nextToken,
        keyOf: ({ name }) => name,
        boundTo: [input.logStreamNamePrefix, input.orderBy, input.descending],
      })
      return {
        logStreams: page.items.map(({ name, createdAt, firstAt, lastAt }) => ({
          logStreamName: name,
          creationTime: createdAt,
          ...(firstAt !== undefined && { firstEventTimestamp: firstAt }),
          ...(lastAt !== undefined && { lastEventTimestamp: lastAt, lastIngestionTime: lastAt }),
          arn: `${arn}:log-stream:${name}`,
          storedBytes: 0,
        })),
        nextToken: page.nextToken,
      }
    },

    FilterLogEvents: (input: sdk.FilterLogEventsRequest, context: RequestContext): sdk.FilterLogEventsResponse => {
      world.advanceTo(context.now)
      requireGroup(input)
      const names = input.logStreamNames
      if (names !== undefined && input.logStreamNamePrefix !== undefined) {
        throw new ServiceError(
          'InvalidParameterException',
          'LogStreamNames and LogStreamNamePrefix cannot be specified together.',
        )
      }
      if (input.startFromHead === false && (input.startTime ?? 0) < earliestBackwards) {
        throw new ServiceError(
          'InvalidParameterException',
          'startFromHead can be false only when startTime is on or after Jan 1, 2024 00:00:00 UTC.',
        )
      }
      requireStreams(names ?? [])
      const matches = readFilterPattern(input.filterPattern ?? '')
      // Both ends belong to the range.
      const range = { from: input.startTime ?? 0, to: (input.endTime ?? Infinity) + 1 }
      const events = state.logs
        .events(range)
        .filter(({ stream }) => names === undefined || names.includes(stream))
        .filter(({ stream }) => stream.startsWith(input.logStreamNamePrefix ?? ''))
        .filter(({ message }) => matches(message))
      // From the head, which is the earliest event, unless asked otherwise.
      const page = paginate(wire, {
        operation: 'FilterLogEvents',
        items: input.startFromHead === false ? events.toReversed() : events,
        limit: Math.min(input.limit ?? largestPage, largestPage),
        token: input.nextToken,
        keyOf: ({ id }) => id,
        boundTo: [
          range.from,
          input.endTime,
          names,
          input.logStreamNamePrefix,
          input.filterPattern,
          input.startFromHead,
        ],
      })
      return { events: page.items.map(describeEvent), searchedLogStreams: [], nextToken: page.nextToken }
    },
  }
  return { signingName, protocol: 'awsJson1_1', target: 'Logs_20140328', sdk, handlers }

  function requireStreams(names: readonly string[]): void {
    const known = new Set(state.logs.streams().map(({ name }) => name))
    if (names.every((name) => known.has(name))) return
    throw new ServiceError('ResourceNotFoundException', 'The specified log stream does not exist.')
  }
}

const describeEvent = ({ id, stream, time, message }: LogEvent): sdk.FilteredLogEvent => ({
  eventId: id,
  logStreamName: stream,
  timestamp: time,
  ingestionTime: time,
  message,
})
