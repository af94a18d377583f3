/** A difference that is known, and why it is none of ours. */
export interface Tolerance {
  /** The questions in whose answers it may be found. */
  readonly in: RegExp
  /** Who has what the other has not; `both` with the types that they have it in, ours first. */
  readonly has: 'ours' | 'theirs' | 'both'
  readonly members: readonly string[]
  readonly why: string
  /** The version that has it no more: with that one, and later ones, it need not be found. */
  readonly until?: string
}

/** Members of a service, from DescribeServices and UpdateService alike. */
const ofService = (members: readonly string[]): readonly string[] =>
  members.flatMap((member) => [`services[].${member}`, `service.${member}`])
const ofTask = (members: readonly string[]): readonly string[] =>
  members.flatMap((member) => [`tasks[].${member}`, `task.${member}`])

/** How often a topic tries to deliver, which both say alike. */
const retries =
  '"defaultHealthyRetryPolicy":{"backoffFunction":"linear","maxDelayTarget":20,"minDelayTarget":20,"numMaxDelayRetries":0,"numMinDelayRetries":0,"numNoDelayRetries":0,"numRetries":3}'

/** Every difference between the shapes of the two that is let pass. moto 5.2.5. */
export const tolerated: readonly Tolerance[] = [
  {
    in: /^ListSecretVersionIds$/,
    has: 'both',
    members: ['ARN: string arn:aws:secretsmanager:us-west-2:123456789012:secret:shop/db-SUFFIX, not string shop/db'],
    why: 'moto repeats the id that it was asked with in the place of the ARN',
  },
  {
    in: /^ListSecretVersionIds$/,
    has: 'ours',
    members: ['Versions[].KmsKeyIds[]'],
    why: 'AWS names the keys of each version, `DefaultEncryptionKey` where there is none of its own; moto does not',
  },
  {
    in: /^ListSecretVersionIds$/,
    has: 'theirs',
    members: ['NextToken'],
    why: 'moto gives an empty token where there is no further page',
  },
  {
    in: /^(?:ListSecrets: by name|DescribeSecret: of a deleted one)$/,
    has: 'ours',
    members: ['LastAccessedDate', 'SecretList[].LastAccessedDate'],
    why: 'moto tells the day of the last access in some answers alone',
  },
  {
    in: /^DescribeAlarms(?:: by a prefix)?$/,
    has: 'both',
    members: ['MetricAlarms[].StateValue: string INSUFFICIENT_DATA, not string OK'],
    why: 'a new alarm has seen nothing; moto calls it OK',
  },
  {
    in: /^DescribeAlarms/,
    has: 'ours',
    members: ['MetricAlarms[].StateTransitionedTimestamp'],
    why: 'moto does not know it',
  },
  {
    in: /^DescribeAlarms/,
    has: 'theirs',
    members: ['MetricAlarms[].StateReasonData'],
    why: 'moto has empty data of an evaluation that there was not',
  },
  {
    in: /^GetTopicAttributes/,
    has: 'both',
    members: [
      `Attributes.EffectiveDeliveryPolicy: string {"http":{${retries},"disableSubscriptionOverrides":false}}, not string {${retries},"guaranteed":false,"sicklyRetryPolicy":null,"throttlePolicy":null}`,
    ],
    why: 'moto gives the form of a subscription; https://docs.aws.amazon.com/sns/latest/dg/creating-delivery-policy.html has that of a topic',
  },
  {
    in: /^GetTopicAttributes/,
    has: 'theirs',
    members: ['Attributes.DeliveryPolicy'],
    why: 'moto has an empty one; AWS leaves out what nobody has set',
  },
  {
    in: /^(?:DescribeServices|UpdateService)$/,
    has: 'ours',
    members: ofService([
      'currentServiceDeployment',
      'currentServiceRevisions[].arn',
      'currentServiceRevisions[].pendingTaskCount',
      'currentServiceRevisions[].requestedTaskCount',
      'currentServiceRevisions[].runningTaskCount',
    ]),
    why: 'moto has no service deployments and no service revisions',
  },
  {
    in: /^(?:DescribeServices|UpdateService)$/,
    has: 'ours',
    members: [
      ...ofService([
        'deploymentConfiguration.bakeTimeInMinutes',
        'deploymentConfiguration.deploymentCircuitBreaker.resetOnHealthyTask',
        'deploymentConfiguration.deploymentCircuitBreaker.thresholdConfiguration.type',
        'deploymentConfiguration.deploymentCircuitBreaker.thresholdConfiguration.value',
        'deploymentConfiguration.strategy',
      ]),
      // Sent with UpdateService.
      'services[].deploymentConfiguration.deploymentCircuitBreaker.enable',
      'services[].deploymentConfiguration.deploymentCircuitBreaker.rollback',
      'services[].deploymentConfiguration.maximumPercent',
      'services[].deploymentConfiguration.minimumHealthyPercent',
    ],
    why: 'AWS fills in the defaults of a deployment configuration; moto gives back what it was sent',
  },
  {
    in: /^(?:DescribeServices|UpdateService)$/,
    has: 'ours',
    members: ofService([
      'availabilityZoneRebalancing',
      'createdAt',
      'createdBy',
      'deployments[].platformVersion',
      'enableECSManagedTags',
      'enableExecuteCommand',
      'healthCheckGracePeriodSeconds',
      'platformFamily',
      'platformVersion',
      'roleArn',
    ]),
    why: 'moto does not keep them',
  },
  {
    in: /^(?:DescribeServices|UpdateService)$/,
    has: 'ours',
    members: ofService(['events[].createdAt', 'events[].id', 'events[].message']),
    why: 'nothing happens to a service of moto, so that it has no events',
  },
  {
    in: /^DescribeClusters$/,
    has: 'ours',
    members: ['clusters[].capacityProviders[]'],
    why: 'the cluster of the rehearsal has FARGATE; that of moto was made without',
  },
  {
    in: /^RegisterTaskDefinition$/,
    has: 'ours',
    members: ['tags[].key', 'tags[].value'],
    why: 'AWS answers with the tags beside the definition; moto only when it is described',
  },
  {
    in: /^(?:RegisterTaskDefinition|DescribeTaskDefinition)$/,
    has: 'ours',
    members: [
      'taskDefinition.containerDefinitions[].portMappings[].hostPort',
      'taskDefinition.registeredAt',
      'taskDefinition.registeredBy',
      'taskDefinition.requiresAttributes[].name',
    ],
    why: 'what AWS works out when it registers: with awsvpc the host port is the container port',
  },
  {
    in: /^(?:RunTask|DescribeTasks|StopTask)$/,
    has: 'ours',
    members: ofTask([
      'attributes[].name',
      'attributes[].value',
      'availabilityZone',
      'connectivity',
      'cpu',
      'createdAt',
      'enableExecuteCommand',
      'ephemeralStorage.sizeInGiB',
      'healthStatus',
      'memory',
      'platformFamily',
      'platformVersion',
      'version',
    ]),
    why: 'moto does not keep them',
  },
  {
    in: /^(?:RunTask|DescribeTasks|StopTask)$/,
    has: 'both',
    members: ofTask(['containers[].cpu: string, not number', 'containers[].memory: string, not number']),
    until: '5.2.5',
    why: 'strings in the API: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Container.html',
  },
  {
    in: /^StopTask$/,
    has: 'ours',
    members: ['task.stopCode', 'task.stoppedReason', 'task.stoppingAt'],
    why: 'a task of moto is stopped at once and without a word',
  },
  {
    in: /^(?:RunTask|DescribeTasks|StopTask)$/,
    has: 'theirs',
    members: [...ofTask(['containers[].exitCode']), 'tasks[].stoppedReason'],
    why: 'moto says how a task ended that runs; AWS only when it has',
  },
  {
    in: /^DescribeImages$/,
    has: 'ours',
    members: ['imageDetails[].artifactMediaType', 'imageDetails[].imageStatus'],
    why: 'newer than moto',
  },
  {
    in: /^GetLifecyclePolicy$/,
    has: 'theirs',
    members: ['lastEvaluatedAt'],
    why: 'AWS has it once the policy was evaluated, which the rehearsal never does; moto has it at once',
  },
  {
    in: /^GetParameter: a version of it$/,
    has: 'ours',
    members: ['Parameter.Selector'],
    why: 'AWS says which version was chosen, and how; moto does not',
  },
]
