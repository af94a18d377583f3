import type { PutMetricAlarmInput } from '@aws-sdk/client-cloudwatch'
import type { RequestLaunchTemplateData } from '@aws-sdk/client-ec2'
import type { Digest } from '../../domain/digest.js'
import type { ImageCatalog } from '../image-catalog.js'
import type { RehearsalSetup } from '../setup.js'
import type { Agenda } from './agenda.js'
import type { CommandRecord } from './commands.js'
import type { EcsState } from './ecs/state.js'
import type { LogStore } from './log-store.js'
import type { EventRule } from './monitoring/event-bus.js'
import type { EfsWorld } from './efs.js'
import type { IamState } from './iam.js'
import type { MetricStore } from './monitoring/metrics.js'
import type { Topic, TopicMessage } from './monitoring/topics.js'
import type { Random } from './random.js'
import type { Refresh } from './refresh/refresh.js'
import type { SecretStore } from './secrets.js'
import type { Serving } from './serving.js'
import type { Switches } from './switches.js'

/** All times in the world are virtual milliseconds since 1970. */
export interface LaunchTemplateChoice {
  readonly id: string
  readonly name: string
  /** A number, `$Latest` or `$Default`. */
  readonly version: string
}

export interface TagSpecification {
  readonly resourceType: string
  readonly tags: readonly { readonly key: string; readonly value: string }[]
}

/** One version of a launch template; never changed once it is made. */
export interface TemplateVersion {
  readonly number: number
  readonly description: string | undefined
  readonly createdAt: number
  /** Everything that was asked for, in the EC2 API's own words. */
  readonly data: RequestLaunchTemplateData
}

export interface LaunchTemplate {
  readonly id: string
  readonly name: string
  readonly createdAt: number
  readonly createdBy: string
  readonly tags: TagSpecification['tags']
  defaultVersion: number
  readonly versions: TemplateVersion[]
  /** What a client token was used for, so that a repeated call gives the same version. */
  readonly tokens: Map<string, { readonly request: string; readonly version: number }>
}

export type LifecycleState = 'Pending' | 'InService' | 'Standby' | 'Terminating' | 'Terminated'

/** What a service's port answers to a health check: a status code, or nothing at all. */
export type Answer = number | 'refused' | 'timeout'

/** What a target group checks: an instance by its id, or a task by its address. */
export interface Host {
  readonly id: string
  /** What health checks get, by port. */
  readonly answers: Map<number, Answer>
  /** What requests meet, by port. */
  readonly serving: Map<number, Serving>
}

export interface Instance extends Host {
  readonly zone: string
  readonly privateAddress: string
  readonly instanceType: string
  readonly imageId: string
  readonly template: { readonly id: string; readonly name: string; readonly version: number }
  readonly tags: TagSpecification['tags']
  readonly launchedAt: number
  /** The first service whose image is not of the release that served when the rehearsal began, if there is one. */
  readonly changedService: string | undefined
  state: 'pending' | 'running' | 'shutting-down' | 'terminated'
  lifecycle: LifecycleState
  inServiceAt: number | undefined
  terminatedAt: number | undefined
  healthStatus: 'Healthy' | 'Unhealthy'
  protectedFromScaleIn: boolean
}

export interface Activity {
  readonly id: string
  readonly startTime: number
  endTime: number | undefined
  statusCode: 'InProgress' | 'WaitingForELBConnectionDraining' | 'Successful' | 'Failed' | 'Cancelled'
  statusMessage: string | undefined
  readonly description: string
  readonly cause: string
  readonly details: string
}

export interface Target {
  readonly host: Host
  readonly registeredAt: number
  state: 'initial' | 'healthy' | 'unhealthy' | 'draining'
  reason: string | undefined
  description: string | undefined
  passes: number
  failures: number
  /** True while a next health check is on the agenda. */
  checking: boolean
}

