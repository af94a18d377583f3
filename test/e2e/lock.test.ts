import { PutParameterCommand, GetParametersByPathCommand, SSMClient } from '@aws-sdk/client-ssm'
import { expect, onTestFinished, test } from 'vitest'
import { runCli, startCli, type Finished } from '../support/cli.js'
import {
  changesOf,
  changingCall,
  exampleGroup,
  historyOf,
  startCloud,
  startHeldCloud,
  type Cloud,
} from '../support/rehearsal.js'

const lockPath = '/rampart/rampart-ai/production/lock'

function parametersOf(cloud: Cloud): SSMClient {
  const env = cloud.client()
  const client = new SSMClient({
    endpoint: env['AWS_ENDPOINT_URL'] ?? '',
    region: env['AWS_REGION'] ?? '',
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'not-a-secret' },
  })
  onTestFinished(() => client.destroy())
  return client
}

/** Rewrites the claim as a process of another machine would have made it: whether that one lives can not be seen here. */
async function moveHolderElsewhere(cloud: Cloud): Promise<void> {
  const client = parametersOf(cloud)
  const { Parameters: claims = [] } = await client.send(new GetParametersByPathCommand({ Path: lockPath }))
  const newest = claims.toSorted((a, b) => ((a.Name ?? '') < (b.Name ?? '') ? -1 : 1)).at(-1)
  const claim = JSON.parse(newest?.Value ?? '{}') as { owner: { host: string; process?: object } }
  claim.owner.host = 'build-7'
  delete claim.owner.process
  await client.send(
    new PutParameterCommand({ Name: newest?.Name, Value: JSON.stringify(claim), Type: 'String', Overwrite: true }),
  )
}

/** Slow enough that heartbeats come in time on a busy machine: 130 seconds of a lease are more than six of these. */
const calm = { speed: 20, switches: { deregistrationDelaySeconds: 5, trafficSeconds: 0 } }

const refused = ({ code, stderr }: Finished): string => {
  expect({ code, stderr: code === 6 ? '' : stderr }).toEqual({ code: 6, stderr: '' })
  return stderr
}

test(
  'two deploys at once: one goes on, the other exits 6 and says who, since when and what',
  { timeout: 120_000 },
  async () => {
    const cloud = await startHeldCloud(calm)
    await cloud.project.edit('rampart.yml', /warmup: \d+s/, 'warmup: 0s')
    const args = ['deploy', '-c', cloud.project.config, '--progress', 'plain']
    const ci = {
      GITHUB_ACTIONS: 'true',
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_REPOSITORY: 'example/rampart-ai',
      GITHUB_RUN_ID: '42',
      GITHUB_ACTOR: 'octocat',
    }
    const first = startCli(args, { env: cloud.client(ci) })
    await first.waitFor('InProgress')
    const stderr = refused(await runCli(args, { env: cloud.client() }))
    expect(stderr).toMatch(
      /Another run has the lock: arn:aws:iam::123456789012:user\/rehearsal on \S+ has it since \S+ \(deploy: rollout of r-\w{10}, https:\/\/github\.com\/example\/rampart-ai\/actions\/runs\/42\)/,
    )
    expect(stderr).toContain('--lock-wait 10m')
    const status = await runCli(['lock', 'status', '-c', cloud.project.config, '--json'], { env: cloud.client() })
    expect(JSON.parse(status.stdout)).toMatchObject({
      v: 1,
      holder: {
        command: 'deploy',
        doing: expect.stringMatching(/^rollout of r-/),
        link: expect.stringContaining('/42'),
      },
    })
    // One that waits gets its turn when the first has ended, and finds that there is nothing left to do.
    const waiting = startCli([...args, '--lock-wait', '100h'], { env: cloud.client() })
    await waiting.waitFor('waiting at most')
    cloud.resume()
    const [done, waited] = await Promise.all([first.finished, waiting.finished])
    expect([done.code, waited.code]).toEqual([0, 0])
    expect(waited.stderr).toMatch(/lock\s+taken after/)
    expect((await historyOf(cloud.client(), exampleGroup)).refreshes).toHaveLength(1)
    const after = await runCli(['lock', 'status', '-c', cloud.project.config], { env: cloud.client() })
    expect(after.stdout).toContain('free: nobody changes rampart-ai, production')
  },
)

