import {
  AutoScalingClient,
  SetInstanceProtectionCommand,
  StartInstanceRefreshCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling'
import { CreateLaunchTemplateVersionCommand, EC2Client } from '@aws-sdk/client-ec2'
import { describe, expect, test } from 'vitest'
import { setAlarmState } from '../../src/lib/rehearsal/world/alarms.js'
import { setAnswer } from '../../src/lib/rehearsal/world/load-balancer.js'
import { ageBase, changesOf, exampleGroup, startCloud, type Cloud, type CloudOptions } from '../support/rehearsal.js'
import { denying, examine, troubles } from './support.js'

function clients(cloud: Cloud): { readonly autoScaling: AutoScalingClient; readonly ec2: EC2Client } {
  const settings = {
    endpoint: cloud.rehearsal.url,
    region: 'us-west-2',
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'not-a-secret' },
  }
  return { autoScaling: new AutoScalingClient(settings), ec2: new EC2Client(settings) }
}

/** Moves the group to a version with other user data. */
async function moveGroup(cloud: Cloud, change: (text: string) => string, version?: string): Promise<void> {
  const { autoScaling, ec2 } = clients(cloud)
  const { template } = cloud.rehearsal.world.state.group
  const old = cloud.rehearsal.world.state.templates[0]?.versions.at(-1)?.data.UserData ?? ''
  const made = await ec2.send(
    new CreateLaunchTemplateVersionCommand({
      LaunchTemplateId: template.id,
      SourceVersion: '7',
      LaunchTemplateData: {
        UserData: Buffer.from(change(Buffer.from(old, 'base64').toString('utf8'))).toString('base64'),
      },
    }),
  )
  await autoScaling.send(
    new UpdateAutoScalingGroupCommand({
      AutoScalingGroupName: exampleGroup,
      LaunchTemplate: {
        LaunchTemplateId: template.id,
        Version: version ?? String(made.LaunchTemplateVersion?.VersionNumber),
      },
    }),
  )
}

/** Lets a target say that it started and loaded, that many seconds apart. */
function logStart(cloud: Cloud, seconds: number): void {
  const { state } = cloud.rehearsal.world
  const stream = `${state.group.instances[0]?.id}/backend`
  const at = state.now - 3_600_000
  state.logs.append(stream, at, 'INFO:     Started server process [1]')
  state.logs.append(stream, at + seconds * 500, 'INFO:     models: loaded x (300 MB) in 4.1s')
  state.logs.append(stream, at + seconds * 1000, `INFO:     readiness: ready, 2 models loaded in ${seconds - 3}.0s`)
}

interface Planted {
  readonly defect: string
  readonly options?: CloudOptions
  readonly env?: Readonly<Record<string, string>>
  readonly plant?: (cloud: Cloud) => Promise<unknown> | void
  readonly found: Readonly<Record<string, 'warn' | 'fail'>>
  readonly detail: RegExp
  readonly remedy: RegExp
}

