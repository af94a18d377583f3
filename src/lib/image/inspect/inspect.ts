import type {
  InspectedBudget,
  InspectedLayer,
  InspectedSecret,
  Inspection,
  LayerPart,
} from '../../domain/inspection.js'
import { RampartError } from '../../errors/rampart-error.js'
import { decompress } from '../layer/decompress.js'
import type { Memory } from '../publish/remember.js'
import { findBaseEnd, type BaseCandidate, type FoundBase } from './base-end.js'
import { secretsOfConfiguration } from './configuration-secrets.js'
import { compareLayers, type KnownLayer } from './contents.js'
import { historyOfLayers, instructionText, runsProgram } from './instructions.js'
import { largestOf } from './largest.js'
import { decodeIndex, encodeIndex, indexKey, indexLayer, type LayerIndex } from './layer-index.js'
import { modelsOf, parseJson } from './models.js'
import { redact } from './secret-rules.js'
import type { ImageSource, SourceLayer } from './source.js'
import { stackLayers } from './stack.js'

/** What to look at, and against what. */
export interface InspectRequest {
  readonly service: string | null
  readonly source: Inspection['source']
  readonly image: ImageSource
  /** Images that may be the base, the likeliest first. */
  readonly bases: readonly BaseCandidate[]
  /** Most stored bytes of the app part. */
  readonly budget: number | undefined
  /** The instruction that brought most of the app layer, where that is known better than from the history. */
  readonly heaviest?: { readonly instruction: string; readonly place: string | null } | undefined
  /** Reads the base's layers even when nothing asks for it. */
  readonly deep: boolean
}

export interface InspectPorts {
  readonly memory: Memory
  /** Called before a layer that is not remembered is read. */
  readonly onRead?: (layer: { readonly number: number; readonly of: number; readonly bytes: number }) => void
  readonly signal?: AbortSignal
}

interface ReadLayer extends KnownLayer {
  readonly source: SourceLayer
  readonly number: number
  readonly unread: string | null
}

/**
 * Says what is in an image. Layers stream by and nothing of them is kept but their index, which is remembered by digest.
 * The app's layers are read; the base's only when asked for, remembered, or needed to tell what an instruction copied.
 */
export async function inspectImage(request: InspectRequest, ports: InspectPorts): Promise<Inspection> {
  const { image } = request
  const { base, notes } = await findBaseEnd(image, request.bases)
  const layers = await readLayers(image, base, request.deep, ports)
  const { contents, copies } = compareLayers(layers)
  const inspected = layers.map((layer, at): InspectedLayer => {
    const { number, part, source, storedBytes, instruction, index, unread } = layer
    const { digest, mediaType } = source.descriptor
    return {
      number,
      part,
      digest,
      mediaType,
      storedBytes,
      uncompressedBytes: index?.uncompressedBytes ?? null,
      instruction,
      contents: contents[at] ?? null,
      unread,
    }
  })
  const sum = (part: LayerPart): number =>
    layers.reduce((bytes, layer) => bytes + (layer.part === part ? layer.storedBytes : 0), 0)
  const labels = image.config.config?.Labels ?? {}
  const { architecture, os, variant, created } = image.config
  return {
    service: request.service,
    source: request.source,
    image: image.name,
    digest: image.digest,
    platform: [os, architecture, ...(variant === undefined || variant === '' ? [] : [variant])].join('/'),
    created: created ?? null,
    base,
    storedBytes: layers.reduce((bytes, { storedBytes }) => bytes + storedBytes, 0),
    baseBytes: base === null ? null : sum('base'),
    appBytes: base === null ? null : sum('app'),
    layers: inspected,
    copies,
    // With the base in the list, its own folders would leave no room for what somebody can change.
    largest: largestOf(layers.map((layer) => (layer.part === 'base' && !request.deep ? undefined : layer))),
    secrets: [...secretsOfLayers(layers), ...secretsOfConfiguration(image.config)],
    models: modelsOf(labels, layers),
    proof: parseJson(labels['rampart.proof']),
    budget: judge(request, base, layers),
    notes: [...notes, ...unreadNotes(layers)],
  }
}

async function readLayers(
  image: ImageSource,
  base: FoundBase | null,
  deep: boolean,
  ports: InspectPorts,
): Promise<readonly ReadLayer[]> {
  const history = historyOfLayers(image.config.history, image.layers.length)
  const own = ownInstructions(image)
  const layers = image.layers.map((source, at): ReadLayer => {
    const part = base === null ? 'unknown' : at < base.layers ? 'base' : 'app'
    const entry = history[at]
    const text = entry === undefined ? '' : entry.comment === 'rampart' ? own : instructionText(entry.created_by ?? '')
    const instruction = text === '' ? null : redact(text)
    const { size: storedBytes } = source.descriptor
    return { source, number: at + 1, part, storedBytes, instruction, index: undefined, unread: notWanted }
  })
  for (const [at, layer] of layers.entries()) {
    if (layer.part === 'base') layers[at] = { ...layer, ...(await recall(layer, ports)) }
    else layers[at] = await read(layer, layers.length, ports)
  }
  // From the top down, because what a thin layer copies by mistake was mostly made last: models, then packages.
  for (const [at, layer] of Array.from(layers.entries()).toReversed()) {
    if (layer.part !== 'base' || layer.index !== undefined) continue
    if (deep || hasUnexplained(layers)) layers[at] = await read(layer, layers.length, ports)
  }
  return layers
}

