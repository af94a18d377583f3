import { cacheFamily, cacheFolder, type InfraPlan } from '../domain/infra.js'
import { cacheAccess, logStatement, secretStatements, secretVariables } from './shared.js'
import { allow, att, policy, ref, trust, type Output, type Resources } from './template.js'

/** A small public image with Python in it; it needs nothing beside. */
const image = 'public.ecr.aws/docker/library/python:3.13-alpine'

/** The program comes with each run, so that a stack need not change when it does; compressed, because ECS takes 8192 characters. */
const program = 'import base64,os,zlib;exec(zlib.decompress(base64.b64decode(os.environ["RAMPART_SCRIPT"])))'

/** Whether tasks of this network can reach a model hub: with endpoints alone nothing but AWS is there. */
const hasWay = ({ network }: InfraPlan): boolean => network.kind === 'given' || network.egress !== 'endpoints'

/** The cluster in which the cache is filled; a group has none of its own. */
const clusterOf = (plan: InfraPlan): string => (plan.kind === 'ecs' ? 'Cluster' : 'CacheCluster')

/** What fills the model cache: a task that `rampart cache warm` runs, and nobody else. */
export function cacheFillOf(plan: InfraPlan): Resources {
  const { modelCache } = plan
  if (modelCache === undefined || !hasWay(plan)) return {}
  const token = modelCache.token === undefined ? [] : [modelCache.token]
  return {
    ...(plan.kind === 'asg' && {
      CacheCluster: {
        note: 'For the task of `rampart cache warm` alone.',
        Type: 'AWS::ECS::Cluster',
        Properties: { ClusterName: `${plan.stack}-cache` },
      },
    }),
    CacheFillExecutionRole: {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: trust('ecs-tasks.amazonaws.com'),
        Policies: [{ PolicyName: 'start', PolicyDocument: policy(logStatement, ...secretStatements(plan, token)) }],
      },
    },
    CacheFillRole: {
      note: 'The one role that may write into the model cache.',
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: trust('ecs-tasks.amazonaws.com'),
        Policies: [
          {
            PolicyName: 'fill',
            PolicyDocument: policy(
              allow(
                ['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientWrite'],
                cacheAccess.fileSystem,
                cacheAccess.condition,
              ),
            ),
          },
        ],
      },
    },
    CacheFill: {
      note: 'Downloads models from their hub, and checks their hashes.',
      Type: 'AWS::ECS::TaskDefinition',
      Properties: {
        Family: cacheFamily(plan),
        RequiresCompatibilities: ['FARGATE'],
        NetworkMode: 'awsvpc',
        Cpu: '1024',
        Memory: '2048',
        ExecutionRoleArn: att('CacheFillExecutionRole', 'Arn'),
        TaskRoleArn: att('CacheFillRole', 'Arn'),
        ContainerDefinitions: [
          {
            Name: 'fill',
            Image: image,
            Essential: true,
            User: '1000:1000',
            ReadonlyRootFilesystem: true,
            Command: ['python3', '-c', program],
            Environment: [{ Name: 'RAMPART_CACHE', Value: `/models${cacheFolder(modelCache.path)}` }],
            ...(token.length > 0 && { Secrets: secretVariables(token) }),
            MountPoints: [{ SourceVolume: 'models', ContainerPath: '/models', ReadOnly: false }],
            LogConfiguration: {
              LogDriver: 'awslogs',
              Options: {
                'awslogs-group': ref('LogGroup'),
                'awslogs-region': ref('AWS::Region'),
                'awslogs-stream-prefix': 'cache',
              },
            },
          },
        ],
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
      },
    },
  }
}

/** Where `rampart cache` finds all of it. */
export function cacheOutputs(plan: InfraPlan): Readonly<Record<string, Output>> {
  if (plan.modelCache === undefined) return {}
  return {
    ModelCacheId: { Description: 'The file system of the models', Value: ref('ModelCache') },
    ModelCacheAccessId: { Description: 'Its access point', Value: ref('ModelCacheAccess') },
    ...(hasWay(plan) && {
      CacheFillCluster: { Description: 'Where the model cache is filled', Value: ref(clusterOf(plan)) },
      CacheFillTask: { Description: 'What fills it', Value: ref('CacheFill') },
    }),
  }
}
