import type { Digest } from '../domain/digest.js'
import { parseImageRef } from '../domain/image-ref.js'
import { releaseId } from '../domain/release-id.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Registry } from '../ports/registry.js'

/** What is known of a service beside its image. */
export interface EnvService {
  readonly name: string
  /** Without the registry's host. */
  readonly repository: string
  readonly port: number | undefined
}

export interface EnvRequest {
  readonly app: string
  readonly environment: string
  readonly region: string
  readonly services: readonly EnvService[]
  /** `host/repository@digest` or `host/repository:tag` of each service, as they serve or are asked for. */
  readonly images: readonly string[]
  /** Where those images come from, in words that end a sentence. */
  readonly origin: string
}

/** A name and what it stands for. */
export type Variables = Readonly<Record<string, string>>

/** The environment of a release: every image by digest, with registry, ports and the release's id. Rejects when one is not known. */
export async function releaseEnvironment(request: EnvRequest, registry: Registry): Promise<Variables> {
  const { app, environment, region, services, images, origin } = request
  const found = await Promise.all(
    services.map(async (service) => ({ ...service, digest: await digestOf(service, images, registry) })),
  )
  const unknown = found.filter(({ digest }) => digest === undefined).map(({ name }) => name)
  if (unknown.length > 0) {
    throw new RampartError('preflight', `There is no image of ${unknown.join(', ')} in ${origin}.`, {
      next: ['say which with --tag TAG or --release ID', 'rampart deploy'],
    })
  }
  const known = found.flatMap(({ digest, ...service }) => (digest === undefined ? [] : [{ ...service, digest }]))
  const variables: [string, string][] = [
    ['APP', app],
    ['ENVIRONMENT', environment],
    ['AWS_REGION', region],
    ['REGISTRY', registry.host],
    ['RELEASE', releaseId(known.map(({ name, digest }) => ({ service: name, digest })))],
    ...known.flatMap(({ name, repository, port, digest }): [string, string][] => {
      const prefix = variableName(name)
      return [
        [`${prefix}_IMAGE`, `${registry.host}/${repository}@${digest}`],
        [`${prefix}_DIGEST`, digest],
        ...(port === undefined ? [] : [[`${prefix}_PORT`, String(port)] satisfies [string, string]]),
      ]
    }),
  ]
  const names = variables.map(([name]) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice === undefined) return Object.fromEntries(variables)
  throw new RampartError('usage', `Two services would be ${twice} in the environment.`, {
    next: ['rename one of them in rampart.yml, so that they differ in letters or digits'],
  })
}

/** The name of a service as a variable's: capital letters, digits and `_`. */
function variableName(service: string): string {
  const name = service.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')
  return /^\d/.test(name) ? `_${name}` : name
}

async function digestOf(
  { repository }: EnvService,
  images: readonly string[],
  registry: Registry,
): Promise<Digest | undefined> {
  const ref = images.map(parseImageRef).find((one) => one?.registry === registry.host && one.repository === repository)
  if (ref === undefined) return undefined
  return ref.digest ?? (await registry.headManifest(repository, ref.tag ?? 'latest'))?.digest
}