const notWanted = 'not needed'
const noBytes = 'the registry has no bytes of it'

// Less than this is no defect that anybody would mend.
const smallestSuspicion = 1024 * 1024

/** Whether an instruction that can touch any file left much that no layer read so far explains. */
function hasUnexplained(layers: readonly ReadLayer[]): boolean {
  const stack = stackLayers(layers.map(({ index }) => index))
  return layers.some(({ part, index, instruction }, at) => {
    if (part !== 'app' || index === undefined || !runsProgram(instruction ?? undefined)) return false
    let [all, unexplained] = [0, 0]
    for (const { path, type, size, sha256 } of index.rows) {
      if (type !== '0' || size === 0) continue
      all += size
      if (stack.below(at, path) === undefined && stack.contentBelow(at, sha256) === undefined) unexplained += size
    }
    return unexplained >= smallestSuspicion && unexplained > 0.01 * all
  })
}

async function recall({ source }: ReadLayer, ports: InspectPorts): Promise<Partial<ReadLayer>> {
  const kept = await ports.memory.get(indexKey(source.descriptor.digest))
  const index = kept === undefined ? undefined : await decodeIndex(kept)
  return index === undefined ? {} : { index, unread: null }
}

async function read(layer: ReadLayer, of: number, ports: InspectPorts): Promise<ReadLayer> {
  const known = await recall(layer, ports)
  if (known.index !== undefined) return { ...layer, ...known }
  const { descriptor } = layer.source
  ports.onRead?.({ number: layer.number, of, bytes: descriptor.size })
  const blob = await layer.source.open()
  if (blob === undefined) return { ...layer, unread: noBytes }
  let index: LayerIndex
  try {
    index = await indexLayer(decompress(blob, descriptor.mediaType), ports.signal)
  } catch (cause) {
    if (cause instanceof RampartError || ports.signal?.aborted === true) throw cause
    throw new RampartError(
      'unreachable',
      `Layer ${layer.number} of the image (${descriptor.digest}) cannot be unpacked.`,
      {
        next: ['push the image again: its registry holds a damaged layer'],
        cause,
      },
    )
  }
  await ports.memory.put(indexKey(descriptor.digest), await encodeIndex(index))
  return { ...layer, index, unread: null }
}

/** The instructions that the one layer of rampart's own builder stands for. */
function ownInstructions({ config }: ImageSource): string {
  const own = (config.history ?? []).filter(({ comment }) => comment === 'rampart')
  const copies = own.map((entry) => entry.created_by ?? '').filter((text) => /^(?:COPY|ADD)\b/i.test(text))
  return (
    copies.length > 0 ? copies : own.filter((one) => one.empty_layer !== true).map((one) => one.created_by ?? '')
  ).join('; ')
}

function secretsOfLayers(layers: readonly ReadLayer[]): readonly InspectedSecret[] {
  return layers.flatMap(({ index, number, part }) =>
    (index?.secrets ?? []).map(({ rule, what, path }) => ({
      rule,
      what,
      path: `/${path}`,
      where: null,
      layer: number,
      part,
    })),
  )
}

function judge(
  { budget, heaviest }: InspectRequest,
  base: FoundBase | null,
  layers: readonly ReadLayer[],
): InspectedBudget {
  const app = layers.filter(({ part }) => part === 'app')
  const bytes = base === null ? null : app.reduce((sum, { storedBytes }) => sum + storedBytes, 0)
  const nobody = { budget: budget ?? null, bytes, instruction: null, place: null }
  if (budget === undefined || bytes === null) return { ...nobody, verdict: 'unknown' }
  if (bytes <= budget) return { ...nobody, verdict: 'within' }
  const largest = app.reduce((one, other) => (other.storedBytes > one.storedBytes ? other : one))
  const blamed = heaviest ?? { instruction: largest.instruction, place: null }
  return { ...nobody, verdict: 'over', ...blamed }
}

function unreadNotes(layers: readonly ReadLayer[]): readonly string[] {
  const list = (reason: string): string =>
    layers
      .filter(({ unread }) => unread === reason)
      .map(({ number }) => number)
      .join(', ')
  const [skipped, lost] = [list(notWanted), list(noBytes)]
  return [
    ...(skipped === ''
      ? []
      : [`base layers ${skipped} were not read: nothing points to copies of their files; --deep reads them`]),
    ...(lost === '' ? [] : [`layers ${lost} were not read: ${noBytes}`]),
  ]
}
