import { execFileSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../../src/lib/config/index.js'
import { runAbort } from '../../src/lib/compose/abort.js'
import { runBaseBuild, runBaseStatus } from '../../src/lib/compose/base.js'
import { runLockStatus } from '../../src/lib/compose/lock.js'
import { runReleases } from '../../src/lib/compose/releases.js'
import { runRollback } from '../../src/lib/compose/rollback.js'
import { runScale } from '../../src/lib/compose/scale.js'
import { runDoctor } from '../../src/lib/compose/doctor.js'
import { runDeploy } from '../../src/lib/compose/deploy.js'
import { runStatus } from '../../src/lib/compose/status.js'
import { runEnv } from '../../src/lib/compose/env.js'
import { runLogs } from '../../src/lib/compose/logs.js'
import { runPlan } from '../../src/lib/compose/plan-deploy.js'
import { runPricesRefresh } from '../../src/lib/compose/prices-refresh.js'
import { runStrategies } from '../../src/lib/compose/plan.js'
import { runVerifyTags } from '../../src/lib/compose/registry-verify.js'
import { runMigrate } from '../../src/lib/compose/registry.js'
import { runSecretsCheck, runSecretsList, runSecretsPolicy, runSecretsSet } from '../../src/lib/compose/secrets.js'
import { runVerify } from '../../src/lib/compose/verify.js'
import { actionsOf, type PolicyDocument } from '../../src/lib/doctor/policy/document.js'
import { leastPrivilege, policyGroups, type PolicyGroup } from '../../src/lib/doctor/policy/groups.js'
import { packBase } from '../support/docker-base.js'
import { forgetImages } from '../support/docker.js'
import { startCloud as startAnyCloud, type Cloud, type CloudOptions } from '../support/rehearsal.js'
import { dockerProgram, requires } from '../support/requires.js'
import { withEnvironment } from './support.js'

const shared = { env: undefined, progress: undefined, 'no-color': true, json: true } as const
const noEngine = { DOCKER_HOST: 'unix:///nonexistent' }

/** What rampart asked of a cloud, as IAM names it: an action, and for the registry the repository that it is on. */
interface Asked {
  readonly action: string
  readonly repository?: string
}

/** What is asked does not hang on how fast this machine answers: no budget of `verify` ends a test. */
const startCloud = (options: CloudOptions = {}): Promise<Cloud> =>
  startAnyCloud({
    prepare: (project) => project.edit('rampart.yml', /latency: \{.*\}/g, 'latency: { max: 60s }'),
    ...options,
  })

/** Everything that rampart asks of that cloud while it does that. */
async function askedOf(
  cloud: Cloud,
  work: (config: string) => Promise<unknown>,
  extra: Readonly<Record<string, string>> = noEngine,
): Promise<readonly Asked[]> {
  const before = [cloud.calls.length, cloud.requests.length]
  await withEnvironment(cloud.client(extra), () => work(cloud.project.config))
  // The signing name of CloudWatch is `monitoring`; the others are called as IAM calls them.
  const calls = cloud.calls.slice(before[0]).map((call) => ({ action: call.replace(/^monitoring:/, 'cloudwatch:') }))
  return [...calls, ...cloud.requests.slice(before[1]).flatMap(ofRequest)]
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

async function policyOf(cloud: Cloud, groups?: readonly PolicyGroup[], offline = false): Promise<PolicyDocument> {
  const { result } = await withEnvironment(cloud.client(), () =>
    runDoctor({ ...shared, config: cloud.project.config, offline, policy: true, for: groups }),
  )
  return (result as { readonly policy: PolicyDocument }).policy
}

/**
 * What is looked for where it may be, and left out where not: values of secrets, which `verify` would find in logs. They
 * are in the group of secrets alone, so that whoever deploys need not be able to read them.
 */
const optional = new Set(['secretsmanager:GetSecretValue'])

/** That a group allows what was asked, and nothing beside but what `beside` has a reason for. */
async function expectExact(
  cloud: Cloud,
  group: PolicyGroup,
  every: readonly Asked[],
  beside: Readonly<Record<string, readonly string[]>> = {},
): Promise<void> {
  const policy = await policyOf(cloud, [group])
  const all = group === 'secrets' ? every : every.filter(({ action }) => !optional.has(action))
  expect({ group, refused: refused(policy, all) }).toEqual({ group, refused: [] })
  const reasons = Object.values(beside).flat()
  const known = [...new Set(['sts:GetCallerIdentity', ...distinct(all), ...reasons])].toSorted()
  expect({ group, allowed: actionsOf(policy) }).toEqual({ group, allowed: known })
}

/** Everything that looks only, once something was deployed. */
const look = async (config: string): Promise<void> => {
  expect((await runStatus({ ...shared, config })).exitCode).toBe(0)
  expect((await runReleases({ ...shared, config, limit: 10 })).exitCode).toBe(0)
  expect((await runLockStatus({ ...shared, config })).exitCode).toBe(0)
  expect((await runBaseStatus({ ...shared, config, check: true })).exitCode).toBe(0)
  expect((await runStrategies({ ...shared, config, assume: [], 'deploys-per-day': '5' })).exitCode).toBe(0)
  expect((await runPlan({ ...shared, config, check: false, assume: [] })).exitCode).toBe(0)
  await runVerifyTags({ ...shared, config })
  expect((await runEnv({ ...shared, config, format: 'dotenv' })).exitCode).toBe(0)
}

/** It tries whether it may push, which those who only look may not. */
const examineAll = async (config: string): Promise<void> => {
  expect((await runDoctor({ ...shared, config, offline: false, policy: false })).exitCode).toBe(0)
}

const readLogs = async (config: string): Promise<void> => {
  const flags = { ...shared, config, target: [], service: [], follow: false, since: '10m', poll: false }
  expect((await runLogs(flags)).exitCode).toBe(0)
}

const verify = async (config: string): Promise<void> => {
  expect(
    (await runVerify({ ...shared, ...balancer(), progress: 'quiet', config, only: [], load: false, yes: true }))
      .exitCode,
  ).toBe(0)
}

const refreshPrices = async (config: string): Promise<void> => {
  const out = join(dirname(config), 'prices.json')
  expect((await runPricesRefresh({ ...shared, config, region: [], out, partial: false })).exitCode).toBe(0)
}

const ofLogs = { 'only with --follow': ['logs:DescribeLogGroups', 'logs:StartLiveTail'] }
const sameSize = { 'asked when instances of another type are launched since': ['ec2:DescribeInstanceTypes'] }
const noDashboard = { 'there is no dashboard to draw into': ['cloudwatch:PutDashboard'] }

test('every operation that is called by what changes, watches and asks is in the policy, and none more', async () => {
  // One after the other: each is this process in an environment of its own.
  const cloud = await startCloud()
  const all = [
    ...(await askedOf(cloud, async (config) => {
      expect((await deploy(config)).exitCode).toBe(0)
      // The second one forgets what the first one claimed.
      expect((await deploy(config, true)).exitCode).toBe(0)
    })),
  ]
  all.push(...(await askedOf(cloud, examineAll)))
  const looked = await askedOf(cloud, look)
  const read = await askedOf(cloud, readLogs)
  const verified = await askedOf(cloud, verify)
  all.push(...looked, ...verified, ...(await askedOfOthers()))
  for (const scenario of ['bad-image', 'never-ready', 'no-capacity'] as const) {
    all.push(...(await asked({ scenario }, async (config) => expect((await deploy(config)).exitCode).toBe(4))))
  }
  await expectExact(cloud, 'deploy', all, {
    'asked by AWS of whoever starts a refresh with a launch template': [
      'ec2:CreateTags',
      'ec2:RunInstances',
      'iam:PassRole',
    ],
    ...sameSize,
    ...noDashboard,
  })
  const watches = { 'asked by monitor while a rollout runs': ['autoscaling:DescribeScalingActivities'] }
  await expectExact(cloud, 'read', looked, { ...watches })
  const priced = await askedOf(cloud, refreshPrices)
  expect(distinct(priced)).toEqual(['pricing:GetProducts'])
  await expectExact(cloud, 'plan', [...looked, ...priced], { ...watches })
  await expectExact(cloud, 'logs', [...looked, ...read], { ...watches, ...ofLogs })
  await expectExact(cloud, 'verify', [...looked, ...verified], { ...watches })
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
    })),
  ]
  all.push(...(await askedOf(cloud, examineAll)))
  const looked = await askedOf(cloud, look)
  const read = await askedOf(cloud, readLogs)
  const verified = await askedOf(cloud, verify)
  all.push(...looked, ...verified)
  all.push(
    ...(await askedOf(cloud, async (config) => {
      expect((await runRollback({ ...quiet, ...balancer(), config, 'last-proved': true, list: false })).exitCode).toBe(
        0,
      )
      expect((await runScale(3, { ...quiet, config, service: 'api' })).exitCode).toBe(0)
      expect((await runScale(5, { ...quiet, config, service: 'api', bounds: '2:6' })).exitCode).toBe(0)
      const again = { ...quiet, ...balancer(), config, force: true, 'release-hold': true, continue: true }
      expect((await runDeploy(again)).exitCode).toBe(0)
    })),
  )
  for (const scenario of ['bad-image', 'never-ready', 'alarm-trip'] as const) {
    all.push(...(await asked({ scenario, example }, async (config) => expect((await deploy(config)).exitCode).toBe(4))))
  }
  await expectExact(cloud, 'deploy', all, {
    'where somebody pauses a deployment or stops one': ['ecs:ContinueServiceDeployment', 'ecs:StopServiceDeployment'],
    'the first bounds of an account': ['iam:CreateServiceLinkedRole'],
    'asked by AWS of whoever registers a task definition': ['ecs:TagResource', 'iam:PassRole'],
    ...noDashboard,
  })
  const watches = { 'asked by monitor while a rollout runs': ['ecs:DescribeServiceDeployments'] }
  await expectExact(cloud, 'read', looked, watches)
  await expectExact(cloud, 'logs', [...looked, ...read], { ...watches, ...ofLogs })
  await expectExact(cloud, 'verify', [...looked, ...verified], watches)
}, 240_000)

