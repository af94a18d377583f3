import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { actionsOf, type PolicyDocument } from '../../src/lib/doctor/policy/document.js'
import type { Switches } from '../../src/lib/rehearsal/world/switches.js'
import { emptyCloud, type EmptyCloud } from '../infra/cloud.js'
import { infraProject } from '../infra/project.js'
import { runCli, startCli, type Finished } from '../support/cli.js'

const certificate = (region: string): string =>
  `arn:aws:acm:${region}:123456789012:certificate/0f0e0d0c-0000-4000-8000-000000000000`

const jsonOf = ({ stdout }: Finished): Record<string, unknown> => JSON.parse(stdout) as Record<string, unknown>

type Example = 'rampart-ai' | 'finbert-rag'

interface Stood extends EmptyCloud {
  readonly edit: (from: string, to: string) => Promise<void>
  readonly config: string
}

/** An account, and a project that has a model cache. */
async function standing(example: Example, switches: Partial<Switches> = {}, speed?: number): Promise<Stood> {
  const { config } = await infraProject(example, certificate(example === 'rampart-ai' ? 'us-west-2' : 'ap-south-1'))
  const edit = async (from: string, to: string): Promise<void> => {
    const text = await readFile(config, 'utf8')
    expect(text).toContain(from)
    await writeFile(config, text.replace(from, to))
  }
  return { ...(await emptyCloud(config, switches, speed)), config, edit }
}

async function deployed(stood: Stood): Promise<Stood> {
  const made = await stood.rampart('infra', 'deploy', '--yes')
  expect([made.code, made.code === 0 ? '' : made.stderr]).toEqual([0, ''])
  return stood
}

const fillsOf = ({ cloud }: EmptyCloud) =>
  cloud.world.state.ecs.tasks.filter(({ definition }) => definition.family.endsWith('-cache'))

const elastic = 'modelCache: { path: /app/.cache/huggingface }'
const bursting = 'modelCache: { path: /app/.cache/huggingface, throughput: bursting }'

describe.each(['rampart-ai', 'finbert-rag'] as const)('the model cache of %s', (example) => {
  test('is filled once, proved, and looked at', async () => {
    const stood = await deployed(await standing(example))
    const { cloud, rampart } = stood
    const before = await rampart('cache', 'status', '--check', '--json')
    expect([before.code, jsonOf(before)]).toMatchObject([
      3,
      { complete: false, throughput: 'elastic', burst: null, unmounted: [], state: 'available' },
    ])

    const filled = await runCli(['cache', 'warm', '-c', stood.config, '--progress', 'ndjson'], { env: stood.env })
    expect([filled.code, filled.code === 0 ? '' : filled.stderr]).toEqual([0, ''])
    const events = filled.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    const received = events.filter(({ type }) => type === 'model.progress')
    const models = [...new Set(received.map(({ model }) => model))]
    expect(models).toEqual([expect.stringMatching(/^\S+@[0-9a-f]{40}$/), expect.stringMatching(/^\S+@[0-9a-f]{40}$/)])
    expect(received.at(-1)).toMatchObject({ service: 'cache', received: 300_000_000, total: 300_000_000 })
    expect(fillsOf(stood).map(({ status }) => status)).toEqual(['STOPPED'])
    expect([...(cloud.world.state.efs.fileSystems[0]?.holds ?? [])]).toEqual(models)

    const again = await rampart('cache', 'warm')
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('Nothing to do: 2 models (600 MB) proved')])
    expect(fillsOf(stood)).toHaveLength(1)
    const anew = await rampart('cache', 'warm', '--again', '--json')
    expect(jsonOf(anew)).toMatchObject({ v: 1, outcome: 'done', message: expect.stringContaining('proved now: 2') })
    expect(fillsOf(stood)).toHaveLength(2)

    const after = await rampart('cache', 'status', '--check', '--json')
    expect([after.code, jsonOf(after)]).toMatchObject([
      0,
      { v: 1, complete: true, models: [{ state: 'complete', bytes: 300_000_000 }, { state: 'complete' }] },
    ])
  }, 120_000)
})

