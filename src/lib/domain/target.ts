/** What the load balancer says of a target; `none` when no load balancer watches it. */
export type TargetHealth = 'healthy' | 'unhealthy' | 'initial' | 'draining' | 'unused' | 'unavailable' | 'none'

/** One instance or task that serves, as the platform shows it at one moment. */
export interface Target {
  readonly id: string
  /** Availability Zone, e.g. `us-west-2a`. */
  readonly zone: string
  /** The platform's own lifecycle word, e.g. `Pending`, `InService`, `Terminating:Wait` of an instance, `RUNNING` of a task. */
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

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html and
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
const leaving = /^(?:terminat|detach|deactivating|stopp|deprovisioning|deleted)/i

/** True for a target that is on its way out, whatever it still serves. */
export function isLeaving({ lifecycle }: Pick<Target, 'lifecycle'>): boolean {
  return leaving.test(lifecycle)
}

/** True for a target that the platform counts as running; its health is another matter. */
export function isInService({ lifecycle }: Pick<Target, 'lifecycle'>): boolean {
  return lifecycle === 'InService' || lifecycle === 'RUNNING'
}

/** Where a target is reached from within its network. */
export interface TargetAddress {
  readonly host: string
  /** The one service that runs there, as rampart.yml names it; undefined where all do. */
  readonly service?: string
}
