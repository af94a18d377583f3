import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startRehearsal, type Rehearsal } from '../../../src/lib/rehearsal/cloud.js'
import { requires } from '../../support/requires.js'
import { start } from '../world/support.js'
import { cluster, ecsSetup } from './support.js'

const run = promisify(execFile)

requires('aws').describe("Debian's awscli and ECS", () => {
  let now = start
  let rehearsal: Rehearsal
  let home: string

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'rampart-awscli-'))
    rehearsal = await startRehearsal({ setup: ecsSetup(2), scenario: 'healthy', now: () => now })
  })

  afterAll(async () => {
    await rehearsal.close()
    await rm(home, { recursive: true, force: true })
  })

  /** What `aws ecs …` prints, as JSON. */
  async function aws(...args: readonly string[]): Promise<unknown> {
    const environment = { PATH: process.env['PATH'], HOME: home, ...rehearsal.environment }
    const options = ['--endpoint-url', rehearsal.url, '--output', 'json', '--no-cli-pager']
    const { stdout } = await run('/usr/bin/aws', ['ecs', ...args, ...options], { env: environment })
    return stdout.trim() === '' ? undefined : JSON.parse(stdout)
  }

  const service = ['--cluster', cluster, '--service', 'finbert-api']
  const services = ['--cluster', cluster, '--services', 'finbert-api']

  test('reads the service and its tasks, registers a definition, deploys it and waits for it', async () => {
    expect(
      await aws('describe-services', ...services, '--query', 'services[0].[status, desiredCount, runningCount]'),
    ).toEqual(['ACTIVE', 2, 2])
    const tasks = await aws('list-tasks', '--cluster', cluster, '--service-name', 'finbert-api', '--query', 'taskArns')
    expect(
      await aws(
        'describe-tasks',
        '--cluster',
        cluster,
        '--tasks',
        ...(tasks as string[]),
        '--query',
        'tasks[].[lastStatus, launchType, containers[0].lastStatus]',
      ),
    ).toEqual([
      ['RUNNING', 'FARGATE', 'RUNNING'],
      ['RUNNING', 'FARGATE', 'RUNNING'],
    ])
    const containers = await aws(
      'describe-task-definition',
      '--task-definition',
      'finbert-api',
      '--query',
      'taskDefinition.containerDefinitions',
    )
    const registered = await aws(
      'register-task-definition',
      '--family',
      'finbert-api',
      '--container-definitions',
      JSON.stringify(containers),
      '--query',
      'taskDefinition.revision',
    )
    expect(registered).toBe(8)
    const deployments = ['--query', 'service.deployments[].[status, rolloutState]']
    expect(await aws('update-service', ...service, '--task-definition', 'finbert-api:8', ...deployments)).toEqual([
      ['PRIMARY', 'IN_PROGRESS'],
      ['ACTIVE', 'COMPLETED'],
    ])
    now += 600_000
    await aws('wait', 'services-stable', ...services)
    expect(await aws('describe-services', ...services, '--query', 'services[0].deployments[].taskDefinition')).toEqual([
      'arn:aws:ecs:us-west-2:123456789012:task-definition/finbert-api:8',
    ])
    await expect(aws('describe-services', '--cluster', 'other', '--services', 'x')).rejects.toThrow(
      'ClusterNotFoundException',
    )
  }, 120_000)
})
