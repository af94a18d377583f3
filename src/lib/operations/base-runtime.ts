import { readFile } from 'node:fs/promises'
import { situate } from '../doctor/build-file.js'
import { cacheVariables } from '../image/base/probe-script.js'
import type { Runtime } from '../image/base/prove.js'
import { readBuildFile } from './read-build-file.js'

/** Whom and what Dockerfile.app makes the application run as; what it does not say is the base's. */
export async function runtimeOf(dockerfile: string, args: Readonly<Record<string, string>>): Promise<Runtime> {
  const text = await readFile(dockerfile, 'utf8')
  const { steps, after } = situate(readBuildFile(text, dockerfile, args))
  const user = steps.some(({ kind }) => kind === 'user') ? after.user : undefined
  const deciding = new Set<string>(['HOME', 'HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE', ...cacheVariables])
  return {
    ...(user !== undefined && { user }),
    environment: Object.fromEntries(
      Object.entries(after.environment).filter(([name]) => deciding.has(name) || /REVISION/i.test(name)),
    ),
  }
}
