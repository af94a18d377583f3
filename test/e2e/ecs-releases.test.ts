import { execFileSync } from 'node:child_process'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import {
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
  type DeploymentConfiguration,
} from '@aws-sdk/client-ecs'
import { expect, onTestFinished, test } from 'vitest'
import type { ReleaseRow } from '../../src/lib/domain/release-row.js'
import { runCli, startCli, type Finished } from '../support/cli.js'
import { temporaryDirectory } from '../support/project.js'
import { startCloud, type Cloud, type CloudOptions } from '../support/rehearsal.js'

const cluster = 'finbert-rag-prod'

function ecsOf(cloud: Cloud): ECSClient {
  const env = cloud.client()
  const client = new ECSClient({
    endpoint: env['AWS_ENDPOINT_URL'] ?? '',
    region: env['AWS_REGION'] ?? '',
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'not-a-secret' },
  })
  onTestFinished(() => client.destroy())
  return client
}

/** A git repository around the example, as people have one. */
function commit(cloud: Cloud, subject: string): void {
  const git = (...words: readonly string[]): void => {
    const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'commit.gpgsign=false']
    execFileSync('git', [...identity, ...words], { cwd: cloud.project.directory, stdio: 'ignore' })
  }
  git('init', '-q')
  git('add', '-A')
  git('commit', '-q', '-m', subject)
}

/** Every run with an empty HOME of its own; fails with what was said when it ends otherwise. */
async function rampart(cloud: Cloud, words: readonly string[], expected = 0): Promise<Finished> {
  const run = await runCli(words, { env: cloud.client() })
  expect({ code: run.code, stderr: run.code === expected ? '' : run.stderr }).toEqual({ code: expected, stderr: '' })
  return run
}

/** A change of the task definition that is none of rampart's: more memory, and a password in the open. */
async function changeByHand(cloud: Cloud): Promise<void> {
  const ecs = ecsOf(cloud)
  const { services = [] } = await ecs.send(new DescribeServicesCommand({ cluster, services: ['finbert-api'] }))
  const taskDefinition = services[0]?.taskDefinition
  const { taskDefinition: whole } = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition }))
  const { family, networkMode, requiresCompatibilities, taskRoleArn, executionRoleArn, cpu } = whole ?? {}
  const made = await ecs.send(
    new RegisterTaskDefinitionCommand({
      family,
      networkMode,
      requiresCompatibilities,
      taskRoleArn,
      executionRoleArn,
      cpu: cpu === '512' ? '1024' : cpu,
      memory: '8192',
      containerDefinitions: whole?.containerDefinitions?.map((container) => ({
        ...container,
        environment: [...(container.environment ?? []), { name: 'DB_PASSWORD', value: 'hunter2swordfish' }],
      })),
    }),
  )
  const { taskDefinitionArn } = made.taskDefinition ?? {}
  await ecs.send(new UpdateServiceCommand({ cluster, service: 'finbert-api', taskDefinition: taskDefinitionArn }))
  await rampart(cloud, ['monitor', '-c', cloud.project.config, '--progress', 'plain'])
}

