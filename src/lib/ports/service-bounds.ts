import type { Bounds, Refusal } from './auto-scaling.js'

/** Within which numbers of tasks services of ECS are kept, as Application Auto Scaling has it. */
export interface ServiceBounds {
  /** By service; those that have none are left out. */
  boundsOf(cluster: string, services: readonly string[]): Promise<ReadonlyMap<string, Bounds>>
  /** Sets them, also where there were none. AWS moves the desired count into them. Gives its refusal. */
  setBounds(cluster: string, service: string, bounds: Bounds): Promise<Refusal | undefined>
}
