import { RampartError } from '../../errors/rampart-error.js'
import type { Ecs, EcsDeploymentBrief, EcsService, EcsTaskDefinition } from '../../ports/ecs.js'
import type { EcsRolloutOptions } from './options.js'
import { partOf } from './parts.js'

/** A deployment of one of the services, with the task definition that it moves it to. */
export interface Listed {
  /** The service's place in the order of the rollout. */
  readonly index: number
  readonly part: string
  readonly deployment: EcsDeploymentBrief
}

/** What AWS knows of the services of a rollout. What can not change is asked once. */
export class EcsRecords {
  readonly #ecs: Ecs
  readonly #options: EcsRolloutOptions
  readonly #definitionOfRevision = new Map<string, string>()
  readonly #definitions = new Map<string, EcsTaskDefinition>()

  constructor(ecs: Ecs, options: EcsRolloutOptions) {
    this.#ecs = ecs
    this.#options = options
  }

  /** All services, in the order of the rollout; a missing one is a failed preflight. */
  async services(): Promise<readonly EcsService[]> {
    const { cluster, services } = this.#options
    const found = await this.#ecs.describeServices(
      cluster,
      services.map((one) => one.name),
    )
    const missing = services.find(({ name }) => !found.some((one) => one.name === name && one.status !== 'INACTIVE'))
    if (missing === undefined) return found
    throw new RampartError('preflight', `There is no ECS service ${missing.name} in cluster ${cluster}.`, {
      next: [`aws ecs list-services --cluster ${cluster}`],
    })
  }

  /** A task definition by its ARN or `family:number`; one that is gone is an error. */
  async definition(name: string): Promise<EcsTaskDefinition> {
    const known = this.#definitions.get(partOf(name))
    if (known !== undefined) return known
    const found = await this.#ecs.describeTaskDefinition(partOf(name))
    if (found === undefined) throw new RampartError('preflight', `There is no task definition ${partOf(name)}.`)
    this.#definitions.set(partOf(found.arn), found)
    return found
  }

  /** `family:number` of what service revisions launch, by the revision's ARN. */
  async partsOf(revisionArns: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const unknown = revisionArns.filter((arn) => arn !== '' && !this.#definitionOfRevision.has(arn))
    if (unknown.length > 0) {
      for (const [arn, definition] of await this.#ecs.taskDefinitionsOf(unknown)) {
        this.#definitionOfRevision.set(arn, partOf(definition))
      }
    }
    return this.#definitionOfRevision
  }

  /** The deployments of every service that were made at `since` or later, oldest first. */
  async deployments(since?: number): Promise<readonly Listed[]> {
    const { cluster, services } = this.#options
    const lists = await Promise.all(
      services.map(async ({ name }) =>
        // One that was made in that very millisecond is one of them.
        this.#ecs.listServiceDeployments(cluster, name, since === undefined ? undefined : since - 1000),
      ),
    )
    const parts = await this.partsOf(lists.flat().map((one) => one.targetRevisionArn))
    return lists
      .flatMap((list, index) =>
        list.map((deployment) => ({ index, deployment, part: parts.get(deployment.targetRevisionArn) ?? '' })),
      )
      .filter(({ deployment }) => since === undefined || deployment.createdAt >= since)
      .toSorted((a, b) => a.deployment.createdAt - b.deployment.createdAt)
  }
}
