import type { InfraPlan, SecretSource } from '../domain/infra.js'
import type { Network } from './network.js'
import { allow, att, literal, named, nowhere, ref, sub, type Resources, type Value } from './template.js'

/**
 * The ARN of a secret without its six random letters, or as it was given. Secrets Manager and ECS take both:
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
 */
const secretArn = ({ secret }: SecretSource): string =>
  secret.startsWith('arn:')
    ? secret.replace(/^arn:[^:]*:/, 'arn:${AWS::Partition}:')
    : `arn:\${AWS::Partition}:secretsmanager:\${AWS::Region}:\${AWS::AccountId}:secret:${secret}`

/** Variables of a container whose values ECS takes from secrets, and shows to nobody. */
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
export const secretVariables = (sources: readonly SecretSource[]): readonly Value[] =>
  sources.map((one) => ({
    Name: one.variable,
    ValueFrom: sub(one.key === undefined ? secretArn(one) : `${secretArn(one)}:${literal(one.key)}::`),
  }))

/** What a role needs to read these secrets, and no others. */
export function secretStatements(plan: InfraPlan, sources: readonly SecretSource[]): readonly Value[] {
  if (sources.length === 0) return []
  // A name stands for its ARN with six letters more; the wildcard is for these alone.
  const arns = sources.map((one) =>
    /-[A-Za-z0-9]{6}$/.test(one.secret) && one.secret.startsWith('arn:') ? secretArn(one) : `${secretArn(one)}-??????`,
  )
  return [
    allow(['secretsmanager:GetSecretValue'], [...new Set(arns)].map(sub)),
    ...(plan.secretsKey === undefined
      ? []
      : [
          allow(['kms:Decrypt'], plan.secretsKey, {
            Condition: { StringEquals: { 'kms:ViaService': sub('secretsmanager.${AWS::Region}.${AWS::URLSuffix}') } },
          }),
        ]),
  ]
}

/** What a role needs to write to the log group. */
export const logStatement = allow(['logs:CreateLogStream', 'logs:PutLogEvents'], att('LogGroup', 'Arn'))

const efsArn = (name: string): Value =>
  sub(`arn:\${AWS::Partition}:elasticfilesystem:\${AWS::Region}:\${AWS::AccountId}:${name}`)

/** The model cache, by its access point alone. */
export const cacheAccess = {
  fileSystem: efsArn('file-system/${ModelCache}'),
  condition: {
    Condition: { StringEquals: { 'elasticfilesystem:AccessPointArn': efsArn('access-point/${ModelCacheAccess}') } },
  },
} as const

/** What a role needs to read the model cache: nobody who serves can write to it. */
export const cacheStatement = allow(['elasticfilesystem:ClientMount'], cacheAccess.fileSystem, cacheAccess.condition)

/** The log group. CloudWatch encrypts it by itself; lines stay when the stack goes. */
export const logsOf = (plan: InfraPlan, keepsData: boolean): Resources => ({
  LogGroup: {
    note: 'Encrypted by CloudWatch itself. One stream for each container of each target.',
    Type: 'AWS::Logs::LogGroup',
    DeletionPolicy: keepsData ? 'Retain' : 'Delete',
    UpdateReplacePolicy: keepsData ? 'Retain' : 'Delete',
    Properties: { LogGroupName: plan.logGroup, RetentionInDays: plan.logDays },
  },
})

/** The model cache on EFS: encrypted on disk and on the way, read by those alone whom their role lets. */
export function modelCacheOf(plan: InfraPlan, network: Network, keepsData: boolean): Resources {
  const { modelCache } = plan
  if (modelCache === undefined) return {}
  const port = { IpProtocol: 'tcp', FromPort: 2049, ToPort: 2049 } as const
  return {
    ModelCacheSecurityGroup: {
      Type: 'AWS::EC2::SecurityGroup',
      Properties: {
        GroupDescription: 'The model cache, for what serves',
        VpcId: network.vpc,
        SecurityGroupEgress: [nowhere],
      },
    },
    ModelCacheIngress: {
      Type: 'AWS::EC2::SecurityGroupIngress',
      Properties: {
        Description: 'From what serves',
        GroupId: att('ModelCacheSecurityGroup', 'GroupId'),
        ...port,
        SourceSecurityGroupId: att('ServingSecurityGroup', 'GroupId'),
      },
    },
    ServingToModelCache: {
      Type: 'AWS::EC2::SecurityGroupEgress',
      Properties: {
        Description: 'To the model cache',
        GroupId: att('ServingSecurityGroup', 'GroupId'),
        ...port,
        DestinationSecurityGroupId: att('ModelCacheSecurityGroup', 'GroupId'),
      },
    },
    ModelCache: {
      note: 'The models, filled once and read by all. They stay when the stack goes.',
      Type: 'AWS::EFS::FileSystem',
      DeletionPolicy: keepsData ? 'Retain' : 'Delete',
      UpdateReplacePolicy: keepsData ? 'Retain' : 'Delete',
      Properties: {
        Encrypted: true,
        PerformanceMode: 'generalPurpose',
        ThroughputMode: modelCache.throughput,
        FileSystemPolicy: {
          Version: '2012-10-17',
          Statement: [
            {
              Sid: 'MountTargetsAlone',
              Effect: 'Allow',
              Principal: { AWS: sub('arn:${AWS::Partition}:iam::${AWS::AccountId}:root') },
              Action: ['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientWrite'],
              Condition: { Bool: { 'elasticfilesystem:AccessedViaMountTarget': 'true' } },
            },
            {
              Sid: 'OnlyEncrypted',
              Effect: 'Deny',
              Principal: { AWS: '*' },
              Action: 'elasticfilesystem:*',
              Condition: { Bool: { 'aws:SecureTransport': 'false' } },
            },
          ],
        },
        FileSystemTags: named(sub('${AWS::StackName}-models')),
      },
    },
    ModelCacheAccess: {
      Type: 'AWS::EFS::AccessPoint',
      Properties: {
        FileSystemId: ref('ModelCache'),
        PosixUser: { Uid: '1000', Gid: '1000' },
        RootDirectory: {
          Path: '/models',
          CreationInfo: { OwnerUid: '1000', OwnerGid: '1000', Permissions: '0755' },
        },
        AccessPointTags: named(sub('${AWS::StackName}-models')),
      },
    },
    ...Object.fromEntries(
      network.privateSubnets.map((subnet, index) => [
        `ModelCacheMount${index + 1}`,
        {
          Type: 'AWS::EFS::MountTarget',
          Properties: {
            FileSystemId: ref('ModelCache'),
            SubnetId: subnet,
            SecurityGroups: [att('ModelCacheSecurityGroup', 'GroupId')],
          },
        },
      ]),
    ),
  }
}

/** The mount targets, without which nobody can mount the cache. */
export const mountsOf = (plan: InfraPlan, network: Network): readonly string[] =>
  plan.modelCache === undefined ? [] : network.privateSubnets.map((_, index) => `ModelCacheMount${index + 1}`)
