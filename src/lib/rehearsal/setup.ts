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

/** The world to set up before a rehearsal starts: what the configuration names, already serving an earlier release. */
export interface RehearsalSetup {
  readonly app: string
  readonly environment: string
  readonly region: string
  readonly accountId: string
  readonly group: { readonly name: string; readonly desired: number; readonly min: number; readonly max: number }
  readonly logGroup: string
  readonly alarms: readonly string[]
  readonly services: readonly RehearsedService[]
}
