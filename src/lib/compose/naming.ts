import { expandTag, type Config } from '../config/index.js'
import { RampartError } from '../errors/rampart-error.js'
import { Naming } from '../operations/name-release.js'
import type { Registry } from '../ports/registry.js'
import { createGitTags } from '../system/git-tags.js'

/** What gives the release of this folder a version. */
export function composeNaming(
  config: Config,
  {
    version,
    simulated,
    signal,
    registry,
  }: {
    readonly version: string
    readonly simulated: boolean
    readonly signal: AbortSignal
    readonly registry: () => Promise<Registry>
  },
): Naming {
  return new Naming({
    version,
    simulated,
    directory: config.directory,
    git: createGitTags({ environment: process.env, signal }),
    registry,
    releaseTags: config.environment.release.tags,
    serviceTags: Object.fromEntries(config.services.map(({ name, tags }) => [name, tags])),
    expand: expandTag,
  })
}

/** Rejects with kind `preflight` when the tree can not be released under the version, before anything else is done. */
export async function requireReleasable(naming: Naming): Promise<void> {
  const failed = (await naming.checks()).filter(({ result }) => result === 'fail')
  if (failed.length === 0) return
  throw new RampartError('preflight', 'A check failed; nothing was changed.', {
    problems: failed.map(({ name, detail }) => ({ message: `${name}: ${detail}` })),
    next: failed.flatMap(({ remedy }) => remedy ?? []),
  })
}
