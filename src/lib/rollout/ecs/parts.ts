import type { Revision } from '../../domain/release.js'

/** `family:number` of a task definition's ARN. */
export function partOf(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1)
}

/**
 * The task definitions of all services as one revision: the cluster, and `family:number` of each service in the order
 * of the rollout, e.g. `finbert-api:12,finbert-ui:7`. Families hold neither commas nor colons.
 */
export function revisionOf(cluster: string, parts: readonly string[]): Revision {
  return { name: cluster, number: parts.join(',') }
}

/** The inverse of {@link revisionOf}: one part for each service. */
export function partsOf(revision: Revision): readonly string[] {
  return revision.number.split(',')
}
