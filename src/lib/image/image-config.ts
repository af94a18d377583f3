import type { Digest } from '../domain/digest.js'
import type { Descriptor } from '../ports/registry.js'

/** What a container is started with, under the names that the image configuration uses. */
export interface ContainerConfig {
  readonly User?: string
  readonly ExposedPorts?: Readonly<Record<string, object>>
  readonly Env?: readonly string[]
  readonly Entrypoint?: readonly string[] | null
  readonly Cmd?: readonly string[] | null
  readonly Volumes?: Readonly<Record<string, object>>
  readonly WorkingDir?: string
  readonly Labels?: Readonly<Record<string, string>> | null
  readonly StopSignal?: string
  /** Docker's extension; durations in nanoseconds. */
  readonly Healthcheck?: Healthcheck
  /** Docker's extension. */
  readonly Shell?: readonly string[]
  /** Docker's extension: instructions that wait for a child image. */
  readonly OnBuild?: readonly string[] | null
  /** Docker's extension, in seconds. */
  readonly StopTimeout?: number
  /** Docker's extension; Docker sets it with every CMD. */
  readonly ArgsEscaped?: boolean
}

/** Docker's health check: `Test` begins with NONE, CMD or CMD-SHELL; durations in nanoseconds. */
export interface Healthcheck {
  readonly Test: readonly string[]
  readonly Interval?: number
  readonly Timeout?: number
  readonly StartPeriod?: number
  readonly StartInterval?: number
  readonly Retries?: number
}

export interface HistoryEntry {
  readonly created?: string
  readonly created_by?: string
  readonly author?: string
  readonly comment?: string
  readonly empty_layer?: boolean
}

/** https://github.com/opencontainers/image-spec/blob/main/config.md, with what Docker adds to it. */
export interface ImageConfig {
  readonly architecture: string
  readonly os: string
  readonly variant?: string
  readonly created?: string
  readonly author?: string
  readonly config?: ContainerConfig
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] }
  readonly history?: readonly HistoryEntry[]
}

/** An image manifest, parsed: https://github.com/opencontainers/image-spec/blob/main/manifest.md */
export interface ImageManifest {
  readonly schemaVersion: 2
  readonly mediaType?: string
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
  readonly annotations?: Readonly<Record<string, string>>
}
