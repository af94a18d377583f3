import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createAws } from '../../src/lib/aws/index.js'
import { exitCodes } from '../../src/lib/errors/exit-codes.js'
import type { FaultEffect } from '../../src/lib/rehearsal/wire/faults.js'
import { createAsgDriver } from '../../src/lib/rollout/asg/driver.js'
import {
  digestsOf,
  groupName,
  logGroup,
  of,
  region,
  servesEverywhere,
  startFleet,
  usual,
  type Run,
} from './support/fleet.js'

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index)

/** The watch's own calls: of the fifth look and so many after it. */
const looks = (count: number, effect: FaultEffect) => ({
  match: { operation: 'DescribeInstanceRefreshes' },
  calls: range(8, 7 + count),
  effect,
})

describe('a cloud that is out of reach', () => {
  test.each<[string, FaultEffect]>([
    ['dropped connections', { kind: 'drop', when: 'before' }],
    ['5xx', { kind: 'status', status: 503 }],
    ['throttling', { kind: 'throttle' }],
  ])('for some minutes (%s): said once, and once more when it is back', async (_name, effect) => {
    const fleet = await startFleet({ faults: [looks(5, effect)] })
    const { ended, events } = await fleet.run()
    expect(ended.ending).toBe('done')
    expect(of(events, 'warning').map(({ message }) => message)).toEqual([
      expect.stringMatching(/^autoscaling:DescribeInstanceRefreshes.*Trying again for 10 minutes\.$/s),
      'The rollout is seen again after 3 minutes.',
    ])
    servesEverywhere(fleet, digestsOf(fleet.release('next')))
  })

  test('for good: after ten minutes the outcome is unknown, with the way back', async () => {
    const fleet = await startFleet({ faults: [looks(1000, { kind: 'drop', when: 'before' })] })
    const { ended, events } = await fleet.run()
    expect({ ending: ended.ending, exit: exitCodes[ended.ending] }).toEqual({ ending: 'unknown', exit: 8 })
    expect(of(events, 'warning')).toHaveLength(1)
    expect(of(events, 'rollout.finished')).toMatchObject([{ outcome: 'abandoned' }])
    expect(of(events, 'detached')).toHaveLength(1)
    expect(ended.problems).toEqual([expect.stringContaining('could not be reached')])
    expect(ended.next.at(-1)).toBe('rampart deploy -c rampart.yml')
    const started = fleet.calls.find(({ operation }) => operation === 'StartInstanceRefresh')
    const minutes = (fleet.clock.now() - (started?.at ?? 0)) / 60_000
    expect(minutes).toBeGreaterThan(10)
    expect(minutes).toBeLessThan(12)
  })

  test('while it is asked to go back: asked again, announced once', async () => {
    const fleet = await startFleet({
      scenario: 'never-ready',
      faults: [
        { match: { operation: 'RollbackInstanceRefresh' }, calls: [1, 2, 3], effect: { kind: 'drop', when: 'before' } },
      ],
    })
    const { ended, events } = await fleet.run()
    expect(ended.ending).toBe('rolledBack')
    const going = of(events, 'warning').filter(({ message }) => message.includes('going back'))
    expect(going).toHaveLength(1)
  })

  test('the answer to going back is lost: it went back all the same', async () => {
    const fleet = await startFleet({
      scenario: 'never-ready',
      maxAttempts: 3,
      faults: [
        { match: { operation: 'RollbackInstanceRefresh' }, calls: [1], effect: { kind: 'drop', when: 'after' } },
      ],
    })
    const { ended } = await fleet.run()
    expect(ended.ending).toBe('rolledBack')
    expect(fleet.calls.filter(({ operation }) => operation === 'RollbackInstanceRefresh')).toHaveLength(2)
  })

  test('during the proof: the proof waits, and says what it could not see when it must end', async () => {
    const one = { match: { service: 'ec2', operation: 'DescribeLaunchTemplateVersions' } } as const
    const healthy = await startFleet()
    await healthy.run()
    const last = healthy.calls.filter(({ operation }) => operation === one.match.operation).length
    const back = await startFleet({ faults: [{ ...one, calls: range(last, last + 3), effect: { kind: 'throttle' } }] })
    expect((await back.run()).ended.ending).toBe('done')
    const gone = await startFleet({ faults: [{ ...one, calls: range(last, last + 99), effect: { kind: 'throttle' } }] })
    expect((await gone.run()).ended).toMatchObject({
      ending: 'verification',
      message: expect.stringMatching(/^The rollout ended well, but its targets could not be proved: ec2:/),
    })
  })
})

