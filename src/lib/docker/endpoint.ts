import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Where Docker's own client would look for the engine when DOCKER_HOST does not say: the endpoint of the context in use,
 * as `unix://…`, `tcp://…` or `ssh://…`. Undefined for the default context.
 * https://docs.docker.com/engine/manage-resources/contexts/
 */
export async function contextHost(environment: Environment, home: string): Promise<string | undefined> {
  if (filled(environment['DOCKER_HOST']) !== undefined) return undefined
  const folder = filled(environment['DOCKER_CONFIG']) ?? join(home, '.docker')
  const config = await readJson<{ readonly currentContext?: string }>(join(folder, 'config.json'))
  const name = filled(environment['DOCKER_CONTEXT']) ?? config?.currentContext
  if (name === undefined || name === '' || name === 'default') return undefined
  const id = createHash('sha256').update(name).digest('hex')
  const meta = await readJson<ContextMeta>(join(folder, 'contexts/meta', id, 'meta.json'))
  return meta?.Endpoints?.docker?.Host
}

interface ContextMeta {
  readonly Endpoints?: { readonly docker?: { readonly Host?: string } }
}

const filled = (text: string | undefined): string | undefined => (text === '' ? undefined : text)

/** Undefined for a file that is not there or is not JSON: Docker's own client will have said so. */
async function readJson<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T
  } catch {
    return undefined
  }
}
