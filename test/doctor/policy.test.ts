import { expect, test } from 'vitest'
import { runDoctor } from '../../src/lib/compose/doctor.js'
import { runDeploy, runStatus } from '../../src/lib/compose/deploy.js'
import { actionsOf, leastPrivilege, type PolicyDocument } from '../../src/lib/doctor/policy.js'
import { startCloud, type Cloud, type CloudOptions } from '../support/rehearsal.js'
import { withEnvironment } from './support.js'

const shared = { env: undefined, 'no-color': true, json: true } as const

/** Everything that rampart asks while it does that, as IAM names it. */
async function actions(options: CloudOptions, work: (config: string) => Promise<unknown>): Promise<readonly string[]> {
  const cloud = await startCloud(options)
  await withEnvironment(cloud.client({ DOCKER_HOST: 'unix:///nonexistent' }), () => work(cloud.project.config))
  return [...cloud.calls.map(ofCall), ...cloud.requests.flatMap(ofRequest)]
}

const deploy = (config: string, force = false): Promise<{ readonly exitCode: number }> =>
  runDeploy({ ...shared, progress: 'quiet', config, force })

// The signing name of CloudWatch is `monitoring`; the others are called as IAM calls them.
const ofCall = (call: string): string => call.replace(/^monitoring:/, 'cloudwatch:')

/**
 * What ECR wants for a request of the registry protocol:
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
 */
function ofRequest(request: string): readonly string[] {
  const [method = '', path = ''] = request.split(' ')
  if (path.includes('/manifests/')) return method === 'PUT' ? ['ecr:PutImage'] : ['ecr:BatchGetImage']
  if (path.includes('/blobs/uploads/')) {
    if (method === 'POST') return ['ecr:InitiateLayerUpload']
    return method === 'PUT' ? ['ecr:UploadLayerPart', 'ecr:CompleteLayerUpload'] : []
  }
  if (path.includes('/blobs/')) {
    return method === 'HEAD' ? ['ecr:BatchCheckLayerAvailability'] : ['ecr:GetDownloadUrlForLayer']
  }
  return path.includes('/tags/list') ? ['ecr:ListImages'] : []
}

/** Asked by AWS of whoever starts a refresh with a launch template, not called by rampart. */
const implied = ['ec2:CreateTags', 'ec2:RunInstances', 'iam:PassRole']

async function policyOf(cloud: Cloud, offline: boolean): Promise<PolicyDocument> {
  const env = cloud.client()
  const { result } = await withEnvironment(env, () =>
    runDoctor({ ...shared, progress: undefined, config: cloud.project.config, offline, policy: true }),
  )
  return (result as { readonly policy: PolicyDocument }).policy
}

test('every operation that deploy, status and doctor call is in the policy, and none more', async () => {
  // One after the other: each is this process in an environment of its own.
  const healthy = await actions({}, async (config) => {
    expect((await deploy(config)).exitCode).toBe(0)
    expect((await runStatus({ ...shared, progress: undefined, config })).exitCode).toBe(0)
    const examined = await runDoctor({ ...shared, progress: undefined, config, offline: false, policy: false })
    expect(examined.exitCode).toBe(0)
  })
  const called = new Set(healthy)
  for (const scenario of ['bad-image', 'never-ready', 'no-capacity'] as const) {
    const all = await actions({ scenario }, async (config) => expect((await deploy(config)).exitCode).toBe(4))
    for (const action of all) called.add(action)
  }
  const cloud = await startCloud()
  const allowed = actionsOf(await policyOf(cloud, false))
  expect([...called, ...implied].toSorted()).toEqual(allowed)
}, 180_000)

test('it is narrowed to the account, the group, the template, the repositories and the log group', async () => {
  const cloud = await startCloud()
  const policy = await policyOf(cloud, false)
  await expect(
    `${JSON.stringify(policy, undefined, 2).replaceAll(/lt-[0-9a-f]{17}/g, 'lt-TEMPLATE')}\n`,
  ).toMatchFileSnapshot('../golden/doctor/policy.json')
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
    group: 'g',
    launchTemplate: 'lt-1',
    repositories: [],
    baseRepositories: [],
    logGroup: undefined,
    alarms: false,
  } as const
  const policy = leastPrivilege(scope)
  const text = JSON.stringify(policy)
  expect(text).not.toMatch(/ecr:|logs:|cloudwatch:|arn:aws:/)
  expect(text).toContain('arn:aws-cn:autoscaling:cn-north-1:123456789012:autoScalingGroup:*:autoScalingGroupName/g')
  expect(text).toContain('ec2.amazonaws.com.cn')
  expect(JSON.stringify(leastPrivilege({ ...scope, region: 'us-gov-west-1' }))).toContain('arn:aws-us-gov:')
})
