import * as sdk from '@aws-sdk/client-secrets-manager'
import { paginate } from '../wire/pagination.js'
import { type RequestContext, type Service, ServiceError } from '../wire/service.js'
import {
  addSecret,
  addVersion,
  findSecret,
  sameContent,
  type SecretContent,
  type SecretStore,
  type SecretVersion,
  type StoredSecret,
} from '../world/secrets.js'
import { matchesFilters } from './secretsmanager-filters.js'
import {
  checkName,
  checkToken,
  contentOf,
  markedForDeletion,
  notFound,
  recoveryDays,
  selectVersion,
  tokenTaken,
  valueMissing,
} from './secretsmanager-rules.js'
import { partitionOf } from './sts.js'

const wire = { signingName: 'secretsmanager', protocol: 'awsJson1_1' } as const
const day = 86_400_000

/**
 * Secrets Manager: what makes, changes, reads, lists and deletes secrets and their versions.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html
 */
export function createSecretsManager(store: SecretStore): Service {
  function find(id: string | undefined, context: RequestContext): StoredSecret {
    const secret = findSecret(store, context.region, id ?? '', context.now)
    if (secret === undefined) throw notFound()
    return secret
  }

  /** The secret, when it may be used: one that is deleted may only be described, listed and restored. */
  function usable(id: string | undefined, context: RequestContext): StoredSecret {
    const secret = find(id, context)
    if (secret.deletionAt !== undefined) throw markedForDeletion()
    return secret
  }

  function write(
    secret: StoredSecret,
    content: SecretContent,
    token: string | undefined,
    stages: readonly string[],
    now: number,
  ): string {
    const id = token ?? store.random.uuid()
    const present = secret.versions.find((version) => version.id === id)
    if (present === undefined) addVersion(secret, { id, content }, stages, now)
    // A repeated request does nothing; the same token with another value is refused.
    else if (!sameContent(present.content, content)) throw tokenTaken(id, secret)
    return id
  }

  function create(input: sdk.CreateSecretRequest, context: RequestContext): sdk.CreateSecretResponse {
    const { Name: name = '', ClientRequestToken: token } = input
    checkName(name)
    checkToken(token)
    const content = contentOf(input)
    const present = store.secrets.find((secret) => secret.region === context.region && secret.name === name)
    if (findSecret(store, context.region, name, context.now) !== undefined && present !== undefined) {
      if (present.deletionAt !== undefined)
        throw new ServiceError(
          'InvalidRequestException',
          "You can't create this secret because a secret with this name is already scheduled for deletion.",
        )
      const repeated = present.versions.find(({ id }) => id === token)
      if (repeated === undefined || content === undefined || !sameContent(repeated.content, content))
        throw new ServiceError(
          'ResourceExistsException',
          `The operation failed because the secret ${name} already exists.`,
        )
      return { ARN: present.arn, Name: name, VersionId: repeated.id }
    }
    const { region, accountId, now } = context
    const secret = addSecret(store, { name, region, accountId, partition: partitionOf(region), now })
    secret.description = input.Description
    secret.kmsKeyId = input.KmsKeyId
    setTags(secret, input.Tags)
    const version = content === undefined ? undefined : write(secret, content, token, ['AWSCURRENT'], now)
    return { ARN: secret.arn, Name: name, ...(version !== undefined && { VersionId: version }) }
  }

  function put(input: sdk.PutSecretValueRequest, context: RequestContext): sdk.PutSecretValueResponse {
    checkToken(input.ClientRequestToken)
    const secret = usable(input.SecretId, context)
    const content = contentOf(input)
    if (content === undefined) throw valueMissing()
    const stages = input.VersionStages ?? ['AWSCURRENT']
    const id = write(secret, content, input.ClientRequestToken, stages, context.now)
    const labels = secret.versions.find((version) => version.id === id)?.stages ?? []
    return { ARN: secret.arn, Name: secret.name, VersionId: id, VersionStages: [...labels] }
  }

  function update(input: sdk.UpdateSecretRequest, context: RequestContext): sdk.UpdateSecretResponse {
    checkToken(input.ClientRequestToken)
    const secret = usable(input.SecretId, context)
    const content = contentOf(input)
    const id =
      content === undefined ? undefined : write(secret, content, input.ClientRequestToken, ['AWSCURRENT'], context.now)
    secret.description = input.Description ?? secret.description
    secret.kmsKeyId = input.KmsKeyId ?? secret.kmsKeyId
    secret.changedAt = context.now
    return { ARN: secret.arn, Name: secret.name, ...(id !== undefined && { VersionId: id }) }
  }

  function get(input: sdk.GetSecretValueRequest, context: RequestContext): sdk.GetSecretValueResponse {
    const secret = usable(input.SecretId, context)
    return read(secret, selectVersion(secret, input.VersionId, input.VersionStage), context.now)
  }

  function batchGet(input: sdk.BatchGetSecretValueRequest, context: RequestContext): sdk.BatchGetSecretValueResponse {
    if ((input.SecretIdList === undefined) === (input.Filters === undefined))
      throw new ServiceError(
        'InvalidParameterException',
        'Either Filters or SecretIdList must be provided in the request, and not both.',
      )
    const ids = input.SecretIdList ?? listed(input.Filters ?? [], false, context).map(({ arn }) => arn)
    const page = paginate(wire, {
      operation: 'BatchGetSecretValue',
      items: ids,
      limit: input.MaxResults ?? 20,
      token: input.NextToken,
      keyOf: (id) => id,
      boundTo: [input.SecretIdList, input.Filters],
    })
    const errors: sdk.APIErrorType[] = []
    const values = page.items.flatMap((id) => {
      try {
        return [get({ SecretId: id }, context)]
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error
        errors.push({ SecretId: id, ErrorCode: error.code, Message: error.message })
        return []
      }
    })
    return { SecretValues: values, Errors: errors, NextToken: page.nextToken }
  }

  function listed(
    filters: readonly sdk.Filter[],
    withDeleted: boolean | undefined,
    context: RequestContext,
  ): readonly StoredSecret[] {
    // Takes away what has gone for good in the meantime.
    findSecret(store, context.region, '', context.now)
    return store.secrets.filter(
      (secret) =>
        secret.region === context.region &&
        (withDeleted === true || secret.deletionAt === undefined) &&
        matchesFilters(secret, filters),
    )
  }

  function list(input: sdk.ListSecretsRequest, context: RequestContext): sdk.ListSecretsResponse {
    const found = listed(input.Filters ?? [], input.IncludePlannedDeletion, context)
    const page = paginate(wire, {
      operation: 'ListSecrets',
      // Newest first unless asked otherwise.
      items: input.SortOrder === 'asc' ? found : found.toReversed(),
      limit: input.MaxResults ?? 100,
      token: input.NextToken,
      keyOf: ({ arn }) => arn,
      boundTo: [input.Filters, input.IncludePlannedDeletion, input.SortOrder],
    })
    return {
      SecretList: page.items.map((secret) => {
        const { VersionIdsToStages: stages, ...rest } = describe(secret)
        return { ...rest, SecretVersionsToStages: stages }
      }),
      NextToken: page.nextToken,
    }
  }

  function listVersions(
    input: sdk.ListSecretVersionIdsRequest,
    context: RequestContext,
  ): sdk.ListSecretVersionIdsResponse {
    const secret = find(input.SecretId, context)
    const page = paginate(wire, {
      operation: 'ListSecretVersionIds',
      items: secret.versions.filter(({ stages }) => input.IncludeDeprecated === true || stages.size > 0).toReversed(),
      limit: input.MaxResults ?? 100,
      token: input.NextToken,
      keyOf: ({ id }) => id,
      boundTo: [secret.arn, input.IncludeDeprecated],
    })
    return {
      ARN: secret.arn,
      Name: secret.name,
      Versions: page.items.map((version) => ({
        VersionId: version.id,
        ...(version.stages.size > 0 && { VersionStages: [...version.stages] }),
        ...(version.accessedAt !== undefined && { LastAccessedDate: new Date(version.accessedAt) }),
        CreatedDate: new Date(version.createdAt),
        KmsKeyIds: [secret.kmsKeyId ?? 'DefaultEncryptionKey'],
      })),
      NextToken: page.nextToken,
    }
  }

  function remove(input: sdk.DeleteSecretRequest, context: RequestContext): sdk.DeleteSecretResponse {
    const days = recoveryDays(input.RecoveryWindowInDays, input.ForceDeleteWithoutRecovery)
    const { now } = context
    const known = findSecret(store, context.region, input.SecretId ?? '', now)
    // Deleted by force, one that is not there is as good as deleted.
    if (known === undefined && days === 0) return { Name: input.SecretId, DeletionDate: new Date(now) }
    const secret = days === 0 ? find(input.SecretId, context) : usable(input.SecretId, context)
    secret.deletionAt = now + days * day
    return { ARN: secret.arn, Name: secret.name, DeletionDate: new Date(secret.deletionAt) }
  }

  function restore(input: sdk.RestoreSecretRequest, context: RequestContext): sdk.RestoreSecretResponse {
    const secret = find(input.SecretId, context)
    secret.deletionAt = undefined
    return { ARN: secret.arn, Name: secret.name }
  }

  const handlers = {
    CreateSecret: create,
    PutSecretValue: put,
    UpdateSecret: update,
    GetSecretValue: get,
    BatchGetSecretValue: batchGet,
    DescribeSecret: (input: sdk.DescribeSecretRequest, context: RequestContext) =>
      describe(find(input.SecretId, context)),
    ListSecrets: list,
    ListSecretVersionIds: listVersions,
    TagResource: (input: sdk.TagResourceRequest, context: RequestContext): void =>
      setTags(usable(input.SecretId, context), input.Tags),
    UntagResource: (input: sdk.UntagResourceRequest, context: RequestContext): void => {
      const { tags } = usable(input.SecretId, context)
      for (const key of input.TagKeys ?? []) tags.delete(key)
    },
    DeleteSecret: remove,
    RestoreSecret: restore,
  }
  return { ...wire, target: 'secretsmanager', sdk, handlers }
}

