import { readFile } from 'node:fs/promises'
import { isAbsolute, relative } from 'node:path'
import { parseImageRef } from '../../domain/image-ref.js'
import { formatBytes } from '../../domain/format-bytes.js'
import { mediaTypes } from '../../domain/media-types.js'
import { formatPlace, RampartError } from '../../errors/rampart-error.js'
import type { DockerEngine, EngineBuildStep, EngineCredentials } from '../../ports/docker-engine.js'
import { walkContext } from '../context/context.js'
import { contextTar } from '../context/context-tar.js'
import type { ImageConfig, ImageManifest } from '../image-config.js'
import { historyOfLayers, instructionText } from '../inspect/instructions.js'
import type { InspectRequest } from '../inspect/inspect.js'
import { redact } from '../inspect/secret-rules.js'
import { openImage, type ImageSource } from '../inspect/source.js'
import { digestOf } from '../publish/digest.js'
import { asTagged, baseLabels, createdAt, sourceLabels } from '../publish/labels.js'
import type { BuiltImage } from '../publish/publish.js'
import type { AppImageRequest, PublishPorts } from '../publish/types.js'
import { parseDockerfile } from '../recipe/dockerfile.js'
import { pinStages, readStages, rootOf, type Stage } from '../recipe/stages.js'
import { createEngineLayers, layersByDiffId, type StoredLayers } from './engine-layers.js'
import type { EngineLayer } from './saved-image.js'

/** What a build by an engine needs beside what publishing needs. */
export interface EnginePorts extends PublishPorts {
  readonly engine: DockerEngine
  /** The login of a registry, for the engine to pull a base with. */
  readonly credentials: (host: string) => Promise<EngineCredentials | undefined>
  /** A directory for blobs, which the caller removes when all is done. */
  readonly scratch: () => Promise<string>
}

/** An image that an engine built. */
export type EngineBuilt = Pick<BuiltImage, 'digest' | 'layerBytes' | 'notes' | 'push'> & {
  readonly image: ImageSource
  readonly heaviest: InspectRequest['heaviest']
}

interface Base {
  readonly name: string
  readonly repository: string
  readonly image: ImageSource
}

// A Dockerfile that is not in the context has to be in the archive all the same: engines look for it nowhere else.
const generated = '.rampart.Dockerfile'

/**
 * Builds a Dockerfile of any kind with a Docker engine, and makes of it what the registry stores. Bases of ours are
 * pinned to the digest that their registry names now. Nothing is uploaded.
 */
export async function buildWithEngine(request: AppImageRequest, ports: EnginePorts): Promise<EngineBuilt> {
  const { registry, engine, signal, emit } = ports
  const { service, dockerfile, repository } = request
  const step = (name: string, detail: string): void => emit({ type: 'image.step', service, step: name, detail })
  const text = await readFile(dockerfile, 'utf8').catch((cause: unknown) => {
    throw new RampartError('usage', 'the Dockerfile cannot be read', { place: { file: dockerfile }, cause })
  })
  const stages = readStages(text, request.buildArgs, request.platform)
  const pins = new Map<Stage, string>()
  const root = rootOf(stages)
  let base: Base | undefined
  for (const stage of stages) {
    const found = await findOurs(stage, request, ports)
    if (found === undefined) continue
    const pinned = `${registry.host}/${found.repository}@${found.image.digest}`
    pins.set(stage, pinned)
    step('base', `${found.name} is ${found.image.digest}`)
    await pullUnlessThere(pinned, ports, step)
    if (stage === root) base = found
  }
  const place = relative(request.context, dockerfile)
  const isOutside = place.startsWith('..') || isAbsolute(place)
  const paths = isOutside ? ['.', dockerfile] : ['.']
  const sent = isOutside ? generated : place.replaceAll('\\', '/')
  const [source, context] = await Promise.all([
    ports.git.sourceRevision(request.context, paths),
    walkContext(request.context, { dockerfile, ...(signal !== undefined && { signal }) }),
  ])
  const created = createdAt(source, request.sourceDateEpoch)
  const { id } = await engine.build(
    {
      context: contextTar(context, new Map([[sent, Buffer.from(pinStages(text, pins))]])),
      dockerfile: sent,
      args: request.buildArgs,
      labels: {
        ...sourceLabels(request.app, service, created, source),
        ...request.labels,
        ...(base !== undefined && baseLabels({ name: base.name, digest: base.image.digest })),
      },
      platform: request.platform,
    },
    (said) => tell(said, step),
    signal,
  )
  const stored = base === undefined ? undefined : storedLayers(base)
  const ofEngine = createEngineLayers({ service, repository, compression: request.compression, stored }, ports)
  const made = await ofEngine.take(id)
  const config = JSON.parse(Buffer.from(made.config).toString('utf8')) as ImageConfig
  const layers = made.layers.map(({ descriptor }) => descriptor)
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: digestOf(made.config), size: made.config.length },
      layers,
      annotations: {
        'org.opencontainers.image.created': created,
        ...(source !== undefined && { 'org.opencontainers.image.revision': source.commit }),
        ...(base !== undefined && baseLabels({ name: base.name, digest: base.image.digest })),
      },
    } satisfies ImageManifest & { readonly mediaType: string }),
  )
  const digest = digestOf(manifest)
  const app = made.layers.slice(base === undefined ? 0 : base.image.layers.length)
  const layerBytes = app.reduce((sum, { descriptor }) => sum + descriptor.size, 0)
  const heaviest = heaviestOf(app, config, text, request)
  if (base !== undefined) checkBudget(request, ports, layerBytes, heaviest)
  step('layer', `${app.length} layers above the base, ${layerBytes} bytes`)
  const tags = [...new Set(request.tags(source === undefined ? undefined : asTagged(source)))]
  const open = (layer: EngineLayer): ImageSource['layers'][number] => ({
    descriptor: layer.descriptor,
    open: async () =>
      layer.open?.() ??
      (await registry.openBlob(
        stored?.byDiffId.has(layer.diffId) === true ? stored.repository : repository,
        layer.descriptor,
      )),
  })
  return {
    digest,
    layerBytes,
    notes: [
      ...(base === undefined && request.budget !== undefined
        ? [`the budget of ${service} is not judged: its last stage stands on no base of this registry`]
        : []),
      ...(context.entries.some(({ path }) => path === sent)
        ? []
        : [
            `the engine gets the Dockerfile as ${sent} in the build context, where a COPY of everything takes it along`,
          ]),
    ],
    image: { name: `${registry.host}/${repository}`, digest, config, layers: made.layers.map(open) },
    heaviest,
    push: async () => {
      const uploadedLayerBytes = await ofEngine.send(made.layers)
      const blob = { digest: digestOf(made.config), size: made.config.length, open: () => [made.config] }
      await registry.putBlob(repository, blob, undefined, signal)
      const before = await registry.headManifest(repository, digest)
      const references = tags.length === 0 ? [digest] : tags
      for (const reference of references) {
        await registry.putManifest(repository, reference, mediaTypes.ociManifest, manifest)
      }
      const unchanged = before !== undefined && uploadedLayerBytes === 0
      emit({ type: 'image.pushed', service, repository, digest, tags, layerBytes, uploadedLayerBytes, unchanged })
      const reference = `${registry.host}/${repository}@${digest}`
      return { digest, reference, tags, layerBytes, uploadedLayerBytes, unchanged }
    },
  }
}

