import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DescribeSecurityGroupsCommand, DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2'
import { BatchGetImageCommand, CreateRepositoryCommand, ECRClient } from '@aws-sdk/client-ecr'
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DescribeServicesCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  type AwsVpcConfiguration,
  type RegisterTaskDefinitionCommandInput,
} from '@aws-sdk/client-ecs'
import {
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  CreateListenerCommand,
  DescribeLoadBalancersCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch'
import { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { SNSClient } from '@aws-sdk/client-sns'
import { SSMClient } from '@aws-sdk/client-ssm'
import { onTestFinished } from 'vitest'
import { startRehearsal } from '../../src/lib/rehearsal/cloud.js'
import { startMoto } from '../support/moto.js'

export const region = 'us-west-2'
export const account = '123456789012'

/** One of the two that are asked, by the real clients, with the same things in it. */
export interface Side {
  readonly ecs: ECSClient
  readonly ecr: ECRClient
  readonly elb: ElasticLoadBalancingV2Client
  readonly ssm: SSMClient
  readonly secrets: SecretsManagerClient
  readonly cloudWatch: CloudWatchClient
  readonly events: EventBridgeClient
  readonly sns: SNSClient
  readonly balancer: string
  readonly targetGroup: string
  /** Where tasks of their own may run. */
  readonly network: AwsVpcConfiguration
  /** Of an image that the registry may take. */
  readonly manifest: string
}

export const names = { cluster: 'shop', service: 'shop-web', family: 'shop-web', repository: 'shop/web' }

/** The same for whoever registers it. */
export const definition: RegisterTaskDefinitionCommandInput = {
  family: names.family,
  cpu: '256',
  memory: '512',
  networkMode: 'awsvpc',
  requiresCompatibilities: ['FARGATE'],
  executionRoleArn: `arn:aws:iam::${account}:role/execution`,
  taskRoleArn: `arn:aws:iam::${account}:role/task`,
  containerDefinitions: [
    {
      name: 'web',
      image: 'registry.example/shop/web:1',
      essential: true,
      cpu: 256,
      memory: 512,
      environment: [{ name: 'MODE', value: 'production' }],
      secrets: [{ name: 'KEY', valueFrom: `arn:aws:ssm:${region}:${account}:parameter/shop/key` }],
      portMappings: [{ containerPort: 8080, protocol: 'tcp' }],
      logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-group': '/shop', 'awslogs-region': region } },
    },
  ],
  tags: [{ key: 'team', value: 'shop' }],
}

function clients(endpoint: string) {
  const settings = {
    endpoint,
    region,
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'not-a-secret' },
    maxAttempts: 1,
  }
  return {
    ecs: new ECSClient(settings),
    ecr: new ECRClient(settings),
    elb: new ElasticLoadBalancingV2Client(settings),
    ssm: new SSMClient(settings),
    secrets: new SecretsManagerClient(settings),
    cloudWatch: new CloudWatchClient(settings),
    events: new EventBridgeClient(settings),
    sns: new SNSClient(settings),
    ec2: new EC2Client(settings),
  }
}

/** The rehearsal, with a service that has long been serving. */
export async function ourSide(): Promise<Side> {
  const directory = await mkdtemp(join(tmpdir(), 'rampart-referee-'))
  const cloud = await startRehearsal({
    directory,
    setup: {
      app: 'shop',
      environment: 'production',
      region,
      accountId: account,
      ecs: {
        cluster: names.cluster,
        services: [
          {
            name: names.service,
            taskFamily: names.family,
            container: 'web',
            service: 'web',
            desired: 1,
            launchType: 'FARGATE',
          },
        ],
      },
      logGroup: '/shop',
      alarms: [],
      services: [{ name: 'web', repository: names.repository, livePath: '/', readyPath: '/', port: 8080 }],
    },
    scenario: 'healthy',
    now: () => Date.now(),
  })
  onTestFinished(async () => {
    await cloud.close()
    await rm(directory, { recursive: true, force: true })
  })
  const { ec2: _ec2, ...asked } = clients(cloud.url)
  const [{ LoadBalancers }, { services }, { images }] = await Promise.all([
    asked.elb.send(new DescribeLoadBalancersCommand({})),
    asked.ecs.send(new DescribeServicesCommand({ cluster: names.cluster, services: [names.service] })),
    asked.ecr.send(new BatchGetImageCommand({ repositoryName: names.repository, imageIds: [{ imageTag: 'latest' }] })),
  ])
  return {
    ...asked,
    network: services?.[0]?.networkConfiguration?.awsvpcConfiguration ?? { subnets: [] },
    manifest: images?.[0]?.imageManifest ?? '',
    balancer: LoadBalancers?.[0]?.LoadBalancerArn ?? '',
    targetGroup: services?.[0]?.loadBalancers?.[0]?.targetGroupArn ?? '',
  }
}

/** moto, with a service made by its own means, and that image. */
export async function theirSide(manifest: string): Promise<Side> {
  const moto = await startMoto()
  onTestFinished(moto.close)
  const { ec2, ...asked } = clients(moto.url)
  const { elb, ecs } = asked
  const [{ Subnets = [] }, { SecurityGroups = [] }] = await Promise.all([
    ec2.send(new DescribeSubnetsCommand({})),
    ec2.send(new DescribeSecurityGroupsCommand({})),
  ])
  const subnets = Subnets.slice(0, 2).map(({ SubnetId }) => SubnetId ?? '')
  const securityGroups = SecurityGroups.slice(0, 1).map(({ GroupId }) => GroupId ?? '')
  const network: AwsVpcConfiguration = { subnets, securityGroups, assignPublicIp: 'DISABLED' }
  const { LoadBalancers } = await elb.send(
    new CreateLoadBalancerCommand({ Name: 'shop', Subnets: subnets, Scheme: 'internet-facing' }),
  )
  const balancer = LoadBalancers?.[0]?.LoadBalancerArn ?? ''
  const { TargetGroups } = await elb.send(
    new CreateTargetGroupCommand({
      Name: 'shop-web',
      Protocol: 'HTTP',
      Port: 8080,
      TargetType: 'ip',
      ...(Subnets[0]?.VpcId !== undefined && { VpcId: Subnets[0].VpcId }),
    }),
  )
  const targetGroup = TargetGroups?.[0]?.TargetGroupArn ?? ''
  await elb.send(
    new CreateListenerCommand({
      LoadBalancerArn: balancer,
      Protocol: 'HTTP',
      Port: 80,
      DefaultActions: [{ Type: 'forward', TargetGroupArn: targetGroup }],
    }),
  )
  await elb.send(
    new RegisterTargetsCommand({ TargetGroupArn: targetGroup, Targets: [{ Id: '172.31.0.10', Port: 8080 }] }),
  )
  await asked.ecr.send(new CreateRepositoryCommand({ repositoryName: names.repository }))
  await ecs.send(new CreateClusterCommand({ clusterName: names.cluster }))
  await ecs.send(new RegisterTaskDefinitionCommand(definition))
  await ecs.send(
    new CreateServiceCommand({
      cluster: names.cluster,
      serviceName: names.service,
      taskDefinition: names.family,
      desiredCount: 1,
      launchType: 'FARGATE',
      networkConfiguration: { awsvpcConfiguration: network },
      tags: [{ key: 'team', value: 'shop' }],
      loadBalancers: [{ targetGroupArn: targetGroup, containerName: 'web', containerPort: 8080 }],
    }),
  )
  return { ...asked, balancer, targetGroup, network, manifest }
}
