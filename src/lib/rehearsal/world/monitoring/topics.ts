import type { WorldState } from '../state.js'

/** A message that a topic was given. */
export interface TopicMessage {
  readonly id: string
  readonly at: number
  readonly topic: string
  readonly subject: string | undefined
  readonly body: string
}

export interface Subscription {
  readonly arn: string
  readonly protocol: string
  readonly endpoint: string
  /** Whoever is written to by mail or asked over HTTP has to agree first. */
  readonly isConfirmed: boolean
}

/** A topic of SNS. */
export interface Topic {
  readonly arn: string
  readonly name: string
  readonly attributes: Map<string, string>
  readonly subscriptions: Subscription[]
  tags: readonly { readonly Key: string; readonly Value: string }[]
}

/** A service of AWS that writes to topics by itself. */
type Writer = 'cloudwatch' | 'events'

/**
 * Whether a topic takes messages of a service. The policy that SNS gives to a new topic lets the account's own alarms
 * write, and rules of EventBridge not: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
 */
function takes(topic: Topic, writer: Writer): boolean {
  const text = topic.attributes.get('Policy')
  if (text === undefined) return writer === 'cloudwatch'
  const { Statement } = JSON.parse(text) as { readonly Statement?: unknown }
  return [Statement].flat().some((statement) => {
    const { Effect, Principal, Action } = statement as Readonly<Record<string, unknown>>
    const services = (Principal as { readonly Service?: unknown } | undefined)?.Service
    const actions = [Action].flat().map(String)
    return (
      Effect === 'Allow' &&
      actions.some((action) => /^sns:(?:Publish|\*)$/i.test(action)) &&
      [services].flat().includes(`${writer}.amazonaws.com`)
    )
  })
}

/** Writes a message to a topic; undefined when there is no such one. */
export function publish(
  world: WorldState,
  topicArn: string,
  message: { readonly subject: string | undefined; readonly body: string },
): TopicMessage | undefined {
  const topic = world.topics.find(({ arn }) => arn === topicArn)
  if (topic === undefined) return undefined
  // Of its own, so that what others are given by chance stays as it is.
  const id = `00000000-0000-4000-8000-${String(world.messages.length + 1).padStart(12, '0')}`
  const given: TopicMessage = { id, at: world.now, topic: topicArn, ...message }
  world.messages.push(given)
  world.metrics.add(
    { namespace: 'AWS/SNS', name: 'NumberOfMessagesPublished', dimensions: { TopicName: topic.name } },
    world.now,
    [1],
  )
  return given
}

/** Writes what a service has to say to a topic that takes it; true when it did. */
export function tell(
  world: WorldState,
  writer: Writer,
  topicArn: string,
  message: { readonly subject: string | undefined; readonly body: string },
): boolean {
  const topic = world.topics.find(({ arn }) => arn === topicArn)
  return topic !== undefined && takes(topic, writer) && publish(world, topicArn, message) !== undefined
}
