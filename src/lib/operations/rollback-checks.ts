import type { BaseRecord } from '../domain/release-record.js'
import type { ReleaseImage } from '../domain/release.js'
import { RampartError } from '../errors/rampart-error.js'
import type { ImageState } from '../ports/account.js'
import type { Parameter } from '../ports/parameters.js'
import type { Check, Driver } from '../rollout/driver.js'
import type { Wanted } from './bearings.js'

/** Where it is looked whether everything is still there that an old release needs. */
export interface ReturnPorts {
  readonly driver: Driver
  readonly registryHost: () => Promise<string>
  readonly repositories: readonly string[]
  /** Undefined for an image that the registry does not have any more. */
  readonly imageState: (image: ReleaseImage) => Promise<ImageState | undefined>
  /** What an image says that it was built on, its models included. */
  readonly originOf: (image: ReleaseImage) => Promise<BaseRecord | undefined>
  /** Ids of the models that the configuration declares now, by service. */
  readonly models: ReadonlyMap<string, readonly string[]>
  readonly parameter: (name: string) => Promise<Parameter | undefined>
}

async function revisionCheck(wanted: Wanted, ports: ReturnPorts): Promise<readonly Check[]> {
  const { revision, record } = wanted
  const stored = await ports.driver.stored(revision, await ports.registryHost(), ports.repositories)
  const commit = record?.source?.commit
  const check: Check =
    stored.gone === undefined
      ? { name: 'revision', result: 'ok', detail: `version ${revision.number} is there` }
      : {
          name: 'revision',
          result: 'fail',
          detail: stored.gone,
          remedy:
            commit === undefined
              ? 'rampart rollback --list shows what else can be gone back to'
              : `git switch --detach ${commit.slice(0, 12)} && rampart deploy makes it anew`,
        }
  return [check, await secretsCheck(stored.secrets, ports)]
}

const parameterArn = /^arn:[^:]+:ssm:[^:]*:[^:]*:parameter(\/?.+)$/

/** What tasks take their secrets from. Only parameters are asked for; nothing of a value is kept. */
async function secretsCheck(secrets: readonly string[], { parameter }: ReturnPorts): Promise<Check> {
  const name = 'secrets'
  if (secrets.length === 0) return { name, result: 'skip', detail: 'the revision refers to none' }
  const missing: string[] = []
  const unasked: string[] = []
  for (const secret of secrets) {
    const path = secret.startsWith('arn:') ? parameterArn.exec(secret)?.[1] : secret
    if (path === undefined) unasked.push(secret)
    else {
      try {
        // oxlint-disable-next-line no-await-in-loop -- a handful at most
        if ((await parameter(path)) === undefined) missing.push(path)
      } catch (error) {
        if (!(error instanceof RampartError)) throw error
        unasked.push(path)
      }
    }
  }
  if (missing.length > 0)
    return { name, result: 'fail', detail: `there is no parameter ${missing.join(', ')} any more` }
  if (unasked.length === 0) return { name, result: 'ok', detail: `${secrets.length} there` }
  return { name, result: 'skip', detail: `not checked: ${unasked.join(', ')}` }
}

async function imageCheck(image: ReleaseImage, { imageState }: ReturnPorts): Promise<Check> {
  const { service, repository, digest } = image
  const name = `image of ${service}`
  const path = repository.slice(repository.indexOf('/') + 1)
  const state = await imageState(image)
  switch (state) {
    case 'ACTIVE':
      return { name, result: 'ok', detail: digest }
    case 'ACTIVATING':
      return { name, result: 'fail', detail: `${digest} is being restored from the archive; it can not be pulled yet` }
    case 'ARCHIVED':
      return {
        name,
        result: 'fail',
        detail: `${digest} is archived and can not be pulled`,
        remedy: `aws ecr update-image-storage-class --repository-name ${path} --image-id imageDigest=${digest} --target-storage-class STANDARD`,
      }
    case undefined:
      return {
        name,
        result: 'fail',
        detail: `${repository} has no ${digest} any more; a lifecycle rule may have ended it`,
        remedy: 'rampart rollback --list shows what else can be gone back to',
      }
  }
}

/** Whether the image carries what the configuration declares today: it may be older than a model. */
async function modelsCheck(image: ReleaseImage, { originOf, models }: ReturnPorts): Promise<Check> {
  const name = `models of ${image.service}`
  const declared = models.get(image.service) ?? []
  if (declared.length === 0) return { name, result: 'skip', detail: 'none declared' }
  const origin = await originOf(image)
  if (origin === undefined) return { name, result: 'warn', detail: 'the image does not say what it was built on' }
  const missing = declared.filter((id) => !origin.models.some((model) => model.startsWith(`${id}@`)))
  return missing.length === 0
    ? { name, result: 'ok', detail: origin.models.join(', ') }
    : {
        name,
        result: 'warn',
        detail: `this release carries ${origin.models.join(', ') || 'none'}; not ${missing.join(', ')}`,
      }
}

/** Whether everything is still there that the release needs to be launched again. */
export async function returnChecks(wanted: Wanted, ports: ReturnPorts): Promise<readonly Check[]> {
  const { release, isProved, isPinned } = wanted
  const proof: Check = isProved
    ? { name: 'release', result: 'ok', detail: `${release.id} was proved to serve before` }
    : { name: 'release', result: 'warn', detail: `${release.id} was never proved to serve` }
  const pinned: readonly Check[] = isPinned
    ? []
    : [{ name: 'digests', result: 'warn', detail: 'it names images by tag: what those are now nobody can tell' }]
  const [revision, ...images] = await Promise.all([
    revisionCheck(wanted, ports),
    ...release.images.map(async (image) => imageCheck(image, ports)),
  ])
  const isThere = images.every(({ result }) => result === 'ok')
  const models = isThere ? await Promise.all(release.images.map(async (image) => modelsCheck(image, ports))) : []
  return [proof, ...pinned, ...revision, ...images, ...models]
}
