/** What surrounds a fleet and decides how fast it can be moved, and how far it can grow. Durations in milliseconds. */
export interface Surroundings {
  /** The parts that are moved one after the other: the group, or the services of a cluster. */
  readonly parts: readonly {
    readonly name: string
    /** As rampart.yml names it; undefined where all services share the targets. */
    readonly service?: string
    readonly desired: number
  }[]
  /** The most targets that the platform lets the fleet have; undefined where it sets no limit. */
  readonly most?: number
  readonly subnets: readonly string[]
  /** What a target is rented as; undefined where the platform does not tell. */
  readonly rented?:
    | { readonly kind: 'instance'; readonly type: string }
    /** Processors, and memory in bytes. */
    | { readonly kind: 'task'; readonly vcpu: number; readonly memory: number; readonly isFargate: boolean }
  /** Whether instances wait beside those that serve. */
  readonly hasWarmPool?: boolean
  /** The platform's own warmup, where nobody sets another one. */
  readonly warmup?: number
  /** The longest of the target groups. */
  readonly healthCheckInterval?: number
  /** The target groups whose delays hold. */
  readonly targetGroups: readonly string[]
}
