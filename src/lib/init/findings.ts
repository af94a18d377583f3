import type { DockerfileFacts } from './dockerfile-facts.js'
import type { NodePackage } from './node-package.js'
import type { FoundModels } from './python/models.js'
import type { Serving } from './python/serving.js'
import type { Dependencies } from './requirements.js'

/** Something found, and where: `file:line`, `file`, or words for what was assumed. */
export interface Found<T> {
  readonly value: T
  readonly place: string
}

/** The Dockerfiles of a service that are there already. */
export interface ServiceDockerfiles {
  /** One Dockerfile for everything, as most projects have it. */
  readonly whole?: DockerfileFacts
  readonly base?: DockerfileFacts
  readonly app?: DockerfileFacts
}

/** A mistake of the field in a Dockerfile, what mends it and what that saves. */
export interface Defect {
  readonly name:
    | 'code before downloads'
    | 'failure ignored'
    | 'models out of reach'
    | 'chown -R'
    | 'models not baked'
    | 'wrong models baked'
    | 'two recipes'
    | 'no .dockerignore'
  /** `file:line`. */
  readonly place: string
  readonly what: string
  readonly mend: string
  readonly saves: string
}

/** One service of the repository, as its files tell. */
export interface ServiceFinding {
  readonly name: string
  /** Relative to the repository; empty for its top. */
  readonly context: string
  /** The part of a Dockerfile's name that tells this service from others of its context; undefined when it is alone. */
  readonly variant: string | undefined
  /** Where its Dockerfiles are, relative to the repository. */
  readonly dockerDirectory: string
  readonly kind: 'python' | 'node' | 'other'
  readonly dockerfiles: ServiceDockerfiles
  readonly dependencies?: Dependencies
  readonly node?: NodePackage
  readonly serving?: Serving
  readonly port?: Found<number>
  readonly live?: Found<string>
  readonly ready?: Found<string>
  readonly models: FoundModels
  readonly defects: readonly Defect[]
}

/** All that init found in a repository. */
export interface Findings {
  readonly app: string
  readonly services: readonly ServiceFinding[]
  readonly composeFile?: string
}
