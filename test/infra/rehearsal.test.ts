import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { Rehearsal } from '../../src/lib/rehearsal/cloud.js'
import { startCli, type Finished } from '../support/cli.js'
import { requires } from '../support/requires.js'
import { emptyCloud } from './cloud.js'
import { infraProject } from './project.js'

const certificate = (region: string): string =>
  `arn:aws:acm:${region}:123456789012:certificate/0f0e0d0c-0000-4000-8000-000000000000`

const jsonOf = ({ stdout }: Finished): Record<string, unknown> => JSON.parse(stdout) as Record<string, unknown>

/** An image in a repository that the stack has made. */
const push = ({ registry }: Rehearsal, repository: string) =>
  registry.storeImage({
    repository,
    tag: 'latest',
    layers: [{ phantom: { name: repository, size: 40_000_000 } }],
    labels: {},
    config: {},
  }).digest

test('an Auto Scaling group is made, starts with the first images, is changed, and ends', async () => {
  const { config, edit } = await infraProject('rampart-ai', certificate('us-west-2'))
  const { cloud, rampart } = await emptyCloud(config)
  const { state } = cloud.world

  const before = await rampart('infra', 'diff', '--check', '--json')
  expect([before.code, jsonOf(before)['differs']]).toEqual([3, true])

  const made = await rampart('infra', 'deploy', '--yes', '--json')
  expect(made.code).toBe(0)
  expect(jsonOf(made)).toMatchObject({ stack: 'rampart-production', status: 'CREATE_COMPLETE' })
  expect(state.group).toMatchObject({ name: 'rampart-production-asg', minSize: 0, maxSize: 8, desired: 0 })
  expect(cloud.registry.store.repositories.find('rampart-backend')?.tagMutability).toEqual({
    mode: 'IMMUTABLE_WITH_EXCLUSION',
    exclusions: ['latest'],
  })
  const outputs = jsonOf(await rampart('infra', 'outputs', '--json'))['outputs'] as Record<string, string>
  // The model cache is one of EFS, as the API of that has it.
  const { efs } = state
  const [cache] = efs.fileSystems
  expect(cache).toMatchObject({ id: outputs['ModelCacheId'], encrypted: true, throughput: 'elastic' })
  expect(cache?.policy).toContain('elasticfilesystem:AccessedViaMountTarget')
  expect(efs.accessPoints).toMatchObject([
    {
      AccessPointId: outputs['ModelCacheAccessId'],
      FileSystemId: cache?.id,
      PosixUser: { Uid: 1000, Gid: 1000 },
      RootDirectory: { Path: '/models', CreationInfo: { Permissions: '0755' } },
    },
  ])
  expect(efs.mountTargets.map(({ fileSystem, securityGroups }) => [fileSystem.id, securityGroups.length])).toEqual([
    [cache?.id, 1],
    [cache?.id, 1],
  ])
  expect(outputs).toMatchObject({
    Address: `https://${state.loadBalancer.dnsName}`,
    GroupName: 'rampart-production-asg',
    RampartBackendUri: `${cloud.registryHost}/rampart-backend`,
  })

  const digests = [push(cloud, 'rampart-backend'), push(cloud, 'rampart-frontend')]
  const started = await rampart('infra', 'deploy', '--yes')
  expect([started.code, started.stderr]).toEqual([0, expect.stringContaining('UPDATE_COMPLETE')])
  expect(state.group).toMatchObject({ minSize: 2, desired: 2, template: { version: '2' } })
  const script = Buffer.from(state.templates[0]?.versions[1]?.data.UserData ?? '', 'base64').toString()
  for (const digest of digests) expect(script).toContain(`@${digest}`)

  const again = await rampart('infra', 'deploy', '--yes')
  expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('nothing to do')])

  // A group that gets another name is a new one: what serves goes, so the stack's name is asked for.
  await edit('group: rampart-production-asg', 'group: rampart-two')
  const refused = await rampart('infra', 'deploy', '--yes')
  expect([refused.code, refused.stderr]).toEqual([
    3,
    expect.stringMatching(/Replacing or removing Group \(AWS::AutoScaling::AutoScalingGroup\).* was not agreed to/s),
  ])
  await edit('group: rampart-two', 'group: rampart-production-asg')

  const kept = await rampart('infra', 'destroy', '--confirm', 'rampart-production')
  expect([kept.code, kept.stderr]).toEqual([
    0,
    expect.stringMatching(/Stack rampart-production is gone\. Kept: .*RampartBackendRepository/),
  ])
  expect([efs.fileSystems, efs.mountTargets, efs.accessPoints]).toEqual([[cache], [], []])
  expect([state.present, state.group.instances, state.alarms, state.targetGroups, state.templates]).toEqual([
    { group: false, loadBalancer: false, logGroup: true },
    [],
    [],
    [],
    [],
  ])

  // A later stack takes over what was kept, and starts with the images that are there.
  const anew = await rampart('infra', 'deploy', '--yes')
  expect([anew.code, anew.stderr]).toEqual([0, expect.stringMatching(/IMPORT_COMPLETE {2}RampartBackendRepository/)])
  expect(state.group).toMatchObject({ minSize: 2, desired: 2 })
  const gone = await rampart('infra', 'destroy', '--delete-data', '--confirm', 'rampart-production')
  expect([gone.code, gone.stderr]).toEqual([0, expect.stringContaining('Stack rampart-production is gone.\n')])
  expect(cloud.registry.store.repositories.list()).toEqual([])
}, 120_000)

