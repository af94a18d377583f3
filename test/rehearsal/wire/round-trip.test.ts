import * as autoScaling from '@aws-sdk/client-auto-scaling'
import * as cloudWatch from '@aws-sdk/client-cloudwatch'
import * as logs from '@aws-sdk/client-cloudwatch-logs'
import * as ec2 from '@aws-sdk/client-ec2'
import * as ecr from '@aws-sdk/client-ecr'
import * as ecs from '@aws-sdk/client-ecs'
import * as elb from '@aws-sdk/client-elastic-load-balancing-v2'
import * as ssm from '@aws-sdk/client-ssm'
import * as sts from '@aws-sdk/client-sts'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { operationOf } from '../../../src/lib/rehearsal/wire/schema.js'
import type { Service } from '../../../src/lib/rehearsal/wire/service.js'
import { carried, comparable, valuesOf } from './arbitraries.js'
import { clientConfig, serve } from './cloud.js'

type Config = ReturnType<typeof clientConfig>
interface Client {
  send(command: unknown): Promise<object>
  destroy(): void
}
interface Subject extends Pick<Service, 'signingName' | 'protocol' | 'target' | 'sdk'> {
  readonly client: (config: Config) => unknown
  readonly operations: readonly string[]
}

/** The operations that the rehearsal serves, by the client that reaches them. */
const subjects: readonly Subject[] = [
  {
    signingName: 'sts',
    protocol: 'awsQuery',
    target: '2011-06-15',
    sdk: sts,
    client: (config) => new sts.STSClient(config),
    operations: ['GetCallerIdentity', 'AssumeRole'],
  },
  {
    signingName: 'autoscaling',
    protocol: 'awsQuery',
    target: '2011-01-01',
    sdk: autoScaling,
    client: (config) => new autoScaling.AutoScalingClient(config),
    operations: [
      'DescribeAutoScalingGroups',
      'DescribeScalingActivities',
      'StartInstanceRefresh',
      'DescribeInstanceRefreshes',
      'CancelInstanceRefresh',
      'RollbackInstanceRefresh',
      'SetDesiredCapacity',
      'SetInstanceProtection',
      'CreateOrUpdateTags',
    ],
  },
  {
    signingName: 'elasticloadbalancing',
    protocol: 'awsQuery',
    target: '2015-12-01',
    sdk: elb,
    client: (config) => new elb.ElasticLoadBalancingV2Client(config),
    operations: ['DescribeTargetGroups', 'DescribeTargetHealth', 'DescribeLoadBalancers', 'CreateListener'],
  },
  {
    signingName: 'ec2',
    protocol: 'ec2Query',
    target: '2016-11-15',
    sdk: ec2,
    client: (config) => new ec2.EC2Client(config),
    operations: [
      'DescribeLaunchTemplates',
      'DescribeLaunchTemplateVersions',
      'CreateLaunchTemplateVersion',
      'DescribeInstances',
      'RunInstances',
      'GetConsoleOutput',
    ],
  },
  {
    signingName: 'ecr',
    protocol: 'awsJson1_1',
    target: 'AmazonEC2ContainerRegistry_V20150921',
    sdk: ecr,
    client: (config) => new ecr.ECRClient(config),
    operations: [
      'GetAuthorizationToken',
      'DescribeRepositories',
      'CreateRepository',
      'DescribeImages',
      'BatchGetImage',
      'PutImage',
      'UploadLayerPart',
    ],
  },
  {
    signingName: 'ecs',
    protocol: 'awsJson1_1',
    target: 'AmazonEC2ContainerServiceV20141113',
    sdk: ecs,
    client: (config) => new ecs.ECSClient(config),
    operations: [
      'RegisterTaskDefinition',
      'DescribeTaskDefinition',
      'UpdateService',
      'DescribeServices',
      'ListServiceDeployments',
      'DescribeServiceDeployments',
      'DescribeServiceRevisions',
      'ContinueServiceDeployment',
      'ListTasks',
      'DescribeTasks',
      'RunTask',
      'TagResource',
    ],
  },
  {
    signingName: 'logs',
    protocol: 'awsJson1_1',
    target: 'Logs_20140328',
    sdk: logs,
    client: (config) => new logs.CloudWatchLogsClient(config),
    operations: ['DescribeLogStreams', 'FilterLogEvents', 'GetLogEvents', 'PutRetentionPolicy'],
  },
  {
    signingName: 'ssm',
    protocol: 'awsJson1_1',
    target: 'AmazonSSM',
    sdk: ssm,
    client: (config) => new ssm.SSMClient(config),
    operations: ['GetParameter', 'PutParameter', 'DeleteParameter', 'SendCommand'],
  },
  {
    signingName: 'monitoring',
    protocol: 'awsJson1_0',
    target: 'GraniteServiceVersion20100801',
    sdk: cloudWatch,
    client: (config) => new cloudWatch.CloudWatchClient(config),
    operations: ['DescribeAlarms', 'PutMetricAlarm', 'GetMetricData'],
  },
]

describe.each(subjects)('$signingName over $protocol', ({ client: makeClient, operations, ...identity }) => {
  test.each(operations)('%s is carried whole, to the service and back', async (name) => {
    const operation = operationOf(identity.sdk, name)
    if (operation === undefined) throw new Error(`${name} is not in the SDK`)
    let received: unknown
    let answer: unknown
    const echo = (input: unknown): unknown => {
      received = input
      return answer
    }
    const server = await serve({ services: [{ ...identity, handlers: { [name]: echo } }] })
    const client = makeClient(clientConfig(server)) as Client
    const Command = identity.sdk[`${name}Command`] as new (input: unknown) => unknown
    const { protocol } = identity
    const json = protocol === 'awsJson1_0' || protocol === 'awsJson1_1'
    const inputs = operation.input.isStructSchema()
      ? valuesOf(operation.input, json ? 'json' : 'form')
      : fc.constant({})
    const outputs = operation.output.isStructSchema()
      ? valuesOf(operation.output, json ? 'json' : 'xml')
      : fc.constant({})
    const sent = (input: unknown): unknown =>
      json ? comparable(input) : (carried(input, protocol === 'awsQuery') ?? {})

    await fc.assert(
      fc.asyncProperty(inputs, outputs, async (input, output) => {
        answer = output
        const { $metadata: metadata, ...result } = (await client.send(new Command(input))) as {
          $metadata: { requestId: string }
        }
        expect(sent(received)).toEqual(sent(input))
        expect(comparable(result)).toEqual(comparable(output))
        expect(metadata.requestId).toMatch(/^[0-9a-f-]{36}$/)
      }),
      { numRuns: 50 },
    )
    client.destroy()
  })
})

test('EC2 reads parameters under the names that are its own and not those of its answers', async () => {
  const seen: unknown[] = []
  const RunInstances = (input: unknown): unknown => {
    seen.push(input)
    return {}
  }
  const service: Service = {
    signingName: 'ec2',
    protocol: 'ec2Query',
    target: '2016-11-15',
    sdk: ec2,
    handlers: { RunInstances },
  }
  const server = await serve({ services: [service] })
  const input: ec2.RunInstancesCommandInput = {
    MinCount: 1,
    MaxCount: 2,
    ClientToken: 'token',
    NetworkInterfaces: [{ Ipv6Addresses: [{ Ipv6Address: '::1' }], PrivateIpAddresses: [{ Primary: true }] }],
  }
  await new ec2.EC2Client(clientConfig(server)).send(new ec2.RunInstancesCommand(input))
  expect(seen).toEqual([input])
})
