import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startRehearsal, type Rehearsal } from '../../../src/lib/rehearsal/cloud.js'
import { requires } from '../../support/requires.js'
import { setupOf, start } from './support.js'

const run = promisify(execFile)
const group = ['--auto-scaling-group-name', 'rampart-production-asg']

requires('aws').describe("Debian's awscli", () => {
  let now = start
  let rehearsal: Rehearsal
  let home: string

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'rampart-awscli-'))
    rehearsal = await startRehearsal({ setup: setupOf(), scenario: 'healthy', now: () => now })
  })

  afterAll(async () => {
    await rehearsal.close()
    await rm(home, { recursive: true, force: true })
  })

  /** What the program prints, as JSON. */
  async function aws(...args: readonly string[]): Promise<unknown> {
    const environment = { PATH: process.env['PATH'], HOME: home, ...rehearsal.environment }
    const options = ['--endpoint-url', rehearsal.url, '--output', 'json', '--no-cli-pager']
    const { stdout } = await run('/usr/bin/aws', [...args, ...options], { env: environment })
    return stdout.trim() === '' ? undefined : JSON.parse(stdout)
  }

  test('reads the group, its template, its targets, its logs and its alarms', async () => {
    expect(
      await aws(
        'autoscaling',
        'describe-auto-scaling-groups',
        '--query',
        'AutoScalingGroups[0].[DesiredCapacity, length(Instances), LaunchTemplate.Version]',
      ),
    ).toEqual([4, 4, '7'])
    expect(
      await aws(
        'ec2',
        'describe-launch-template-versions',
        '--launch-template-name',
        'rampart-ai-production',
        '--versions',
        '$Latest',
        '--query',
        'LaunchTemplateVersions[0].LaunchTemplateData.BlockDeviceMappings[0].Ebs.VolumeSize',
      ),
    ).toBe(30)
    expect(
      await aws(
        'ec2',
        'describe-instances',
        '--filters',
        'Name=instance-state-name,Values=running',
        '--query',
        'length(Reservations[].Instances[])',
      ),
    ).toBe(4)
    const arn = await aws('elbv2', 'describe-target-groups', '--query', 'TargetGroups[0].TargetGroupArn')
    expect(
      await aws(
        'elbv2',
        'describe-target-health',
        '--target-group-arn',
        String(arn),
        '--query',
        'TargetHealthDescriptions[].TargetHealth.State',
      ),
    ).toEqual(['healthy', 'healthy', 'healthy', 'healthy'])
    expect(await aws('elbv2', 'describe-load-balancers', '--query', 'LoadBalancers[0].Type')).toBe('application')
    expect(
      await aws(
        'logs',
        'describe-log-streams',
        '--log-group-name',
        '/rampart/production',
        '--query',
        'length(logStreams)',
      ),
    ).toBe(8)
    expect(
      await aws(
        'logs',
        'filter-log-events',
        '--log-group-name',
        '/rampart/production',
        '--filter-pattern',
        '"/api/v1/health"',
        '--query',
        'length(events)',
      ),
    ).toBe(40)
    // This one speaks the older query protocol.
    expect(await aws('cloudwatch', 'describe-alarms', '--query', 'MetricAlarms[].[AlarmName, StateValue]')).toEqual([
      ['errors', 'OK'],
      ['latency', 'OK'],
    ])
  }, 60_000)

  test('starts a refresh and cancels it', async () => {
    const template = rehearsal.world.state.group.template.id
    const data = JSON.stringify({ InstanceType: 'c5.xlarge' })
    const version = await aws(
      'ec2',
      'create-launch-template-version',
      '--launch-template-id',
      template,
      '--source-version',
      '7',
      '--launch-template-data',
      data,
      '--query',
      'LaunchTemplateVersion.VersionNumber',
    )
    expect(version).toBe(8)
    const desired = JSON.stringify({ LaunchTemplate: { LaunchTemplateId: template, Version: '8' } })
    const preferences = JSON.stringify({ MinHealthyPercentage: 75, InstanceWarmup: 60 })
    const id = await aws(
      'autoscaling',
      'start-instance-refresh',
      ...group,
      '--desired-configuration',
      desired,
      '--preferences',
      preferences,
      '--query',
      'InstanceRefreshId',
    )
    await expect(aws('autoscaling', 'start-instance-refresh', ...group)).rejects.toThrow('InstanceRefreshInProgress')
    now += 150_000
    const describe = ['autoscaling', 'describe-instance-refreshes', ...group, '--query']
    expect(await aws(...describe, 'InstanceRefreshes[0].[InstanceRefreshId, Status]')).toEqual([id, 'InProgress'])
    // Debian's version is older than RollbackInstanceRefresh.
    expect(await aws('autoscaling', 'cancel-instance-refresh', ...group, '--query', 'InstanceRefreshId')).toBe(id)
    now += 300_000
    expect(await aws(...describe, 'InstanceRefreshes[0].[Status, StatusReason]')).toEqual([
      'Cancelled',
      'Cancelled due to user request.',
    ])
    const activities = await aws(
      'autoscaling',
      'describe-scaling-activities',
      ...group,
      '--query',
      'length(Activities)',
    )
    expect(activities).toBeGreaterThan(4)
    await expect(aws('autoscaling', 'cancel-instance-refresh', ...group)).rejects.toThrow(
      'ActiveInstanceRefreshNotFound',
    )
  }, 60_000)
})
