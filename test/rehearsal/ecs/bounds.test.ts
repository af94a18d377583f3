import {
  ApplicationAutoScalingClient,
  DeregisterScalableTargetCommand,
  DescribeScalableTargetsCommand,
  DescribeScalingPoliciesCommand,
  paginateDescribeScalableTargets,
  PutScalingPolicyCommand,
  RegisterScalableTargetCommand,
  type RegisterScalableTargetCommandInput,
} from '@aws-sdk/client-application-auto-scaling'
import { expect, onTestFinished, test } from 'vitest'
import { cluster, ecsSetup, openEcs } from './support.js'

const scaled = { ServiceNamespace: 'ecs', ScalableDimension: 'ecs:service:DesiredCount' } as const
const api = { ...scaled, ResourceId: `service/${cluster}/finbert-api` }

async function open() {
  const cloud = await openEcs({ setup: ecsSetup(4, { bounds: { min: 2, max: 8 } }) })
  const client = new ApplicationAutoScalingClient(cloud.settings)
  onTestFinished(() => client.destroy())
  const register = (request: Partial<RegisterScalableTargetCommandInput>) =>
    client.send(new RegisterScalableTargetCommand({ ...api, ...request }))
  const targets = async (ids?: string[]) =>
    (await client.send(new DescribeScalableTargetsCommand({ ...scaled, ...(ids && { ResourceIds: ids }) })))
      .ScalableTargets ?? []
  const desired = () => cloud.rehearsal.world.state.ecs.services.map((service) => service.desired)
  return { cloud, client, register, targets, desired }
}

test('bounds are told, changed member by member, and the count is moved into them', async () => {
  const { register, targets, desired } = await open()
  expect(await targets()).toMatchObject([{ ...api, MinCapacity: 2, MaxCapacity: 8 }])
  const [before] = await targets()
  const { ScalableTargetARN: arn } = await register({ MinCapacity: 6 })
  expect(arn).toBe(before?.ScalableTargetARN)
  expect(desired()).toEqual([6, 2])
  expect(await targets()).toMatchObject([{ MinCapacity: 6, MaxCapacity: 8, CreationTime: before?.CreationTime }])
  await register({ MinCapacity: 1, MaxCapacity: 3 })
  expect(desired()).toEqual([3, 2])
  await register({ ResourceId: `service/${cluster}/finbert-ui`, MinCapacity: 0, MaxCapacity: 1 })
  expect(desired()).toEqual([3, 1])
  expect(await targets([`service/${cluster}/finbert-ui`])).toMatchObject([{ MinCapacity: 0, MaxCapacity: 1 }])
})

test('what AWS refuses', async () => {
  const { client, register, targets, desired } = await open()
  await expect(
    register({ ResourceId: `service/${cluster}/none`, MinCapacity: 1, MaxCapacity: 2 }),
  ).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining("ECS service doesn't exist"),
  })
  await expect(register({ MinCapacity: 9 })).rejects.toThrow('cannot be less than minimum')
  const ui = `service/${cluster}/finbert-ui`
  await expect(register({ ResourceId: ui, MinCapacity: 1 })).rejects.toThrow('must be specified')
  await expect(client.send(new DeregisterScalableTargetCommand({ ...scaled, ResourceId: ui }))).rejects.toMatchObject({
    name: 'ObjectNotFoundException',
  })
  await expect(client.send(new DescribeScalableTargetsCommand({ ...scaled, MaxResults: 51 }))).rejects.toMatchObject({
    name: 'ValidationException',
  })
  await expect(client.send(new DescribeScalableTargetsCommand({ ...scaled, NextToken: 'x' }))).rejects.toMatchObject({
    name: 'InvalidNextTokenException',
  })
  expect([desired(), (await targets()).length]).toEqual([[4, 2], 1])
})

test('pages, policies, and that both go with the target', async () => {
  const { client, register, targets } = await open()
  await register({ ResourceId: `service/${cluster}/finbert-ui`, MinCapacity: 1, MaxCapacity: 2 })
  const found: (string | undefined)[] = []
  for await (const page of paginateDescribeScalableTargets({ client, pageSize: 1 }, { ...scaled })) {
    found.push(...(page.ScalableTargets ?? []).map(({ ResourceId }) => ResourceId))
  }
  expect(found).toEqual([api.ResourceId, `service/${cluster}/finbert-ui`])
  const tracking = {
    TargetValue: 60,
    PredefinedMetricSpecification: { PredefinedMetricType: 'ECSServiceAverageCPUUtilization' },
  } as const
  const put = (value: number) =>
    client.send(
      new PutScalingPolicyCommand({
        ...api,
        PolicyName: 'cpu',
        PolicyType: 'TargetTrackingScaling',
        TargetTrackingScalingPolicyConfiguration: { ...tracking, TargetValue: value },
      }),
    )
  const { PolicyARN: first } = await put(60)
  const { PolicyARN: second } = await put(70)
  expect(second).toBe(first)
  const policies = async () => (await client.send(new DescribeScalingPoliciesCommand(api))).ScalingPolicies ?? []
  expect(await policies()).toMatchObject([
    {
      ...api,
      PolicyName: 'cpu',
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingScalingPolicyConfiguration: { ...tracking, TargetValue: 70 },
    },
  ])
  await client.send(new DeregisterScalableTargetCommand(api))
  expect([await policies(), (await targets()).length]).toEqual([[], 1])
})
