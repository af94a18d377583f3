import type { PriceTable } from '../domain/price-table.js'

/** A model that a base image carries, or fails to carry. */
export interface RehearsedModel {
  readonly id: string
  readonly revision: string
  readonly bytes: number
}

export interface RehearsedService {
  readonly name: string
  /** Without a registry host. */
  readonly repository: string
  /** Repository and tag of the base image, both without a registry host; undefined when the service builds on none of ours. */
  readonly base?: {
    readonly repository: string
    readonly tag: string
    readonly models: readonly RehearsedModel[]
    readonly labels: Readonly<Record<string, string>>
  }
  readonly livePath: string
  readonly readyPath: string
  readonly port: number
}

/** An Auto Scaling group that runs every service on each of its instances. */
export interface RehearsedGroup {
  readonly name: string
  readonly desired: number
  readonly min: number
  readonly max: number
}

/** An ECS service that runs one of the services in tasks of its own. */
export interface RehearsedEcsService {
  readonly name: string
  readonly taskFamily: string
  /** The name of the container that runs the service's image. */
  readonly container: string
  /** The name of the {@link RehearsedService}. */
  readonly service: string
  readonly desired: number
  readonly launchType: 'FARGATE'
  /** Those of Application Auto Scaling; without them it has none. */
  readonly bounds?: { readonly min: number; readonly max: number }
  /** What the service is set up for: all but ROLLING have a second target group. ROLLING if absent. */
  readonly strategy?: 'ROLLING' | 'BLUE_GREEN' | 'CANARY' | 'LINEAR'
}

/** An ECS cluster with its services. */
export interface RehearsedCluster {
  readonly cluster: string
  readonly services: readonly RehearsedEcsService[]
}

/** What runs the services: one of the two. */
export type RehearsedFleet =
  | { readonly group: RehearsedGroup; readonly ecs?: never }
  | { readonly ecs: RehearsedCluster; readonly group?: never }

/** The world to set up before a rehearsal starts: what the configuration names, already serving an earlier release. */
export type RehearsalSetup = RehearsedFleet & {
  readonly app: string
  readonly environment: string
  readonly region: string
  readonly accountId: string
  readonly logGroup: string
  readonly alarms: readonly string[]
  /** Secrets that exist, by name, with the keys of the JSON in each; the one of what already serves always does. */
  readonly secrets?: readonly { readonly name: string; readonly keys: readonly string[] }[]
  readonly services: readonly RehearsedService[]
  /** What AWS's price list has; nothing if absent. */
  readonly prices?: PriceTable
  /** True when nothing of it is there yet: an account in which a stack is still to make all of it. */
  readonly isEmpty?: boolean
}
