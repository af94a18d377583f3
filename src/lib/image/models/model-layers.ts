import { createHash } from 'node:crypto'
import { isDigest, type Digest } from '../../domain/digest.js'
import { RampartError } from '../../errors/rampart-error.js'
import type { ModelFile } from '../../ports/model-hub.js'
import type { BlobSource, Descriptor } from '../../ports/registry.js'
import { compressorNames, layerMediaTypes } from '../layer/compress.js'
import { packLayer, type LayerEntry } from '../layer/layer.js'
import { placeEntries, snapshotEntries } from './layout.js'
import { shrinks } from './sample.js'
import { selectFiles, selectionVersion } from './select.js'
import { checkShards, isShardIndex } from './shards.js'
import { createModelStore, type ModelStore } from './store.js'
import { tarBlob, tarDigest, tarSize } from './tar.js'
import type { ModelLayer, ModelLayersRequest, ModelPorts, WantedModel } from './types.js'

/** Annotations of a model's layer, by which a later base finds it again without a download. */
export const modelAnnotations = {
  model: 'rampart.model',
  key: 'rampart.model.key',
  bytes: 'rampart.model.bytes',
  files: 'rampart.model.files',
  diffId: 'rampart.model.diff-id',
} as const

// It rises with every change of this program that gives another layer for the same model.
const formatVersion = 1

/** What is remembered of a layer. */
interface Facts {
  readonly bytes: number
  readonly files: number
  readonly descriptor: Descriptor
  readonly diffId: Digest
}

/**
 * One layer for each model, in the order of the models. Downloads only what neither the memory nor an earlier base
 * knows; the same model in the same place is the same layer on every machine.
 */
export async function modelLayers(request: ModelLayersRequest, ports: ModelPorts): Promise<readonly ModelLayer[]> {
  const store = createModelStore(ports)
  const layers: ModelLayer[] = []
  for (const model of request.models) {
    ports.signal?.throwIfAborted()
    layers.push(await modelLayer(model, request, ports, store))
  }
  return layers
}

async function modelLayer(
  model: WantedModel,
  request: ModelLayersRequest,
  ports: ModelPorts,
  store: ModelStore,
): Promise<ModelLayer> {
  checkModel(model)
  const key = keyOf(model, request)
  const entries = once(() => download(model, request, ports, store))
  const remembered = (await recall(ports, key)) ?? findEarlier(request.earlier ?? [], key)
  const facts = remembered ?? (await make(model, key, request, ports, await entries()))
  return {
    model,
    ...facts,
    known: remembered !== undefined,
    blob: async () => blobOf(facts, await entries(), ports.signal),
    tar: async () => tarBlob(await entries(), facts.diffId),
  }
}

function checkModel({ id, revision, ref }: WantedModel): void {
  if (!/^[0-9a-f]{40}$/.test(revision)) {
    throw new RampartError('usage', `the model ${id} has no full commit as its revision`, {
      next: ['rampart base build --write-revisions'],
    })
  }
  if (ref !== undefined && !/^[\w][\w.-]*(?:\/[\w][\w.-]*)*$/.test(ref)) {
    throw new RampartError('usage', `${ref} cannot be the name of a branch of ${id}`)
  }
}

