import { AutoScalingClient, UpdateAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling'
import { CreateLaunchTemplateVersionCommand, EC2Client } from '@aws-sdk/client-ec2'
import {
  DescribeTaskDefinitionCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { machinePart, type MeasuredMemory } from '../../src/lib/domain/measured-memory.js'
import { memoryChecks } from '../../src/lib/operations/memory-checks.js'
import type { ReleaseVerifier } from '../../src/lib/operations/verify-release.js'
import { memoryFit } from '../../src/lib/verify/targets/memory-fit.js'
import { clusterName } from '../rollout/ecs/support.js'
import { groupName, of } from '../rollout/support/fleet.js'
import { clusterStage, groupStage, type Stage } from './support.js'

const gibibyte = 2 ** 30

/** A verifier that has no checks, and was told that. */
const told = (memory: MeasuredMemory | undefined): ReleaseVerifier => ({
  criteria: [],
  tasks: () => Promise.resolve([]),
  figures: () => ({}),
  memory: () => memory,
})

/** The group's template gets another instance type, as an infrastructure tool gives it one. */
async function retype(stage: Stage, type: 't3.medium' | 't3.xlarge'): Promise<void> {
  const region = stage.cloud.environment['AWS_REGION'] ?? ''
  const [ec2, autoScaling] = [new EC2Client({ region }), new AutoScalingClient({ region })]
  onTestFinished(() => {
    ec2.destroy()
    autoScaling.destroy()
  })
  const { id } = stage.cloud.world.state.group.template
  const { LaunchTemplateVersion: made } = await ec2.send(
    new CreateLaunchTemplateVersionCommand({
      LaunchTemplateId: id,
      SourceVersion: '7',
      LaunchTemplateData: { InstanceType: type },
    }),
  )
  await autoScaling.send(
    new UpdateAutoScalingGroupCommand({
      AutoScalingGroupName: groupName,
      LaunchTemplate: { LaunchTemplateId: id, Version: String(made?.VersionNumber) },
    }),
  )
}

/** The service gets a task definition of another size. */
async function resize(stage: Stage, cpu: string, memory: string): Promise<void> {
  const ecs = new ECSClient({ region: stage.cloud.environment['AWS_REGION'] ?? '' })
  onTestFinished(() => ecs.destroy())
  const { taskDefinition } = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'finbert-api' }))
  const { containerDefinitions, networkMode, executionRoleArn, requiresCompatibilities, family } = taskDefinition ?? {}
  const { taskDefinition: made } = await ecs.send(
    new RegisterTaskDefinitionCommand({
      family,
      networkMode,
      executionRoleArn,
      requiresCompatibilities,
      containerDefinitions,
      cpu,
      memory,
    }),
  )
  await ecs.send(
    new UpdateServiceCommand({ cluster: clusterName, service: 'finbert-api', taskDefinition: made?.taskDefinitionArn }),
  )
}

const warning = (detail: string) => [
  { name: 'memory', result: 'warn', detail, remedy: expect.stringContaining('15 % should stay free') as string },
]

const platforms = [
  {
    name: groupName,
    start: groupStage,
    // A machine tells of somewhat less than it is sold with.
    memory: memoryFit([{ name: 'backend', held: 6.5 * gibibyte, processes: [] }], {
      total: 7.6 * gibibyte,
      available: 0.6 * gibibyte,
    }),
    part: machinePart,
    as: '7.0 GiB of 7.6 GiB, 8 % left',
    grow: (stage: Stage) => retype(stage, 't3.xlarge'),
    shrink: (stage: Stage) => retype(stage, 't3.medium'),
    shrunk: '7.0 GiB of 3.8 GiB, 3.2 GiB too much',
  },
  {
    name: clusterName,
    start: clusterStage,
    memory: memoryFit([{ name: 'api', held: 0.9 * gibibyte, limit: gibibyte, processes: [] }]),
    part: 'api',
    as: '0.9 GiB of 1.0 GiB, 10 % left',
    grow: (stage: Stage) => resize(stage, '512', '2048'),
    shrink: (stage: Stage) => resize(stage, '256', '512'),
    shrunk: '0.9 GiB of 0.5 GiB, 0.4 GiB too much',
  },
]

describe.each(platforms)('$name', ({ start, memory, part, as, grow, shrink, shrunk }) => {
  test('what was measured is in the record, and counts against the size that targets have by now', async () => {
    const stage = await start()
    const verified = await stage.deploy('a', { request: { verifier: told(memory) } })
    expect(verified.ended.ending).toBe('done')
    const records = await stage.ledger.list()
    expect(records[0]?.memory).toEqual(memory)
    const checks = async () => memoryChecks(records, stage.driver())
    const same = warning(`measured when release 1 was proved: ${part}: ${as}`)
    expect(await checks()).toEqual(same)
    // The next deploy says so before it changes anything.
    const next = await stage.deploy('a')
    expect(of(next.events, 'check.done').filter(({ name }) => name === 'memory')).toMatchObject(same)
    await grow(stage)
    expect(await checks()).toEqual([])
    await shrink(stage)
    expect(await checks()).toEqual(
      warning(`measured when release 1 was proved, of the size that targets have by now: ${part}: ${shrunk}`),
    )
  }, 60_000)
})
