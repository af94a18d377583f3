import type { InfraPlan } from '../domain/infra.js'
import { alarmsOf } from './alarms.js'
import { asgOf, asgParameters } from './asg.js'
import { cacheFillOf, cacheOutputs } from './cache-fill.js'
import { dashboardOf } from './dashboard.js'
import { ecsOf, ecsParameters } from './ecs.js'
import { addressOf, entranceOf } from './entrance.js'
import { imageParameters, repositoriesOf } from './images.js'
import { networkOf, type Network } from './network.js'
import { logsOf, modelCacheOf } from './shared.js'
import { att, logical, ref, type Output, type Template } from './template.js'
import { templateYaml } from './yaml.js'

export interface SynthesizeOptions {
  /** The script of `templates/infra/start.sh`, for instances. */
  readonly script: string
  /** False for a stack that is about to go with all that it holds. */
  readonly keepsData?: boolean
}

/** The template of a plan. The same plan gives the same template. */
export function synthesize(plan: InfraPlan, { script, keepsData = true }: SynthesizeOptions): Template {
  const network = networkOf(plan)
  const readers =
    plan.kind === 'asg'
      ? [att('InstanceRole', 'Arn')]
      : plan.services.map(({ name }) => att(`${logical(name)}ExecutionRole`, 'Arn'))
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: `${plan.app}, ${plan.environment}: ${plan.kind === 'asg' ? 'an Auto Scaling group' : 'services on Fargate'} behind a load balancer`,
    Parameters: { ...imageParameters(plan), ...(plan.kind === 'asg' ? asgParameters : ecsParameters(plan)) },
    Conditions: { HasImages: { 'Fn::Equals': [ref('Serving'), 'yes'] } },
    Resources: {
      ...network.resources,
      ...repositoriesOf(plan, readers, keepsData),
      ...logsOf(plan, keepsData),
      ...entranceOf(plan, network),
      ...modelCacheOf(plan, network, keepsData),
      ...(plan.kind === 'asg' ? asgOf(plan, network, script) : ecsOf(plan, network)),
      ...cacheFillOf(plan),
      ...alarmsOf(plan),
      Dashboard: dashboardOf(plan),
    },
    Outputs: outputsOf(plan, network),
  }
}

function outputsOf(plan: InfraPlan, network: Network): Readonly<Record<string, Output>> {
  return {
    Address: { Description: 'Where users reach it', Value: addressOf(plan) },
    LoadBalancerName: { Description: 'What the domain must lead to', Value: att('LoadBalancer', 'DNSName') },
    ...(plan.kind === 'asg'
      ? { GroupName: { Description: 'The Auto Scaling group', Value: ref('Group') } }
      : { ClusterName: { Description: 'The ECS cluster', Value: ref('Cluster') } }),
    ...Object.fromEntries(
      plan.repositories.map(({ name }) => [
        `${logical(name)}Uri`,
        { Description: `The repository ${name}`, Value: att(`${logical(name)}Repository`, 'RepositoryUri') },
      ]),
    ),
    LogGroupName: { Description: 'The log group', Value: ref('LogGroup') },
    PrivateSubnets: { Description: 'Where tasks may run', Value: { 'Fn::Join': [',', network.privateSubnets] } },
    ServingSecurityGroupId: { Description: 'What serves', Value: att('ServingSecurityGroup', 'GroupId') },
    ...cacheOutputs(plan),
  }
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
export const templateLimit = 51_200

/** The template as text: YAML with its reasons, for people. */
export function templateText(plan: InfraPlan, template: Template): string {
  const parameters = plan.kind === 'asg' ? 'MachineImage=ami-… ' : ''
  const written = (bucket: string): string =>
    templateYaml(template, [
      `${plan.app}, ${plan.environment}. Written by \`rampart infra synth\` from rampart.yml; ordinary CloudFormation, and yours.`,
      '`rampart infra deploy` keeps it; without rampart:',
      `  aws cloudformation deploy --stack-name ${plan.stack} --template-file FILE${bucket} --capabilities CAPABILITY_IAM \\`,
      `    --parameter-overrides ${parameters}Serving=no`,
      'Then push images, and deploy it again with Serving=yes.',
    ])
  const text = written('')
  // With its reasons a large one is more than CloudFormation takes but from a bucket.
  return Buffer.byteLength(text) > templateLimit ? written(' --s3-bucket BUCKET') : text
}

/** The same template as CloudFormation takes it: without reasons and spaces, because it takes only so much. */
export function templateBody(template: Template): string {
  return JSON.stringify(template, (key, value: unknown) => (key === 'note' ? undefined : value))
}
