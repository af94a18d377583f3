import type { AsgInfra } from '../domain/infra.js'
import { targetGroup } from './entrance.js'
import { pullStatements } from './images.js'
import type { Network } from './network.js'
import { cacheStatement, logStatement, mountsOf, secretStatements } from './shared.js'
import {
  allow,
  att,
  named,
  policy,
  ref,
  sub,
  trust,
  when,
  type Parameter,
  type Resources,
  type Value,
} from './template.js'
import { launchHook, userDataOf } from './user-data.js'

/** What only this kind asks for. */
export const asgParameters: Readonly<Record<string, Parameter>> = {
  MachineImage: {
    Type: 'AWS::EC2::Image::Id',
    Description:
      'The AMI, Amazon Linux 2023, by its id: an alias would change machines behind the back of a release. rampart gives the one that serves.',
  },
  Generation: {
    Type: 'Number',
    Description:
      'Rises with each change of the stack, so that the launch template gets a version of what serves now. rampart counts.',
    Default: 1,
  },
}

/** The group with its launch template and role. */
export function asgOf(plan: AsgInfra, network: Network, script: string): Resources {
  // Targets of a group that no listener leads to are never healthy.
  const needed = ['HttpsListener', ...network.ways, ...mountsOf(plan, network)]
  return {
    InstanceRole: {
      note: 'Pull these images, read these secrets, write these logs, be reached by Session Manager; nothing else.',
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: trust('ec2.amazonaws.com'),
        Policies: [{ PolicyName: 'serve', PolicyDocument: policy(...statements(plan)) }],
      },
    },
    InstanceProfile: { Type: 'AWS::IAM::InstanceProfile', Properties: { Roles: [ref('InstanceRole')] } },
    LaunchTemplate: {
      note: 'rampart makes further versions of it, with digests. No key pair: Session Manager is the way in.',
      Type: 'AWS::EC2::LaunchTemplate',
      Properties: {
        LaunchTemplateName: sub('${AWS::StackName}'),
        VersionDescription: sub('stack ${AWS::StackName}, change ${Generation}'),
        LaunchTemplateData: {
          ImageId: ref('MachineImage'),
          InstanceType: plan.instanceType,
          IamInstanceProfile: { Arn: att('InstanceProfile', 'Arn') },
          SecurityGroupIds: [att('ServingSecurityGroup', 'GroupId')],
          // One hop: containers, which are one further, can not take the role of the machine.
          MetadataOptions: { HttpTokens: 'required', HttpEndpoint: 'enabled', HttpPutResponseHopLimit: 1 },
          Monitoring: { Enabled: true },
          BlockDeviceMappings: [
            {
              DeviceName: '/dev/xvda',
              Ebs: { VolumeSize: plan.volume, VolumeType: 'gp3', Encrypted: true, DeleteOnTermination: true },
            },
          ],
          TagSpecifications: [
            { ResourceType: 'instance', Tags: named(plan.group) },
            { ResourceType: 'volume', Tags: named(plan.group) },
          ],
          UserData: userDataOf(plan, script),
        },
      },
    },
    Group: {
      note: 'No UpdatePolicy: rampart rolls what is launched, and a second refresh by CloudFormation would race with it. No DesiredCapacity: a change of the stack must not undo scaling.',
      Type: 'AWS::AutoScaling::AutoScalingGroup',
      DependsOn: needed,
      Properties: {
        AutoScalingGroupName: plan.group,
        MinSize: when('HasImages', String(plan.min), '0'),
        MaxSize: String(plan.max),
        VPCZoneIdentifier: network.privateSubnets,
        // A number, as rollbacks need it. The template is changed with the stack, so this is the version just made.
        LaunchTemplate: {
          LaunchTemplateId: ref('LaunchTemplate'),
          Version: att('LaunchTemplate', 'LatestVersionNumber'),
        },
        TargetGroupARNs: plan.services.map((service) => ref(targetGroup(service))),
        HealthCheckType: 'ELB',
        // The hook ends when everything is ready; this covers the load balancer's own checks.
        HealthCheckGracePeriod: 60,
        DefaultInstanceWarmup: plan.warmup / 1000,
        InstanceMaintenancePolicy: { MinHealthyPercentage: 100, MaxHealthyPercentage: 200 },
        LifecycleHookSpecificationList: [
          {
            LifecycleHookName: launchHook,
            LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
            HeartbeatTimeout: plan.startTimeout / 1000,
            DefaultResult: 'ABANDON',
          },
        ],
        MetricsCollection: [{ Granularity: '1Minute' }],
      },
    },
    ScaleByProcessor: {
      Type: 'AWS::AutoScaling::ScalingPolicy',
      Properties: {
        AutoScalingGroupName: ref('Group'),
        PolicyType: 'TargetTrackingScaling',
        TargetTrackingConfiguration: {
          PredefinedMetricSpecification: { PredefinedMetricType: 'ASGAverageCPUUtilization' },
          TargetValue: 60,
        },
      },
    },
    ...(plan.warmPool !== undefined && {
      WarmPool: {
        note: 'Instances that booted and pulled once, and were ready: they serve again within seconds.',
        Type: 'AWS::AutoScaling::WarmPool',
        Condition: 'HasImages',
        Properties: {
          AutoScalingGroupName: ref('Group'),
          MinSize: plan.warmPool.min,
          PoolState: plan.warmPool.state,
          InstanceReusePolicy: { ReuseOnScaleIn: false },
        },
      },
    }),
  }
}

function statements(plan: AsgInfra): readonly Value[] {
  return [
    ...pullStatements(plan.services),
    ...secretStatements(
      plan,
      plan.services.flatMap(({ secrets }) => secrets),
    ),
    logStatement,
    // The name of the group, not the resource: it would wait for a role that waits for it.
    allow(
      ['autoscaling:CompleteLifecycleAction'],
      sub(
        `arn:\${AWS::Partition}:autoscaling:\${AWS::Region}:\${AWS::AccountId}:autoScalingGroup:*:autoScalingGroupName/${plan.group}`,
      ),
    ),
    // Session Manager alone; AWS's managed policy for it would let instances read every parameter of the account.
    // https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
    allow(
      [
        'ssm:UpdateInstanceInformation',
        'ssmmessages:CreateControlChannel',
        'ssmmessages:CreateDataChannel',
        'ssmmessages:OpenControlChannel',
        'ssmmessages:OpenDataChannel',
      ],
      '*',
    ),
    ...(plan.modelCache === undefined ? [] : [cacheStatement]),
  ]
}
