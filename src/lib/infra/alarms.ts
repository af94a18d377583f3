import type { InfraPlan, InfraService } from '../domain/infra.js'
import { monitoringOfInfra } from '../domain/monitoring.js'
import {
  alarmRules,
  failedRollouts,
  ruleDescription,
  ruleName,
  ruleTarget,
  topicName,
  topicWriters,
} from '../monitoring/rules.js'
import { targetGroup } from './entrance.js'
import { att, logical, policy, ref, sub, type Resource, type Resources, type Value } from './template.js'

/** The logical id of a service's alarm. */
export const alarmId = (service: Pick<InfraService, 'name'>, what: string): string =>
  `${logical(service.name)}${logical(what)}Alarm`

/** The alarms of a stack: those that `rampart alarms apply` keeps, too. Rollouts may watch them by their names. */
export function alarmsOf(plan: InfraPlan): Resources {
  const rules = alarmRules<Value>(monitoringOfInfra(plan), {
    balancer: att('LoadBalancer', 'LoadBalancerFullName'),
    targetGroup: (service) => att(targetGroup({ name: service }), 'TargetGroupFullName'),
    cluster: ref('Cluster'),
    fileSystem: ref('ModelCache'),
    ...(isTold(plan) && { topic: topicOf(plan) }),
  })
  return {
    ...toldOf(plan),
    ...Object.fromEntries(
      rules.map(({ about: [subject, what], properties }): readonly [string, Resource] => [
        alarmId({ name: subject }, what),
        { Type: 'AWS::CloudWatch::Alarm', Properties: { ...properties } },
      ]),
    ),
  }
}

const isTold = ({ alarms }: InfraPlan): boolean => alarms.topic !== undefined || alarms.email !== undefined
const topicOf = ({ alarms }: InfraPlan): Value => alarms.topic ?? ref('Topic')

/** Who is told, and of which events. A topic of ours has a key of its own: AWS's key for SNS lets no alarm write. */
function toldOf(plan: InfraPlan): Resources {
  if (!isTold(plan)) return {}
  const monitoring = monitoringOfInfra(plan)
  const rule: Resource = {
    note: 'A rollout that ended badly, whoever started it.',
    Type: 'AWS::Events::Rule',
    Properties: {
      Name: ruleName(monitoring),
      Description: ruleDescription(monitoring),
      EventPattern: failedRollouts<Value>(monitoring, (cluster, service) =>
        sub(`arn:\${AWS::Partition}:ecs:\${AWS::Region}:\${AWS::AccountId}:service/${cluster}/${service}`),
      ),
      Targets: [{ Id: ruleTarget, Arn: topicOf(plan) }],
    },
  }
  if (plan.alarms.topic !== undefined) return { FailedRollouts: rule }
  return {
    TopicKey: {
      note: 'Alarms can not write to a topic that has the key of AWS itself.',
      Type: 'AWS::KMS::Key',
      DeletionPolicy: 'Delete',
      UpdateReplacePolicy: 'Delete',
      Properties: {
        Description: `Alarms of ${plan.stack}`,
        EnableKeyRotation: true,
        PendingWindowInDays: 7,
        KeyPolicy: policy(
          {
            Effect: 'Allow',
            Principal: { AWS: sub('arn:${AWS::Partition}:iam::${AWS::AccountId}:root') },
            Action: 'kms:*',
            Resource: '*',
          },
          {
            Effect: 'Allow',
            Principal: { Service: topicWriters },
            Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
            Resource: '*',
          },
        ),
      },
    },
    Topic: {
      Type: 'AWS::SNS::Topic',
      Properties: {
        // By its name the alarms find it whoever keeps them.
        TopicName: topicName(monitoring),
        KmsMasterKeyId: att('TopicKey', 'Arn'),
        Subscription: [{ Protocol: 'email', Endpoint: plan.alarms.email ?? '' }],
      },
    },
    TopicPolicy: {
      Type: 'AWS::SNS::TopicPolicy',
      Properties: {
        Topics: [ref('Topic')],
        PolicyDocument: policy({
          Effect: 'Allow',
          Principal: { Service: topicWriters },
          Action: 'sns:Publish',
          Resource: ref('Topic'),
          Condition: { StringEquals: { 'aws:SourceAccount': ref('AWS::AccountId') } },
        }),
      },
    },
    FailedRollouts: rule,
  }
}
