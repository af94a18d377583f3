import * as autoScaling from '@aws-sdk/client-auto-scaling'
import * as cloudWatch from '@aws-sdk/client-cloudwatch'
import * as logs from '@aws-sdk/client-cloudwatch-logs'
import * as ec2 from '@aws-sdk/client-ec2'
import * as ecr from '@aws-sdk/client-ecr'
import * as elb from '@aws-sdk/client-elastic-load-balancing-v2'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { createSsm } from '../../../src/lib/rehearsal/services/ssm.js'
import { createSts } from '../../../src/lib/rehearsal/services/sts.js'
import type { RunningServer } from '../../../src/lib/rehearsal/wire/server.js'
import type { Service } from '../../../src/lib/rehearsal/wire/service.js'
import { requires } from '../../support/requires.js'
import { serve, virtualNow } from './cloud.js'

interface Run {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs Debian's AWS CLI, an implementation of the protocols that shares nothing with the SDK. */
async function aws(server: RunningServer, ...args: readonly string[]): Promise<Run> {
  const child = spawn('/usr/bin/aws', ['--endpoint-url', server.url, '--output', 'json', ...args], {
    env: {
      PATH: process.env['PATH'],
      HOME: '/nonexistent',
      AWS_ACCESS_KEY_ID: 'AKIAREHEARSAL0000000',
      AWS_SECRET_ACCESS_KEY: 'not-a-secret',
      AWS_REGION: 'us-west-2',
      AWS_PAGER: '',
      TZ: 'UTC',
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: Number(code), stdout, stderr }
}

requires('aws').describe("Debian's AWS CLI", () => {
  test('is told who it is', async () => {
    const server = await serve({ services: [createSts()] })
    const { code, stdout } = await aws(server, 'sts', 'get-caller-identity')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      UserId: expect.stringMatching(/^AIDA/),
      Account: '123456789012',
      Arn: 'arn:aws:iam::123456789012:user/rehearsal',
    })
  })

  test('writes, reads and deletes a parameter', async () => {
    const server = await serve({ services: [createSsm()] })
    const name = ['--name', '/app/live']
    const put = await aws(server, 'ssm', 'put-parameter', ...name, '--type', 'SecureString', '--value', 'p "w" $x\\')
    expect(JSON.parse(put.stdout)).toEqual({ Version: 1, Tier: 'Standard' })
    const get = await aws(server, 'ssm', 'get-parameter', ...name, '--with-decryption')
    expect(JSON.parse(get.stdout)).toMatchObject({
      Parameter: { Value: 'p "w" $x\\', Type: 'SecureString', LastModifiedDate: expect.stringMatching(/^2031-05-06T/) },
    })
    const again = await aws(server, 'ssm', 'put-parameter', ...name, '--type', 'SecureString', '--value', 'x')
    expect(again.code).toBe(254)
    expect(again.stderr).toContain(
      '(ParameterAlreadyExists) when calling the PutParameter operation: The parameter already',
    )
    expect((await aws(server, 'ssm', 'delete-parameter', ...name)).code).toBe(0)
    const gone = await aws(server, 'ssm', 'get-parameter', ...name)
    expect(gone.stderr).toContain('(ParameterNotFound)')
  })

  test('is told of an operation that is not served, on either protocol', async () => {
    const server = await serve({ services: [createSts(), createSsm()] })
    const query = await aws(server, 'sts', 'get-session-token')
    expect(query.stderr).toContain(
      '(InvalidAction) when calling the GetSessionToken operation: The rehearsal cloud does',
    )
    const json = await aws(server, 'ssm', 'describe-parameters')
    expect(json.stderr).toContain(
      '(UnknownOperationException) when calling the DescribeParameters operation: The rehearsal',
    )
  })
  const time = new Date(virtualNow)
  const shown = '2031-05-06T07:08:09.250000+00:00'

  interface Exchange {
    readonly service: Omit<Service, 'handlers'>
    readonly operation: string
    readonly command: readonly string[]
    /** What the service is to see, what it answers, and what the CLI is to print of it. */
    readonly input: unknown
    readonly output: unknown
    readonly printed: unknown
  }

  const exchanges: readonly Exchange[] = [
    {
      service: { signingName: 'autoscaling', protocol: 'awsQuery', target: '2011-01-01', sdk: autoScaling },
      operation: 'StartInstanceRefresh',
      command: [
        'autoscaling',
        'start-instance-refresh',
        '--auto-scaling-group-name',
        'g',
        '--desired-configuration',
        'LaunchTemplate={LaunchTemplateId=lt-1,Version=8}',
        '--preferences',
        '{"MinHealthyPercentage":100,"SkipMatching":true,"CheckpointPercentages":[50,100]}',
      ],
      input: {
        AutoScalingGroupName: 'g',
        DesiredConfiguration: { LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '8' } },
        Preferences: { MinHealthyPercentage: 100, SkipMatching: true, CheckpointPercentages: [50, 100] },
      },
      output: { InstanceRefreshId: '08b91cf7' },
      printed: { InstanceRefreshId: '08b91cf7' },
    },
    {
      service: { signingName: 'autoscaling', protocol: 'awsQuery', target: '2011-01-01', sdk: autoScaling },
      operation: 'DescribeInstanceRefreshes',
      command: ['autoscaling', 'describe-instance-refreshes', '--auto-scaling-group-name', 'g', '--no-paginate'],
      input: { AutoScalingGroupName: 'g' },
      output: {
        InstanceRefreshes: [
          { InstanceRefreshId: 'r', StartTime: time, PercentageComplete: 50, Preferences: { SkipMatching: false } },
        ],
      },
      printed: {
        InstanceRefreshes: [
          { InstanceRefreshId: 'r', StartTime: shown, PercentageComplete: 50, Preferences: { SkipMatching: false } },
        ],
      },
    },
    {
      service: { signingName: 'ec2', protocol: 'ec2Query', target: '2016-11-15', sdk: ec2 },
      operation: 'CreateLaunchTemplateVersion',
      command: [
        'ec2',
        'create-launch-template-version',
        '--launch-template-id',
        'lt-1',
        '--source-version',
        '7',
        '--client-token',
        't',
        '--launch-template-data',
        '{"UserData":"IyEvYmluL3No","TagSpecifications":[{"ResourceType":"instance","Tags":[{"Key":"release","Value":"v 8 & on"}]}]}',
      ],
      input: {
        LaunchTemplateId: 'lt-1',
        SourceVersion: '7',
        ClientToken: 't',
        LaunchTemplateData: {
          UserData: 'IyEvYmluL3No',
          TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'release', Value: 'v 8 & on' }] }],
        },
      },
      output: { LaunchTemplateVersion: { VersionNumber: 8, CreateTime: time, DefaultVersion: false } },
      printed: { LaunchTemplateVersion: { VersionNumber: 8, CreateTime: shown, DefaultVersion: false } },
    },
    {
      service: { signingName: 'ec2', protocol: 'ec2Query', target: '2016-11-15', sdk: ec2 },
      operation: 'DescribeInstances',
      command: ['ec2', 'describe-instances', '--filters', 'Name=tag:app,Values=a,b', '--instance-ids', 'i-1', 'i-2'],
      input: { Filters: [{ Name: 'tag:app', Values: ['a', 'b'] }], InstanceIds: ['i-1', 'i-2'] },
      output: {
        Reservations: [
          { Groups: [], Instances: [{ InstanceId: 'i-1', State: { Code: 16, Name: 'running' }, LaunchTime: time }] },
        ],
      },
      printed: {
        Reservations: [
          { Groups: [], Instances: [{ InstanceId: 'i-1', State: { Code: 16, Name: 'running' }, LaunchTime: shown }] },
        ],
      },
    },
    {
      service: { signingName: 'elasticloadbalancing', protocol: 'awsQuery', target: '2015-12-01', sdk: elb },
      operation: 'DescribeTargetHealth',
      command: ['elbv2', 'describe-target-health', '--target-group-arn', 'arn:tg', '--targets', 'Id=i-1,Port=8000'],
      input: { TargetGroupArn: 'arn:tg', Targets: [{ Id: 'i-1', Port: 8000 }] },
      output: { TargetHealthDescriptions: [{ Target: { Id: 'i-1', Port: 8000 }, TargetHealth: { State: 'healthy' } }] },
      printed: {
        TargetHealthDescriptions: [{ Target: { Id: 'i-1', Port: 8000 }, TargetHealth: { State: 'healthy' } }],
      },
    },
    {
      service: { signingName: 'logs', protocol: 'awsJson1_1', target: 'Logs_20140328', sdk: logs },
      operation: 'FilterLogEvents',
      command: ['logs', 'filter-log-events', '--log-group-name', 'g', '--start-time', '5', '--no-paginate'],
      input: { logGroupName: 'g', startTime: 5 },
      output: { events: [{ timestamp: virtualNow, message: 'é "quoted"' }], searchedLogStreams: [] },
      printed: { events: [{ timestamp: virtualNow, message: 'é "quoted"' }], searchedLogStreams: [] },
    },
    {
      service: { signingName: 'ecr', protocol: 'awsJson1_1', target: 'AmazonEC2ContainerRegistry_V20150921', sdk: ecr },
      operation: 'DescribeImages',
      command: ['ecr', 'describe-images', '--repository-name', 'app', '--image-ids', 'imageTag=v1', '--no-paginate'],
      input: { repositoryName: 'app', imageIds: [{ imageTag: 'v1' }] },
      output: { imageDetails: [{ imageTags: ['v1'], imagePushedAt: time, imageSizeInBytes: 2_000_000_000 }] },
      printed: { imageDetails: [{ imageTags: ['v1'], imagePushedAt: shown, imageSizeInBytes: 2_000_000_000 }] },
    },
    {
      service: {
        signingName: 'monitoring',
        protocol: 'awsJson1_0',
        target: 'GraniteServiceVersion20100801',
        also: [{ protocol: 'awsQuery', target: '2010-08-01' }],
        sdk: cloudWatch,
      },
      operation: 'DescribeAlarms',
      command: ['cloudwatch', 'describe-alarms', '--alarm-names', 'a', 'b', '--no-paginate'],
      input: { AlarmNames: ['a', 'b'] },
      output: { MetricAlarms: [{ AlarmName: 'a', Threshold: 0.5, StateUpdatedTimestamp: time }], CompositeAlarms: [] },
      printed: {
        MetricAlarms: [{ AlarmName: 'a', Threshold: 0.5, StateUpdatedTimestamp: shown }],
        CompositeAlarms: [],
      },
    },
  ]

  test.each(exchanges)('carries $operation', async ({ service, operation, command, input, output, printed }) => {
    const seen: unknown[] = []
    const handler = (given: unknown): unknown => {
      seen.push(given)
      return output
    }
    const server = await serve({ services: [{ ...service, handlers: { [operation]: handler } }] })
    const { code, stdout, stderr } = await aws(server, ...command)
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(seen).toEqual([input])
    expect(JSON.parse(stdout)).toEqual(printed)
  })
})
