import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { DeployPlan } from '../../src/lib/plan/deploy-plan.js'
import { cleanEnvironment, root, runCli, type Finished } from '../support/cli.js'
import { normalise } from '../support/normalise.js'
import { copyExample } from '../support/project.js'
import { changesOf, notingCall, startCloud, type Cloud } from '../support/rehearsal.js'
import { startServe } from '../support/serve.js'

const golden = (name: string): string => join(root, 'test/golden/plan', name)

const plan = (cloud: Cloud, ...flags: readonly string[]): Promise<Finished> =>
  runCli(['plan', '-c', cloud.project.config, ...flags], { env: cloud.client() })

async function planned(cloud: Cloud, ...flags: readonly string[]): Promise<DeployPlan> {
  const { code, stdout, stderr } = await plan(cloud, '--json', ...flags)
  expect([code, stderr]).toEqual([0, ''])
  return JSON.parse(stdout) as DeployPlan
}

/** Text without what differs between two runs, durations of the machine's own included. */
const steady = (text: string, cloud: Cloud): string =>
  normalise(text.replaceAll(cloud.project.directory, 'PROJECT'))
    .replaceAll(/\b[0-9a-f]{12}\b/g, 'SHORT')
    .replaceAll(/-c \S+rampart\.yml/g, '-c rampart.yml')

interface Deployed {
  readonly release: string
  readonly images: readonly { readonly service: string; readonly digest: string }[]
  readonly phases: readonly { readonly phase: string; readonly duration: number }[]
}

async function deploy(cloud: Cloud): Promise<Deployed> {
  const { code, stdout, stderr } = await runCli(['deploy', '-c', cloud.project.config, '--json'], {
    env: cloud.client(),
  })
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout) as Deployed
}

const digests = (
  images: readonly { readonly service: string; readonly digest: string }[],
): Readonly<Record<string, string>> => Object.fromEntries(images.map(({ service, digest }) => [service, digest]))

/** How long the rollout took against what was said, as a share of it. */
function errorOf({ forecast }: DeployPlan, { phases }: Deployed): number {
  const said = forecast?.phases.find(({ phase }) => phase === 'rollout')?.span.value ?? Number.NaN
  const took = phases.find(({ phase }) => phase === 'rollout')?.duration ?? Number.NaN
  return Math.abs(said / took - 1)
}

test.each([
  { example: 'rampart-ai', edited: 'backend/app/main.py', targets: 4, replacedNext: 4 },
  // Of services in tasks of their own, only those are replaced that change.
  { example: 'finbert-rag', edited: 'api/app/main.py', targets: 4, replacedNext: 2 },
] as const)(
  '$example: what is planned is what a deploy does, and nothing is changed by planning',
  async (given) => {
    const { example, edited, targets, replacedNext } = given
    const cloud = await startCloud({ example, speed: 100 })
    const before = await planned(cloud)
    const text = await plan(cloud)
    expect(changesOf(cloud)).toEqual([])
    expect(cloud.calls.filter((call) => notingCall.test(call))).toEqual([])
    expect(before).toMatchObject({
      v: 1,
      simulated: true,
      changes: true,
      targets: { desired: targets, replaced: targets },
    })
    expect(before.pushBytes).toBeGreaterThan(0)
    expect(before.risks.filter(({ result }) => result === 'fail')).toEqual([])
    await expect(steady(text.stdout, cloud)).toMatchFileSnapshot(golden(`${example}.txt`))

    const deployed = await deploy(cloud)
    expect(deployed.release).toBe(before.release)
    expect(digests(deployed.images)).toEqual(digests(before.images))
    expect(errorOf(before, deployed)).toBeLessThan(0.2)

    const after = await planned(cloud, '--check')
    expect(after).toMatchObject({ changes: false, pushBytes: 0, forecast: null, surge: null, targets: { replaced: 0 } })
    const nothing = await plan(cloud)
    expect([nothing.code, nothing.stdout]).toEqual([0, expect.stringContaining('nothing to do')])
    await cloud.project.edit(edited, /^/, '# the next change\n')
    const next = await plan(cloud, '--check', '--json')
    expect(next.code).toBe(10)
    expect(JSON.parse(next.stdout)).toMatchObject({
      changes: true,
      targets: { desired: targets, replaced: replacedNext },
    })
  },
  240_000,
)

test('the real program against the rehearsal that another one serves', async () => {
  const project = await copyExample()
  const served = await startServe(['-c', project.config])
  const { code, stdout } = await runCli(['plan', '-c', project.config], { env: served.client() })
  expect(code).toBe(0)
  expect(stdout).toMatch(/^SIMULATED: /)
  expect(stdout).toContain('Nothing was changed.')
})

test('the JSON of a plan is a stable shape', async () => {
  const cloud = await startCloud()
  const { stdout } = await plan(cloud, '--json')
  await expect(steady(stdout, cloud).replaceAll(/: \d+(\.\d+)?(?=,?\n)/g, ': NUMBER')).toMatchFileSnapshot(
    golden('rampart-ai.json'),
  )
})

