import { execFileSync } from 'node:child_process'
import { expect, onTestFinished, test } from 'vitest'
import { runAbort } from '../../src/lib/compose/abort.js'
import { runBaseBuild, runBaseStatus } from '../../src/lib/compose/base.js'
import { runLockStatus } from '../../src/lib/compose/lock.js'
import { runReleases } from '../../src/lib/compose/releases.js'
import { runPlan } from '../../src/lib/compose/plan-deploy.js'
import { runRollback } from '../../src/lib/compose/rollback.js'
import { runScale } from '../../src/lib/compose/scale.js'
import { runDoctor } from '../../src/lib/compose/doctor.js'
import { runDeploy, runStatus } from '../../src/lib/compose/deploy.js'
import {
  actionsOf,
  alarmsStatements,
  baseBuildStatements,
  leastPrivilege,
  type PolicyDocument,
} from '../../src/lib/doctor/policy.js'
import { packBase } from '../support/docker-base.js'
import { forgetImages } from '../support/docker.js'
import { startCloud, type Cloud, type CloudOptions } from '../support/rehearsal.js'
import { dockerProgram, requires } from '../support/requires.js'
import { withEnvironment } from './support.js'

const shared = { env: undefined, progress: undefined, 'no-color': true, json: true } as const
const noEngine = { DOCKER_HOST: 'unix:///nonexistent' }

/** What rampart asked of a cloud, as IAM names it: an action, and for the registry the repository that it is on. */
interface Asked {
  readonly action: string
  readonly repository?: string
}

/** Everything that rampart asks of that cloud while it does that. */
async function askedOf(
  cloud: Cloud,
  work: (config: string) => Promise<unknown>,
  extra: Readonly<Record<string, string>> = noEngine,
): Promise<readonly Asked[]> {
  await withEnvironment(cloud.client(extra), () => work(cloud.project.config))
  // The signing name of CloudWatch is `monitoring`; the others are called as IAM calls them.
  const calls = cloud.calls.map((call) => ({ action: call.replace(/^monitoring:/, 'cloudwatch:') }))
  return [...calls, ...cloud.requests.flatMap(ofRequest)]
}

async function asked(options: CloudOptions, work: (config: string) => Promise<unknown>): Promise<readonly Asked[]> {
  return askedOf(await startCloud(options), work)
}

/** Where the rehearsal's load balancer is, as the flags of the program itself take it from the environment. */
const balancer = () => ({
  url: process.env['RAMPART_URL'],
  ca: process.env['RAMPART_CA'],
  'http-port': Number(process.env['RAMPART_HTTP_PORT']),
})

const deploy = (config: string, force = false): Promise<{ readonly exitCode: number }> =>
  runDeploy({ ...shared, ...balancer(), progress: 'quiet', config, force })

/** Deploys, goes back, scales, and stops a rollout where it is: everything of what rampart changes beside a deploy. */
async function askedOfOthers(): Promise<readonly Asked[]> {
  const underWay = Promise.withResolvers<void>()
  const held: { cloud?: Cloud; isLast?: true } = {}
  const cloud = await startCloud({
    onCall: (_n, _service, operation) => {
      if (operation === 'StartInstanceRefresh' && held.isLast === true) {
        held.cloud?.pause()
        underWay.resolve()
      }
      if (operation === 'CancelInstanceRefresh') held.cloud?.resume()
    },
  })
  held.cloud = cloud
  const quiet = { ...shared, progress: 'quiet', yes: true } as const
  return askedOf(cloud, async (config) => {
    expect((await deploy(config)).exitCode).toBe(0)
    await cloud.project.write('frontend/public/new.html', 'new')
    expect((await deploy(config)).exitCode).toBe(0)
    expect((await runRollback({ ...quiet, ...balancer(), config, 'last-proved': true, list: false })).exitCode).toBe(0)
    expect((await runScale(6, { ...quiet, config })).exitCode).toBe(0)
    expect((await runScale(4, { ...quiet, config, bounds: '2:9' })).exitCode).toBe(0)
    held.isLast = true
    const going = runDeploy({ ...quiet, config, force: false, 'release-hold': true })
    await underWay.promise
    expect((await runAbort({ ...quiet, config, 'no-rollback': true })).exitCode).toBe(0)
    expect((await going).exitCode).toBe(5)
  })
}