/** Names all that the layer follows from; a commit says what is in its files. */
function keyOf(model: WantedModel, { place, zstd }: ModelLayersRequest): string {
  const { id, revision, ref, files } = model
  const chosen = files === undefined ? selectionVersion : files.toSorted()
  const parts = [
    [formatVersion, zstd ? compressorNames.zstd : 'tar'],
    [id, revision, ref ?? null, chosen],
    [place.root, place.owner.uid, place.owner.gid, placeEntries(place)],
  ]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

const memoryKey = (key: string): string => JSON.stringify(['model-layer', key])

async function recall({ memory }: ModelPorts, key: string): Promise<Facts | undefined> {
  const bytes = await memory.get(memoryKey(key))
  return bytes === undefined ? undefined : (JSON.parse(Buffer.from(bytes).toString('utf8')) as Facts)
}

function findEarlier(earlier: readonly Descriptor[], key: string): Facts | undefined {
  for (const descriptor of earlier) {
    const annotations = descriptor.annotations ?? {}
    const diffId = annotations[modelAnnotations.diffId] ?? ''
    if (annotations[modelAnnotations.key] !== key || !isDigest(diffId)) continue
    const number = (name: 'bytes' | 'files'): number => Number(annotations[modelAnnotations[name]] ?? 0)
    return { bytes: number('bytes'), files: number('files'), descriptor, diffId }
  }
  return undefined
}

/** Has the model's files on this machine. */
async function download(
  model: WantedModel,
  { place }: ModelLayersRequest,
  ports: ModelPorts,
  store: ModelStore,
): Promise<readonly LayerEntry[]> {
  const chosen = selectFiles(model, await listFiles(model, ports))
  // Before gigabytes are downloaded for nothing.
  await checkShards(model, await store.ensure(model, chosen.filter(isShardIndex), chosen), chosen)
  const files = await store.ensure(model, chosen)
  const refFile = model.ref === undefined ? undefined : await store.text(model.revision)
  return snapshotEntries(model, { files, ...(refFile !== undefined && { refFile }) }, place)
}

/** What a commit holds never changes, so that it is asked once. */
async function listFiles({ id, revision }: WantedModel, { hub, memory }: ModelPorts): Promise<readonly ModelFile[]> {
  const key = JSON.stringify(['model-files', 1, hub.endpoint, id, revision])
  const known = await memory.get(key)
  if (known !== undefined) return JSON.parse(Buffer.from(known).toString('utf8')) as readonly ModelFile[]
  const files = await hub.list(id, revision)
  await memory.put(key, Buffer.from(JSON.stringify(files)))
  return files
}

async function make(
  model: WantedModel,
  key: string,
  request: ModelLayersRequest,
  ports: ModelPorts,
  entries: readonly LayerEntry[],
): Promise<Facts> {
  const { signal } = ports
  const sizes = entries.flatMap((entry) => (entry.kind === 'file' ? [entry.identity.size] : []))
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  const files = entries.filter(({ kind }) => kind === 'symlink').length
  const blob =
    request.zstd && (await shrinks(entries)) ? await packZstd(entries, signal) : await packTar(entries, signal)
  const annotations = {
    [modelAnnotations.model]: `${model.id}@${model.revision}`,
    [modelAnnotations.key]: key,
    [modelAnnotations.bytes]: String(bytes),
    [modelAnnotations.files]: String(files),
    [modelAnnotations.diffId]: blob.diffId,
  }
  const facts = { bytes, files, diffId: blob.diffId, descriptor: { ...blob.descriptor, annotations } }
  await ports.memory.put(memoryKey(key), Buffer.from(JSON.stringify(facts)))
  return facts
}

type Packed = Pick<Facts, 'descriptor' | 'diffId'>

async function packTar(entries: readonly LayerEntry[], signal: AbortSignal | undefined): Promise<Packed> {
  const digest = await tarDigest(entries, signal)
  return { diffId: digest, descriptor: { mediaType: tarMediaType, digest, size: tarSize(entries) } }
}

async function packZstd(entries: readonly LayerEntry[], signal: AbortSignal | undefined): Promise<Packed> {
  const { mediaType, digest, size, diffId } = await zstdLayer(entries, signal)
  return { diffId, descriptor: { mediaType, digest, size } }
}

const zstdLayer = (entries: readonly LayerEntry[], signal: AbortSignal | undefined) =>
  packLayer(entries, { compression: 'zstd', ...(signal !== undefined && { signal }) })

// https://github.com/opencontainers/image-spec/blob/main/layer.md
const tarMediaType = 'application/vnd.oci.image.layer.v1.tar'

async function blobOf(
  { descriptor, diffId }: Facts,
  entries: readonly LayerEntry[],
  signal: AbortSignal | undefined,
): Promise<BlobSource> {
  if (descriptor.mediaType !== layerMediaTypes.zstd) return tarBlob(entries, diffId)
  const packed = await zstdLayer(entries, signal)
  return { digest: packed.digest, size: packed.size, open: () => packed.chunks() }
}

/** The work, done when it is first asked for, and again only if it failed. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | undefined
  return () => {
    done ??= work().catch((error: unknown) => {
      done = undefined
      throw error
    })
    return done
  }
}
