import { cp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { actionsOf, type PolicyDocument } from '../../src/lib/doctor/policy/document.js'
import { loadConfig, type Config } from '../../src/lib/config/index.js'
import type { Rehearsal } from '../../src/lib/rehearsal/cloud.js'
import { emptyCloud, type EmptyCloud } from '../infra/cloud.js'
import { infraProject } from '../infra/project.js'
import { root, runCli } from '../support/cli.js'
import { temporaryDirectory } from '../support/project.js'
import { changingCall } from '../support/rehearsal.js'

const push = ({ registry }: Rehearsal, repository: string) =>
  registry.storeImage({
    repository,
    tag: 'latest',
    layers: [{ phantom: { name: repository, size: 40_000_000 } }],
    labels: {},
    config: {},
  })

const ofIam = (calls: readonly string[]): ReadonlySet<string> =>
  new Set(calls.map((call) => call.replace(/^monitoring:/, 'cloudwatch:').replace(/^efs:/, 'elasticfilesystem:')))

/** What a call wants that no group allows. */
async function refused({ rampart }: EmptyCloud, group: string, calls: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await rampart('doctor', '--policy', '--for', group, '--json')
  const { policy } = JSON.parse(stdout) as { readonly policy: PolicyDocument }
  const allowed = actionsOf(policy)
  const matches = (call: string): boolean =>
    allowed.some((one) => (one.endsWith('*') ? call.startsWith(one.slice(0, -1)) : one === call))
  return [...ofIam(calls)].filter((call) => !matches(call))
}

/** The example's code alone, as a team has it that does not know of rampart yet. */
async function emptyFolder(example: string): Promise<string> {
  const directory = join(await temporaryDirectory('own-stack'), example)
  await cp(join(root, 'examples', example), directory, {
    recursive: true,
    filter: (path) => !path.includes('__pycache__'),
  })
  await rm(join(directory, 'rampart.yml'))
  return directory
}

const adoptedIn = (directory: string): Promise<Config> => loadConfig({ path: join(directory, 'rampart.yml'), env: {} })

/** What a target names, in no order. */
const fleetOf = (target: Config['environment']['target']): readonly string[] =>
  target.kind === 'asg'
    ? [target.group]
    : [target.cluster, ...target.services.map(({ name, service }) => `${name} ${service}`).toSorted()]

const cases = [
  {
    example: 'rampart-ai',
    region: 'us-west-2',
    stack: 'rampart-production',
    repositories: ['rampart-backend', 'rampart-frontend'],
  },
  {
    example: 'finbert-rag',
    region: 'ap-south-1',
    stack: 'finbert-production',
    repositories: ['finbert-rag/api', 'finbert-rag/ui'],
  },
] as const

test.each(cases)(
  'a stack of $example that infra deploy has made is read whole, by what adopt and infra are allowed',
  async ({ example, region, stack, repositories }) => {
    const certificate = `arn:aws:acm:${region}:123456789012:certificate/0f0e0d0c-0000-4000-8000-000000000000`
    const { config } = await infraProject(example, certificate)
    const cloud = await emptyCloud(config)
    const before = await loadConfig({ path: config, env: {} })
    expect((await cloud.rampart('infra', 'diff')).code).toBe(0)
    expect((await cloud.rampart('infra', 'deploy', '--yes')).code).toBe(0)
    // Without it no task of the second would start; the first has it beside its own.
    const secret = ['secrets', 'set', 'finbert-rag/elasticsearch/credentials', '--from-env', 'ES_CREDENTIALS']
    await cloud.rampart(...secret)
    for (const repository of repositories) push(cloud.cloud, repository)
    const infra = cloud.calls.length
    expect((await cloud.rampart('infra', 'deploy', '--yes')).code).toBe(0)
    expect((await cloud.rampart('infra', 'outputs')).code).toBe(0)
    expect(await refused(cloud, 'infra', cloud.calls.slice(infra))).toEqual([])

    const directory = await emptyFolder(example)
    const init = async (env = cloud.env) =>
      runCli(['init', '--yes', '--offline', '--from-stack', stack], { cwd: directory, env })
    const asked = cloud.calls.length
    const { code, stderr } = await init()
    expect([code, code === 0 ? '' : stderr]).toEqual([0, ''])
    const calls = cloud.calls.slice(asked)
    expect(calls.filter((call) => changingCall.test(call))).toEqual([])
    expect(await refused(cloud, 'adopt', calls)).toEqual([])

    const { environment, services } = await adoptedIn(directory)
    expect(fleetOf(environment.target)).toEqual(fleetOf(before.environment.target))
    expect(environment.logs?.group).toBe(before.environment.logs?.group)
    expect(services.map(({ repository }) => repository).toSorted()).toEqual(repositories)
    expect(services.map(({ health }) => String(health?.port)).toSorted()).toEqual(
      before.services.map(({ health }) => String(health?.port)).toSorted(),
    )
    expect(await readFile(join(directory, 'rampart.yml'), 'utf8')).not.toContain('AccessDenied')
    const status = await runCli(['status'], { cwd: directory, env: cloud.env })
    expect([status.code, status.stderr.includes('Error')]).toEqual([0, false])
  },
  120_000,
)