test('services on Fargate are made, start with the first images, are changed, and end', async () => {
  const { config, edit } = await infraProject('finbert-rag', certificate('ap-south-1'))
  const { cloud, rampart } = await emptyCloud(config)
  const { ecs } = cloud.world.state
  expect((await rampart('infra', 'deploy', '--yes')).code).toBe(0)
  expect(new Map(ecs.services.map(({ name, desired }) => [name, desired]))).toEqual(
    new Map([
      ['finbert-api', 0],
      ['finbert-ui', 0],
    ]),
  )
  // Without it no task would start.
  const secret = ['secrets', 'set', 'finbert-rag/elasticsearch/credentials', '--from-env', 'ES_CREDENTIALS'] as const
  expect((await rampart(...secret)).code).toBe(0)
  const digests = [push(cloud, 'finbert-rag/api'), push(cloud, 'finbert-rag/ui')]
  await edit('memory: 8192', 'memory: 16384')
  const changed = await rampart('infra', 'deploy', '--yes')
  expect([changed.code, changed.stderr]).toEqual([0, expect.stringContaining('ApiTasks (AWS::ECS::TaskDefinition)')])
  // What the stack has made is what IAM is asked about.
  const checked = await rampart('secrets', 'check')
  expect([checked.code, checked.stdout]).toEqual([
    0,
    expect.stringMatching(/readers: finbert-production-ApiExecutionRole-\w+ may read it, for api/),
  ])
  const api = ecs.services.find(({ name }) => name === 'finbert-api')
  expect(api).toMatchObject({ desired: 2, completed: { taskDefinition: { definition: { memory: '16384' } } } })
  expect(ecs.scalableTargets.map(({ min, max }) => [min, max])).toEqual([
    [2, 6],
    [2, 6],
  ])
  const image = api?.completed?.taskDefinition.definition.containerDefinitions?.[0]?.image
  expect(image).toBe(`${cloud.registryHost}/finbert-rag/api@${digests[0]}`)
  const gone = await rampart('infra', 'destroy', '--confirm', 'finbert-production')
  expect(gone.code).toBe(0)
  expect([ecs.cluster, ecs.services]).toEqual([undefined, []])
  expect(ecs.scalableTargets).toEqual([])
}, 120_000)

test('a rollback that failed is explained, and goes on without what stands in its way', async () => {
  const { config, edit } = await infraProject('rampart-ai', certificate('us-west-2'))
  const { cloud, rampart } = await emptyCloud(config, { stackUpdates: 'stuck' })
  expect((await rampart('infra', 'deploy', '--yes')).code).toBe(0)
  await edit('warmPool: { min: 1 }', 'capacity: { min: 3, max: 9 }')
  await edit('LOG_LEVEL: info', 'LOG_LEVEL: debug')
  const failed = await rampart('infra', 'deploy', '--yes')
  expect([failed.code, failed.stderr]).toEqual([5, expect.stringContaining('UPDATE_ROLLBACK_FAILED')])
  expect(failed.stderr).toMatch(/It began with Group \(AWS::AutoScaling::AutoScalingGroup\): .*did not stabilize/)

  const stuck = await rampart('infra', 'deploy', '--yes')
  expect([stuck.code, stuck.stderr]).toEqual([
    3,
    expect.stringMatching(/Going back stopped at Group .*--continue-rollback --skip Group/s),
  ])
  // Nobody has mended it, so it fails again.
  const again = await rampart('infra', 'deploy', '--continue-rollback')
  expect([again.code, again.stderr]).toEqual([5, expect.stringContaining('UPDATE_ROLLBACK_FAILED')])
  const skipped = await rampart('infra', 'deploy', '--continue-rollback', '--skip', 'Group')
  expect([skipped.code, skipped.stderr]).toEqual([0, expect.stringContaining('takes changes again')])
  const outputs = await rampart('infra', 'outputs', '--json')
  expect(jsonOf(outputs)).toMatchObject({ status: 'UPDATE_ROLLBACK_COMPLETE' })
  expect(cloud.world.state.templates[0]?.versions).toHaveLength(3)
}, 120_000)