test.each(['rampart-ai', 'finbert-rag'] as const)('what secrets of %s ask is in theirs', async (example) => {
  const cloud = await startCloud({ example })
  const config = await loadConfig({ path: cloud.project.config, env: {} })
  const name = `${config.app}/new`
  const all = await askedOf(
    cloud,
    async (path) => {
      const flags = { ...shared, config: path }
      for (const value of ['NEW_VALUE', 'NEXT_VALUE']) {
        expect((await runSecretsSet([name], { ...flags, 'from-env': value })).exitCode).toBe(0)
      }
      expect((await runSecretsList(flags)).exitCode).toBe(0)
      await runSecretsCheck(flags)
      expect((await runSecretsPolicy(flags)).exitCode).toBe(0)
    },
    { NEW_VALUE: 'one', NEXT_VALUE: 'two' },
  )
  await expectExact(cloud, 'secrets', all, {
    'asked by AWS of whoever makes one with tags': ['secretsmanager:TagResource'],
  })
})

test('what moves images between its repositories is in that of registry migrate', async () => {
  const cloud = await startCloud()
  const all = await askedOf(cloud, async (config) => {
    const source = `${cloud.rehearsal.registryHost}/rampart-backend-base`
    const flags = { ...shared, config, source, target: 'rampart-backend', tag: [], 'skip-tag': [], jobs: 2, yes: true }
    expect((await runMigrate({ ...flags, progress: 'quiet', 'dry-run': false })).exitCode).toBe(0)
  })
  expect(distinct(all)).toContain('ecr:PutImage')
  await expectExact(cloud, 'migrate', all, {
    'only for a repository that is missing': ['ecr:CreateRepository', 'ecr:PutLifecyclePolicy'],
    'only for layers that no other repository of the registry gives': [
      'ecr:BatchCheckLayerAvailability',
      'ecr:CompleteLayerUpload',
      'ecr:GetDownloadUrlForLayer',
      'ecr:UploadLayerPart',
    ],
  })
})