const planted: readonly Planted[] = [
  {
    defect: 'a group that follows $Latest',
    plant: (cloud) => moveGroup(cloud, (text) => text, '$Latest'),
    found: { 'launch-template': 'fail' },
    detail: /follows \$Latest/,
    remedy: /^aws autoscaling update-auto-scaling-group/,
  },
  {
    defect: 'a template whose AMI is an alias of Systems Manager',
    plant: ({ rehearsal: { world } }) => {
      const data = world.state.templates[0]?.versions.at(-1)?.data
      if (data !== undefined) data.ImageId = 'resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023'
    },
    found: { ami: 'fail' },
    detail: /resolve:ssm/,
    remedy: /./,
  },
  {
    defect: 'a mutable tag in the user data',
    plant: (cloud) =>
      moveGroup(cloud, (text) => text.replaceAll(/rampart-backend@sha256:\w+/g, 'rampart-backend:latest')),
    found: { 'pinned-user-data': 'warn' },
    detail: /starts .*\/rampart-backend:latest/,
    remedy: /^rampart deploy$/,
  },
  {
    defect: 'user data that starts another image',
    plant: (cloud) => moveGroup(cloud, (text) => text.replaceAll('/rampart-frontend@', '/website@')),
    found: { 'user-data': 'fail' },
    detail: /does not refer to .*\/rampart-frontend$/,
    remedy: /rampart-frontend:latest/,
  },
  {
    defect: 'an instance protected from scale-in',
    plant: async (cloud) => {
      const id = cloud.rehearsal.world.state.group.instances[0]?.id ?? ''
      await clients(cloud).autoScaling.send(
        new SetInstanceProtectionCommand({
          AutoScalingGroupName: exampleGroup,
          InstanceIds: [id],
          ProtectedFromScaleIn: true,
        }),
      )
    },
    found: { 'held-instances': 'warn' },
    detail: /protected from scale-in/,
    remedy: /^aws autoscaling set-instance-protection/,
  },
  {
    defect: 'no room to launch first',
    plant: (cloud) => void (cloud.rehearsal.world.state.group.maxSize = 4),
    found: { surge: 'warn' },
    detail: /may hold 4 instances/,
    remedy: /--max-size 8$/,
  },
  {
    defect: 'a group that asks EC2 alone',
    options: { switches: { healthCheckType: 'EC2' } },
    found: { 'health-check': 'warn' },
    detail: /asks EC2 alone/,
    remedy: /--health-check-type ELB/,
  },
  {
    defect: 'an alarm that is not OK',
    plant: ({ rehearsal: { world } }) => {
      const [alarm] = world.state.alarms
      if (alarm !== undefined) setAlarmState(world.state, alarm, 'ALARM', 'too many 5xx')
    },
    found: { alarms: 'fail' },
    detail: /is ALARM: too many 5xx/,
    remedy: /every alarm is OK/,
  },
  {
    defect: 'an alarm that does not exist',
    plant: ({ project }) => project.edit('rampart.yml', 'rampart-production-backend-5xx', 'rampart-latency'),
    found: { alarms: 'fail' },
    detail: /rampart-latency does not exist/,
    remedy: /alarm/,
  },
  {
    defect: 'a group of another name',
    plant: ({ project }) => project.edit('rampart.yml', 'group: rampart-production-asg', 'group: rampart-asg'),
    found: { group: 'fail' },
    detail: /no Auto Scaling group rampart-asg/,
    remedy: /^aws autoscaling describe-auto-scaling-groups/,
  },
  {
    defect: 'a base that is stale',
    plant: ({ project }) => project.write('backend/requirements.txt', 'fastapi==0.1\n'),
    found: { base: 'fail' },
    detail: /rampart-backend-base:latest was built from other sources/,
    remedy: /build .*Dockerfile\.base|base:build|base build/,
  },
  {
    defect: 'a base that is too old',
    plant: ageBase,
    found: { base: 'fail' },
    detail: /rampart-backend-base:latest is older than the maxAge of its configuration allows/,
    remedy: /^rampart base build --service backend$/,
  },
  {
    defect: 'a base that was proved for another user',
    plant: ({ project }) => project.edit('backend/Dockerfile.app', /^USER 10001.*$/m, 'USER 10002'),
    found: { base: 'fail' },
    detail: /rampart-backend-base:latest was proved for another user, variables or commands/,
    remedy: /^rampart base build --service backend$/,
  },
  {
    defect: 'a base that was never pushed',
    plant: async ({ project }) => {
      await project.edit('rampart.yml', 'repository: rampart-frontend-base', 'repository: rampart-website-base')
      await project.edit('frontend/Dockerfile.app', 'FROM rampart-frontend-base', 'FROM rampart-website-base')
    },
    found: { base: 'fail' },
    detail: /rampart-website-base:latest is not in the registry/,
    remedy: /./,
  },
  {
    defect: 'a repository that does not exist',
    plant: ({ project }) => project.edit('rampart.yml', 'repository: rampart-frontend\n', 'repository: website\n'),
    found: { repositories: 'fail', 'registry-push': 'fail', 'user-data': 'fail' },
    detail: /no repository website/,
    remedy: /^aws ecr create-repository --repository-name website$/,
  },
  {
    defect: 'a rollout under way',
    plant: async (cloud) => {
      await moveGroup(cloud, (text) => `${text}\n# new\n`)
      await clients(cloud).autoScaling.send(new StartInstanceRefreshCommand({ AutoScalingGroupName: exampleGroup }))
    },
    found: { rollout: 'warn' },
    detail: /refresh/,
    remedy: /./,
  },
  {
    defect: 'a log group that does not exist',
    plant: ({ project }) => project.edit('rampart.yml', 'group: /rampart/production', 'group: /rampart/other'),
    found: { 'log-group': 'fail' },
    detail: /no log group \/rampart\/other/,
    remedy: /^aws logs create-log-group --log-group-name \/rampart\/other$/,
  },
  {
    defect: 'a warmup that is shorter than the load',
    plant: (cloud) => logStart(cloud, 240),
    found: { warmup: 'warn' },
    detail: /InstanceWarmup is 180 s, but .*\/backend took 240 s/,
    remedy: /warmup to 360s/,
  },
  {
    defect: 'a warmup that waits for nothing',
    plant: async (cloud) => {
      await cloud.project.edit('rampart.yml', 'warmup: 180s', 'warmup: 900s')
      logStart(cloud, 30)
    },
    found: { warmup: 'warn' },
    detail: /each batch of a rollout waits about 10 minutes for nothing/,
    remedy: /warmup to 300s/,
  },
  {
    defect: 'credentials that end soon',
    env: { AWS_CREDENTIAL_EXPIRATION: new Date(Date.now() + 20 * 60_000).toISOString() },
    found: { credentials: 'warn' },
    detail: /the credentials end in (?:19|20) minutes/,
    remedy: /^aws sso login$/,
  },
  {
    defect: 'credentials that are no longer accepted',
    options: { faults: [{ everyNth: 1, effect: { kind: 'expired-credentials' } }] },
    found: { credentials: 'fail' },
    detail: /does not accept the credentials/,
    remedy: /renew them/,
  },
  {
    defect: 'targets that are unhealthy',
    // A group that asked the load balancer would replace them.
    options: { switches: { healthCheckType: 'EC2' } },
    plant: ({ rehearsal: { world } }) => {
      const [instance] = world.state.group.instances
      if (instance !== undefined) setAnswer(world.state, instance, 8000, 503)
      world.advanceTo(world.state.now + 120_000)
    },
    found: { targets: 'fail', 'health-check': 'warn' },
    detail: /is unhealthy \(Target\.ResponseCodeMismatch/,
    remedy: /^rampart status$/,
  },
]

describe('a defect planted in the environment is found, and nothing else', () => {
  test.each(planted)('$defect', async ({ options, env, plant, found, detail, remedy }) => {
    const cloud = await startCloud({ speed: 1, ...options })
    cloud.pause()
    await plant?.(cloud)
    const seen = await examine(cloud.project.config, { env: cloud.client(env) })
    expect(troubles(seen)).toEqual(found)
    const check = seen.checks[Object.keys(found)[0] ?? '']
    expect(check?.detail).toMatch(detail)
    expect(check?.remedy).toMatch(remedy)
    expect(seen.exitCode).toBe(Object.values(found).includes('fail') ? 3 : 0)
  })
})

test('an identity that may not make a launch-template version is told so, before anything is deployed', async () => {
  const cloud = await startCloud({ speed: 1 })
  const env = cloud.client({ AWS_ENDPOINT_URL: await denying(cloud.rehearsal.url, 'CreateLaunchTemplateVersion') })
  const seen = await examine(cloud.project.config, { env })
  expect(troubles(seen)).toEqual({ permissions: 'fail' })
  expect(seen.checks['permissions']?.detail).toMatch(/CreateLaunchTemplateVersion/)
  expect(seen.checks['permissions']?.remedy).toMatch(/ec2:CreateLaunchTemplateVersion|doctor --policy/)
})

test('a cloud that is well: nothing is found, nothing is changed', async () => {
  const cloud = await startCloud({ speed: 1 })
  logStart(cloud, 60)
  const { state } = cloud.rehearsal.world
  const before = state.templates[0]?.versions.length
  const seen = await examine(cloud.project.config, { env: cloud.client() })
  expect(troubles(seen)).toEqual({})
  expect(seen.exitCode).toBe(0)
  const asked = Object.values(seen.checks).filter(({ result }) => result === 'skip')
  expect(asked.map(({ name }) => name)).toEqual(['docker', 'docker-memory', 'docker-disk'])
  // An upload that is opened is cancelled, and asking whether a version may be made makes none.
  expect(state.templates[0]?.versions).toHaveLength(before ?? 0)
  const changes = changesOf(cloud).map((change) => change.replace(/uploads\/.+/, 'uploads/'))
  expect(changes.toSorted()).toEqual([
    'DELETE /v2/rampart-backend/blobs/uploads/',
    'DELETE /v2/rampart-frontend/blobs/uploads/',
    'POST /v2/rampart-backend/blobs/uploads/',
    'POST /v2/rampart-frontend/blobs/uploads/',
    'ec2:CreateLaunchTemplateVersion',
  ])
})

test('a cloud that answers badly is asked again; one that is gone fails by name, and soon', async () => {
  const shaky = await startCloud({ speed: 1, scenario: 'throttled' })
  const seen = await examine(shaky.project.config, { env: shaky.client() })
  expect(troubles(seen)).toEqual({})
  const gone = await startCloud({ speed: 1 })
  await gone.rehearsal.close()
  const start = Date.now()
  const lost = await examine(gone.project.config, { env: gone.client() })
  expect(troubles(lost)).toEqual({ credentials: 'fail' })
  expect(lost.checks['group']).toMatchObject({ result: 'skip', detail: expect.stringContaining('not asked') })
  expect(Date.now() - start).toBeLessThan(20_000)
})
