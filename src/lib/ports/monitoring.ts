import type { AlarmProperties } from '../domain/monitoring.js'

/** A metric alarm that is there. */
export interface AlarmRecord {
  readonly name: string
  readonly arn: string
  /** CloudWatch's own word. */
  readonly state: string
  readonly reason: string
  /** Milliseconds since 1970. */
  readonly since: number
  readonly properties: AlarmProperties
}

export interface TopicRecord {
  /** A JSON text. */
  readonly policy: string
  readonly subscriptions: readonly { readonly protocol: string; readonly endpoint: string }[]
}

export interface EventRuleRecord {
  readonly arn: string
  /** A JSON text. */
  readonly pattern: string
  readonly description: string
  readonly isEnabled: boolean
  readonly targets: readonly { readonly id: string; readonly arn: string }[]
}

export type Tags = Readonly<Record<string, string>>

/** Alarms, dashboards, and who is told: CloudWatch, SNS and EventBridge. What is not there is undefined. */
export interface Monitoring {
  alarms(prefix: string): Promise<readonly AlarmRecord[]>
  alarmTags(arn: string): Promise<Tags>
  putAlarm(alarm: AlarmProperties, tags: Tags): Promise<void>
  deleteAlarms(names: readonly string[]): Promise<void>
  dashboard(name: string): Promise<string | undefined>
  /** Rejects with what CloudWatch finds wrong in the body. */
  putDashboard(name: string, body: string): Promise<void>
  topic(arn: string): Promise<TopicRecord | undefined>
  topicTags(arn: string): Promise<Tags>
  createTopic(name: string, policy: string, tags: Tags): Promise<void>
  setTopicPolicy(arn: string, policy: string): Promise<void>
  subscribe(arn: string, address: string): Promise<void>
  rule(name: string): Promise<EventRuleRecord | undefined>
  ruleTags(arn: string): Promise<Tags>
  putRule(name: string, pattern: string, description: string, tags: Tags | undefined): Promise<void>
  putTarget(rule: string, id: string, arn: string): Promise<void>
  deleteRule(name: string, targets: readonly string[]): Promise<void>
}
