import { parseImageRef, type ImageRef } from '../domain/image-ref.js'
import type { Inspection } from '../domain/inspection.js'
import { RampartError } from '../errors/rampart-error.js'
import type { BaseCandidate } from '../image/inspect/base-end.js'
import { inspectImage, type InspectPorts, type InspectRequest } from '../image/inspect/inspect.js'
import { openImage, type ImageSource } from '../image/inspect/source.js'
import type { Registry } from '../ports/registry.js'

/** The registry of a reference's host, which may be empty, and its name for the repository. */
export type Locate = (host: string, repository: string) => { readonly registry: Registry; readonly repository: string }

/** What is to be looked at, and what the configuration knows of it. */
export interface InspectImageRequest {
  readonly service: string | null
  /** Given: a plan; otherwise the image of that name is looked for. */
  readonly planned?: { readonly image: ImageSource; readonly heaviest: InspectRequest['heaviest'] }
  readonly name: string
  readonly platform: string
  /** The base that somebody named, before all others. */
  readonly base: string | undefined
  /** The base that the configuration names for it. */
  readonly configured: string | undefined
  readonly budget: number | undefined
  readonly deep: boolean
}

function readRef(name: string): ImageRef {
  const ref = parseImageRef(name)
  if (ref !== undefined) return ref
  throw new RampartError('usage', `${name} is not an image reference.`, {
    next: ['write it as registry/repository:tag, or with @sha256:… instead of the tag'],
  })
}

async function open(name: string, platform: string, locate: Locate): Promise<ImageSource | undefined> {
  const ref = readRef(name)
  const { registry, repository } = locate(ref.registry, ref.repository)
  const at = `${ref.registry === '' ? registry.host : ref.registry}/${ref.repository}`
  return openImage({ registry, repository, reference: ref.digest ?? ref.tag ?? 'latest', name: at, platform })
}

/** Says what is in an image of a registry, or in one that is planned. Nothing is changed anywhere. */
export async function inspect(
  request: InspectImageRequest,
  ports: InspectPorts & { readonly locate: Locate },
): Promise<Inspection> {
  const { name, platform, planned, base, configured } = request
  const image = planned?.image ?? (await open(name, platform, ports.locate))
  if (image === undefined) {
    throw new RampartError('preflight', `There is no image ${name}.`, {
      next: ['check the name and the tag', 'look at what would be pushed now: rampart app inspect'],
    })
  }
  const labels = image.config.config?.Labels ?? {}
  const labelled = labels['org.opencontainers.image.base.name']
  const digest = labels['org.opencontainers.image.base.digest']
  const candidate = (by: BaseCandidate['by'], ref: string, at = ref): BaseCandidate => ({
    name: ref,
    by,
    open: () => open(at, platform, ports.locate),
  })
  const named = labelled === undefined || digest === undefined ? undefined : withDigest(labelled, digest)
  const bases = [
    ...(base === undefined ? [] : [candidate('flag', base)]),
    ...(labelled === undefined || named === undefined ? [] : [candidate('label', labelled, named)]),
    ...(configured === undefined ? [] : [candidate('configuration', configured)]),
  ]
  const { service, budget, deep } = request
  const source = planned === undefined ? 'registry' : 'plan'
  return inspectImage({ service, source, image, bases, budget, deep, heaviest: planned?.heaviest }, ports)
}

/** The name with the digest instead of its tag; undefined when either is malformed, as labels may be. */
function withDigest(name: string, digest: string): string | undefined {
  const ref = parseImageRef(name)
  if (ref === undefined) return undefined
  const path = `${ref.registry === '' ? '' : `${ref.registry}/`}${ref.repository}@${digest}`
  return parseImageRef(path) === undefined ? undefined : path
}

/** Whether an inspection found what must not go out: more than the budget, or what looks like a secret above the base. */
export function isAcceptable({ budget, secrets }: Inspection): boolean {
  return budget.verdict !== 'over' && !secrets.some(({ part }) => part !== 'base')
}
