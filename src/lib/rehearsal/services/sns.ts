import * as sdk from '@aws-sdk/client-sns'
import { paginate } from '../wire/pagination.js'
import { type RequestContext, type Service, ServiceError } from '../wire/service.js'
import { publish, type Subscription, type Topic } from '../world/monitoring/topics.js'
import type { World } from '../world/world.js'

const signingName = 'sns'
const wire = { signingName, protocol: 'awsQuery' } as const

/** What the attributes of a topic may be called: https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html */
const settable = new Set([
  'DeliveryPolicy',
  'DisplayName',
  'Policy',
  'TracingConfig',
  'KmsMasterKeyId',
  'SignatureVersion',
])

// https://docs.aws.amazon.com/sns/latest/dg/creating-delivery-policy.html
const deliveryPolicy = JSON.stringify({
  http: {
    defaultHealthyRetryPolicy: {
      minDelayTarget: 20,
      maxDelayTarget: 20,
      numRetries: 3,
      numMaxDelayRetries: 0,
      numNoDelayRetries: 0,
      numMinDelayRetries: 0,
      backoffFunction: 'linear',
    },
    disableSubscriptionOverrides: false,
  },
})

/** Topics, who is subscribed to them, and what they were told. https://docs.aws.amazon.com/sns/latest/api/API_Operations.html */
export function createSnsService(world: World): Service {
  const { state } = world
  const { region, accountId } = state.setup
  const topicOf = (arn: string | undefined): Topic => {
    const found = state.topics.find((topic) => topic.arn === arn)
    if (found === undefined) throw new ServiceError('NotFound', 'Topic does not exist', { status: 404 })
    return found
  }
  const handlers = {
    CreateTopic: (input: sdk.CreateTopicInput): sdk.CreateTopicResponse => {
      const { Name: name = '', Attributes = {}, Tags } = input
      if (!/^[\w-]{1,256}$/.test(name)) throw invalid('Invalid parameter: Topic Name')
      for (const [key, value] of Object.entries(Attributes)) checkAttribute(key, value)
      const arn = `arn:aws:sns:${region}:${accountId}:${name}`
      const found = state.topics.find((topic) => topic.arn === arn)
      const tags = (Tags ?? []).map(({ Key = '', Value = '' }) => ({ Key, Value }))
      if (found === undefined) {
        state.topics.push({ arn, name, attributes: new Map(Object.entries(Attributes)), subscriptions: [], tags })
        return { TopicArn: arn }
      }
      // The same again is the same topic; anything else of that name is refused.
      const differs = Object.entries(Attributes).some(([key, value]) => found.attributes.get(key) !== value)
      if (differs) throw invalid('Invalid parameter: Attributes Reason: Topic already exists with different attributes')
      if (Tags !== undefined && JSON.stringify(found.tags) !== JSON.stringify(tags)) {
        throw invalid('Invalid parameter: Tags Reason: Topic already exists with different tags')
      }
      return { TopicArn: arn }
    },

    DeleteTopic: (input: sdk.DeleteTopicInput): void => {
      const at = state.topics.findIndex(({ arn }) => arn === input.TopicArn)
      if (at >= 0) state.topics.splice(at, 1)
    },

    SetTopicAttributes: (input: sdk.SetTopicAttributesInput): void => {
      const topic = topicOf(input.TopicArn)
      checkAttribute(input.AttributeName ?? '', input.AttributeValue ?? '')
      topic.attributes.set(input.AttributeName ?? '', input.AttributeValue ?? '')
    },

    GetTopicAttributes: (input: sdk.GetTopicAttributesInput): sdk.GetTopicAttributesResponse => {
      const topic = topicOf(input.TopicArn)
      const confirmed = topic.subscriptions.filter(({ isConfirmed }) => isConfirmed).length
      return {
        Attributes: {
          Policy: defaultPolicy(topic.arn, accountId),
          DisplayName: '',
          EffectiveDeliveryPolicy: topic.attributes.get('DeliveryPolicy') ?? deliveryPolicy,
          ...Object.fromEntries(topic.attributes),
          TopicArn: topic.arn,
          Owner: accountId,
          SubscriptionsConfirmed: String(confirmed),
          SubscriptionsPending: String(topic.subscriptions.length - confirmed),
          SubscriptionsDeleted: '0',
        },
      }
    },

    Subscribe: (input: sdk.SubscribeInput): sdk.SubscribeResponse => {
      const topic = topicOf(input.TopicArn)
      const { Protocol: protocol = '', Endpoint: endpoint = '' } = input
      if (!/^(?:http|https|email|email-json|sms|sqs|application|lambda|firehose)$/.test(protocol)) {
        throw invalid(`Invalid parameter: Does not support this protocol string: ${protocol}`)
      }
      if (protocol.startsWith('email') && !/^[^@\s]+@[^@\s]+$/.test(endpoint)) {
        throw invalid('Invalid parameter: Email address')
      }
      const isConfirmed = !/^(?:http|email)/.test(protocol)
      const found = topic.subscriptions.find((one) => one.protocol === protocol && one.endpoint === endpoint)
      const subscription: Subscription = found ?? {
        arn: `${topic.arn}:00000000-0000-4000-9000-${String(topic.subscriptions.length + 1).padStart(12, '0')}`,
        protocol,
        endpoint,
        isConfirmed,
      }
      if (found === undefined) topic.subscriptions.push(subscription)
      const shown = isConfirmed || input.ReturnSubscriptionArn === true
      return { SubscriptionArn: shown ? subscription.arn : 'pending confirmation' }
    },

    ListSubscriptionsByTopic: (input: sdk.ListSubscriptionsByTopicInput): sdk.ListSubscriptionsByTopicResponse => {
      const topic = topicOf(input.TopicArn)
      const page = paginate(wire, {
        operation: 'ListSubscriptionsByTopic',
        items: topic.subscriptions,
        limit: 100,
        token: input.NextToken,
        keyOf: ({ arn }) => arn,
        boundTo: topic.arn,
      })
      return {
        Subscriptions: page.items.map(({ arn, protocol, endpoint, isConfirmed }) => ({
          SubscriptionArn: isConfirmed ? arn : 'PendingConfirmation',
          Owner: accountId,
          Protocol: protocol,
          Endpoint: endpoint,
          TopicArn: topic.arn,
        })),
        NextToken: page.nextToken,
      }
    },

    ListTagsForResource: (input: sdk.ListTagsForResourceRequest): sdk.ListTagsForResourceResponse => {
      const found = state.topics.find(({ arn }) => arn === input.ResourceArn)
      if (found === undefined) throw new ServiceError('ResourceNotFound', 'Resource does not exist', { status: 404 })
      return { Tags: [...found.tags] }
    },

    Publish: (input: sdk.PublishInput, context: RequestContext): sdk.PublishResponse => {
      world.advanceTo(context.now)
      if ((input.Message ?? '') === '') throw invalid('Invalid parameter: Empty message')
      const topic = topicOf(input.TopicArn ?? input.TargetArn)
      return { MessageId: publish(state, topic.arn, { subject: input.Subject, body: input.Message ?? '' })?.id }
    },
  }
  return { signingName, protocol: 'awsQuery', target: '2010-03-31', sdk, handlers }
}

const invalid = (message: string): ServiceError => new ServiceError('InvalidParameter', message)

function checkAttribute(name: string, value: string): void {
  if (!settable.has(name)) throw invalid('Invalid parameter: AttributeName')
  if (name !== 'Policy') return
  try {
    JSON.parse(value)
  } catch {
    throw invalid('Invalid parameter: Policy Error: null')
  }
}

/** https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html: what a new topic has. */
function defaultPolicy(arn: string, account: string): string {
  const actions = ['GetTopicAttributes', 'SetTopicAttributes', 'AddPermission', 'RemovePermission', 'DeleteTopic']
  return JSON.stringify({
    Version: '2008-10-17',
    Id: '__default_policy_ID',
    Statement: [
      {
        Sid: '__default_statement_ID',
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: [...actions, 'Subscribe', 'ListSubscriptionsByTopic', 'Publish'].map((action) => `SNS:${action}`),
        Resource: arn,
        Condition: { StringEquals: { 'AWS:SourceOwner': account } },
      },
    ],
  })
}
