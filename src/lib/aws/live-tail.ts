import { type CloudWatchLogsClient, StartLiveTailCommand } from '@aws-sdk/client-cloudwatch-logs'
import { RampartError } from '../errors/rampart-error.js'
import type { LiveLines } from '../ports/log-source.js'
import { call, errorCode } from './failure.js'

const operation = 'logs:StartLiveTail'

/**
 * One session of Live Tail, until it has been open for its three hours or the signal is aborted.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartLiveTail.html
 */
export async function* liveLines(
  client: CloudWatchLogsClient,
  arn: string,
  streamPrefixes: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<LiveLines, void> {
  const command = new StartLiveTailCommand({
    logGroupIdentifiers: [arn],
    ...(streamPrefixes.length > 0 && { logStreamNamePrefixes: [...streamPrefixes] }),
  })
  const { responseStream } = await call(operation, () => client.send(command, { abortSignal: signal }))
  if (responseStream === undefined) throw new RampartError('unreachable', `${operation} answered without a stream.`)
  const messages = responseStream[Symbol.asyncIterator]()
  for (;;) {
    const came = await messages.next().catch((error: unknown) => {
      signal.throwIfAborted()
      // The SDK throws the events that are errors.
      if (errorCode(error) === 'SessionTimeout') return 'over' as const
      // What breaks a stream in its middle is the connection or the service; another session may fare better.
      const said = error instanceof Error ? error.message : String(error)
      throw new RampartError('unreachable', `${operation} broke off: ${said}`, { passing: true, cause: error })
    })
    if (came === 'over') return
    if (came.done === true) {
      throw new RampartError('unreachable', `${operation} ended before its time.`, { passing: true })
    }
    const { sessionStart, sessionUpdate } = came.value
    if (sessionStart !== undefined) yield { kind: 'open' }
    if (sessionUpdate !== undefined) {
      const lines = (sessionUpdate.sessionResults ?? []).map(({ logStreamName = '', timestamp = 0, message = '' }) => ({
        id: '',
        stream: logStreamName,
        time: timestamp,
        text: message,
      }))
      yield { kind: 'lines', lines, sampled: sessionUpdate.sessionMetadata?.sampled === true }
    }
  }
}
