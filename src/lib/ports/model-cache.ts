import type { EcsTask } from './ecs.js'

/** Where a file system can be mounted; `state` is EFS's own word. */
export interface MountPoint {
  readonly subnet: string
  readonly zone: string
  readonly state: string
}

/** A file system of EFS. */
export interface FileSystem {
  readonly id: string
  /** EFS's own word, e.g. `available`. */
  readonly state: string
  /** What is stored, as EFS last counted it. */
  readonly bytes: number
  readonly throughput: 'bursting' | 'elastic' | 'provisioned'
  /** Bytes a second that are paid for, of a provisioned one. */
  readonly provisioned?: number
  readonly mounts: readonly MountPoint[]
}

/** A task that is to do one thing, in subnets of a VPC, with variables over those of its definition. */
export interface OneOffTask {
  readonly cluster: string
  readonly taskDefinition: string
  readonly subnets: readonly string[]
  readonly securityGroups: readonly string[]
  readonly container: string
  readonly environment: Readonly<Record<string, string>>
}

/** EFS, its credits, and tasks that fill it. Rejects with RampartErrors. */
export interface ModelCache {
  /** Undefined when there is none. */
  fileSystem(id: string): Promise<FileSystem | undefined>
  /** Bytes that may still go faster than the file system's size earns, as last measured in that hour; undefined when nothing was. */
  burstCredits(id: string, now: number): Promise<number | undefined>
  /** The newest task of that family that runs or is about to, with the variables that its container was started with. */
  running(
    cluster: string,
    family: string,
    container: string,
  ): Promise<{ readonly task: EcsTask; readonly environment: Readonly<Record<string, string>> } | undefined>
  /** Asked once: a repeated request would start a second one. Rejects with kind `unreachable` when there is no capacity. */
  run(task: OneOffTask): Promise<EcsTask>
  /** Undefined when AWS has forgotten it. */
  task(cluster: string, arn: string): Promise<EcsTask | undefined>
}
