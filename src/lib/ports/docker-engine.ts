import type { Digest } from '../domain/digest.js'

export interface EngineInfo {
  /** The engine's own version, e.g. `27.3.1`. */
  readonly version: string
  readonly apiVersion: string
  /** `os/architecture` in OCI's words, e.g. `linux/amd64`. */
  readonly platform: string
  readonly cpus: number
  /** Bytes that its containers can have. */
  readonly memory: number
  /** Where it keeps images on its own machine; empty when it does not say. */
  readonly rootDirectory: string
  readonly storageDriver: string
}

export interface EngineBuildRequest {
  /** A tar archive of the build context. Read once. */
  readonly context: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  /** The Dockerfile's path inside the context. */
  readonly dockerfile: string
  readonly args: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  /** `os/architecture`. */
  readonly platform: string
  /** Names that the image gets in the engine. */
  readonly tags?: readonly string[]
  readonly target?: string
  /** Builds every step anew. */
  readonly noCache?: boolean
}

/** What a build tells of itself as it goes on. */
export type EngineBuildStep =
  | {
      readonly kind: 'step'
      /** From 1; undefined for what the engine does on its own. */
      readonly number?: number
      readonly total?: number
      /** The instruction, on one line. */
      readonly instruction: string
      readonly state: 'started' | 'cached' | 'done'
    }
  | { readonly kind: 'output'; readonly line: string }

export interface EngineImage {
  /** The digest of the image's configuration. */
  readonly id: Digest
  readonly platform: string
  readonly user: string
  readonly environment: readonly string[]
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  readonly workingDirectory: string
  readonly labels: Readonly<Record<string, string>>
  /** Of the uncompressed layers, the lowest first. */
  readonly diffIds: readonly Digest[]
  /** Uncompressed bytes. */
  readonly size: number
}

export interface EngineMount {
  /** Absolute paths: on the engine's machine, and in the container. */
  readonly source: string
  readonly target: string
  readonly readOnly: boolean
}

export interface EngineRunRequest {
  readonly image: string
  readonly command: readonly string[]
  /** Takes the place of the image's own; `[]` clears it. */
  readonly entrypoint?: readonly string[]
  /** Name or numbers, as USER has it; the image's own when left out. */
  readonly user?: string
  readonly network: 'none'
  readonly environment: Readonly<Record<string, string>>
  readonly workingDirectory?: string
  readonly mounts?: readonly EngineMount[]
  /** True: the container can write nowhere but in mounts that let it. What it writes otherwise is lost with it. */
  readonly readOnlyRoot?: boolean
  /** Bytes. */
  readonly memory?: number
  /** Milliseconds; then it is killed. */
  readonly timeout: number
}

export interface EngineRun {
  readonly exitCode: number
  /** The first 8 MiB of each. */
  readonly stdout: string
  readonly stderr: string
  readonly oomKilled: boolean
  readonly timedOut: boolean
}

export interface EngineCredentials {
  readonly username: string
  readonly password: string
}

/**
 * A Docker engine. Failures are RampartErrors: `unreachable` when there is none to talk to, `preflight` when it refuses
 * what was asked or a build fails. Nothing is loaded or asked before the first call.
 */
export interface DockerEngine {
  info(): Promise<EngineInfo>
  /** Builds an image; the failure of a step carries the last 40 lines of its output as problems. */
  build(
    request: EngineBuildRequest,
    onStep: (step: EngineBuildStep) => void,
    signal?: AbortSignal,
  ): Promise<{ readonly id: Digest }>
  /** Undefined when the engine has no such image. */
  inspect(image: string): Promise<EngineImage | undefined>
  /** Runs a container to its end and removes it, also when the signal stops it. */
  run(request: EngineRunRequest, signal?: AbortSignal): Promise<EngineRun>
  /**
   * The files at those absolute paths of an image, which is not started; what is not there is left out, and what is no
   * file (a link, a directory) has no bytes.
   */
  readFiles(image: string, paths: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, Uint8Array>>
  /** The tar archive that `docker save` gives. */
  save(image: string, signal?: AbortSignal): AsyncIterable<Uint8Array>
  /** Has the engine pull an image, of its own platform where there are several. `onLine` gets its progress. */
  pull(
    reference: string,
    credentials: EngineCredentials | undefined,
    onLine: (line: string) => void,
    signal?: AbortSignal,
  ): Promise<void>
  tag(image: string, reference: string): Promise<void>
  /** Removes that name, and the image when it was its last; nothing happens when there is none. */
  remove(image: string): Promise<void>
  /** Has the engine push a reference that was tagged before. `onLine` gets its progress. Gives the manifest's digest. */
  push(
    reference: string,
    credentials: EngineCredentials | undefined,
    onLine: (line: string) => void,
    signal?: AbortSignal,
  ): Promise<Digest>
}
