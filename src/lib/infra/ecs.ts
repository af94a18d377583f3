import { cacheVariables, type EcsInfra, type FargateService } from '../domain/infra.js'
import { alarmId } from './alarms.js'
import { targetGroup } from './entrance.js'
import { imageParameter, imageReference, pullStatements } from './images.js'
import type { Network } from './network.js'
import { cacheStatement, logStatement, mountsOf, secretStatements, secretVariables } from './shared.js'
import { att, logical, policy, ref, sub, trust, when, type Parameter, type Resources } from './template.js'

/** The parameter that says how many tasks a service wants. */
export const countParameter = (service: Pick<FargateService, 'name'>): string => `${logical(service.name)}Count`

/** What only this kind asks for. */
export const ecsParameters = (plan: EcsInfra): Readonly<Record<string, Parameter>> =>
  Object.fromEntries(
    plan.services.map((service) => [
      countParameter(service),
      {
        Type: 'Number',
        Description: `Tasks of ${service.name} that are wanted; rampart gives those of now, so that scaling is not undone.`,
        Default: service.min,
      },
    ]),
  )

/** The cluster with its services. */
export function ecsOf(plan: EcsInfra, network: Network): Resources {
  return {
    Cluster: {
      Type: 'AWS::ECS::Cluster',
      Properties: {
        ClusterName: plan.cluster,
        CapacityProviders: ['FARGATE'],
        DefaultCapacityProviderStrategy: [{ CapacityProvider: 'FARGATE', Weight: 1 }],
      },
    },
    ...Object.assign({}, ...plan.services.map((service) => serviceOf(plan, network, service))),
  }
}

const architectures = { 'linux/amd64': 'X86_64', 'linux/arm64': 'ARM64' } as const

function serviceOf(plan: EcsInfra, network: Network, service: FargateService): Resources {
  const id = logical(service.name)
  const cache = plan.modelCache
  const env = { ...service.env, ...cacheVariables(plan, service) }
  const listener = service.paths.length === 0 ? 'HttpsListener' : `${id}Rule`
  return {
    [`${id}ExecutionRole`]: {
      note: `What Fargate needs to start ${service.name}: its image, its logs, its own secrets.`,
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: trust('ecs-tasks.amazonaws.com'),
        Policies: [
          {
            PolicyName: 'start',
            PolicyDocument: policy(
              ...pullStatements([service]),
              logStatement,
              ...secretStatements(plan, service.secrets),
            ),
          },
        ],
      },
    },
    [`${id}TaskRole`]: {
      note: `What ${service.name} itself may do in AWS. Give it what the code asks for, and nothing more.`,
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: trust('ecs-tasks.amazonaws.com'),
        ...(cache !== undefined && { Policies: [{ PolicyName: 'models', PolicyDocument: policy(cacheStatement) }] }),
      },
    },
    [`${id}Tasks`]: {
      note: 'rampart registers further revisions of it, with digests.',
      Type: 'AWS::ECS::TaskDefinition',
      Properties: {
        Family: `${plan.stack}-${service.name}`,
        RequiresCompatibilities: ['FARGATE'],
        NetworkMode: 'awsvpc',
        Cpu: String(service.cpu),
        Memory: String(service.memory),
        RuntimePlatform: { OperatingSystemFamily: 'LINUX', CpuArchitecture: architectures[service.platform] },
        ExecutionRoleArn: att(`${id}ExecutionRole`, 'Arn'),
        TaskRoleArn: att(`${id}TaskRole`, 'Arn'),
        ContainerDefinitions: [
          {
            Name: service.container,
            Image: sub(imageReference(service)),
            Essential: true,
            PortMappings: [{ ContainerPort: service.port, Protocol: 'tcp' }],
            ...(Object.keys(env).length > 0 && {
              Environment: Object.entries(env).map(([Name, Value]) => ({ Name, Value })),
            }),
            ...(service.secrets.length > 0 && { Secrets: secretVariables(service.secrets) }),
            ...(cache !== undefined && {
              MountPoints: [{ SourceVolume: 'models', ContainerPath: cache.path, ReadOnly: true }],
            }),
            LinuxParameters: { InitProcessEnabled: true },
            StopTimeout: 30,
            LogConfiguration: {
              LogDriver: 'awslogs',
              Options: {
                'awslogs-group': ref('LogGroup'),
                'awslogs-region': ref('AWS::Region'),
                'awslogs-stream-prefix': service.name,
              },
            },
          },
        ],
        ...(cache !== undefined && {
          Volumes: [
            {
              Name: 'models',
              EFSVolumeConfiguration: {
                FilesystemId: ref('ModelCache'),
                TransitEncryption: 'ENABLED',
                AuthorizationConfig: { AccessPointId: ref('ModelCacheAccess'), IAM: 'ENABLED' },
              },
            },
          ],
        }),
      },
    },
    [`${id}Service`]: {
      note: `In private subnets. ECS goes back by itself when tasks of a new revision fail or an alarm rings. Starts on zstd layers and SOCI indexes by itself where the image of ${imageParameter(service)} has them.`,
      Type: 'AWS::ECS::Service',
      DependsOn: [listener, ...network.ways, ...mountsOf(plan, network)],
      Properties: {
        ServiceName: service.service,
        Cluster: ref('Cluster'),
        LaunchType: 'FARGATE',
        PlatformVersion: 'LATEST',
        TaskDefinition: ref(`${id}Tasks`),
        DesiredCount: when('HasImages', ref(countParameter(service)), 0),
        HealthCheckGracePeriodSeconds: 300,
        AvailabilityZoneRebalancing: 'ENABLED',
        EnableECSManagedTags: true,
        PropagateTags: 'SERVICE',
        DeploymentConfiguration: {
          MinimumHealthyPercent: 100,
          MaximumPercent: 200,
          DeploymentCircuitBreaker: { Enable: true, Rollback: true },
          Alarms: { AlarmNames: [ref(alarmId(service, 'errors'))], Enable: true, Rollback: true },
        },
        LoadBalancers: [
          { ContainerName: service.container, ContainerPort: service.port, TargetGroupArn: ref(targetGroup(service)) },
        ],
        NetworkConfiguration: {
          AwsvpcConfiguration: {
            AssignPublicIp: 'DISABLED',
            Subnets: network.privateSubnets,
            SecurityGroups: [att('ServingSecurityGroup', 'GroupId')],
          },
        },
      },
    },
    [`${id}Scaling`]: {
      Type: 'AWS::ApplicationAutoScaling::ScalableTarget',
      Condition: 'HasImages',
      Properties: {
        ServiceNamespace: 'ecs',
        ScalableDimension: 'ecs:service:DesiredCount',
        ResourceId: { 'Fn::Join': ['/', ['service', ref('Cluster'), att(`${id}Service`, 'Name')]] },
        MinCapacity: service.min,
        MaxCapacity: service.max,
      },
    },
    [`${id}ScaleByProcessor`]: {
      Type: 'AWS::ApplicationAutoScaling::ScalingPolicy',
      Condition: 'HasImages',
      Properties: {
        PolicyName: `${service.name}-processor`,
        PolicyType: 'TargetTrackingScaling',
        ScalingTargetId: ref(`${id}Scaling`),
        TargetTrackingScalingPolicyConfiguration: {
          PredefinedMetricSpecification: { PredefinedMetricType: 'ECSServiceAverageCPUUtilization' },
          TargetValue: service.cpuTarget,
          ScaleInCooldown: 300,
          ScaleOutCooldown: 60,
        },
      },
    },
  }
}