test.each(['rampart-ai', 'finbert-rag'] as const)(
  '%s: the policy allows all of it, and no more',
  async (example) => {
    const stood = await standing(example)
    await stood.edit(elastic, bursting)
    const { rampart, calls } = await deployed(stood)
    const before = calls.length
    expect((await rampart('cache', 'warm')).code).toBe(0)
    expect((await rampart('cache', 'status')).code).toBe(0)
    const called = new Set(calls.slice(before).map((call) => call.replace(/^monitoring:/, 'cloudwatch:')))
    const answer = await rampart('doctor', '--policy', '--for', 'cache', '--json')
    const { policy } = jsonOf(answer) as { readonly policy: PolicyDocument }
    const allowed = actionsOf(policy)
    expect([...called].filter((call) => !allowed.includes(call))).toEqual([])
    // Asked by AWS of whoever runs a task; the lock is kept with the releases; everybody may ask who they are.
    const beside = new Set(['iam:PassRole', 'ssm:GetParameterHistory', 'sts:GetCallerIdentity'])
    expect(allowed.filter((action) => !called.has(action) && !beside.has(action))).toEqual([])
  },
  60_000,
)

test('services find the models by a variable, read-only', async () => {
  const stood = await deployed(await standing('finbert-rag'))
  const definition = stood.cloud.world.state.ecs.definitions.find(({ family }) => family === 'finbert-production-api')
  const [container] = definition?.definition.containerDefinitions ?? []
  expect(container?.mountPoints).toEqual([
    { sourceVolume: 'models', containerPath: '/app/.cache/huggingface', readOnly: true },
  ])
  expect(container?.environment).toContainEqual({ name: 'HF_HUB_CACHE', value: '/app/.cache/huggingface/hub' })
}, 60_000)

test('a bursting file system says how long it lasts, and a mode that differs stops the fill', async () => {
  const stood = await standing('rampart-ai')
  await stood.edit(elastic, bursting)
  const { rampart, cloud } = await deployed(stood)
  expect((await rampart('cache', 'warm')).code).toBe(0)
  const shown = await rampart('cache', 'status')
  await expect(
    shown.stdout
      .replace(/proved \S+/g, 'proved TIME')
      .replace(/subnet-\w+/g, 'SUBNET')
      .replace(/fs-\w+/g, 'FS'),
  ).toMatchFileSnapshot('../golden/cache/bursting.txt')
  // The trap: nothing is left, and every start waits.
  for (const system of cloud.world.state.efs.fileSystems) system.credits = 0
  await expect
    .poll(async () => (await rampart('cache', 'status')).stdout, { timeout: 20_000 })
    .toMatch(/burst credits {2}gone; now 3\.15 MB\/s: a start reads its models in 3m 11s, not 1\.9s/)

  await stood.edit(bursting, elastic)
  const refused = await rampart('cache', 'warm')
  expect([refused.code, refused.stderr]).toEqual([
    3,
    expect.stringMatching(/throughput: fs-\w+ is bursting; rampart\.yml says elastic.*infra deploy/s),
  ])
  expect((await rampart('cache', 'status', '--check')).code).toBe(3)
}, 120_000)

test('a task that fails is shown with its last words', async () => {
  const { rampart } = await deployed(await standing('finbert-rag', { modelHub: 'refuses' }))
  const failed = await rampart('cache', 'warm')
  expect([failed.code, failed.stderr]).toEqual([
    5,
    expect.stringMatching(/failed: exit code 1\..*401 Repository not found.*cache warm/s),
  ])
  expect((await rampart('cache', 'status')).stdout).toContain('2 of 2 models missing')
}, 60_000)