/** The image of a stage when it lives in the environment's registry; undefined for other stages and other registries. */
async function findOurs(
  stage: Stage,
  { platform, dockerfileName, dockerfile }: AppImageRequest,
  { registry, locate }: EnginePorts,
): Promise<Base | undefined> {
  const ref = parseImageRef(stage.reference)
  if (ref === undefined) return undefined
  const place = locate?.(ref.registry, ref.repository)
  if (place === undefined ? ref.registry !== registry.host : place.registry !== registry) return undefined
  const repository = place?.repository ?? ref.repository
  const reference = ref.digest ?? ref.tag ?? 'latest'
  const image = await openImage({ registry, repository, reference, name: stage.reference, platform })
  if (image !== undefined) return { name: stage.reference, repository, image }
  const { line, column } = stage
  throw new RampartError('preflight', `the base image ${stage.reference} is not in ${registry.host}`, {
    place: { file: dockerfileName ?? dockerfile, line, column },
    next: ['push the base image first, or name one that is there'],
  })
}

async function pullUnlessThere(
  reference: string,
  { engine, credentials, registry, signal }: EnginePorts,
  step: (name: string, detail: string) => void,
): Promise<void> {
  if ((await engine.inspect(reference)) !== undefined) return
  step('pull', reference)
  await engine.pull(reference, await credentials(registry.host), () => undefined, signal)
}

function tell(said: EngineBuildStep, step: (name: string, detail: string) => void): void {
  if (said.kind !== 'step' || said.state === 'done') return
  const number = said.number === undefined ? 'docker' : `docker ${said.number}/${said.total ?? '?'}`
  step(number, `${redact(said.instruction)}${said.state === 'cached' ? ' (cached)' : ''}`)
}

function storedLayers({ repository, image: { config, layers } }: Base): StoredLayers {
  return {
    repository,
    byDiffId: layersByDiffId(
      config,
      layers.map(({ descriptor }) => descriptor),
    ),
  }
}

const squeeze = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()

function heaviestOf(
  app: readonly EngineLayer[],
  config: ImageConfig,
  text: string,
  { dockerfile, dockerfileName }: AppImageRequest,
): InspectRequest['heaviest'] {
  const history = historyOfLayers(config.history, config.rootfs.diff_ids.length).slice(-app.length)
  const at = app.reduce(
    (best, { descriptor }, index) => (descriptor.size > (app[best]?.descriptor.size ?? 0) ? index : best),
    0,
  )
  const createdBy = history[at]?.created_by
  if (app.length === 0 || createdBy === undefined) return undefined
  const instruction = instructionText(createdBy)
  const { instructions } = parseDockerfile(text, dockerfileName ?? dockerfile)
  const found = instructions.findLast((one) => squeeze(one.text) === squeeze(instruction))
  return { instruction: redact(instruction), place: found === undefined ? null : formatPlace(found.placeOf(0)) }
}

function checkBudget(
  { budget, service, allowOverBudget }: AppImageRequest,
  { emit }: EnginePorts,
  size: number,
  heaviest: InspectRequest['heaviest'],
): void {
  if (budget === undefined || size <= budget) return
  const place = heaviest?.place == null ? '' : ` (${heaviest.place})`
  const brought = heaviest === undefined ? '' : `, most of it by ${heaviest.instruction}${place}`
  const message = `The app layers of ${service} have ${formatBytes(size)}, more than their budget of ${formatBytes(budget)}${brought}.`
  if (allowOverBudget === true) {
    emit({ type: 'warning', message })
    return
  }
  throw new RampartError('preflight', message, {
    next: [
      'see what is in it: rampart app inspect',
      'leave large files out in .dockerignore, move models into the base image, or raise the budget',
      'push it all the same: --allow-over-budget',
    ],
  })
}