test('what a rule or a limit does not allow is a risk, with what mends it', async () => {
  const cloud = await startCloud({
    prepare: (project) => project.edit('rampart.yml', 'maxHealthy: 200', 'maxHealthy: 150'),
    switches: { vcpuQuota: 10 },
  })
  cloud.rehearsal.world.state.group.maxSize = 5
  const { surge, risks, forecast } = await planned(cloud)
  expect(forecast?.capacity).toMatchObject({ desired: 4, fewest: 4, most: 6 })
  expect(surge).toMatchObject({
    extra: 4,
    limits: [
      { name: 'maximum', fits: false },
      { name: 'addresses', fits: true },
      // Four instances of two each serve; four more would have eight.
      { name: 'vCPU quota', fits: false, quota: { code: 'L-1216C47A', limit: 10, inUse: 8, needed: 8 } },
    ],
  })
  expect(risks).toMatchObject([
    { name: 'surge', result: 'warn', remedy: expect.stringContaining('--max-size 6') },
    {
      name: 'vCPU quota',
      result: 'warn',
      remedy: expect.stringMatching(/--quota-code L-1216C47A --desired-value 16$/),
    },
  ])
})

test('whoever may not ask for quotas is told that nobody has looked, and plans without', async () => {
  const denied = { match: { service: 'servicequotas' }, rate: 1, effect: { kind: 'denied' } } as const
  const cloud = await startCloud({ example: 'finbert-rag', faults: [denied] })
  const { code, stdout } = await plan(cloud)
  expect(code).toBe(0)
  expect(stdout).toMatch(/SKIP vCPU quota: not looked at: servicequotas:GetServiceQuota is not permitted/)
})

test('more bandwidth and a shorter warmup, given by hand, make the plan shorter', async () => {
  const cloud = await startCloud()
  const [plain, quick] = [
    await planned(cloud),
    await planned(cloud, '--assume', 'warmup=60s', '--assume', 'download=1GB/s'),
  ]
  expect(quick.forecast?.total.value).toBeLessThan(plain.forecast?.total.value ?? 0)
  expect(quick.figures.warmup).toEqual({ value: 60_000, basis: 'assumed', from: 'given' })
  expect(plain.figures).toMatchObject({
    warmup: { value: 180_000, basis: 'measured' },
    draining: { value: 120_000, basis: 'measured' },
    healthCheckInterval: { value: 10_000, basis: 'measured' },
  })
})

test.each([
  [['--assume', 'warp=9'], /supposes nothing under the name warp/],
  [['--assume', 'upload=fast'], /--assume upload=fast: that is no value/],
  [['--adopt', '--deploys-per-day', '0'], /--deploys-per-day must be a number above 0/],
  [['--strategies', '--adopt'], /--adopt/],
  [['--yes'], /--reclaim/],
])('%j is refused in one clear error', async (flags, words) => {
  const project = await copyExample()
  const { code, stdout, stderr } = await runCli(['plan', '-c', project.config, ...flags], { env: cleanEnvironment() })
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(words)
  expect(stderr).not.toMatch(/^\s+at /m)
})

test('without credentials a plan says so, and the comparison goes by assumptions', async () => {
  const project = await copyExample()
  const env = cleanEnvironment({ AWS_EC2_METADATA_DISABLED: 'true' })
  const refused = await runCli(['plan', '-c', project.config], { env })
  expect([refused.code, refused.stdout]).toEqual([7, ''])
  expect(refused.stderr).toMatch(/credentials/i)
  expect(refused.stderr).not.toMatch(/^\s+at /m)
  for (const flag of ['--strategies', '--adopt']) {
    const compared = await runCli(['plan', '-c', project.config, flag], { env })
    expect(compared.code).toBe(0)
    expect(compared.stdout).toContain('not read, images')
  }
})

test.each(['rampart-ai', 'finbert-rag'] as const)('%s: the way to what is recommended', async (example) => {
  const cloud = await startCloud({ example })
  const { code, stdout } = await plan(cloud, '--adopt', '--deploys-per-day', '5')
  expect(code).toBe(0)
  await expect(steady(stdout, cloud)).toMatchFileSnapshot(golden(`${example}.adopt.txt`))
  const { stdout: json } = await plan(cloud, '--adopt', '--json')
  const steps = (JSON.parse(json) as { readonly steps: readonly { readonly name: string; readonly state: string }[] })
    .steps
  expect(steps[0]).toMatchObject({ name: 'thin', state: 'done' })
  expect(changesOf(cloud)).toEqual([])
})

test('a base that is configured and not built is a step that is still to be done', async () => {
  const cloud = await startCloud({
    prepare: (project) => project.edit('rampart.yml', 'warmup: 180s', 'warmup: auto'),
  })
  await cloud.project.edit('rampart.yml', 'repository: rampart-backend-base', 'repository: rampart-other-base')
  const { stdout } = await plan(cloud, '--adopt', '--json')
  const { steps } = JSON.parse(stdout) as {
    readonly steps: readonly { readonly name: string; readonly state: string }[]
  }
  expect(steps.find(({ name }) => name === 'thin')?.state).toBe('next')
})
