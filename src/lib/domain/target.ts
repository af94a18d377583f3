/** What the load balancer says of a target; `none` when no load balancer watches it. */
export type TargetHealth = 'healthy' | 'unhealthy' | 'initial' | 'draining' | 'unused' | 'unavailable' | 'none'

/** One instance or task that serves, as the platform shows it at one moment. */
export interface Target {
  readonly id: string
  /** Availability Zone, e.g. `us-west-2a`. */
  readonly zone: string
  /** The platform's own lifecycle word, e.g. `Pending`, `InService`, `Terminating:Wait`. */
  readonly lifecycle: string
  readonly health: TargetHealth
  /** The load balancer's reason code and text, when it gives any. */
  readonly reason?: string
  /** The revision that launched it, e.g. the launch-template version `7`. */
  readonly revision: string
  /** Whether that is the revision being rolled out. */
  readonly isNew: boolean
  /** When it was launched, and when it went into service, in ISO 8601, as far as the platform tells. */
  readonly launchedAt?: string
  readonly inServiceAt?: string
}