function setTags({ tags }: StoredSecret, given: readonly sdk.Tag[] = []): void {
  for (const { Key = '', Value = '' } of given) tags.set(Key, Value)
}

function describe(secret: StoredSecret): sdk.DescribeSecretResponse {
  const labelled = secret.versions.filter(({ stages }) => stages.size > 0)
  return {
    ARN: secret.arn,
    Name: secret.name,
    ...(secret.description !== undefined && { Description: secret.description }),
    ...(secret.kmsKeyId !== undefined && { KmsKeyId: secret.kmsKeyId }),
    LastChangedDate: new Date(secret.changedAt),
    ...(secret.accessedAt !== undefined && { LastAccessedDate: new Date(secret.accessedAt) }),
    ...(secret.deletionAt !== undefined && { DeletedDate: new Date(secret.deletionAt) }),
    ...(secret.tags.size > 0 && { Tags: [...secret.tags].map(([Key, Value]) => ({ Key, Value })) }),
    ...(labelled.length > 0 && {
      VersionIdsToStages: Object.fromEntries(labelled.map(({ id, stages }) => [id, [...stages]])),
    }),
    CreatedDate: new Date(secret.createdAt),
  }
}

function read(secret: StoredSecret, version: SecretVersion, now: number): sdk.GetSecretValueResponse {
  // Access is noted by the day: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html
  secret.accessedAt = now - (now % day)
  version.accessedAt = secret.accessedAt
  const { text, bytes } = version.content
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: version.id,
    ...(text === undefined ? { SecretBinary: bytes } : { SecretString: text }),
    VersionStages: [...version.stages],
    CreatedDate: new Date(version.createdAt),
  }
}
