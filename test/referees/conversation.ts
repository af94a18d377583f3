import * as ecr from '@aws-sdk/client-ecr'
import * as ecs from '@aws-sdk/client-ecs'
import * as elb from '@aws-sdk/client-elastic-load-balancing-v2'
import * as ssm from '@aws-sdk/client-ssm'
import { aroundConversation } from './around-conversation.js'
import { definition, names, type Side } from './sides.js'

/** An answer, or the name of the error that came instead. */
export type Said = { readonly answer: object } | { readonly refused: string }

/** One call, in the same words to both; what differs, e.g. an ARN, comes from the side. */
export interface Question {
  /** Unique, and begins with the operation. */
  readonly name: string
  readonly ask: (side: Side) => Promise<object>
  /** Whether the values are compared, too, and not their types alone. */
  readonly exact?: boolean
}

const { cluster, service, family, repository } = names

const startedBy = 'referee'

const taskArns = async (side: Side): Promise<string[]> =>
  (await side.ecs.send(new ecs.ListTasksCommand({ cluster, startedBy }))).taskArns ?? []

/** What is asked about fleets, images and parameters, in this order. */
const fleetConversation: readonly Question[] = [
  { name: 'DescribeLoadBalancers', ask: (side) => side.elb.send(new elb.DescribeLoadBalancersCommand({})) },
  {
    name: 'DescribeLoadBalancers: no such one',
    ask: (side) => side.elb.send(new elb.DescribeLoadBalancersCommand({ Names: ['nobody'] })),
  },
  {
    name: 'DescribeTargetGroups',
    ask: (side) => side.elb.send(new elb.DescribeTargetGroupsCommand({ TargetGroupArns: [side.targetGroup] })),
  },
  {
    name: 'DescribeTargetGroups: of the load balancer',
    ask: (side) => side.elb.send(new elb.DescribeTargetGroupsCommand({ LoadBalancerArn: side.balancer })),
  },
  {
    name: 'DescribeTargetGroups: no such one',
    ask: (side) => side.elb.send(new elb.DescribeTargetGroupsCommand({ Names: ['nobody'] })),
  },
  {
    name: 'DescribeTargetHealth',
    ask: (side) => side.elb.send(new elb.DescribeTargetHealthCommand({ TargetGroupArn: side.targetGroup })),
  },
  {
    name: 'DescribeTargetHealth: no such group',
    ask: (side) =>
      side.elb.send(new elb.DescribeTargetHealthCommand({ TargetGroupArn: `${side.targetGroup.slice(0, -1)}x` })),
  },

  { name: 'ListClusters', ask: (side) => side.ecs.send(new ecs.ListClustersCommand({})) },
  { name: 'DescribeClusters', ask: (side) => side.ecs.send(new ecs.DescribeClustersCommand({ clusters: [cluster] })) },
  {
    name: 'DescribeClusters: none of that name',
    ask: (side) => side.ecs.send(new ecs.DescribeClustersCommand({ clusters: ['nobody'] })),
  },
  { name: 'ListServices', ask: (side) => side.ecs.send(new ecs.ListServicesCommand({ cluster })) },
  {
    name: 'ListServices: no such cluster',
    ask: (side) => side.ecs.send(new ecs.ListServicesCommand({ cluster: 'nobody' })),
  },
  {
    name: 'DescribeServices',
    ask: (side) => side.ecs.send(new ecs.DescribeServicesCommand({ cluster, services: [service] })),
  },
  {
    name: 'DescribeServices: none of that name',
    ask: (side) => side.ecs.send(new ecs.DescribeServicesCommand({ cluster, services: ['nobody'] })),
  },
  {
    name: 'DescribeServices: no such cluster',
    ask: (side) => side.ecs.send(new ecs.DescribeServicesCommand({ cluster: 'nobody', services: [service] })),
  },
  { name: 'RegisterTaskDefinition', ask: (side) => side.ecs.send(new ecs.RegisterTaskDefinitionCommand(definition)) },
  {
    name: 'DescribeTaskDefinition',
    ask: (side) => side.ecs.send(new ecs.DescribeTaskDefinitionCommand({ taskDefinition: family, include: ['TAGS'] })),
  },
  {
    name: 'DescribeTaskDefinition: no such one',
    ask: (side) => side.ecs.send(new ecs.DescribeTaskDefinitionCommand({ taskDefinition: 'nobody:1' })),
  },
  {
    name: 'ListTaskDefinitions',
    ask: (side) => side.ecs.send(new ecs.ListTaskDefinitionsCommand({ familyPrefix: family, sort: 'DESC' })),
  },
  {
    name: 'ListTaskDefinitionFamilies',
    ask: (side) => side.ecs.send(new ecs.ListTaskDefinitionFamiliesCommand({ familyPrefix: family })),
  },
  {
    name: 'RunTask',
    ask: (side) =>
      side.ecs.send(
        new ecs.RunTaskCommand({
          cluster,
          taskDefinition: family,
          launchType: 'FARGATE',
          startedBy,
          networkConfiguration: { awsvpcConfiguration: side.network },
        }),
      ),
  },
  { name: 'ListTasks', ask: (side) => side.ecs.send(new ecs.ListTasksCommand({ cluster })) },
  {
    name: 'ListTasks: no such cluster',
    ask: (side) => side.ecs.send(new ecs.ListTasksCommand({ cluster: 'nobody' })),
  },
  {
    name: 'DescribeTasks',
    ask: async (side) => side.ecs.send(new ecs.DescribeTasksCommand({ cluster, tasks: await taskArns(side) })),
  },
  {
    name: 'StopTask',
    ask: async (side) => {
      const [task = ''] = await taskArns(side)
      return side.ecs.send(new ecs.StopTaskCommand({ cluster, task }))
    },
  },
  {
    name: 'ListTagsForResource',
    ask: async (side) => {
      const { services } = await side.ecs.send(new ecs.DescribeServicesCommand({ cluster, services: [service] }))
      return side.ecs.send(new ecs.ListTagsForResourceCommand({ resourceArn: services?.[0]?.serviceArn ?? '' }))
    },
  },
  {
    name: 'UpdateService',
    ask: (side) =>
      side.ecs.send(
        new ecs.UpdateServiceCommand({
          cluster,
          service,
          taskDefinition: family,
          deploymentConfiguration: {
            minimumHealthyPercent: 100,
            maximumPercent: 200,
            deploymentCircuitBreaker: { enable: true, rollback: true },
          },
        }),
      ),
  },
  {
    name: 'UpdateService: no such service',
    ask: (side) => side.ecs.send(new ecs.UpdateServiceCommand({ cluster, service: 'nobody', desiredCount: 1 })),
  },

  {
    name: 'CreateRepository',
    ask: (side) => side.ecr.send(new ecr.CreateRepositoryCommand({ repositoryName: 'shop/new' })),
  },
  {
    name: 'CreateRepository: again',
    ask: (side) => side.ecr.send(new ecr.CreateRepositoryCommand({ repositoryName: 'shop/new' })),
  },
  {
    name: 'DescribeRepositories',
    ask: (side) => side.ecr.send(new ecr.DescribeRepositoriesCommand({ repositoryNames: ['shop/new'] })),
  },
  {
    name: 'DescribeRepositories: no such one',
    ask: (side) => side.ecr.send(new ecr.DescribeRepositoriesCommand({ repositoryNames: ['nobody'] })),
  },
  { name: 'GetAuthorizationToken', ask: (side) => side.ecr.send(new ecr.GetAuthorizationTokenCommand({})) },
  {
    name: 'PutImage',
    ask: (side) =>
      side.ecr.send(
        new ecr.PutImageCommand({ repositoryName: repository, imageManifest: side.manifest, imageTag: 'v1' }),
      ),
  },
  {
    name: 'DescribeImages',
    ask: (side) =>
      side.ecr.send(new ecr.DescribeImagesCommand({ repositoryName: repository, imageIds: [{ imageTag: 'v1' }] })),
  },
  {
    name: 'DescribeImages: no such one',
    ask: (side) =>
      side.ecr.send(new ecr.DescribeImagesCommand({ repositoryName: repository, imageIds: [{ imageTag: 'nothing' }] })),
  },
  {
    name: 'BatchGetImage',
    ask: (side) =>
      side.ecr.send(
        new ecr.BatchGetImageCommand({
          repositoryName: repository,
          imageIds: [{ imageTag: 'v1' }, { imageTag: 'nothing' }],
        }),
      ),
  },
  {
    name: 'PutLifecyclePolicy',
    ask: (side) =>
      side.ecr.send(
        new ecr.PutLifecyclePolicyCommand({
          repositoryName: repository,
          lifecyclePolicyText: JSON.stringify({
            rules: [
              {
                rulePriority: 1,
                selection: { tagStatus: 'untagged', countType: 'imageCountMoreThan', countNumber: 9 },
                action: { type: 'expire' },
              },
            ],
          }),
        }),
      ),
  },
  {
    name: 'GetLifecyclePolicy',
    ask: (side) => side.ecr.send(new ecr.GetLifecyclePolicyCommand({ repositoryName: repository })),
  },
  {
    name: 'GetLifecyclePolicy: none',
    ask: (side) => side.ecr.send(new ecr.GetLifecyclePolicyCommand({ repositoryName: 'shop/new' })),
  },

  {
    name: 'PutParameter',
    ask: (side) =>
      side.ssm.send(new ssm.PutParameterCommand({ Name: '/shop/a/1', Value: 'one', Type: 'String', Overwrite: false })),
  },
  {
    name: 'PutParameter: again',
    ask: (side) =>
      side.ssm.send(new ssm.PutParameterCommand({ Name: '/shop/a/1', Value: 'two', Type: 'String', Overwrite: false })),
  },
  {
    name: 'PutParameter: over it',
    ask: (side) =>
      side.ssm.send(new ssm.PutParameterCommand({ Name: '/shop/a/1', Value: 'two', Type: 'String', Overwrite: true })),
  },
  { name: 'GetParameter', ask: (side) => side.ssm.send(new ssm.GetParameterCommand({ Name: '/shop/a/1' })) },
  {
    name: 'GetParameter: a version of it',
    ask: (side) => side.ssm.send(new ssm.GetParameterCommand({ Name: '/shop/a/1:1' })),
  },
  {
    name: 'GetParameter: no such one',
    ask: (side) => side.ssm.send(new ssm.GetParameterCommand({ Name: '/shop/nothing' })),
  },
  {
    name: 'GetParameter: no such version',
    ask: (side) => side.ssm.send(new ssm.GetParameterCommand({ Name: '/shop/a/1:9' })),
  },
  {
    name: 'GetParametersByPath',
    ask: (side) => side.ssm.send(new ssm.GetParametersByPathCommand({ Path: '/shop', Recursive: true })),
  },
  {
    name: 'GetParametersByPath: nothing directly beneath',
    ask: (side) => side.ssm.send(new ssm.GetParametersByPathCommand({ Path: '/shop', Recursive: false })),
  },
  {
    name: 'GetParameterHistory',
    ask: (side) => side.ssm.send(new ssm.GetParameterHistoryCommand({ Name: '/shop/a/1' })),
  },
  {
    name: 'GetParameterHistory: no such one',
    ask: (side) => side.ssm.send(new ssm.GetParameterHistoryCommand({ Name: '/shop/nothing' })),
  },
  { name: 'DeleteParameter', ask: (side) => side.ssm.send(new ssm.DeleteParameterCommand({ Name: '/shop/a/1' })) },
  {
    name: 'DeleteParameter: again',
    ask: (side) => side.ssm.send(new ssm.DeleteParameterCommand({ Name: '/shop/a/1' })),
  },
]

/** All that is asked. */
export const conversation: readonly Question[] = [...fleetConversation, ...aroundConversation]

/** Asks all of it, and gives what was said, by the question's name. */
export async function converse(side: Side): Promise<ReadonlyMap<string, Said>> {
  const said = new Map<string, Said>()
  for (const { name, ask } of conversation) {
    said.set(
      name,
      await ask(side).then(
        (answer) => ({ answer }),
        (error: unknown) => ({ refused: error instanceof Error ? error.name : String(error) }),
      ),
    )
  }
  return said
}
