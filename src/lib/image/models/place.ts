import { posix } from 'node:path'

/**
 * Where a program that runs with this environment and home directory looks for models of the hub.
 * https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables
 */
export function hubCacheOf(environment: Readonly<Record<string, string | undefined>>, home: string): string {
  const filled = (name: string): string | undefined => (environment[name] === '' ? undefined : environment[name])
  const direct = filled('HF_HUB_CACHE') ?? filled('HUGGINGFACE_HUB_CACHE')
  const caches = filled('XDG_CACHE_HOME') ?? posix.join(home, '.cache')
  const path = direct ?? posix.join(filled('HF_HOME') ?? posix.join(caches, 'huggingface'), 'hub')
  return posix.normalize(path.replace(/^~(?=\/|$)/, home)).replace(/(?<=.)\/+$/, '')
}

/** The directory of a model in the hub's cache. */
export function cacheFolderOf(id: string): string {
  return `models--${id.replaceAll('/', '--')}`
}
