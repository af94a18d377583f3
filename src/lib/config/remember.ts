import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freeze } from './freeze.js'
import { regionFrom } from './region.js'
import { statOf } from './stat.js'
import type { Config } from './types.js'

/** A place that keeps bytes between runs, and may lose them at any time. It never gives back anything else. */
export interface ConfigMemory {
  get(key: string): Promise<Uint8Array | undefined>
  put(key: string, bytes: Uint8Array): Promise<void>
}

interface Known {
  readonly path: string
  readonly text: string
  readonly environment: string | undefined
  readonly variables: Readonly<Record<string, string | undefined>>
}

type Kept = Omit<Config, 'interpolated'>

/** The configuration that this very file came to before; undefined when it is not known, or names a path that is gone. */
export async function recall(memory: ConfigMemory, file: Known): Promise<Config | undefined> {
  const bytes = await memory.get(keyOf(file))
  if (bytes === undefined) return undefined
  const kept = JSON.parse(new TextDecoder().decode(bytes)) as Kept
  return pathsExist(kept) ? freeze({ ...kept, interpolated: new Set<string>() }) : undefined
}

/** Keeps what a file without variables came to. */
export async function remember(memory: ConfigMemory, file: Known, config: Config): Promise<void> {
  const { interpolated: _, ...kept } = config
  await memory.put(keyOf(file), new TextEncoder().encode(JSON.stringify(kept satisfies Kept)))
}

// From dist/lib/config as from src/lib/config.
const packageFile = new URL('../../../package.json', import.meta.url)

/** All that the result follows from, apart from what exists on disk: the file, the choice, and this very build. */
function keyOf({ path, text, environment, variables }: Known): string {
  // The version tells releases apart, whose files all have the same time; the time tells builds of one version apart.
  const build = [readFileSync(packageFile, 'utf8'), statSync(fileURLToPath(import.meta.url)).mtimeMs]
  const parts = [resolve(path), text, environment ?? null, regionFrom(variables) ?? null, ...build]
  return `config-${createHash('sha256').update(JSON.stringify(parts)).digest('hex')}`
}

function pathsExist({ services }: Kept): boolean {
  return services.every(({ context, dockerfile, base }) => {
    const files = base === undefined ? [] : [base.dockerfile, ...base.inputs.map((input) => join(context, input))]
    return (
      statOf(context)?.isDirectory() === true && [dockerfile, ...files].every((file) => statOf(file)?.isFile() === true)
    )
  })
}