test.each(['rampart-ai', 'finbert-rag'] as const)(
  '%s: models that ask for a token get it from a secret, and it is shown nowhere',
  async (example) => {
    const canary = `hf_${randomBytes(16).toString('hex')}`
    const stood = await standing(example, { modelHub: 'gated' })
    const { rampart, cloud, env, edit } = stood
    const { state } = cloud.world
    await deployed(stood)
    const refused = await rampart('cache', 'warm')
    expect([refused.code, refused.stderr]).toEqual([
      5,
      expect.stringMatching(/401 Access to model \S+ is restricted[^]*infra\.modelCache\.token/),
    ])

    await edit(elastic, 'modelCache: { path: /app/.cache/huggingface, token: "shop/hub#token" }')
    const value = { HUB: JSON.stringify({ token: canary }) }
    const set = ['secrets', 'set', 'shop/hub', '--from-env', 'HUB', '-c', stood.config]
    const seen = [await runCli(set, { env: { ...env, ...value } })]
    const synthesized = await rampart('infra', 'synth')
    seen.push(synthesized, await rampart('infra', 'deploy', '--yes'))
    seen.push(await runCli(['cache', 'warm', '-c', stood.config, '--progress', 'ndjson'], { env }))
    seen.push(await rampart('cache', 'status', '--json'), await rampart('doctor', '--policy', '--offline'))
    expect(seen.map(({ code, stderr }) => [code, code === 0 ? '' : stderr])).toEqual(seen.map(() => [0, '']))
    const checked = await rampart('secrets', 'check')
    expect(checked.stdout).toMatch(
      /OK {4}shop\/hub {2}readers: \S+-CacheFillExecutionRole-\w+ may read it, for model cache/,
    )
    seen.push(checked)

    // The task is told where it is, and nothing else of the stack is.
    const definitions = state.ecs.definitions.map(({ definition }) => definition)
    const fill = definitions.findLast(({ family }) => family?.endsWith('-cache') === true)
    expect(fill?.containerDefinitions?.[0]?.secrets).toEqual([
      { name: 'HF_TOKEN', valueFrom: expect.stringMatching(/:secret:shop\/hub:token::$/) },
    ])
    const userData = state.templates.flatMap(({ versions }) =>
      versions.map(({ data }) => Buffer.from(data.UserData ?? '', 'base64').toString()),
    )
    const others = [
      definitions.filter(({ family }) => family !== fill?.family),
      userData,
      synthesized.stdout.split('CacheFill:')[0],
    ]
    expect(JSON.stringify(others)).not.toContain('HF_TOKEN')
    const tasks = state.ecs.tasks.map(({ overrides }) => overrides)
    const lines = state.logs.events({ from: 0, to: Infinity })
    const everywhere = JSON.stringify([seen, definitions, userData, tasks, lines, [...cloud.world.state.commands]])
    expect(everywhere).toContain('rampart-cache')
    expect(everywhere).not.toContain(canary)
  },
  120_000,
)

test('left by its watcher, a fill goes on, and the next run follows it', async () => {
  const stood = await deployed(await standing('finbert-rag', { modelDownloadBytesPerSecond: 1_500_000 }, 100))
  const running = startCli(['cache', 'warm', '-c', stood.config, '--progress', 'plain'], { env: stood.env })
  await running.waitFor('cache: fill (task')
  running.process.kill('SIGINT')
  const left = await running.finished
  expect([left.code, left.stderr]).toEqual([8, expect.stringMatching(/goes on without us; what it brings stays/)])
  const next = await stood.rampart('cache', 'warm')
  expect([next.code, next.stderr]).toEqual([0, expect.stringContaining('which runs already')])
  expect(fillsOf(stood)).toHaveLength(1)
}, 120_000)

test.each([
  ['before the stack is there', (stood: Stood) => stood, 3, /there is no stack finbert-production.*infra deploy/s],
  [
    'without a cache in rampart.yml',
    async (stood: Stood) => {
      await stood.edit(elastic, '')
      return stood
    },
    2,
    /has no `infra\.modelCache`/,
  ],
  [
    'without a way to the hub',
    async (stood: Stood) => {
      await stood.edit(elastic, `${elastic}\n      network: { egress: endpoints }`)
      return deployed(stood)
    },
    3,
    /nothing that could fill it: with egress: endpoints.*infra\.network\.egress/s,
  ],
  [
    'with the port of the hub closed',
    async (stood: Stood) => {
      await stood.edit(elastic, `${elastic}\n      outbound: [9243]`)
      return deployed(stood)
    },
    3,
    /way to the hub: tasks may reach the world on 9243, not on 443/,
  ],
] as const)(
  '%s it is said what to do',
  async (_, prepare, code, words) => {
    const { rampart } = await prepare(await standing('finbert-rag'))
    const refused = await rampart('cache', 'warm')
    expect([refused.code, refused.stderr]).toEqual([code, expect.stringMatching(words)])
  },
  60_000,
)
