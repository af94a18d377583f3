import { findSecret, type SecretVersion, versionAt } from '../secrets.js'
import type { WorldState } from '../state.js'
import type { EcsTask } from './state.js'

const unable =
  'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: ' +
  'unable to retrieve secret from asm: service call has been retried 1 time(s): '

/**
 * Why a task can not have the secrets of Secrets Manager that its definition names, in the agent's own words; undefined
 * when it has them all. Each is read once, when the task starts.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-initialization-error.html
 */
export function secretsProblem(world: WorldState, { definition }: EcsTask): string | undefined {
  const containers = definition.definition.containerDefinitions ?? []
  const named = containers.flatMap(({ secrets = [], logConfiguration, repositoryCredentials }) => [
    ...[...secrets, ...(logConfiguration?.secretOptions ?? [])].map(({ valueFrom }) => valueFrom),
    repositoryCredentials?.credentialsParameter,
  ])
  for (const reference of named) {
    // All others are parameters of Systems Manager.
    if (reference?.includes(':secretsmanager:') !== true) continue
    const problem = problemWith(world, reference)
    if (problem !== undefined) return unable + problem
  }
  return undefined
}

// arn:…:secret:name-AbCdEf, and behind it :json-key:version-stage:version-id, of which each may be empty.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
function problemWith(world: WorldState, reference: string): string | undefined {
  const parts = reference.split(':')
  const arn = parts.slice(0, 7).join(':')
  const [key = '', stage = '', id = ''] = parts.slice(7)
  const secret = findSecret(world.secrets, parts[3] ?? '', arn, world.now)
  const failed = (code: string, words: string): string =>
    `failed to fetch secret ${arn} from secrets manager: ${code}: ${words}`
  if (secret === undefined)
    return failed('ResourceNotFoundException', "Secrets Manager can't find the specified secret.")
  if (secret.deletionAt !== undefined) {
    const words = "You can't perform this operation on the secret because it was marked for deletion."
    return failed('InvalidRequestException', words)
  }
  const version =
    id === '' ? versionAt(secret, stage === '' ? 'AWSCURRENT' : stage) : secret.versions.find((one) => one.id === id)
  if (version === undefined) {
    const which = id === '' ? `staging label: ${stage === '' ? 'AWSCURRENT' : stage}` : `VersionId: ${id}`
    return failed('ResourceNotFoundException', `Secrets Manager can't find the specified secret value for ${which}`)
  }
  return key === '' ? undefined : keyProblem(version, arn, key)
}

function keyProblem({ content }: SecretVersion, arn: string, key: string): string | undefined {
  const lacking = `retrieved secret from Secrets Manager did not contain json key ${key}`
  try {
    const value: unknown = JSON.parse(content.text ?? '')
    return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? undefined : lacking
  } catch {
    return `secret ${arn} is not a JSON object: ${lacking}`
  }
}
