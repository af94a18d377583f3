import { availableParallelism } from 'node:os'
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Digest } from '../../src/lib/domain/digest.js'
import { runCli, startCli, type Running } from '../support/cli.js'
import {
  changingCall,
  exampleGroup,
  historyOf,
  notingCall,
  startCloud,
  type Cloud,
  type CloudOptions,
} from '../support/rehearsal.js'

// At this speed rampart looks at the rollout a few times only; a look more would ask the same questions again.
const speed = 10_000

interface End {
  readonly refreshes: readonly string[]
  readonly versions: readonly number[]
  /** The launch-template version of each instance of the group. */
  readonly serves: readonly number[]
  readonly images: readonly (Digest | undefined)[]
  readonly proved: boolean
}

const repositories = ['rampart-backend', 'rampart-frontend']

async function endOf(cloud: Cloud, stdout: string): Promise<End> {
  const { refreshes, versions } = await historyOf(cloud.client(), exampleGroup)
  const { registry, world } = cloud.rehearsal
  return {
    refreshes: refreshes.map(({ status, version }) => `${status} to ${version}`),
    versions,
    serves: world.state.group.instances.map((instance) => instance.template.version),
    images: repositories.map((name) => registry.catalog.find(name, 'latest')?.digest),
    proved: stdout.includes('4 of 4 targets proved'),
  }
}

/** One big file makes the upload long enough to be killed in the middle. */
const weights = randomBytes(4_000_000)

async function cloudWith(options: CloudOptions): Promise<Cloud> {
  // Quiet targets and few samples: what the release is proved by is asked the same calls, and costs half as much.
  const cloud = await startCloud({ speed, switches: { trafficSeconds: 0 }, ...options })
  await cloud.project.edit('rampart.yml', 'samples: 30', 'samples: 3')
  await cloud.project.write('backend/app/weights.bin', weights)
  return cloud
}

async function healthyRun(): Promise<{ cloud: Cloud; end: End }> {
  const cloud = await cloudWith({})
  const { code, stdout, stderr } = await runCli(['deploy', '-c', cloud.project.config], { env: cloud.client() })
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  return { cloud, end: await endOf(cloud, stdout) }
}

/** A moment at which the process dies. */
interface Moment {
  readonly name: string
  readonly options: (kill: () => void) => CloudOptions
}

/** Dies when its nth call arrives, which AWS never comes to perform. */
const callLost = (n: number, call: string): Moment => ({
  name: `call ${n} (${call}) on its way there`,
  options: (kill) => ({
    faults: [{ calls: [n], effect: { kind: 'drop', when: 'before' } }],
    onCall: (count) => {
      if (count === n) kill()
    },
  }),
})

/** Dies when AWS has performed its nth call, before it hears of it. */
const answerLost = (n: number, call: string): Moment => ({
  name: `call ${n} (${call}) performed, its answer on the way back`,
  options: (kill) => ({
    onAnswer: (count) => {
      if (count === n) kill()
    },
  }),
})

/** Dies when its nth request arrives at the registry; an upload is then in its middle. */
const requestCut = (n: number, request: string): Moment => ({
  name: `registry request ${n} (${request})`,
  options: (kill) => ({
    onRegistryRequest: (count) => {
      if (count === n) kill()
    },
  }),
})

/** Kills a deploy at that moment and runs the same command again; undefined when it ended before the moment came. */
async function killAndRepeat(moment: Moment, midway: boolean): Promise<End | undefined> {
  const victim: { running?: Running; cloud?: Cloud } = {}
  let killed = false
  const kill = (): void => {
    // The numbers go on in the second run.
    if (killed) return
    killed = true
    victim.running?.process.kill('SIGKILL')
    if (midway) victim.cloud?.pause()
  }
  const cloud = (victim.cloud = await cloudWith(moment.options(kill)))
  const env = cloud.client()
  victim.running = startCli(['deploy', '-c', cloud.project.config], { env })
  const { signal } = await victim.running.finished
  const second = startCli(['deploy', '-c', cloud.project.config], { env })
  if (midway) {
    await second.waitFor('attached to')
    cloud.resume()
  }
  const again = await second.finished
  if (again.code !== 0) throw new Error(`${moment.name}: exit code ${again.code}\n${again.stderr}`)
  return signal === 'SIGKILL' ? endOf(cloud, again.stdout) : undefined
}

