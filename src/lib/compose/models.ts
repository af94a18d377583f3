import { chmod, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createModelHub } from '../hub/client.js'
import { hubSettings } from '../hub/settings.js'
import type { ModelPorts } from '../image/models/types.js'
import { openCache } from './open-cache.js'
import type { RunContext } from '../operations/run.js'
import type { ModelHub } from '../ports/model-hub.js'
import { cacheHome } from '../system/file-cache.js'

type Environment = Readonly<Record<string, string | undefined>>

/** Opens the hub that the environment names; nothing is asked before it is used. Throws a `usage` error for a bad HF_ENDPOINT. */
export function openModelHub(
  environment: Environment,
  { clock, signal }: Pick<RunContext, 'clock' | 'signal'>,
): ModelHub {
  return createModelHub({ ...hubSettings(environment, environment['HOME'] ?? homedir()), clock, signal })
}

/** The values of the hub that no output may show. Throws as {@link openModelHub} does. */
export async function hubSecrets(environment: Environment): Promise<readonly string[]> {
  const token = await hubSettings(environment, environment['HOME'] ?? homedir()).token()
  return token === undefined ? [] : [token]
}

/** What a service's model layers need: the hub, this person's store of models, and events of what is downloaded. */
export function modelPorts(environment: Environment, run: RunContext, service: string): ModelPorts {
  return {
    hub: openModelHub(environment, run),
    store: join(cacheHome(environment), 'models'),
    memory: openCache(environment),
    onProgress: ({ id, received, total }) => run.emit({ type: 'model.progress', service, model: id, received, total }),
    signal: run.signal,
  }
}

const keyOf = (id: string, name: string): string => JSON.stringify([id, name])

/** A revision that was written. */
export interface WrittenRevision {
  readonly id: string
  readonly name: string
  readonly commit: string
}

/**
 * Asks the hub once for the commit of each branch and tag that rampart.yml names as a revision, and writes the commits
 * into it, the rest of the file as it was. The file is written whole or not at all; not when there is nothing to write.
 */
export async function writeRevisionsOf(path: string, hub: ModelHub): Promise<readonly WrittenRevision[]> {
  const { namedRevisions, writeRevisions } = await import('../config/revisions.js')
  const file = await realpath(path)
  const text = await readFile(file, 'utf8')
  const wanted = new Map(namedRevisions(text).map((one) => [keyOf(one.id, one.name), one]))
  const written = await Promise.all(
    [...wanted.values()].map(async ({ id, name }) => ({ id, name, commit: (await hub.resolve(id, name)).commit })),
  )
  if (written.length === 0) return []
  const commits = new Map(written.map(({ id, name, commit }) => [keyOf(id, name), commit]))
  const draft = `${file}.${process.pid}`
  try {
    const { mode } = await stat(file)
    await writeFile(
      draft,
      writeRevisions(text, ({ id, name }) => commits.get(keyOf(id, name))),
      { mode, flag: 'wx' },
    )
    // What the umask took away.
    await chmod(draft, mode)
    await rename(draft, file)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  return written
}
