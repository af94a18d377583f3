import { join } from 'node:path'
import * as cloudFormation from '@aws-sdk/client-cloudformation'
import * as cloudWatch from '@aws-sdk/client-cloudwatch'
import { describe, expect, onTestFinished, test } from 'vitest'
import { adoptPorts } from '../../src/lib/compose/adopt-ports.js'
import { rehearsalSetup } from '../../src/lib/compose/rehearsal.js'
import { loadConfig } from '../../src/lib/config/index.js'
import type { Standing } from '../../src/lib/domain/standing.js'
import { RampartError } from '../../src/lib/errors/rampart-error.js'
import { adopt, type AdoptSource } from '../../src/lib/operations/adopt.js'
import { startRehearsal } from '../../src/lib/rehearsal/cloud.js'
import { startServer } from '../../src/lib/rehearsal/wire/server.js'
import { ServiceError, type Service } from '../../src/lib/rehearsal/wire/service.js'
import { createWire } from '../../src/lib/rehearsal/wire/wire.js'
import { withEnvironment } from '../doctor/support.js'
import { cleanEnvironment, root } from '../support/cli.js'

const west = 'us-west-2'
const mumbai = 'ap-south-1'

/** What adoption makes of an example that serves, where one operation is refused; or why it ends. */
async function read(
  example: 'rampart-ai' | 'finbert-rag',
  source: AdoptSource,
  refused: string,
  extra: Readonly<Record<string, string>> = {},
): Promise<Standing | RampartError> {
  const [service = '', operation = ''] = refused.replace(/^cloudwatch:/, 'monitoring:').split(':')
  const cloud = await startRehearsal({
    setup: await rehearsalSetup(await loadConfig({ path: join(root, 'examples', example, 'rampart.yml'), env: {} })),
    scenario: 'healthy',
    now: () => Date.now(),
    faults: [{ everyNth: 1, match: { service, operation }, effect: { kind: 'denied' } }],
  })
  onTestFinished(() => cloud.close())
  const region = example === 'rampart-ai' ? west : mumbai
  if (region === west) await putAlarms(cloud.url)
  return withEnvironment(cleanEnvironment({ ...cloud.environment, ...extra }), async () =>
    adopt({ source, region, ports: await adoptPorts(region) }).catch((error: unknown) => {
      if (error instanceof RampartError) return error
      throw error
    }),
  )
}

const notRead = (found: Standing | RampartError, refused: string): readonly string[] =>
  found instanceof RampartError
    ? [found.message]
    : found.open.filter(({ why }) => why.startsWith(`${refused} is not permitted`)).map(({ what }) => what)

const names = (found: Standing | RampartError): readonly string[] =>
  found instanceof RampartError ? [] : found.services.map(({ name }) => name)

function expectEnd(found: Standing | RampartError, refused: string, needs: RegExp): void {
  expect(found).toBeInstanceOf(RampartError)
  if (!(found instanceof RampartError)) return
  expect([found.exitCode, found.message]).toEqual([7, expect.stringContaining(`${refused} is not permitted`)])
  expect(found.next.join('\n')).toMatch(new RegExp(`allow ${refused} in the policy`))
  expect(found.next.join('\n')).toMatch(needs)
}

describe('services of ECS, where something is refused', () => {
  const source: AdoptSource = {
    kind: 'services',
    services: [
      { cluster: 'finbert-rag-prod', service: 'finbert-api' },
      { cluster: 'finbert-rag-prod', service: 'finbert-ui' },
    ],
  }

  test.each([
    ['ecr:DescribeRepositories', ['the repositories']],
    ['elasticloadbalancing:DescribeTargetGroups', ['the target groups']],
    ['elasticloadbalancing:DescribeLoadBalancers', ['the load balancer']],
    ['elasticloadbalancing:DescribeListeners', ['the listeners']],
    ['elasticloadbalancing:DescribeRules', ['the listeners']],
    // Whether the cluster is there, its services tell as well.
    ['ecs:DescribeClusters', []],
  ])('%s is left out, and said', async (refused, what) => {
    const found = await read('finbert-rag', source, refused)
    expect([names(found), notRead(found, refused)]).toEqual([['api', 'ui'], what])
  })

  test.each(['ecs:DescribeServices', 'ecs:DescribeTaskDefinition'])(
    'without %s nothing can be read',
    async (refused) => {
      const found = await read('finbert-rag', source, refused)
      expect(found).toBeInstanceOf(RampartError)
      expectEnd(found, refused, /at least ecs:DescribeServices and ecs:DescribeTaskDefinition/)
    },
  )
})