test('a policy of several groups allows what each of them does; those that the environment lacks are refused', async () => {
  const cloud = await startCloud()
  // The example keeps no model cache.
  const groups = policyGroups.filter((group) => group !== 'cache')
  const each = await Promise.all(groups.map((group) => policyOf(cloud, [group])))
  const together = await policyOf(cloud, groups)
  expect(actionsOf(together)).toEqual([...new Set(each.flatMap(actionsOf))].toSorted())
  const sids = together.Statement.map(({ Sid }) => Sid)
  expect(new Set(sids).size).toBe(sids.length)
  for (const { Sid } of together.Statement) expect(Sid).toMatch(/^[A-Za-z0-9]+$/)
  // What reads only changes nothing.
  const changing = /:(?!Describe|Get|List|Filter|Batch(?:Get|Check))/
  const reading = await policyOf(cloud, ['read', 'logs', 'adopt'])
  expect(actionsOf(reading).filter((one) => changing.test(one))).toEqual(['logs:StartLiveTail'])
  await cloud.project.edit('rampart.yml', / +# What it stands on[^]*$/, '')
  await expect(policyOf(cloud, ['infra'])).rejects.toThrow('The environment production has nothing that infra')
  await expect(policyOf(cloud, ['cooking'] as never)).rejects.toThrow('--for cooking is no group of commands.')
})

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
    const policy = await policyOf(cloud, ['read', 'base'])
    expect(refused(policy, all)).toEqual([])
    const called = new Set([...distinct(all), 'sts:GetCallerIdentity', 'ecr:GetDownloadUrlForLayer'])
    expect(actionsOf(await policyOf(cloud, ['base'])).filter((one) => !called.has(one))).toEqual([])
    // Without its own statements it would be refused.
    const without = refused(await policyOf(cloud, ['deploy']), all)
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
  expect(refused(await policyOf(cloud), all)).toEqual([])
})

