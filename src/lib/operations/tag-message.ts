import { parseImageRef } from '../domain/image-ref.js'
import type { Release } from '../domain/release.js'
import type { EventBody } from '../events/event.js'

/** The message of a release's git tag: its figures, as the run that made it has told them. */
export function tagMessage(
  { version, simulated }: { readonly version: string; readonly simulated: boolean },
  release: Release,
  told: readonly EventBody[],
): string {
  const proof = told.findLast((event) => event.type === 'proof')
  const phases = told.flatMap((event) =>
    event.type === 'phase.finished' && event.outcome === 'done'
      ? [`${event.phase} ${(event.duration / 1000).toFixed(1)}s`]
      : [],
  )
  return [
    `${release.app} ${version}`,
    '',
    ...(simulated ? ['Simulated: deployed to a rehearsal, not to AWS'] : []),
    `Release: ${release.id}`,
    `Environment: ${release.environment}`,
    ...(proof === undefined ? [] : [`Proved: ${proof.proved} of ${proof.total} targets`]),
    ...(phases.length === 0 ? [] : [`Phases: ${phases.join(', ')}`]),
    'Images:',
    // Without the registry's host: it holds the number of the account, and others may read the tag.
    ...release.images.map(
      ({ service, repository, digest }) => `  ${service} ${parseImageRef(repository)?.repository ?? ''}@${digest}`,
    ),
    '',
  ].join('\n')
}
