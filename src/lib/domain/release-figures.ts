import type { Phase } from './phase.js'

/** What a service has its targets do when they start. Bytes. */
export interface ShippedService {
  readonly name: string
  /** All layers of the image, as they are stored. */
  readonly bytes: number
  /** The models that it loads, and how much of them the image does not carry. */
  readonly models: number
  readonly fetched: number
  /** Tasks of its own; missing where every target runs every service. */
  readonly targets?: number
}

/** What the times of a deploy depend on, as far as rampart can tell before its rollout. */
export interface Circumstances {
  readonly kind: 'asg' | 'ecs'
  readonly targets: number
  /** Those whose targets are replaced. */
  readonly services: readonly ShippedService[]
  /** Bytes that had to be sent to the registry. */
  readonly pushed: number
  /** By which rules the fleet is moved: percentages, and milliseconds; warmup is missing where the platform has none. */
  readonly rules: {
    readonly minHealthy: number
    readonly maxHealthy: number
    readonly warmup?: number
    readonly bake: number
    /** How long the rollout stands still because it is told to; missing when it is not. */
    readonly pauses?: number
  }
}

/** How the targets of a rollout came up: milliseconds from the launch, the median and the 95th percentile. */
export interface MeasuredStarts {
  readonly targets: number
  readonly inService: { readonly p50: number; readonly p95: number }
  readonly ready: { readonly p50: number; readonly p95: number }
}

/** What the ledger keeps of a deploy for the predictions of later ones. Small: it shares 4096 bytes with the rest. */
export interface ReleaseFigures extends Circumstances {
  /** How many times as fast as time the clock ran; missing for the real one. */
  readonly pace?: number
  readonly starts?: MeasuredStarts
  /** For the lock, in milliseconds; missing when there was nothing to wait for. */
  readonly waited?: number
  /** Milliseconds, by phase. */
  readonly predicted?: Readonly<Partial<Record<Phase | 'total', number>>>
}
