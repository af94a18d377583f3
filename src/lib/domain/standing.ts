/** A container that runs an image of a registry, as a script, a compose file or a task definition starts it. */
export interface StandingContainer {
  readonly name: string
  /** The reference as it is written, with the variables that the script itself sets filled in. */
  readonly image: string
  /** The registry's host; empty when the reference names none. */
  readonly host: string
  readonly repository: string
  /** Published ports: of the machine, and of the container. */
  readonly ports: readonly { readonly host: number; readonly container: number }[]
  /** The path that the container's own health check asks. */
  readonly healthPath?: string
  readonly logGroup?: string
}

/** A service of the app that serves somewhere already. */
export interface StandingService {
  readonly name: string
  /** The image reference that it runs by now. */
  readonly image: string
  /** Without the registry's host. */
  readonly repository: string
  /** The port of the container. */
  readonly port?: number
  /** What the load balancer asks, or the container's own check. */
  readonly health?: { readonly path: string; readonly place: string }
  /** The ECS service that runs it, and its container there. */
  readonly ecs?: { readonly service: string; readonly container: string }
  /** Set when it is not `linux/amd64`. */
  readonly platform?: 'linux/arm64'
  /** True when no tag of its repository can be moved. */
  readonly immutableTags: boolean
}

/** A line that a person should change: where it stands, what it says, and what it should say; undefined takes it out. */
export interface LineChange {
  readonly place: string
  readonly is: string
  readonly becomes?: string
}

/** Something to do by hand, and why. */
export interface Advice {
  readonly what: string
  readonly why: string
  readonly lines: readonly LineChange[]
  /** Commands in the order in which they are run. */
  readonly commands: readonly string[]
}

/** What could not be read, and why; it stays a comment in rampart.yml. */
export interface OpenPoint {
  readonly what: string
  readonly why: string
}

/** A fleet that serves already, as far as it could be read: all that rampart.yml has to say of it. */
export interface Standing {
  /** As the person named it, e.g. `stack rampart-production`. */
  readonly from: string
  readonly region: string
  readonly target: { readonly kind: 'asg'; readonly group: string } | { readonly kind: 'ecs'; readonly cluster: string }
  /** The registry's host, when it is not the account's own ECR in the region. */
  readonly registry?: string
  readonly services: readonly StandingService[]
  readonly rollout: {
    readonly minHealthy: number
    readonly maxHealthy: number
    /** The group's own default, in seconds. */
    readonly warmup?: number
    /** CloudWatch alarms on errors, latency and health. */
    readonly alarms: readonly string[]
  }
  readonly logGroup?: string
  /** Where users reach it, and the DNS name of the load balancer that must be behind it. */
  readonly serves?: { readonly url: string; readonly leadsTo?: string; readonly place: string }
  /** What was read and stays as it is, for a person. */
  readonly kept: readonly string[]
  readonly open: readonly OpenPoint[]
  readonly advice: readonly Advice[]
}
