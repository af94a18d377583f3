import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  StartLiveTailCommand,
  type StartLiveTailRequest,
  type StartLiveTailResponseStream,
} from '@aws-sdk/client-cloudwatch-logs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { arn, eventually, follow, group, startLogCloud, texts, type LogCloud } from './support.js'

const second = 1000

interface Session {
  readonly events: StartLiveTailResponseStream[]
  readonly ended: Promise<void>
}

async function session(cloud: LogCloud, input: Partial<StartLiveTailRequest> = {}): Promise<Session> {
  const client = new CloudWatchLogsClient({
    region: 'us-west-2',
    endpoint: cloud.rehearsal.url,
    disableHostPrefix: true,
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'not-a-secret' },
    maxAttempts: 1,
  })
  onTestFinished(() => client.destroy())
  const { responseStream } = await client.send(new StartLiveTailCommand({ logGroupIdentifiers: [arn], ...input }))
  const events: StartLiveTailResponseStream[] = []
  const ended = (async () => {
    for await (const event of responseStream ?? []) events.push(event)
  })()
  ended.catch(() => undefined)
  return { events, ended }
}

const results = ({ events }: Session): readonly string[] =>
  events.flatMap(({ sessionUpdate }) => (sessionUpdate?.sessionResults ?? []).map(({ message }) => message ?? ''))

describe('the rehearsal’s live tail, by the SDK', () => {
  test('a start, an update each second, what was written in it, and nothing of before', async () => {
    const cloud = await startLogCloud()
    cloud.write('i-1/backend', 'before')
    const live = await session(cloud, { logStreamNamePrefixes: ['i-1'] })
    await eventually(() => live.events.length === 1)
    expect(live.events[0]?.sessionStart).toMatchObject({
      sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      logGroupIdentifiers: [arn],
      logStreamNamePrefixes: ['i-1'],
    })
    cloud.write('i-1/backend', 'one')
    cloud.write('i-2/backend', 'of another')
    cloud.clock.step(second)
    await eventually(() => live.events.length === 2)
    expect(live.events[1]?.sessionUpdate).toEqual({
      sessionMetadata: { sampled: false },
      sessionResults: [
        {
          logStreamName: 'i-1/backend',
          logGroupIdentifier: arn,
          message: 'one',
          timestamp: cloud.clock.now() - second,
          ingestionTime: cloud.clock.now() - second,
        },
      ],
    })
    cloud.clock.step(second)
    await eventually(() => live.events.length === 3)
    expect(live.events[2]?.sessionUpdate?.sessionResults).toEqual([])
  })

  test('above 500 lines a second it is a sample, and says so', async () => {
    const cloud = await startLogCloud()
    const live = await session(cloud)
    await eventually(() => live.events.length === 1)
    for (let count = 0; count < 1200; count++) cloud.write('i-1/backend', `line ${count}`)
    cloud.clock.step(second)
    await eventually(() => live.events.length === 2)
    expect(live.events[1]?.sessionUpdate?.sessionMetadata?.sampled).toBe(true)
    expect(new Set(results(live)).size).toBe(500)
    for (let count = 0; count < 1200; count++) cloud.write('i-1/backend', `later ${count}`)
    cloud.clock.step(3 * second)
    await eventually(() => live.events.length === 5)
    expect(live.events.slice(2).map(({ sessionUpdate }) => sessionUpdate?.sessionMetadata?.sampled)).toEqual([
      false,
      false,
      false,
    ])
    expect(results(live).filter((text) => text.startsWith('later'))).toHaveLength(1200)
  })

  test('it ends after three hours', async () => {
    const cloud = await startLogCloud()
    const live = await session(cloud)
    await eventually(() => live.events.length === 1)
    cloud.write('i-1/backend', 'last')
    cloud.clock.step(3 * 3600 * second)
    // The SDK throws the events of a stream that are errors.
    await expect(live.ended).rejects.toMatchObject({ name: 'SessionTimeoutException' })
    expect(results(live)).toEqual(['last'])
  })

  test.each([
    [{ logGroupIdentifiers: [group] }, 'InvalidParameterException'],
    [{ logGroupIdentifiers: [`${arn}:*`] }, 'InvalidParameterException'],
    [{ logGroupIdentifiers: [] }, 'InvalidParameterException'],
    [{ logGroupIdentifiers: [arn.replace('production', 'other')] }, 'ResourceNotFoundException'],
    [{ logStreamNames: ['a'], logStreamNamePrefixes: ['b'] }, 'InvalidParameterException'],
  ])('%j is refused', async (input, name) => {
    const cloud = await startLogCloud()
    await expect(session(cloud, input)).rejects.toMatchObject({ name })
  })

  test('log groups by their prefix', async () => {
    const cloud = await startLogCloud()
    const client = new CloudWatchLogsClient({ region: 'us-west-2', endpoint: cloud.rehearsal.url })
    onTestFinished(() => client.destroy())
    const { logGroups } = await client.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: '/rampart' }))
    expect(logGroups).toMatchObject([{ logGroupName: group, arn: `${arn}:*`, logGroupArn: arn }])
    expect((await client.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: '/other' }))).logGroups).toEqual([])
  })
})