test(
  'from an empty HOME in another checkout: the list, a difference, and the way back',
  { timeout: 180_000 },
  async () => {
    const cloud = await startCloud({ speed: 1200, example: 'finbert-rag' })
    const { project } = cloud
    commit(cloud, 'Search in three spaces')
    await rampart(cloud, ['deploy', '-c', project.config])
    await changeByHand(cloud)
    await project.edit('api/app/main.py', /^/, '# the next change\n')
    commit(cloud, 'Answer faster')
    await rampart(cloud, ['deploy', '-c', project.config])

    const elsewhere = await temporaryDirectory('checkout')
    await cp(project.directory, elsewhere, { recursive: true, filter: (path) => !path.includes('/.git') })
    const there = ['-c', join(elsewhere, 'rampart.yml')]
    const list = async (config: readonly string[]): Promise<readonly ReleaseRow[]> =>
      (JSON.parse((await rampart(cloud, ['releases', ...config, '--json'])).stdout) as { releases: ReleaseRow[] })
        .releases
    const releases = await list(there)
    expect(releases).toEqual(await list(['-c', project.config]))
    expect(releases).toMatchObject([
      { number: 2, outcome: 'done', serving: true, source: { subject: 'Answer faster', dirty: false } },
      { number: 1, outcome: 'done', serving: false, proof: { proved: 4, total: 4 } },
    ])
    expect(releases[0]?.images).toMatchObject([{ service: 'api' }, { service: 'ui' }])
    expect(releases[0]?.bases?.['api']?.models).toHaveLength(2)

    const json = (await rampart(cloud, ['releases', 'diff', '1', '2', ...there, '--json'])).stdout
    expect(JSON.parse(json)).toMatchObject({
      from: { number: 1 },
      to: { number: 2 },
      images: [{ path: 'finbert-rag/api' }],
      configuration: expect.arrayContaining([
        expect.objectContaining({ path: expect.stringMatching(/memory$/), to: '8192' }),
        expect.objectContaining({ path: expect.stringContaining('DB_PASSWORD'), masked: true }),
      ]),
    })
    const words = (await rampart(cloud, ['releases', 'diff', '1', '2', ...there])).stdout
    expect(json + words).not.toContain('hunter2swordfish')

    const pushed = cloud.requests.filter((request) => /^(?:PUT|POST|PATCH)/.test(request)).length
    const back = await rampart(cloud, ['rollback', '--yes', ...there])
    expect(back.stdout).toMatch(/Rolled back: #1 r-\w+ serves on 4 of 4 targets/)
    expect(cloud.requests.filter((request) => /^(?:PUT|POST|PATCH)/.test(request))).toHaveLength(pushed)
    expect(await list(there)).toMatchObject([
      { number: 3, kind: 'rollback', outcome: 'done', serving: true },
      { number: 2, serving: false },
      { number: 1 },
    ])
    const held = await rampart(cloud, ['deploy', '-c', project.config], 3)
    expect(held.stderr).toContain('--release-hold')
  },
)

/** Has the service wait for a person when its new tasks are up. */
async function pauseAt(cloud: Cloud, service: string): Promise<void> {
  const deploymentConfiguration: DeploymentConfiguration = {
    strategy: 'BLUE_GREEN',
    lifecycleHooks: [{ targetType: 'PAUSE', lifecycleStages: ['POST_SCALE_UP'] }],
  }
  await ecsOf(cloud).send(new UpdateServiceCommand({ cluster, service, deploymentConfiguration }))
}

test('a rollout that waits for a person is gone on with by deploy --continue', { timeout: 120_000 }, async () => {
  const strategy = 'strategy: { kind: BLUE_GREEN }\n      minHealthy: 100'
  const prepare: CloudOptions['prepare'] = (project) => project.edit('rampart.yml', 'minHealthy: 100', strategy)
  const cloud = await startCloud({ speed: 600, example: 'finbert-rag', prepare })
  const { project } = cloud
  await pauseAt(cloud, 'finbert-api')
  const first = startCli(['deploy', '-c', project.config, '--progress', 'plain'], { env: cloud.client() })
  await first.waitFor('continue with rampart deploy --continue')
  first.process.kill('SIGINT')
  expect((await first.finished).code).toBe(8)
  const again = await rampart(cloud, ['deploy', '-c', project.config, '--continue'])
  expect(again.stdout).toMatch(/Release r-\w+ serves on 4 of 4 targets/)
  const [api, ui] = cloud.rehearsal.world.state.ecs.services
  expect([api, ui].map((service) => service?.deployments.slice(1).map(({ status }) => status))).toEqual([
    ['SUCCESSFUL'],
    ['SUCCESSFUL'],
  ])
})

test(
  'a colleague continues it, while the run that waits keeps its lock and ends it',
  { timeout: 120_000 },
  async () => {
    const strategy = 'strategy: { kind: BLUE_GREEN }\n      minHealthy: 100'
    const prepare: CloudOptions['prepare'] = (project) => project.edit('rampart.yml', 'minHealthy: 100', strategy)
    const cloud = await startCloud({ speed: 600, example: 'finbert-rag', prepare })
    const { project } = cloud
    await pauseAt(cloud, 'finbert-api')
    const first = startCli(['deploy', '-c', project.config, '--progress', 'plain'], { env: cloud.client() })
    await first.waitFor('continue with rampart deploy --continue')
    // Of another state of the code, which must not matter.
    await project.edit('api/app/main.py', /^/, '# what a colleague works on\n')
    const colleague = await rampart(cloud, ['deploy', '-c', project.config, '--continue', '--progress', 'plain'])
    expect(colleague.stderr).toMatch(/Continued what waited\. The rollout belongs to another run: /)
    const { code, stdout } = await first.finished
    expect(code).toBe(0)
    expect(stdout).toMatch(/Release r-\w+ serves on 4 of 4 targets/)
    const { stdout: listed } = await rampart(cloud, ['releases', '-c', project.config, '--json'])
    expect((JSON.parse(listed) as { releases: readonly ReleaseRow[] }).releases).toMatchObject([
      { number: 1, kind: 'deploy', outcome: 'done' },
    ])
  },
)