/**
 * What ECR wants for a request of the registry protocol:
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
 */
function ofRequest(request: string): readonly Asked[] {
  const [method = '', path = ''] = request.split(' ')
  const repository = /^\/v2\/(.+?)\/(?:manifests|blobs|tags)\//.exec(path)?.[1]
  return actionsOfRequest(method, path).map((action) => ({ action, ...(repository !== undefined && { repository }) }))
}

function actionsOfRequest(method: string, path: string): readonly string[] {
  if (path.includes('/manifests/')) return method === 'PUT' ? ['ecr:PutImage'] : ['ecr:BatchGetImage']
  if (path.includes('/blobs/uploads/')) {
    if (method === 'POST') return ['ecr:InitiateLayerUpload']
    if (method === 'PATCH') return ['ecr:UploadLayerPart']
    return method === 'PUT' ? ['ecr:UploadLayerPart', 'ecr:CompleteLayerUpload'] : []
  }
  if (path.includes('/blobs/')) {
    return method === 'HEAD' ? ['ecr:BatchCheckLayerAvailability'] : ['ecr:GetDownloadUrlForLayer']
  }
  return path.includes('/tags/list') ? ['ecr:ListImages'] : []
}

const distinct = (all: readonly Asked[]): readonly string[] => [...new Set(all.map(({ action }) => action))].toSorted()

const matches = (resource: string, repository: string): boolean =>
  resource === '*' || resource.endsWith(`:repository/${repository}`)

/** What was asked and is in no statement, on the repository that it was asked on. */
function refused(policy: PolicyDocument, all: readonly Asked[]): readonly Asked[] {
  return all.filter(
    ({ action, repository }) =>
      !policy.Statement.some(
        ({ Action, Resource }) =>
          Action.includes(action) &&
          (repository === undefined || [Resource].flat().some((resource) => matches(resource, repository))),
      ),
  )
}

// What `alarms apply` needs beside is compared with what it calls in test/monitoring.
const split = (policy: PolicyDocument, isBase: boolean): PolicyDocument => ({
  ...policy,
  Statement: policy.Statement.filter(
    ({ Sid }) => !alarmsStatements.includes(Sid) && baseBuildStatements.includes(Sid) === isBase,
  ),
})

/**
 * Asked by AWS of whoever starts a refresh with a launch template, not called by rampart; and a mark on a dashboard, of
 * which these clouds have none.
 */
const implied = [
  // Asked by `plan --reclaim --yes` alone, where there is something to reclaim.
  'ecr:BatchDeleteImage',
  'cloudwatch:PutDashboard',
  'ec2:CreateTags',
  'ec2:RunInstances',
  'iam:PassRole',
]

/** What `rampart secrets` asks, which has tests of its own. */
const ofSecrets = [
  'secretsmanager:CreateSecret',
  'secretsmanager:DescribeSecret',
  'secretsmanager:ListSecretVersionIds',
  'secretsmanager:ListSecrets',
  'secretsmanager:PutSecretValue',
  'secretsmanager:TagResource',
]

async function policyOf(cloud: Cloud, offline: boolean): Promise<PolicyDocument> {
  const env = cloud.client()
  const { result } = await withEnvironment(env, () =>
    runDoctor({ ...shared, config: cloud.project.config, offline, policy: true }),
  )
  return (result as { readonly policy: PolicyDocument }).policy
}