describe('following live', () => {
  test('what was there before, what comes, and what comes late: each once, in its order', async () => {
    const cloud = await startLogCloud()
    const since = cloud.clock.now()
    cloud.write('i-1/backend', 'one')
    cloud.write('i-1/backend', 'one')
    const following = follow(cloud.aws.logs, cloud.clock, { since })
    await following.until(({ lines }) => lines.length === 2)
    cloud.clock.step(10 * second)
    cloud.write('i-2/backend', 'two')
    cloud.write('i-1/backend', 'late', since + 3)
    cloud.clock.step(second)
    await following.until(({ lines }) => lines.length === 4)
    expect(texts(following.lines)).toEqual(['one', 'one', 'late', 'two'])
    expect(following.batches.every(({ how }) => how === 'live')).toBe(true)
    // The reconciliation finds what is known already.
    const before = cloud.calls.length
    cloud.clock.step(60 * second)
    await eventually(() => cloud.calls.length > before)
    cloud.write('i-1/backend', 'end')
    cloud.clock.step(second)
    await following.until(({ lines }) => lines.some(({ text }) => text === 'end'))
    expect(texts(following.lines)).toEqual(['one', 'one', 'late', 'two', 'end'])
  })

  test('what a sample leaves out is looked up', async () => {
    const cloud = await startLogCloud()
    const following = follow(cloud.aws.logs, cloud.clock)
    cloud.write('i-1/backend', 'begin')
    await following.until(({ lines }) => lines.length === 1)
    for (let count = 0; count < 1200; count++) cloud.write(`i-${count % 7}/backend`, `line ${count}`)
    cloud.clock.step(second)
    await following.until(({ lines }) => lines.length === 501)
    cloud.clock.step(5 * second)
    await following.until(({ lines }) => lines.length === 1201)
    expect(new Set(texts(following.lines)).size).toBe(1201)
  })

  test('the next session begins where one has ended after its three hours', async () => {
    const cloud = await startLogCloud()
    const following = follow(cloud.aws.logs, cloud.clock)
    const sessions = (): number => cloud.calls.filter((operation) => operation === 'StartLiveTail').length
    await eventually(() => sessions() === 1 && cloud.calls.includes('FilterLogEvents'))
    cloud.write('i-1/backend', 'in the first')
    cloud.clock.step(3 * 3600 * second)
    await eventually(() => sessions() === 2)
    cloud.write('i-1/backend', 'in the second')
    cloud.clock.step(second)
    await following.until(({ lines }) => lines.length === 2)
    expect(texts(following.lines)).toEqual(['in the first', 'in the second'])
  })

  test('ends at once when it is told to, and leaves no session behind', async () => {
    const cloud = await startLogCloud()
    const following = follow(cloud.aws.logs, cloud.clock)
    cloud.write('i-1/backend', 'one')
    await following.until(({ lines }) => lines.length === 1)
    await following.stop()
    expect(cloud.clock.sleepers).toBe(0)
  })
})