/** A stack that has the example's group, and in it another one that has alarms; its template may not be read. */
function stackService(): Service {
  const stacks: Readonly<Record<string, readonly (readonly [string, string, string])[]>> = {
    'rampart-production': [
      ['Group', 'AWS::AutoScaling::AutoScalingGroup', 'rampart-production-asg'],
      ['Errors', 'AWS::CloudWatch::Alarm', 'rampart-production-backend-5xx'],
      ['Watch', 'AWS::CloudFormation::Stack', 'rampart-watch'],
    ],
    'rampart-watch': [
      ['Slow', 'AWS::CloudWatch::Alarm', 'watch-slow'],
      ['Busy', 'AWS::CloudWatch::Alarm', 'watch-busy'],
      ['Either', 'AWS::CloudWatch::CompositeAlarm', 'watch-errors-or-slow'],
    ],
  }
  return {
    signingName: 'cloudformation',
    protocol: 'awsQuery',
    target: '2010-05-15',
    sdk: cloudFormation,
    handlers: {
      ListStackResources: ({ StackName = '' }: cloudFormation.ListStackResourcesInput) => ({
        StackResourceSummaries: (stacks[StackName] ?? []).map(
          ([LogicalResourceId, ResourceType, PhysicalResourceId]) => ({
            LogicalResourceId,
            ResourceType,
            PhysicalResourceId,
            LastUpdatedTimestamp: new Date(0),
            ResourceStatus: 'CREATE_COMPLETE' as const,
          }),
        ),
      }),
      GetTemplate: () => {
        throw new ServiceError('AccessDenied', 'not authorized to perform: cloudformation:GetTemplate', { status: 403 })
      },
    },
  }
}

async function startStacks(): Promise<string> {
  const listener = createWire({ services: [stackService()], accountId: '123456789012', now: () => Date.now() })
  const server = await startServer({ listener })
  onTestFinished(() => server.close())
  return server.url
}

/** Beside the alarm of the example: one on time, one on load, and one of others. */
async function putAlarms(endpoint: string): Promise<void> {
  const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'not-a-secret' }
  const client = new cloudWatch.CloudWatchClient({ endpoint, region: west, credentials })
  const common = { Namespace: 'AWS/ApplicationELB', Statistic: 'Average', Period: 60, EvaluationPeriods: 1 } as const
  for (const [AlarmName, MetricName] of [
    ['watch-slow', 'TargetResponseTime'],
    ['watch-busy', 'ActiveConnectionCount'],
  ] as const) {
    const what = { AlarmName, MetricName, Threshold: 1, ComparisonOperator: 'GreaterThanThreshold' } as const
    // oxlint-disable-next-line no-await-in-loop -- two
    await client.send(new cloudWatch.PutMetricAlarmCommand({ ...common, ...what }))
  }
  const AlarmRule = 'ALARM("rampart-production-backend-5xx") OR ALARM("watch-slow")'
  await client.send(new cloudWatch.PutCompositeAlarmCommand({ AlarmName: 'watch-errors-or-slow', AlarmRule }))
  client.destroy()
}

describe('a stack with a stack in it, where something is refused', () => {
  const source: AdoptSource = { kind: 'stack', stack: 'rampart-production', group: undefined }
  const alarms = ['rampart-production-backend-5xx', 'watch-errors-or-slow', 'watch-slow']

  test.each<readonly [string, readonly string[], readonly string[]]>([
    ['cloudformation:GetTemplate', ["the stack's template"], alarms],
    ['elasticloadbalancing:DescribeTargetGroups', ['the target groups'], alarms],
    ['ecr:DescribeRepositories', ['the repositories'], alarms],
    ['cloudwatch:DescribeAlarms', ['the alarms'], []],
  ])('%s is left out, and said', async (refused, what, watched) => {
    const found = await read('rampart-ai', source, refused, { AWS_ENDPOINT_URL_CLOUDFORMATION: await startStacks() })
    expect([names(found), notRead(found, refused)]).toEqual([['backend', 'frontend'], what])
    // Of all alarms those that speak of how it serves; the inner stack's, too.
    expect(found instanceof RampartError ? found : found.rollout.alarms.toSorted()).toEqual(watched)
  })

  test.each([
    ['autoscaling:DescribeAutoScalingGroups', true],
    ['ec2:DescribeLaunchTemplateVersions', true],
    ['cloudformation:ListStackResources', false],
  ])('without %s nothing can be read', async (refused, isElsewhere) => {
    const elsewhere = isElsewhere ? { AWS_ENDPOINT_URL_CLOUDFORMATION: await startStacks() } : {}
    const found = await read('rampart-ai', source, refused, elsewhere)
    expect(found).toBeInstanceOf(RampartError)
    expectEnd(found, refused, /at least cloudformation:ListStackResources, .* and ec2:DescribeLaunchTemplateVersions/)
  })
})