test(
  'a holder that was killed with -9 frees the lock: at once on its machine, by expiry on any other',
  { timeout: 120_000 },
  async () => {
    const cloud = await startHeldCloud(calm)
    await cloud.project.edit('rampart.yml', /warmup: \d+s/, 'warmup: 0s')
    const args = ['deploy', '-c', cloud.project.config, '--progress', 'plain']
    const first = startCli(args, { env: cloud.client() })
    await first.waitFor('InProgress')
    first.process.kill('SIGKILL')
    await first.finished
    await moveHolderElsewhere(cloud)
    const elsewhere = await runCli(args, { env: cloud.client() })
    expect(refused(elsewhere)).toContain('on build-7 has it since')
    const waiting = startCli([...args, '--lock-wait', '1h'], { env: cloud.client() })
    await waiting.waitFor(/lock\s+taken/)
    cloud.resume()
    const { code, stderr } = await waiting.finished
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    expect((await historyOf(cloud.client(), exampleGroup)).refreshes.map(({ status }) => status)).toEqual([
      'Successful',
    ])
  },
)

test('a holder that sleeps past its lease makes no change after it wakes', async () => {
  // It stops when it has learned that nothing is under way, right before the request that starts the refresh.
  const stopped = Promise.withResolvers<void>()
  let holder: ReturnType<typeof startCli> | undefined
  let seen = -1
  const cloud = await startCloud({
    speed: 300,
    onAnswer: (_count, _service, operation) => {
      if (operation === 'CreateLaunchTemplateVersion') seen = 0
      if (operation !== 'DescribeInstanceRefreshes' || holder === undefined || seen < 0) return
      seen += 1
      if (seen === 2 && holder.process.kill('SIGSTOP')) stopped.resolve()
    },
  })
  const args = ['deploy', '-c', cloud.project.config, '--progress', 'plain']
  holder = startCli(args, { env: cloud.client() })
  const sleeper = holder
  await stopped.promise
  holder = undefined
  await moveHolderElsewhere(cloud)
  await cloud.project.edit('backend/app/main.py', /^/, '# the next change\n')
  const other = await runCli([...args, '--lock-wait', '10h'], { env: cloud.client() })
  expect({ code: other.code, stderr: other.code === 0 ? '' : other.stderr }).toEqual({ code: 0, stderr: '' })
  const before = changesOf(cloud).length
  const history = await historyOf(cloud.client(), exampleGroup)
  sleeper.process.kill('SIGCONT')
  const { code, stderr } = await sleeper.finished
  expect({ code, stderr: code === 6 ? '' : stderr }).toEqual({ code: 6, stderr: '' })
  expect(stderr).toContain('The lock was lost')
  expect(changesOf(cloud).slice(before)).toEqual([])
  expect(await historyOf(cloud.client(), exampleGroup)).toEqual(history)
})

test('taking the lock away: asked for, written down, and the one that had it stops', { timeout: 120_000 }, async () => {
  const cloud = await startHeldCloud(calm)
  await cloud.project.edit('rampart.yml', /warmup: \d+s/, 'warmup: 0s')
  const at = ['-c', cloud.project.config]
  const env = cloud.client()
  expect((await runCli(['lock', 'release', ...at], { env })).stdout).toContain('nothing to do')
  const first = startCli(['deploy', ...at, '--progress', 'plain'], { env })
  await first.waitFor('InProgress')
  expect(refused(await runCli(['lock', 'release', ...at], { env }))).toContain('--force')
  const unconfirmed = await runCli(['lock', 'release', '--force', ...at], { env })
  expect([unconfirmed.code, unconfirmed.stderr]).toEqual([2, expect.stringContaining('--yes')])
  const forced = await runCli(['lock', 'release', '--force', '--yes', ...at, '--json'], { env })
  expect(JSON.parse(forced.stdout)).toMatchObject({ released: { command: 'deploy' } })
  const { stdout } = await runCli(['lock', 'status', ...at], { env })
  expect(stdout).toContain('free: nobody changes')
  expect(stdout).toMatch(/lock taken by force from \S+ on \S+ \(deploy: rollout of r-\w+\); by \S+ on \S+/)
  cloud.resume()
  // What remains is to look on: the refresh was begun before.
  expect((await first.finished).code).toBe(0)
})

test.each(['GetParametersByPath', 'PutParameter'])(
  'who may not %s is told so before the fleet is changed, and goes on without a ledger',
  async (operation) => {
    const cloud = await startCloud({
      speed: 1200,
      faults: [{ match: { service: 'ssm', operation }, rate: 1, effect: { kind: 'denied' } }],
    })
    const args = ['deploy', '-c', cloud.project.config, '--progress', 'plain']
    const denied = await runCli(args, { env: cloud.client() })
    expect({ code: denied.code, stderr: denied.code === 3 ? '' : denied.stderr }).toEqual({ code: 3, stderr: '' })
    expect(denied.stderr).toContain('rampart doctor --policy')
    expect(cloud.calls.filter((call) => changingCall.test(call))).toEqual([])
    await cloud.project.edit('rampart.yml', /^( +)target:/m, '$1release: { ledger: off }\n$1target:')
    const without = await runCli(args, { env: cloud.client() })
    expect({ code: without.code, stderr: without.code === 0 ? '' : without.stderr }).toEqual({ code: 0, stderr: '' })
  },
)
