import type { TargetProof } from '../../domain/outcome.js'
import type { Release, Revision } from '../../domain/release.js'
import { launches } from './revision.js'
import type { AutoScalingGroup, LaunchTemplates, TargetHealthDescription } from '../../ports/auto-scaling.js'
import { targetsOf } from './targets.js'

/**
 * What can be said of each instance: it was launched by the version whose user data names the released digests (read
 * back from EC2, not taken from what we sent), it is in service, and the load balancer finds it healthy.
 */
export async function proveGroup(
  group: AutoScalingGroup,
  healths: readonly TargetHealthDescription[],
  templates: LaunchTemplates,
  revision: Revision,
  release: Release,
): Promise<readonly TargetProof[]> {
  const version = await templates.describeVersion(revision.name, revision.number)
  const pinned = version !== undefined && launches(version, release)
  const proofs = targetsOf(group, healths, revision)
    // What is on its way out serves no new request.
    .filter((target) => !target.lifecycle.startsWith('Terminat'))
    .map((target): TargetProof => {
      const misses = [
        target.isNew ? undefined : `launched by version ${target.revision}, not ${revision.number}`,
        pinned ? undefined : `version ${revision.number} does not name the released digests`,
        target.lifecycle === 'InService' ? undefined : `lifecycle ${target.lifecycle}`,
        target.health === 'healthy' || target.health === 'none' ? undefined : `health ${target.health}`,
      ].filter((miss) => miss !== undefined)
      return {
        target: target.id,
        proved: misses.length === 0,
        grade: 'launched',
        detail:
          misses.length === 0
            ? `launched by version ${revision.number}, ${target.lifecycle}, ${target.health}`
            : misses.join('; '),
      }
    })
  const missing = Math.max(0, group.desiredCapacity - proofs.length)
  return [
    ...proofs,
    ...Array.from({ length: missing }, (_, index): TargetProof => ({
      target: `missing-${index + 1}`,
      proved: false,
      grade: 'launched',
      detail: `the group has ${proofs.length} of ${group.desiredCapacity} instances`,
    })),
  ]
}
