import { readFile } from 'node:fs/promises'
import { isAbsolute, relative } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { mediaTypes } from '../../domain/media-types.js'
import { RampartError } from '../../errors/rampart-error.js'
import type { SourceRevision } from '../../ports/git.js'
import type { Descriptor, Registry } from '../../ports/registry.js'
import { applyRecipe, encodeImageConfig } from '../layer/apply.js'
import { walkContext } from '../context/context.js'
import type { ImageManifest } from '../image-config.js'
import { asOciLayer, findBase, recallBase, type BaseRequest, type FoundBase } from './base.js'
import { digestOf } from './digest.js'
import { contentKey, hashFiles, imageKey } from './inputs.js'
import { asTagged, baseLabels, createdAt, sourceLabels } from './labels.js'
import { checkBudget, describeLayer, makeLayer } from './layer.js'
import { openProofs } from './proofs.js'
import type { AppImageRequest, AppLayer, Build, PublishPorts } from './types.js'
import { readRecipe } from '../recipe/recipe.js'
import { rememberedHashes } from './remember-files.js'
import { memoryKey, recall } from './remember.js'

// Two tags or names to ask for, and two uploads to open.
const connections = 4

/**
 * Makes the image in memory while the registry is asked what it has: recipe, context, revision, base and tags at once.
 * Nothing is uploaded. An image that was published from these very inputs, and is still there, is not made again.
 */
export async function buildImage(request: AppImageRequest, ports: PublishPorts): Promise<Build> {
  const { registry, git, signal } = ports
  const { service, repository, dockerfile } = request
  const step = (name: string, detail: string): void => ports.emit({ type: 'image.step', service, step: name, detail })
  const startedAt = ports.now()
  // The requests go first, and their connections before them; everything else is done while they are under way.
  registry.connect(connections)
  const key = memoryKey(registry.host, repository, request.context, dockerfile)
  const [text, remembered] = await Promise.all([readDockerfile(request), recall(ports.memory, key)])
  const latest = remembered.images[0]
  const proofs = openProofs(registry, repository, latest)
  const recipe = readRecipe(text, request.dockerfileName ?? dockerfile, request.buildArgs)
  const platform = recipe.from.platform ?? request.platform
  const name = request.base ?? recipe.from.reference
  const finding = findBase({
    reference: name,
    place: recipe.from.place,
    platform,
    locate: ports.locate ?? onlyHere(registry),
    memory: ports.memory,
    expected: latest !== undefined,
  })
  finding.catch(() => undefined)
  await underWay()
  const outside = relative(request.context, dockerfile)
  const paths = outside.startsWith('..') || isAbsolute(outside) ? ['.', dockerfile] : ['.']
  const asking = git.sourceRevision(request.context, paths)
  const context = await walkContext(request.context, { dockerfile, recipe, ...(signal !== undefined && { signal }) })
  const hashes = rememberedHashes(remembered.files, startedAt)
  const mtime = request.sourceDateEpoch ?? 0
  const { buildArgs, compression } = request
  const content = { dockerfile: text, buildArgs, platform, compression, mtime, context }
  // Without a memory there is nothing to compare with, and packing hashes the files anyway.
  if (latest !== undefined) await hashFiles(context, hashes, signal)
  const contentNow = contentKey(content, hashes)
  const isNew = !remembered.images.some((image) => image.contentKey === contentNow)
  if (isNew) registry.prepareUploads(repository, 2)
  const layerContext = { hashes, mtime, remembered }
  // Packed on the base that the image stood on last, before the registry has said whether it still does, and before
  // version control has said which revision this is: no byte of the layer depends on that.
  const ahead =
    isNew && latest !== undefined
      ? recallBase(ports.memory, latest.baseKey).then(async (kept) => {
          if (kept === undefined) return undefined
          await underWay()
          const applied = applyRecipe(recipe, kept.base, context, { created: '' })
          return { loaded: kept.base, layer: await makeLayer(applied, request, ports, layerContext) }
        })
      : undefined
  ahead?.catch(() => undefined)

  const source = await asking
  const created = createdAt(source, request.sourceDateEpoch)
  const labels = { ...sourceLabels(request.app, service, created, source), ...request.labels }
  const base = await finding
  step('base', `${base.name} is ${base.digest}`)

  const common: Omit<Build, 'content' | 'digest' | 'layerBytes' | 'notes'> = {
    tags: [...new Set(request.tags(source === undefined ? undefined : asTagged(source)))],
    source,
    base: { name: base.name, digest: base.digest },
    proofs,
    hashes,
    remembered,
    memoryKey: key,
    keys: () => {
      // Files that changed since they were hashed make packing fail, so that the first answer stays true.
      const now = contentNow ?? contentKey(content, hashes)
      return now === undefined ? undefined : { contentKey: now, imageKey: imageKey(now, created, labels, base) }
    },
  }
  const wanted = common.keys()?.imageKey
  const known = wanted === undefined ? undefined : remembered.images.find((image) => image.imageKey === wanted)
  // One that is over its budget is made again where that matters, so that the instruction can be named.
  const judged = request.budget === undefined || (known?.layerBytes ?? 0) <= request.budget
  if (known !== undefined && judged && (await proofs.hasImage(known.digest))) {
    step('layer', 'nothing changed')
    const { digest, layerBytes } = known
    return { ...common, content: { kind: 'known', image: known }, digest, layerBytes, notes: [] }
  }

  const early = base.key === latest?.baseKey ? await ahead : undefined
  const loading = early === undefined ? base.load() : Promise.resolve(early.loaded)
  // Asked now, so that the answers are there when the layer is.
  const { layers } = (await loading).manifest
  for (const { digest } of layers) proofs.hasBlob(digest).catch(() => undefined)
  const applied = applyRecipe(recipe, await loading, context, {
    created,
    labels: { ...labels, ...baseLabels(base) },
  })
  const layer = early === undefined ? await makeLayer(applied, request, ports, layerContext) : early.layer
  step('layer', describeLayer(layer))
  checkBudget(request, ports, layer?.descriptor.size ?? 0, applied)
  const config = encodeImageConfig(applied.config(layer))
  const baseLayers = layers.map((one) => asOciLayer(one))
  const manifest = encodeManifest(config, baseLayers, layer, { created, source, base })
  return {
    ...common,
    content: { kind: 'fresh', base, baseLayers, layer, config, manifest },
    digest: digestOf(manifest),
    layerBytes: layer?.descriptor.size ?? 0,
    notes: applied.notes,
    heaviest: applied.heaviest(),
  }
}

