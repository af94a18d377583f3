import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  CloudFormationClient,
  CreateChangeSetCommand,
  DescribeChangeSetCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  ListStackResourcesCommand,
} from '@aws-sdk/client-cloudformation'
import { expect, onTestFinished, test } from 'vitest'
import type { InfraPlan } from '../../src/lib/domain/infra.js'
import { synthesize, templateBody } from '../../src/lib/infra/synthesize.js'
import { root } from '../support/cli.js'
import { certificateOf, startMoto, subnetsOf } from '../support/moto.js'
import { requires } from '../support/requires.js'
import { emptyCloud } from './cloud.js'
import { infraProject } from './project.js'
import { variants } from './variants.js'

const script = readFileSync(join(root, 'templates/infra/start.sh'), 'utf8')

/** Types that moto's CloudFormation leaves out without a word: it has no model of them. */
const unknownToMoto: ReadonlySet<string> = new Set([
  'AWS::ApplicationAutoScaling::ScalableTarget',
  'AWS::ApplicationAutoScaling::ScalingPolicy',
  'AWS::AutoScaling::ScalingPolicy',
  'AWS::CloudWatch::Alarm',
  'AWS::EC2::SecurityGroupEgress',
  'AWS::SNS::TopicPolicy',
])

/** moto's target groups do not tell their full name, which the dashboard draws; without it moto fails at the dashboard. */
const forMoto = (body: string): string => body.replaceAll('.TargetGroupFullName}', '}')

/** A stack as CloudFormation tells it: type and status of each resource by its logical id, and its outputs' names. */
interface Stack {
  readonly status: string | undefined
  readonly resources: Readonly<Record<string, readonly [type: string, status: string]>>
  readonly outputs: readonly string[]
}

/** Makes a stack as `infra deploy` does, by a change set, and tells what came of it. */
async function make(endpoint: string, region: string, plan: InfraPlan, TemplateBody: string): Promise<Stack> {
  const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'not-a-secret' }
  // moto forgets what failed when it is asked again: a second try would hide it.
  const client = new CloudFormationClient({ endpoint, region, maxAttempts: 1, credentials })
  onTestFinished(() => client.destroy())
  const StackName = plan.stack
  const ChangeSetName = 'first'
  const ami = { ParameterKey: 'MachineImage', ParameterValue: 'ami-0123456789abcdef0' }
  await client.send(
    new CreateChangeSetCommand({
      StackName,
      ChangeSetName,
      ChangeSetType: 'CREATE',
      TemplateBody,
      Capabilities: ['CAPABILITY_IAM'],
      Parameters: [{ ParameterKey: 'Serving', ParameterValue: 'no' }, ...(plan.kind === 'asg' ? [ami] : [])],
    }),
  )
  const changeSet = async () => (await client.send(new DescribeChangeSetCommand({ StackName, ChangeSetName }))).Status
  await expect.poll(changeSet, { timeout: 30_000 }).toBe('CREATE_COMPLETE')
  await client.send(new ExecuteChangeSetCommand({ StackName, ChangeSetName }))
  const stack = async () => (await client.send(new DescribeStacksCommand({ StackName }))).Stacks?.[0]
  await expect.poll(async () => (await stack())?.StackStatus, { timeout: 60_000 }).not.toMatch(/IN_PROGRESS/)
  const resources: Record<string, readonly [string, string]> = {}
  let NextToken: string | undefined
  do {
    // oxlint-disable-next-line no-await-in-loop -- one page after the other
    const page = await client.send(new ListStackResourcesCommand({ StackName, NextToken }))
    const { StackResourceSummaries = [] } = page
    for (const { LogicalResourceId = '', ResourceType = '', ResourceStatus = '' } of StackResourceSummaries) {
      // moto lists one more than it made: without a name and a type.
      if (LogicalResourceId !== '') resources[LogicalResourceId] = [ResourceType, ResourceStatus]
    }
    ;({ NextToken } = page)
  } while (NextToken !== undefined)
  const made = await stack()
  const { TemplateBody: kept = '{}' } = await client.send(new GetTemplateCommand({ StackName }))
  const named = Object.keys((JSON.parse(kept) as { readonly Outputs?: object }).Outputs ?? {})
  const told = (made?.Outputs ?? []).map(({ OutputKey = '' }) => OutputKey)
  // moto works no outputs out for a stack of a change set: the template that it keeps has their names.
  return {
    status: made?.StackStatus,
    resources,
    outputs: (told.length === 0 ? named : told).toSorted(),
  }
}

const compared = ['asg', 'asg-efs', 'asg-warm-pool', 'asg-given-vpc', 'ecs', 'ecs-efs', 'ecs-given-vpc']

requires('moto').describe('the same template in a cloud that is none of ours', () => {
  for (const name of compared) {
    test(`${name} makes the same resources and outputs`, async () => {
      const variant = variants[name]
      if (variant === undefined) throw new Error(`there is no variant ${name}`)
      const [example, region] =
        variant.kind === 'asg' ? (['rampart-ai', 'us-west-2'] as const) : (['finbert-rag', 'ap-south-1'] as const)
      const moto = await startMoto()
      onTestFinished(moto.close)
      const { vpc, subnets } = await subnetsOf(moto.url, region)
      const network =
        variant.network.kind === 'given'
          ? ({ kind: 'given', vpc, publicSubnets: subnets, privateSubnets: subnets } as const)
          : variant.network
      const plan: InfraPlan = { ...variant, network, https: { certificate: await certificateOf(moto.url, region) } }
      const body = templateBody(synthesize(plan, { script }))
      const theirs = await make(moto.url, region, plan, forMoto(body))
      const { cloud } = await emptyCloud((await infraProject(example, undefined)).config)
      const ours = await make(cloud.url, region, plan, body)

      const known = Object.entries(ours.resources).filter(([, [type]]) => !unknownToMoto.has(type))
      expect({ ...ours, resources: Object.fromEntries(known) }).toEqual(theirs)
      expect(ours.status).toBe('CREATE_COMPLETE')
    }, 120_000)
  }
})