/** Tries the moments, several at once. Gives those that ended differently, and how many times it was killed. */
async function tryAll(
  moments: readonly Moment[],
  expected: End,
  midway = false,
): Promise<{ different: unknown[]; killed: number }> {
  const different: unknown[] = []
  let killed = 0
  const rest = [...moments]
  const work = async (): Promise<void> => {
    for (let moment = rest.shift(); moment !== undefined; moment = rest.shift()) {
      const end = await killAndRepeat(moment, midway).catch((error: unknown) => String(error))
      if (end === undefined) continue
      killed += 1
      if (JSON.stringify(end) !== JSON.stringify(expected)) different.push({ moment: moment.name, end })
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  return { different, killed }
}

test('kill -9 at any call to AWS, then the same command: one release, one refresh, the same end', async () => {
  const { cloud, end } = await healthyRun()
  expect(end).toEqual({
    refreshes: ['Successful to 8'],
    versions: [8, 7],
    serves: [8, 8, 8, 8],
    images: [expect.stringMatching(/^sha256:/), expect.stringMatching(/^sha256:/)],
    proved: true,
  })
  const { calls } = cloud
  const start = calls.indexOf('autoscaling:StartInstanceRefresh')
  // The heartbeats of the lock come as the clock has it: of those that follow the start, some will do.
  const notes = calls.flatMap((call, index) => (index > start && call.startsWith('ssm:') ? [index] : []))
  const beats = new Set(notes.slice(8, -8))
  expect(calls.filter((call) => changingCall.test(call))).toEqual([
    'ec2:CreateLaunchTemplateVersion',
    'autoscaling:StartInstanceRefresh',
  ])
  const moments = calls.flatMap((call, index) =>
    beats.has(index)
      ? []
      : [
          callLost(index + 1, call),
          // A question leaves the same world whether it was answered or lost.
          ...(changingCall.test(call) || notingCall.test(call) ? [answerLost(index + 1, call)] : []),
        ],
  )
  const { different, killed } = await tryAll(moments, end)
  expect(different).toEqual([])
  expect(killed).toBeGreaterThan(start + 4)
}, 1_200_000)

test('kill -9 at any request to the registry, uploads in their middle included: the same end', async () => {
  const { cloud, end } = await healthyRun()
  expect(cloud.requests.filter((request) => request.startsWith('PUT ')).length).toBeGreaterThanOrEqual(6)
  const moments = cloud.requests.map((request, index) => requestCut(index + 1, request))
  const { different, killed } = await tryAll(moments, end)
  expect(different).toEqual([])
  expect(killed).toBeGreaterThan(moments.length - 4)
}, 480_000)

/** Dies when its nth question after the start of the refresh arrives; heartbeats of the lock come in between as they like. */
const inRollout = (n: number): Moment => ({
  name: `question ${n} after the start`,
  options: (kill) => {
    let asked = -1
    return {
      // Slower than elsewhere: the fleet is to be half-way still when the call comes.
      speed: 300,
      onCall: (_count, service, operation) => {
        if (operation === 'StartInstanceRefresh') asked = 0
        else if (asked >= 0 && service !== 'ssm') {
          asked += 1
          if (asked === n) kill()
        }
      },
    }
  },
})

test('kill -9 while the fleet rolls, then the same command: it attaches to the refresh that runs', async () => {
  const { end } = await healthyRun()
  const moments = [1, 2, 3, 4, 5, 6].map(inRollout)
  // The cloud's time stands still from the death of the first run until the second has attached.
  const { different, killed } = await tryAll(moments, end, true)
  expect(different).toEqual([])
  expect(killed).toBe(moments.length)
})
