import type { BaseRecord } from '../domain/release-record.js'
import type { ReleaseImage } from '../domain/release.js'
import { RampartError } from '../errors/rampart-error.js'
import type { ImageState } from '../ports/account.js'
import { secretObject } from '../domain/secret.js'
import type { Parameter } from '../ports/parameters.js'
import type { Secrets } from '../ports/secrets.js'
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
  /** Secrets by ARN, each in its own region; of a value nothing but the names of its keys is kept. */
  readonly secrets: Pick<Secrets, 'describe' | 'read'>
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

/** What tasks take their secrets from: whether all of it is there. Nothing of a value is kept. */
async function secretsCheck(secrets: readonly string[], ports: ReturnPorts): Promise<Check> {
  const name = 'secrets'
  if (secrets.length === 0) return { name, result: 'skip', detail: 'the revision refers to none' }
  const missing: string[] = []
  const unasked: string[] = []
  for (const secret of secrets) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- a handful at most
      const problem = secret.includes(':secretsmanager:')
        ? await secretProblem(secret, ports)
        : await parameterProblem(secret, ports)
      if (problem !== undefined) missing.push(problem)
    } catch (error) {
      if (!(error instanceof RampartError)) throw error
      unasked.push(secret)
    }
  }
  if (missing.length > 0) return { name, result: 'fail', detail: missing.join('; '), remedy: 'rampart secrets check' }
  if (unasked.length === 0) return { name, result: 'ok', detail: `${secrets.length} there` }
  return { name, result: 'skip', detail: `not checked: ${unasked.join(', ')}` }
}

async function parameterProblem(secret: string, { parameter }: ReturnPorts): Promise<string | undefined> {
  const path = secret.startsWith('arn:') ? parameterArn.exec(secret)?.[1] : secret
  if (path === undefined) throw new RampartError('preflight', `${secret} is neither a parameter nor a secret.`)
  return (await parameter(path)) === undefined ? `there is no parameter ${path} any more` : undefined
}

// What stands behind the ARN: key, stage and version, each of which may be empty.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
async function secretProblem(reference: string, { secrets }: ReturnPorts): Promise<string | undefined> {
  const parts = reference.split(':')
  const arn = parts.slice(0, 7).join(':')
  const [key = '', stage = '', id = ''] = parts.slice(7)
  const facts = await secrets.describe(arn)
  const name = parts[6] ?? arn
  if (facts === undefined) return `there is no secret ${name} any more`
  if (facts.deletionAt !== undefined)
    return `the secret ${name} is to be deleted: aws secretsmanager restore-secret --secret-id ${facts.name}`
  const wanted = stage === '' ? 'AWSCURRENT' : stage
  // Versions without a stage are not listed, and ECS can have them still.
  if (id === '' && !facts.versions.some(({ stages }) => stages.includes(wanted)))
    return `the secret ${name} has no version ${wanted}`
  if (key === '' || id !== '' || wanted !== 'AWSCURRENT') return undefined
  const value = (await secrets.read(arn))?.value
  const has = value !== undefined && 'text' in value && secretObject(value.text)?.has(key) === true
  return has ? undefined : `the secret ${name} has no key ${key} any more`
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
