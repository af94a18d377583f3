import { readFile } from 'node:fs/promises'
import { RampartError, type Problem } from '../../errors/rampart-error.js'
import type { EngineBuildStep, EngineImage } from '../../ports/docker-engine.js'
import type { BlobSource, Descriptor } from '../../ports/registry.js'
import { walkContext } from '../context/context.js'
import { contextTar } from '../context/context-tar.js'
import { paddingOf, tarEnd, tarHeader } from '../layer/tar-writer.js'
import { resolveOwner, UnknownOwner, type Owner } from '../layer/users.js'
import { modelLayers } from '../models/model-layers.js'
import { hubCacheOf } from '../models/place.js'
import type { ModelLayer, ModelPlace } from '../models/types.js'
import { unknownBaseFacts, type BaseFacts } from './base-facts.js'
import { environmentOf } from './environment.js'
import { sourceLabelsOf } from './labels.js'
import type { BaseImageRequest, BasePorts, BuiltBase } from './types.js'

const dockerfileInContext = '.rampart.Dockerfile.base'

export interface BuildOptions {
  /** Layers of models that an earlier base has. */
  readonly earlier: readonly Descriptor[]
  /** Runs every step again, also those that the engine remembers. */
  readonly anew: boolean
}

/** Has the engine build a base, and puts rampart's models on it for the proof. Nothing is pushed. */
export async function buildBase(
  request: BaseImageRequest,
  { earlier, anew }: BuildOptions,
  ports: BasePorts,
): Promise<BuiltBase> {
  const { engine, signal } = ports
  const name = `rampart-base/${request.repository}:${request.fingerprint.slice(0, 20)}`
  const { id } = await engine
    .build(
      {
        context: await contextOf(request, signal),
        dockerfile: dockerfileInContext,
        args: request.parts.args,
        labels: sourceLabelsOf(request.fingerprint, request.parts),
        platform: request.parts.platform,
        tags: [name],
        noCache: anew,
      },
      tellSteps(request.service, ports),
      signal,
    )
    .catch((error: unknown) => {
      throw withName(error, request)
    })
  const provided = request.models.filter(({ provide }) => provide === 'rampart')
  if (provided.length === 0) return { name, id, proving: name, layers: [], release: () => Promise.resolve() }
  const image = await engine.inspect(id)
  const layers = await modelLayers(
    {
      models: provided,
      place: await placeOf(request, image, ports),
      zstd: request.compression === 'zstd',
      earlier,
    },
    ports.models,
  )
  const proving = `${name}-models`
  await addModels(name, proving, layers, request, ports)
  return { name, id, proving, layers, release: () => engine.remove(proving) }
}

/** The build context: the inputs that the configuration names and nothing else, so that the fingerprint tells all. */
async function contextOf(request: BaseImageRequest, signal: AbortSignal | undefined): Promise<Iterable<Uint8Array>> {
  const { context: root, dockerfile, inputs } = request
  const context = await walkContext(root, { dockerfile, paths: inputs, ...(signal !== undefined && { signal }) })
  const left = inputs.flatMap((path): readonly Problem[] => {
    const rule = context.excludedBy(path)
    if (rule === undefined) return []
    const place = context.ignoreFile === undefined ? undefined : { file: context.ignoreFile, line: rule.line }
    return [
      {
        message: `${rule.pattern} leaves ${path} out, which the base is made of`,
        ...(place !== undefined && { place }),
      },
    ]
  })
  if (left.length > 0) {
    throw new RampartError('usage', left[0]?.message ?? '', {
      problems: left,
      next: [
        `take ${inputs.length === 1 ? 'it' : 'them'} back with a line !${inputs[0] ?? ''} at the end of the ignore file`,
      ],
    })
  }
  return contextTar(context, new Map([[dockerfileInContext, await readFile(dockerfile)]]))
}

/** The engine knows the Dockerfile under another name. */
function withName(error: unknown, { dockerfileName, service }: BaseImageRequest): unknown {
  if (!(error instanceof RampartError)) return error
  const { kind, problems, next, cause } = error
  return new RampartError(kind, error.message.replaceAll(dockerfileInContext, dockerfileName), {
    problems,
    next:
      kind === 'preflight'
        ? [
            ...next,
            `a file that it copies must stand in services.${service}.base.inputs of rampart.yml: nothing else is sent`,
          ]
        : next,
    cause,
  })
}

