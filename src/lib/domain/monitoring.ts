import type { InfraPlan } from './infra.js'

/** What watches an environment beside rollouts: when alarms ring, and who is told. */
export interface MonitoringPlan {
  readonly app: string
  readonly environment: string
  /** What the names of all its alarms begin with, and its dashboard's name. */
  readonly prefix: string
  readonly fleet: { readonly kind: 'asg'; readonly group: string } | { readonly kind: 'ecs'; readonly cluster: string }
  readonly services: readonly {
    readonly name: string
    readonly port: number
    /** The ECS service. */
    readonly service?: string
  }[]
  /** Who is told: the ARN of a topic that is there, or an address that a topic of our own writes to. */
  readonly topic?: string
  readonly email?: string
  /** Percent of requests that may fail. */
  readonly errors: number
  /** Milliseconds that the 95th percentile of response times may have. */
  readonly latency: number
  /** The model cache on EFS; only a bursting one has credits to lose. */
  readonly cache?: { readonly isBursting: boolean }
  /** The CloudFormation stack that has topic and rule, where one has. */
  readonly stack?: string
}

/** What is watched of the infrastructure that `rampart infra` makes. */
export function monitoringOfInfra(plan: InfraPlan): MonitoringPlan {
  const { app, environment, stack, alarms, modelCache } = plan
  return {
    app,
    environment,
    prefix: stack,
    fleet: plan.kind === 'asg' ? { kind: 'asg', group: plan.group } : { kind: 'ecs', cluster: plan.cluster },
    services:
      plan.kind === 'asg'
        ? plan.services.map(({ name, port }) => ({ name, port }))
        : plan.services.map(({ name, port, service }) => ({ name, port, service })),
    ...alarms,
    ...(modelCache !== undefined && { cache: { isBursting: modelCache.throughput === 'bursting' } }),
    stack,
  }
}

/** How CloudWatch's alarms are asked for: the names are its own, in requests and in templates. */
export type AlarmProperties<V = string> = {
  readonly AlarmName: string
  readonly AlarmDescription: string
  readonly Namespace?: string
  readonly MetricName?: string
  readonly Dimensions?: readonly Dimension<V>[]
  readonly Period?: number
  readonly Statistic?: string
  readonly ExtendedStatistic?: string
  readonly Metrics?: readonly MetricQuery<V>[]
  readonly ComparisonOperator: string
  readonly Threshold: number
  readonly DatapointsToAlarm: number
  readonly EvaluationPeriods: number
  readonly TreatMissingData: string
  readonly AlarmActions?: readonly V[]
  readonly OKActions?: readonly V[]
}

export type Dimension<V = string> = {
  readonly Name: string
  readonly Value: V
}

/** One line of an alarm's metric math. */
export type MetricQuery<V = string> = {
  readonly Id: string
  readonly ReturnData: boolean
  readonly Label?: string
  readonly Expression?: string
  readonly MetricStat?: {
    readonly Metric: {
      readonly Namespace: string
      readonly MetricName: string
      readonly Dimensions: readonly Dimension<V>[]
    }
    readonly Period: number
    readonly Stat: string
  }
}

/** A moment on a dashboard. */
export interface Mark {
  readonly label: string
  /** ISO 8601. */
  readonly at: string
}

/** One thing that watches an environment, against what it should be. */
export interface MonitoringItem {
  readonly kind: 'alarm' | 'topic' | 'subscription' | 'rule' | 'dashboard'
  readonly name: string
  /** What would be done with it, or was. `foreign` is of that name and not ours. */
  readonly action: 'none' | 'create' | 'change' | 'remove' | 'foreign'
  /** What differs, field by field, in the words of the API. */
  readonly drift: readonly { readonly field: string; readonly is: unknown; readonly wanted: unknown }[]
  /** CloudWatch's own word for an alarm that is there; null for all else. */
  readonly state: string | null
  readonly reason: string | null
  /** When it came into that state, in ISO 8601. */
  readonly since: string | null
  /** Whether rollouts watch it. */
  readonly guards: boolean
}
