import type { EcsDeploymentChange } from '../../ports/ecs.js'

/** A service of the app and the ECS service that runs it. */
export interface EcsServiceOptions {
  /** As rampart.yml and the release name it. */
  readonly service: string
  /** The ECS service's name. */
  readonly name: string
  /** Its container in the task definition; undefined when its repository tells. */
  readonly container?: string
  /** Of its app image, without a registry host. */
  readonly repository: string
  readonly platform: 'linux/amd64' | 'linux/arm64'
}

/** Which ECS services are rolled, and how. */
export interface EcsRolloutOptions {
  readonly cluster: string
  /** In the order in which they are moved. */
  readonly services: readonly EcsServiceOptions[]
  readonly change: EcsDeploymentChange
}