/** Steps as events, with a percentage where the engine numbers them. */
function tellSteps(service: string, { emit }: BasePorts): (step: EngineBuildStep) => void {
  return (step) => {
    if (step.kind === 'output' || step.state === 'done' || step.number === undefined) return
    const { number, total = number, instruction, state } = step
    const percent = Math.round(((number - 1) / total) * 100)
    const words = `${percent} %, step ${number} of ${total}${state === 'cached' ? ', as before' : ''}: ${instruction}`
    emit({ type: 'image.step', service, step: 'base build', detail: words })
  }
}

/** Where the application will look for models, and whom they are to belong to. */
async function placeOf(
  { runtime, service }: BaseImageRequest,
  image: EngineImage | undefined,
  { engine, signal }: BasePorts,
): Promise<ModelPlace> {
  const files =
    image === undefined
      ? new Map<string, Uint8Array>()
      : await engine.readFiles(image.id, ['/etc/passwd', '/etc/group'], signal)
  const text = (path: string): string | undefined => {
    const bytes = files.get(path)
    return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8')
  }
  const passwd = text('/etc/passwd')
  const facts: BaseFacts = {
    ...unknownBaseFacts(`the base of ${service} was not read`),
    passwd,
    group: text('/etc/group'),
  }
  const wanted = runtime.user ?? image?.user ?? ''
  const user = wanted === '' ? 'root' : wanted
  const environment = { ...environmentOf(image?.environment ?? []), ...runtime.environment }
  return {
    root: hubCacheOf(environment, environment['HOME'] ?? homeOf(user, passwd)),
    owner: ownerOf(user, facts),
    base: facts,
  }
}

/** Models of a user that only Dockerfile.app makes belong to root, and are readable for all. */
function ownerOf(user: string, facts: BaseFacts): Owner {
  try {
    return resolveOwner(user, facts)
  } catch (error) {
    if (error instanceof UnknownOwner) return { uid: 0, gid: 0 }
    throw error
  }
}

function homeOf(user: string, passwd: string | undefined): string {
  const name = user.split(':')[0] ?? ''
  const lines = (passwd ?? '').split('\n').map((line) => line.split(':'))
  const line = lines.find((fields) => fields[0] === name || fields[2] === name)
  if (line?.[5] !== undefined && line[5] !== '') return line[5]
  return name === 'root' || name === '0' ? '/root' : /^\d+$/.test(name) ? '/' : `/home/${name}`
}

/** Puts the models' layers on an image of the engine, as layers of the same content. */
async function addModels(
  name: string,
  proving: string,
  layers: readonly ModelLayer[],
  { parts, service }: BaseImageRequest,
  { engine, emit, signal }: BasePorts,
): Promise<void> {
  const archives = layers.map((layer, index) => ({ layer, path: `model-${index}.tar` }))
  emit({ type: 'image.step', service, step: 'models', detail: `${layers.length} into the engine, to be proved` })
  const lines = [`FROM ${name}`, ...archives.map(({ path }) => `ADD ${path} /`), '']
  const tars = await Promise.all(archives.map(async ({ layer, path }) => ({ path, tar: await layer.tar() })))
  await engine.build(
    {
      context: archiveContext(lines.join('\n'), tars),
      dockerfile: 'Dockerfile',
      args: {},
      labels: {},
      platform: parts.platform,
      tags: [proving],
    },
    () => undefined,
    signal,
  )
}

/** A build context of a Dockerfile and archives for it to ADD. */
export async function* archiveContext(
  dockerfile: string,
  tars: readonly { readonly path: string; readonly tar: BlobSource }[],
): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(dockerfile)
  yield* archiveEntry('Dockerfile', { size: bytes.length, open: () => [bytes] })
  for (const { path, tar } of tars) yield* archiveEntry(path, tar)
  yield tarEnd
}

async function* archiveEntry(
  path: string,
  { size, open }: Pick<BlobSource, 'size' | 'open'>,
): AsyncGenerator<Uint8Array> {
  const identity = { file: path, size, mtimeNs: 0n, ctimeNs: 0n, inode: 0n }
  yield tarHeader({ kind: 'file', path, mode: 0o644, uid: 0, gid: 0, identity }, 0)
  yield* open()
  yield Buffer.alloc(paddingOf(size))
}