test('every operation that is called by what changes, watches and asks is in the policy, and none more', async () => {
  // One after the other: each is this process in an environment of its own.
  const all = [
    ...(await asked({}, async (config) => {
      expect((await deploy(config)).exitCode).toBe(0)
      // The second one forgets what the first one claimed.
      expect((await deploy(config, true)).exitCode).toBe(0)
      expect((await runStatus({ ...shared, config })).exitCode).toBe(0)
      expect((await runReleases({ ...shared, config, limit: 10 })).exitCode).toBe(0)
      expect((await runLockStatus({ ...shared, config })).exitCode).toBe(0)
      expect((await runBaseStatus({ ...shared, config, check: true })).exitCode).toBe(0)
      expect((await runPlan({ ...shared, config, assume: [], check: true })).exitCode).toBe(0)
      expect((await runDoctor({ ...shared, config, offline: false, policy: false })).exitCode).toBe(0)
    })),
  ]
  all.push(...(await askedOfOthers()))
  for (const scenario of ['bad-image', 'never-ready', 'no-capacity'] as const) {
    all.push(...(await asked({ scenario }, async (config) => expect((await deploy(config)).exitCode).toBe(4))))
  }
  const policy = split(await policyOf(await startCloud(), false), false)
  expect(refused(policy, all)).toEqual([])
  expect([...new Set([...distinct(all), ...implied, ...ofSecrets])].toSorted()).toEqual(actionsOf(policy))
}, 180_000)

test('nor on ECS', async () => {
  const example = 'finbert-rag'
  const quiet = { ...shared, progress: 'quiet', yes: true } as const
  const cloud = await startCloud({ example })
  const all = [
    ...(await askedOf(cloud, async (config) => {
      expect((await deploy(config)).exitCode).toBe(0)
      await cloud.project.edit('api/app/main.py', /^/, '# the next change\n')
      expect((await deploy(config)).exitCode).toBe(0)
      expect((await runStatus({ ...shared, config })).exitCode).toBe(0)
      expect((await runReleases({ ...shared, config, limit: 10 })).exitCode).toBe(0)
      expect((await runLockStatus({ ...shared, config })).exitCode).toBe(0)
      expect((await runBaseStatus({ ...shared, config, check: true })).exitCode).toBe(0)
      expect((await runPlan({ ...shared, config, assume: [], check: true })).exitCode).toBe(0)
      expect((await runDoctor({ ...shared, config, offline: false, policy: false })).exitCode).toBe(0)
      expect((await runRollback({ ...quiet, ...balancer(), config, 'last-proved': true, list: false })).exitCode).toBe(
        0,
      )
      expect((await runScale(3, { ...quiet, config, service: 'api' })).exitCode).toBe(0)
      expect((await runScale(5, { ...quiet, config, service: 'api', bounds: '2:6' })).exitCode).toBe(0)
      const again = { ...quiet, ...balancer(), config, force: true, 'release-hold': true, continue: true }
      expect((await runDeploy(again)).exitCode).toBe(0)
    })),
  ]
  for (const scenario of ['bad-image', 'never-ready', 'alarm-trip'] as const) {
    all.push(...(await asked({ scenario, example }, async (config) => expect((await deploy(config)).exitCode).toBe(4))))
  }
  const policy = split(await policyOf(await startCloud({ example }), false), false)
  expect(refused(policy, all)).toEqual([])
  const unasked = [
    // Asked only where somebody pauses a deployment, stops one, or sets the first bounds of an account.
    'ecs:ContinueServiceDeployment',
    'ecs:StopServiceDeployment',
    'iam:CreateServiceLinkedRole',
    'ecs:TagResource',
    'iam:PassRole',
    ...ofSecrets,
    // Asked by `plan --reclaim --yes` alone, where there is something to reclaim.
    'ecr:BatchDeleteImage',
    // There is no dashboard to draw into.
    'cloudwatch:PutDashboard',
  ]
  expect([...new Set([...distinct(all), ...unasked])].toSorted()).toEqual(actionsOf(policy))
}, 240_000)