test('it is narrowed to the account, the group, the template, the repositories and the log group', async () => {
  const cloud = await startCloud()
  const policy = await policyOf(cloud)
  await expect(
    `${JSON.stringify(policy, undefined, 2).replaceAll(/lt-[0-9a-f]{17}/g, 'lt-TEMPLATE')}\n`,
  ).toMatchFileSnapshot('../golden/doctor/policy.json')
  // What stands on everything is bound to the region, to the template, or is everybody's own identity.
  const everywhere = policy.Statement.filter(({ Resource, Condition }) => Resource === '*' && Condition === undefined)
  expect(everywhere.map(({ Sid }) => Sid)).toEqual(['Identity'])
  const before = cloud.calls.length
  const unasked = JSON.stringify(await policyOf(cloud, undefined, true))
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
  expect(text).not.toMatch(/ecr:|logs:|ssm:\w*Parameter|cloudwatch:(?!GetMetricData)|arn:aws:/)
  expect(text).toContain('arn:aws-cn:autoscaling:cn-north-1:123456789012:autoScalingGroup:*:autoScalingGroupName/g')
  expect(text).toContain('ec2.amazonaws.com.cn')
  expect(JSON.stringify(leastPrivilege({ ...scope, region: 'us-gov-west-1' }))).toContain('arn:aws-us-gov:')
})
