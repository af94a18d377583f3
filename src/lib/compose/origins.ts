import type { Config } from '../config/index.js'
import type { ReleaseImage } from '../domain/release.js'
import { parseImageRef } from '../domain/image-ref.js'
import { originOf } from '../image/base/origin.js'
import type { ReleaseFields } from '../operations/release-steps.js'
import type { Git } from '../ports/git.js'
import type { Registry } from '../ports/registry.js'

interface Ports {
  readonly git: Git
  readonly registry: Registry
  /** What the person calls this release, in place of what git describes. */
  readonly version: string | undefined
}

/** Where the sources of this project come from; undefined where git does not know. Never rejects. */
export async function sourceOf(
  config: Config,
  git: Git,
  version: string | undefined,
): Promise<ReleaseFields['source'] | undefined> {
  const contexts = [config.directory, ...config.services.map(({ context }) => context)]
  const source = await git.sourceRevision(config.directory, contexts).catch(() => undefined)
  if (source === undefined) return undefined
  const { commit, subject, dirty } = source
  const described = version ?? source.version
  return { commit, subject, dirty, ...(described !== undefined && { version: described }) }
}

/** What images were made of, as the ledger keeps it. What can not be told is left out: no release waits for it. */
export async function originsOf(
  config: Config,
  images: readonly ReleaseImage[],
  { git, registry, version }: Ports,
): Promise<Pick<ReleaseFields, 'source' | 'bases'>> {
  const [source, ...bases] = await Promise.all([
    sourceOf(config, git, version),
    ...images.map(async ({ service, repository, digest }) => {
      const name = parseImageRef(repository)?.repository ?? repository
      return [service, await originOf(registry, name, digest).catch(() => undefined)] as const
    }),
  ])
  const known = bases.flatMap(([service, base]) => (base === undefined ? [] : [[service, base] as const]))
  return {
    ...(source !== undefined && { source }),
    ...(known.length > 0 && { bases: Object.fromEntries(known) }),
  }
}