export interface TargetGroup {
  readonly arn: string
  readonly name: string
  readonly service: string
  readonly targetType: 'instance' | 'ip'
  readonly port: number
  readonly path: string
  readonly matcher: string
  readonly interval: number
  readonly timeout: number
  readonly healthyThreshold: number
  readonly unhealthyThreshold: number
  readonly targets: Map<string, Target>
}

export interface Alarm {
  readonly name: string
  readonly arn: string
  state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA'
  reason: string
  updatedAt: number
  configuredAt: number
  /** What it watches, in the API's own words; a composite alarm has its actions here, and the rest in `rule`. */
  definition: Omit<PutMetricAlarmInput, 'AlarmName' | 'Tags'> | undefined
  /** Of a composite alarm. */
  rule: string | undefined
  tags: readonly { readonly Key: string; readonly Value: string }[]
}

interface AlarmNote {
  readonly at: number
  readonly name: string
  readonly type: 'StateUpdate' | 'ConfigurationUpdate'
  readonly summary: string
  readonly data: Readonly<Record<string, unknown>>
}

export interface Group {
  readonly name: string
  readonly arn: string
  readonly createdAt: number
  minSize: number
  maxSize: number
  desired: number
  template: LaunchTemplateChoice
  readonly zones: readonly string[]
  readonly tags: TagSpecification['tags']
  maintenancePolicy: { readonly minimum: number; readonly maximum: number } | undefined
  /** Those that are not gone. */
  readonly instances: Instance[]
  /** After launches failed: when the next one is tried. */
  retryAt: number | undefined
  failedLaunches: number
}

export interface LoadBalancer {
  readonly arn: string
  readonly name: string
  readonly dnsName: string
  readonly createdAt: number
}

/** The whole world. Only the modules of this folder change it. */
export interface WorldState {
  now: number
  readonly bornAt: number
  /** Until when the world is being moved: later than `now` while it is on its way. */
  horizon: number
  readonly setup: RehearsalSetup
  readonly images: ImageCatalog
  readonly registryHost: string
  /** The digests that served when the rehearsal began. */
  readonly previous: ReadonlySet<Digest>
  readonly switches: Switches
  readonly random: Random
  readonly agenda: Agenda
  readonly logs: LogStore
  readonly templates: LaunchTemplate[]
  /** While `present` has no group, one of no size that no request finds. */
  group: Group
  readonly ecs: EcsState
  /** Every instance there was, those that are gone too. */
  readonly instances: Instance[]
  loadBalancer: LoadBalancer
  /** Which of those that a world has one of are there: none of them in an empty account. */
  readonly present: { group: boolean; loadBalancer: boolean; logGroup: boolean }
  readonly targetGroups: TargetGroup[]
  readonly alarms: Alarm[]
  readonly secrets: SecretStore
  readonly iam: IamState
  /** What became of the alarms, newest last. */
  readonly alarmHistory: AlarmNote[]
  readonly metrics: MetricStore
  readonly efs: EfsWorld
  /** By name. */
  readonly dashboards: Map<string, { readonly body: string; readonly changedAt: number }>
  readonly topics: Topic[]
  /** What topics were told, newest last. */
  readonly messages: TopicMessage[]
  /** Of the default event bus. */
  readonly eventRules: EventRule[]
  /** True while an alarm's evaluation is under way. */
  alarmPending: boolean
  /** Newest last. */
  readonly activities: Activity[]
  /** Newest last. */
  readonly refreshes: Refresh[]
  /** What Run Command was given, newest last. */
  readonly commands: CommandRecord[]
  /** What EventBridge was sent, newest last. */
  readonly notices: { readonly at: number; readonly type: string; readonly detail: Readonly<Record<string, unknown>> }[]
}

/** The instances that count towards the group's size: those coming up and those in service. */
export function liveInstances(group: Group): readonly Instance[] {
  return group.instances.filter(({ lifecycle }) => lifecycle === 'Pending' || lifecycle === 'InService')
}