/** Lets requests that were just made leave the process, before work that does not wait for anything holds them back. */
async function underWay(): Promise<void> {
  // Turns of the event loop: for what they wait for, such as credentials, for the connection, and to be written.
  for (let turn = 0; turn < 3; turn += 1) await setImmediate()
}

async function readDockerfile({ dockerfile }: AppImageRequest): Promise<string> {
  try {
    return await readFile(dockerfile, 'utf8')
  } catch (error) {
    throw new RampartError('usage', 'the Dockerfile cannot be read', { place: { file: dockerfile }, cause: error })
  }
}

const onlyHere =
  (registry: Registry): BaseRequest['locate'] =>
  (host, repository) => {
    if (host === registry.host) return { registry, repository }
    throw new RampartError(
      'usage',
      `the base image is at ${host === '' ? 'Docker Hub' : host}, not at ${registry.host}`,
    )
  }

/** https://github.com/opencontainers/image-spec/blob/main/manifest.md, with the keys in a fixed order. */
function encodeManifest(
  config: Uint8Array,
  baseLayers: readonly Descriptor[],
  layer: AppLayer | undefined,
  from: { readonly created: string; readonly source: SourceRevision | undefined; readonly base: FoundBase },
): Uint8Array {
  const manifest: ImageManifest & { readonly mediaType: string } = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length },
    layers: [...baseLayers, ...(layer === undefined ? [] : [layer.descriptor])],
    annotations: {
      'org.opencontainers.image.created': from.created,
      ...(from.source !== undefined && { 'org.opencontainers.image.revision': from.source.commit }),
      ...baseLabels(from.base),
    },
  }
  return Buffer.from(JSON.stringify(manifest))
}
