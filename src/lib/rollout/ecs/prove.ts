import type { TargetProof } from '../../domain/outcome.js'
import type { Release } from '../../domain/release.js'
import { isInService, isLeaving, type Target } from '../../domain/target.js'
import type { EcsService, EcsTask, EcsTaskDefinition } from '../../ports/ecs.js'
import type { EcsServiceOptions } from './options.js'
import { imagesOf } from './task-definitions.js'

/** What one service shows for its proof. */
export interface ProofSource {
  readonly options: EcsServiceOptions
  readonly service: EcsService
  /** The task definition of the released revision. */
  readonly definition: EcsTaskDefinition
  readonly tasks: readonly EcsTask[]
  readonly targets: readonly Target[]
}

/** What keeps a container from being proved; undefined when ECS reports the released digest for it. */
function missOf(name: string, reference: string, task: EcsTask): string | undefined {
  const digest = reference.slice(reference.indexOf('@') + 1)
  const container = task.containers.find((one) => one.name === name)
  if (container === undefined) return `has no container ${name}`
  if (container.imageDigest === undefined) return `ECS reports no digest for container ${name}`
  return container.imageDigest === digest ? undefined : `container ${name} runs ${container.imageDigest}, not ${digest}`
}

function proofOf(target: Target, task: EcsTask, { definition, options }: ProofSource, release: Release): TargetProof {
  const images = [...imagesOf(definition, options, release)]
  const misses = [
    target.isNew ? undefined : `launched by ${target.revision}, not ${definition.family}:${definition.revision}`,
    images.length === 0 ? `no container of ${options.service} is released` : undefined,
    ...images.map(([name, reference]) => missOf(name, reference, task)),
    isInService(target) ? undefined : `lifecycle ${target.lifecycle}`,
    target.health === 'healthy' || target.health === 'none' ? undefined : `health ${target.health}`,
  ].filter((miss) => miss !== undefined)
  const digests = images.map(([name, reference]) => `${name} runs ${reference.slice(reference.indexOf('@') + 1)}`)
  return {
    target: target.id,
    proved: misses.length === 0,
    // The digest comes from the agent beside the task, not from what the task was launched with.
    grade: misses.length === 0 ? 'reported' : 'launched',
    detail:
      misses.length === 0
        ? `ECS reports that ${digests.join(', ')}; ${target.lifecycle}, ${target.health}`
        : misses.join('; '),
  }
}

/** What can be said of each task of a service: which digest ECS itself says that it runs, that it runs, and is healthy. */
export function proveService(source: ProofSource, release: Release): readonly TargetProof[] {
  const { service, tasks, targets } = source
  const byId = new Map(tasks.map((task) => [task.id, task]))
  const proofs = targets
    // What is on its way out serves no new request.
    .filter((target) => !isLeaving(target) && target.health !== 'draining')
    .flatMap((target) => {
      const task = byId.get(target.id)
      return task === undefined ? [] : [proofOf(target, task, source, release)]
    })
  const missing = Math.max(0, service.desiredCount - proofs.length)
  return [
    ...proofs,
    ...Array.from({ length: missing }, (_, index): TargetProof => ({
      target: `${service.name}-missing-${index + 1}`,
      proved: false,
      grade: 'launched',
      detail: `${service.name} has ${proofs.length} of ${service.desiredCount} tasks`,
    })),
  ]
}