requires('docker', 'tar').describe('with an engine', () => {
  test('every operation that base build calls is in the policy, and none more', async () => {
    const seed = `rampart-test/policy:${process.pid}`
    execFileSync(dockerProgram, ['import', '-', seed], { input: packBase(), stdio: ['pipe', 'ignore', 'inherit'] })
    onTestFinished(() => void execFileSync(dockerProgram, ['rmi', '-f', seed], { stdio: 'ignore' }))
    const cloud = await startCloud()
    const { project } = cloud
    forgetImages(cloud.rehearsal.url.replace(/^http:\/\//, ''), cloud.client())
    // A base of which ECR has no repository yet: that is made, too.
    await project.edit('rampart.yml', 'repository: rampart-frontend-base', 'repository: rampart-web-base')
    await project.edit('frontend/Dockerfile.app', 'FROM rampart-frontend-base', 'FROM rampart-web-base')
    await project.write('frontend/Dockerfile.base', `FROM ${seed}\nCOPY package.json package-lock.json /app/\n`)
    const all = await askedOf(
      cloud,
      async (config) => {
        const flags = { ...shared, progress: 'quiet', config, force: false, yes: true, via: 'rampart' } as const
        const built = await runBaseBuild({ ...flags, service: ['frontend'], 'write-revisions': false })
        expect(built.exitCode).toBe(0)
      },
      {},
    )
    const policy = await policyOf(cloud, false)
    expect(refused(policy, all)).toEqual([])
    expect(distinct(all)).toEqual(expect.arrayContaining([...actionsOf(split(policy, true))]))
    // Without its own statements it would be refused.
    const without = refused(split(policy, false), all)
    expect(new Set(without.flatMap(({ repository }) => repository ?? []))).toEqual(new Set(['rampart-web-base']))
    expect(distinct(without)).toEqual(expect.arrayContaining(['ecr:CreateRepository', 'ecr:PutImage']))
  }, 120_000)
})

test('instances that are asked at their own addresses are looked up, which the policy allows', async () => {
  const cloud = await startCloud({ switches: { remoteAgents: 'none' } })
  await cloud.project.edit('rampart.yml', '  targets:\n', '  targets:\n    ask: direct\n')
  const all = await askedOf(cloud, async (config) => {
    expect((await deploy(config)).exitCode).toBe(0)
  })
  expect(distinct(all)).toContain('ec2:DescribeInstances')
  expect(refused(await policyOf(cloud, false), all)).toEqual([])
})

test('it is narrowed to the account, the group, the template, the repositories and the log group', async () => {
  const cloud = await startCloud()
  const policy = await policyOf(cloud, false)
  await expect(
    `${JSON.stringify(policy, undefined, 2).replaceAll(/lt-[0-9a-f]{17}/g, 'lt-TEMPLATE')}\n`,
  ).toMatchFileSnapshot('../golden/doctor/policy.json')
  // What stands on everything is bound to the region, to the template, or is everybody's own identity.
  const everywhere = policy.Statement.filter(({ Resource, Condition }) => Resource === '*' && Condition === undefined)
  expect(everywhere.map(({ Sid }) => Sid)).toEqual(['Identity'])
  const before = cloud.calls.length
  const unasked = JSON.stringify(await policyOf(cloud, true))
  expect(cloud.calls.length).toBe(before)
  expect(unasked).toContain('arn:aws:ecr:us-west-2:*:repository/rampart-backend')
  expect(unasked).toContain('launch-template/*')
})

test('other partitions, another registry, no logs and no alarms', () => {
  const scope = {
    region: 'cn-north-1',
    account: '123456789012',
    fleet: { kind: 'asg', group: 'g' },
    launchTemplate: 'lt-1',
    repositories: [],
    baseRepositories: [],
    logGroup: undefined,
    alarms: false,
    ledger: undefined,
  } as const
  const policy = leastPrivilege(scope)
  const text = JSON.stringify(policy)
  expect(text).not.toMatch(/ecr:|logs:|ssm:\w*Parameter|cloudwatch:|arn:aws:/)
  expect(text).toContain('arn:aws-cn:autoscaling:cn-north-1:123456789012:autoScalingGroup:*:autoScalingGroupName/g')
  expect(text).toContain('ec2.amazonaws.com.cn')
  expect(JSON.stringify(leastPrivilege({ ...scope, region: 'us-gov-west-1' }))).toContain('arn:aws-us-gov:')
})