/** A run whose first looks ask for a refresh that is not there. */
async function hidden(count: number): Promise<Run> {
  const fleet = await startFleet()
  const driver = fleet.driver()
  let seen = 0
  const observe: typeof driver.observe = (handle, revision) => {
    seen += 1
    return driver.observe(seen <= count ? { ...handle, id: '00000000-0000-0000-0000-000000000000' } : handle, revision)
  }
  return fleet.run({ request: { driver: { ...driver, observe } } })
}

describe('a refresh that AWS does not list', () => {
  test('yet: AWS answers a little later', async () => {
    const { ended, events } = await hidden(3)
    expect(ended.ending).toBe('done')
    expect(of(events, 'warning')[0]?.message).toMatch(/^AWS does not list instance refresh 0{8}/)
  })

  test('after a minute: nobody knows how it goes, and the way back is said', async () => {
    const { ended } = await hidden(1000)
    expect(ended).toMatchObject({ ending: 'unknown', next: ['rampart deploy -c rampart.yml'] })
  })
})

test('expired credentials end the watch at once: outcome unknown, and how to renew them', async () => {
  const fleet = await startFleet({ faults: [looks(1000, { kind: 'expired-credentials' })] })
  const { ended, events } = await fleet.run()
  expect(ended).toMatchObject({
    ending: 'unknown',
    problems: [expect.stringMatching(/does not accept the credentials/)],
    next: [expect.stringContaining('aws sso login'), expect.any(String), 'rampart deploy -c rampart.yml'],
  })
  expect(of(events, 'warning')).toEqual([])
  expect(of(events, 'detached')).toHaveLength(1)
  // The rollout is under way and well; with new credentials the same command finishes it.
  expect(fleet.cloud.world.state.refreshes.map(({ status }) => status)).toEqual(['InProgress'])
})

/** Refuses calls of those operations as AWS does when the policy does not allow them, and hands on all others. */
async function deny(url: string, operations: readonly string[]): Promise<string> {
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await buffer(request)
    const target = String(request.headers['x-amz-target'] ?? '')
    const operation = target.split('.').at(-1) || (new URLSearchParams(body.toString()).get('Action') ?? '')
    if (operations.includes(operation)) {
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' })
      response.end(JSON.stringify({ __type: 'AccessDeniedException', message: `not authorized: ${operation}` }))
      return
    }
    const answer = await fetch(url, { method: 'POST', headers: request.headers as Record<string, string>, body })
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' })
    response.end(Buffer.from(await answer.arrayBuffer()))
  }
  const server = createServer((request, response) => void pass(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('a witness that may not be asked costs its words and not the outcome', async () => {
  const fleet = await startFleet({ scenario: 'never-ready', rollout: { alarms: ['target-5xx'] } })
  const proxy = await deny(fleet.cloud.url, ['FilterLogEvents'])
  process.env['AWS_ENDPOINT_URL_CLOUDWATCH_LOGS'] = proxy
  const aws = createAws({ region, maxAttempts: 1 })
  const driver = createAsgDriver(groupName, usual, { ...aws, clock: fleet.clock }, logGroup)
  const { ended, events } = await fleet.run({ request: { driver } })
  expect(ended.ending).toBe('rolledBack')
  const [finished] = of(events, 'rollout.finished')
  expect(finished?.cause?.code).toBe('never-ready')
  expect(finished?.cause?.evidence[0]).toMatch(/its log was not read: logs:FilterLogEvents is not permitted/)
})

test('without a log group the cause says how to see what the target says', async () => {
  const fleet = await startFleet({ scenario: 'bad-image', logs: false })
  const { ended } = await fleet.run()
  expect(ended.next).toContain('set logs.group in rampart.yml to see what the target itself says')
})

test('AWS will not go back: attention, the cause, and the command that stops it', async () => {
  const fleet = await startFleet({ scenario: 'never-ready' })
  fleet.clock.meanwhile = () => {
    const refresh = fleet.cloud.world.state.refreshes.at(-1)
    // As if the group had followed $Latest when somebody else began it: AWS has no number to go back to.
    if (refresh !== undefined) Object.assign(refresh, { source: { ...refresh.source, version: '$Latest' } })
  }
  const { ended, events } = await fleet.run()
  expect(ended).toMatchObject({
    ending: 'attention',
    problems: [expect.stringMatching(/^AWS refused to roll back .* \(IrreversibleInstanceRefresh\)$/)],
  })
  expect(ended.next[0]).toMatch(/cancel-instance-refresh/)
  expect(of(events, 'rollout.finished')).toMatchObject([{ outcome: 'failed', cause: { code: 'never-ready' } }])
})
