import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { applyRecipe, type Base } from '../../../src/lib/image/layer/apply.js'
import { walkContext } from '../../../src/lib/image/context/context.js'
import { decompress } from '../../../src/lib/image/layer/decompress.js'
import type { ImageConfig } from '../../../src/lib/image/image-config.js'
import { packLayer } from '../../../src/lib/image/layer/layer.js'
import { readRecipe } from '../../../src/lib/image/recipe/recipe.js'
import { flatten, type FlatImage } from './tar.js'

/** A build context by its paths: text is a file's content, null an empty directory. */
export type Files = Readonly<Record<string, string | null | { readonly link: string } | { readonly script: string }>>

/** Writes the files into a new directory, which the caller removes. */
export function makeProject(files: Files): string {
  const root = mkdtempSync(join(tmpdir(), 'rampart-image-'))
  for (const [path, content] of Object.entries(files)) {
    const file = join(root, path)
    mkdirSync(content === null ? file : dirname(file), { recursive: true })
    if (content === null) continue
    if (typeof content === 'string') writeFileSync(file, content)
    else if ('link' in content) symlinkSync(content.link, file)
    else {
      writeFileSync(file, content.script)
      chmodSync(file, 0o755)
    }
  }
  return root
}

/** Makes a project for the length of one call. */
export async function withProject<T>(files: Files, use: (root: string) => Promise<T> | T): Promise<T> {
  const root = makeProject(files)
  try {
    return await use(root)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** A base without files of which everything is known. */
export const emptyBase: Base = {
  manifest: {
    schemaVersion: 2,
    config: { mediaType: '', digest: `sha256:${'0'.repeat(64)}`, size: 0 },
    layers: [],
  },
  config: { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } },
  facts: {
    passwd: undefined,
    group: undefined,
    directories: new Map(),
    symlinks: new Map(),
    complete: true,
    notes: [],
  },
}

/** Builds the project's Dockerfile with rampart: the files that the base and the layer make, and the configuration. */
export async function buildWithRampart(
  root: string,
  dockerfile: string,
  base: Base,
  baseLayers: readonly Uint8Array[],
  buildArgs: Readonly<Record<string, string>> = {},
): Promise<{ readonly files: FlatImage; readonly config: ImageConfig; readonly notes: readonly string[] }> {
  const recipe = readRecipe(dockerfile, 'Dockerfile', buildArgs)
  const context = await walkContext(root, { dockerfile: join(root, 'Dockerfile'), recipe })
  const applied = applyRecipe(recipe, base, context, { created: '1970-01-01T00:00:00Z' })
  if (applied.entries.length === 0) {
    return { files: await flatten(baseLayers.map((layer) => [layer])), config: applied.config(), notes: applied.notes }
  }
  const layer = await packLayer(applied.entries, { compression: 'gzip' })
  const tar = gunzipSync(await collect(layer.chunks()))
  const files = await flatten([...baseLayers, tar].map((bytes) => [bytes]))
  return { files, config: applied.config(layer), notes: applied.notes }
}

/** All chunks as one buffer. */
export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

/** All of a packed layer, without its compression. */
export async function unpacked(chunks: () => AsyncIterable<Uint8Array>, compression: 'gzip' | 'zstd'): Promise<Buffer> {
  // Node's own function stops after the first frame of zstd.
  return compression === 'gzip' ? gunzipSync(await collect(chunks())) : collect(decompress(chunks(), '+zstd'))
}
