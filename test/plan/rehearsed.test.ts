import {
  AutoScalingClient,
  DescribeInstanceRefreshesCommand,
  StartInstanceRefreshCommand,
} from '@aws-sdk/client-auto-scaling'
import { CreateLaunchTemplateVersionCommand, DescribeLaunchTemplatesCommand, EC2Client } from '@aws-sdk/client-ec2'
import {
  DescribeServiceDeploymentsCommand,
  DescribeTaskDefinitionCommand,
  ECSClient,
  ListServiceDeploymentsCommand,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs'
import { expect, onTestFinished, test } from 'vitest'
import type { ImaginedConditions, ImaginedFleet } from '../../src/lib/domain/imagined-rollout.js'
import { startRehearsal } from '../../src/lib/rehearsal/cloud.js'
import { imagineRollout } from '../../src/lib/rehearsal/imagine/rollout.js'
import { switchesFor } from '../../src/lib/rehearsal/imagine/switches.js'
import type { RehearsalSetup, RehearsedFleet } from '../../src/lib/rehearsal/setup.js'
import { writeUserData } from '../../src/lib/rehearsal/world/user-data.js'

const MB = 1_000_000
const models = [
  { id: 'deberta', revision: 'a', bytes: 300 * MB },
  { id: 'gliner', revision: 'b', bytes: 200 * MB },
]
/** The bytes of the rehearsal's own base, without models. */
const dependencies = [28_200_000, 22_400_000, 700_000_000]

const conditions: ImaginedConditions = {
  launch: 6000,
  boot: 23_000,
  taskProvisioning: 11_000,
  healthCheckInterval: 10_000,
  draining: 30_000,
  download: 60 * MB,
  unpack: 90 * MB,
  modelDownload: 40 * MB,
  modelLoad: 75 * MB,
  machineImageCarriesBase: false,
}

function setupOf(fleet: RehearsedFleet): RehearsalSetup {
  return {
    app: 'shop',
    environment: 'production',
    region: 'us-west-2',
    accountId: '123456789012',
    logGroup: '/shop/production',
    alarms: [],
    services: [
      {
        name: 'api',
        repository: 'shop-api',
        base: {
          repository: 'shop-api-base',
          tag: 'latest',
          models,
          labels: { 'rampart.models': JSON.stringify(models) },
        },
        livePath: '/live',
        readyPath: '/ready',
        port: 8000,
      },
    ],
    ...fleet,
  }
}

function imagined(fleet: ImaginedFleet): number {
  const course = imagineRollout({
    fleet,
    conditions,
    share: 0.5,
    services: [
      {
        name: 'api',
        layers: [
          ...[...dependencies, ...models.map(({ bytes }) => bytes)].map((bytes, index) => ({
            name: `layer ${index}`,
            bytes,
            ofBase: true,
          })),
          { name: 'app', bytes: 2 * MB, ofBase: false },
        ],
        models: models.map(({ id, bytes }) => ({ id, bytes, isPresent: true })),
      },
    ],
  })
  return course?.duration ?? Number.NaN
}

/** A rehearsal on a clock that only the test moves, with an image of a next release. */
async function rehearsed(fleet: RehearsedFleet, seed: number) {
  let time = Date.parse('2026-03-01T10:00:00Z')
  const setup = setupOf(fleet)
  const rehearsal = await startRehearsal({
    setup,
    scenario: 'healthy',
    now: () => time,
    seed,
    switches: switchesFor(conditions),
  })
  onTestFinished(() => rehearsal.close())
  const { digest } = rehearsal.registry.storeImage({
    repository: 'shop-api',
    tag: 'next',
    layers: [
      ...[...dependencies, ...models.map(({ bytes }) => bytes)].map((size, index) => ({
        phantom: { name: `next ${index}`, size },
        createdBy: 'test',
      })),
      { phantom: { name: 'next app', size: 2 * MB }, createdBy: 'test' },
    ],
    labels: { 'rampart.models': JSON.stringify(models) },
    config: { User: 'app', ExposedPorts: { '8000/tcp': {} } },
    created: time,
    pushedAt: time,
  })
  const client = {
    endpoint: rehearsal.url,
    region: setup.region,
    credentials: { accessKeyId: 'AKIAREHEARSALEXAMPLE', secretAccessKey: 'rehearsal-this-is-no-secret' },
  }
  return { rehearsal, setup, digest, client, later: (seconds: number) => (time += 1000 * seconds) }
}

const seconds = (milliseconds: number): number => milliseconds / 1000

test.each([
  { seed: 1, desired: 4, warmup: 180, minimum: 100, maximum: 200 },
  { seed: 2, desired: 6, warmup: 90, minimum: 100, maximum: 150 },
  { seed: 3, desired: 4, warmup: 60, minimum: 75, maximum: 100 },
])('a refresh takes as long in imagination as over the wire: $desired at $minimum/$maximum', async (given) => {
  const { seed, desired, warmup, minimum, maximum } = given
  const group = { name: 'shop-production', desired, min: desired, max: 2 * desired }
  const { rehearsal, setup, digest, client, later } = await rehearsed({ group }, seed)
  const ec2 = new EC2Client(client)
  const scaling = new AutoScalingClient(client)
  const { LaunchTemplates = [] } = await ec2.send(new DescribeLaunchTemplatesCommand({}))
  const id = LaunchTemplates[0]?.LaunchTemplateId
  const { LaunchTemplateVersion } = await ec2.send(
    new CreateLaunchTemplateVersionCommand({
      LaunchTemplateId: id,
      SourceVersion: '$Latest',
      LaunchTemplateData: {
        UserData: Buffer.from(writeUserData(setup, rehearsal.registryHost, { 'shop-api': digest })).toString('base64'),
      },
    }),
  )
  await scaling.send(
    new StartInstanceRefreshCommand({
      AutoScalingGroupName: group.name,
      DesiredConfiguration: {
        LaunchTemplate: { LaunchTemplateId: id, Version: String(LaunchTemplateVersion?.VersionNumber) },
      },
      Preferences: {
        MinHealthyPercentage: minimum,
        MaxHealthyPercentage: maximum,
        InstanceWarmup: warmup,
        SkipMatching: true,
      },
    }),
  )
  for (let polls = 0; polls < 1000; polls++) {
    later(5)
    const { InstanceRefreshes = [] } = await scaling.send(
      new DescribeInstanceRefreshesCommand({ AutoScalingGroupName: group.name }),
    )
    const [refresh] = InstanceRefreshes
    if (refresh?.EndTime === undefined || refresh.StartTime === undefined) continue
    expect(refresh.Status).toBe('Successful')
    const taken = seconds(refresh.EndTime.getTime() - refresh.StartTime.getTime())
    const foreseen = seconds(
      imagined({
        kind: 'asg',
        desired,
        minHealthyPercentage: minimum,
        maxHealthyPercentage: maximum,
        warmup: 1000 * warmup,
        bakeTime: 0,
      }),
    )
    expect(Math.abs(foreseen / taken - 1)).toBeLessThan(0.05)
    return
  }
  expect.fail('it has not ended')
})

test.each([
  { seed: 4, desired: 4, minimum: 100, maximum: 200 },
  { seed: 5, desired: 4, minimum: 50, maximum: 100 },
])('a service deployment takes as long: $desired at $minimum/$maximum', async ({ seed, desired, minimum, maximum }) => {
  const { rehearsal, digest, client, later } = await rehearsed(
    {
      ecs: {
        cluster: 'shop',
        services: [
          { name: 'api', taskFamily: 'api', container: 'api', service: 'api', desired, launchType: 'FARGATE' },
        ],
      },
    },
    seed,
  )
  const ecs = new ECSClient(client)
  const { taskDefinition } = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'api' }))
  const { containerDefinitions = [], cpu, memory, networkMode, requiresCompatibilities } = taskDefinition ?? {}
  const { taskDefinition: next } = await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'api',
      cpu,
      memory,
      networkMode,
      requiresCompatibilities,
      containerDefinitions: containerDefinitions.map((each) => ({
        ...each,
        image: `${rehearsal.registryHost}/shop-api@${digest}`,
      })),
    }),
  )
  await ecs.send(
    new UpdateServiceCommand({
      cluster: 'shop',
      service: 'api',
      taskDefinition: next?.taskDefinitionArn,
      deploymentConfiguration: { minimumHealthyPercent: minimum, maximumPercent: maximum },
    }),
  )
  for (let polls = 0; polls < 1000; polls++) {
    later(5)
    const { serviceDeployments: listed = [] } = await ecs.send(
      new ListServiceDeploymentsCommand({ cluster: 'shop', service: 'api' }),
    )
    const arn = listed[0]?.serviceDeploymentArn ?? ''
    const { serviceDeployments = [] } = await ecs.send(
      new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: [arn] }),
    )
    const [deployment] = serviceDeployments
    if (deployment?.finishedAt === undefined || deployment.createdAt === undefined) continue
    expect(deployment.status).toBe('SUCCESSFUL')
    const taken = seconds(deployment.finishedAt.getTime() - deployment.createdAt.getTime())
    const foreseen = seconds(
      imagined({
        kind: 'ecs',
        desired,
        minHealthyPercentage: minimum,
        maxHealthyPercentage: maximum,
        bakeTime: 0,
      }),
    )
    expect(Math.abs(foreseen / taken - 1)).toBeLessThan(0.05)
    return
  }
  expect.fail('it has not ended')
})