test('a stack that could not be made is explained, and can be made after its end', async () => {
  const { config, edit } = await infraProject('rampart-ai', certificate('us-west-2'))
  const { cloud, rampart } = await emptyCloud(config)
  await edit('      stack: rampart-production\n', '      stack: rampart-production\n      repositories: given\n')
  cloud.world.state.templates.push({
    id: 'lt-0123456789abcdef0',
    name: 'rampart-production',
    createdAt: 0,
    createdBy: '',
    tags: [],
    defaultVersion: 1,
    versions: [],
    tokens: new Map(),
  })
  const failed = await rampart('infra', 'deploy', '--yes')
  expect([failed.code, failed.stderr]).toEqual([5, expect.stringContaining('ROLLBACK_COMPLETE')])
  expect(failed.stderr).toMatch(/It began with LaunchTemplate \(AWS::EC2::LaunchTemplate\): .*already exists/)
  expect(cloud.world.state.present).toEqual({ group: false, loadBalancer: false, logGroup: false })
  const again = await rampart('infra', 'deploy', '--yes')
  expect([again.code, again.stderr]).toEqual([3, expect.stringContaining('infra destroy')])
  expect((await rampart('infra', 'destroy', '--confirm', 'rampart-production')).code).toBe(0)
  cloud.world.state.templates.splice(0)
  expect((await rampart('infra', 'deploy', '--yes')).code).toBe(0)
}, 120_000)

test('Ctrl-C leaves a stack that goes on, and the same command comes back to it', async () => {
  const { config } = await infraProject('rampart-ai', certificate('us-west-2'))
  const { env, rampart } = await emptyCloud(config, {}, 60)
  const left = startCli(['infra', 'deploy', '--yes', '-c', config, '--progress', 'plain'], { env })
  await left.waitFor(/CREATE_COMPLETE {2}Vpc/)
  left.process.kill('SIGINT')
  const { code, stderr } = await left.finished
  expect([code, stderr]).toEqual([8, expect.stringMatching(/goes on with stack rampart-production/)])
  expect(stderr).toMatch(/rampart infra deploy -c /)
  const back = await rampart('infra', 'deploy', '--yes')
  expect([back.code, back.stderr]).toEqual([
    0,
    expect.stringMatching(
      /is CREATE_IN_PROGRESS already; this follows it.*Stack rampart-production is CREATE_COMPLETE/s,
    ),
  ])
}, 120_000)

requires('aws').describe("Debian's awscli", () => {
  test("Debian's awscli deploys the written template, and reads its stack", async () => {
    const { config, edit } = await infraProject('rampart-ai', certificate('us-west-2'))
    // With a model cache and its reasons it is too long to be sent but from a bucket.
    await edit('      modelCache: { path: /app/.cache/huggingface }\n', '')
    // It looks, and looks again half a minute of everybody's time later: what it waits for is to be there at once.
    const { cloud, env, rampart } = await emptyCloud(config, {}, 30_000)
    const file = `${config}.infra.yml`
    expect((await rampart('infra', 'synth', '--out', file)).code).toBe(0)
    const aws = async (...words: readonly string[]): Promise<string> => {
      const options = ['--endpoint-url', cloud.url, '--output', 'json', '--no-cli-pager']
      return (await promisify(execFile)('/usr/bin/aws', ['cloudformation', ...words, ...options], { env })).stdout
    }
    const body = ['--template-body', `file://${file}`] as const
    expect(JSON.parse(await aws('validate-template', ...body))).toMatchObject({ Capabilities: ['CAPABILITY_IAM'] })
    const values = ['MachineImage=ami-0123456789abcdef0', 'Serving=no']
    const stack = ['--stack-name', 'by-hand'] as const
    const deploy = ['deploy', ...stack, '--template-file', file, '--capabilities', 'CAPABILITY_IAM'] as const
    await aws(...deploy, '--parameter-overrides', ...values)
    const described = await aws('describe-stacks', ...stack, '--query', 'Stacks[0].[StackStatus, Outputs[0].OutputKey]')
    expect(JSON.parse(described)).toEqual(['CREATE_COMPLETE', 'Address'])
    const resources = JSON.parse(await aws('list-stack-resources', ...stack)) as {
      readonly StackResourceSummaries: readonly { readonly ResourceStatus: string }[]
    }
    expect(new Set(resources.StackResourceSummaries.map(({ ResourceStatus }) => ResourceStatus))).toEqual(
      new Set(['CREATE_COMPLETE']),
    )
  }, 120_000)
})
