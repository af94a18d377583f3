import type * as ecr from '@aws-sdk/client-ecr'
import { ServiceError, type RequestContext } from '../../wire/service.js'
import { missingRepository, type Repository } from '../repositories.js'
import { isRepositoryName } from '../route.js'
import { unlinkBlob, type RegistryStore } from '../store.js'
import { invalidParameter, pageOf } from './page.js'

/** What a repository was made with that changes nothing here, and is told again. */
interface Echoed {
  readonly scanning: ecr.ImageScanningConfiguration
  readonly encryption: ecr.EncryptionConfiguration
}

interface RepositoryRequest {
  readonly registryId?: string | undefined
  readonly repositoryName: string
}

/** The repository that a request means. @throws ServiceError RepositoryNotFoundException. */
export function repositoryOf(
  store: RegistryStore,
  { registryId, repositoryName }: RepositoryRequest,
  { accountId }: RequestContext,
): Repository {
  const owner = registryId ?? accountId
  const found = owner === accountId ? store.repositories.find(repositoryName) : undefined
  if (found) return found
  throw new ServiceError('RepositoryNotFoundException', missingRepository(repositoryName, owner))
}

/** CreateRepository and DescribeRepositories. */
export function repositoryOperations(store: RegistryStore) {
  const echoed = new WeakMap<Repository, Echoed>()

  function describe(repository: Repository, { accountId, region, endpoint }: RequestContext): ecr.Repository {
    const { name, createdAt, tagMutability } = repository
    const { scanning = { scanOnPush: false }, encryption = { encryptionType: 'AES256' } } = echoed.get(repository) ?? {}
    return {
      repositoryArn: `arn:aws:ecr:${region}:${accountId}:repository/${name}`,
      registryId: accountId,
      repositoryName: name,
      repositoryUri: `${new URL(endpoint).host}/${name}`,
      createdAt: new Date(createdAt),
      imageTagMutability: tagMutability.mode,
      ...(tagMutability.exclusions.length > 0 && {
        imageTagMutabilityExclusionFilters: tagMutability.exclusions.map((filter) => ({
          filterType: 'WILDCARD',
          filter,
        })),
      }),
      imageScanningConfiguration: scanning,
      encryptionConfiguration: encryption,
    }
  }

  return {
    CreateRepository: (
      input: ecr.CreateRepositoryRequest & { repositoryName: string },
      context: RequestContext,
    ): ecr.CreateRepositoryResponse => {
      const { repositoryName: name, imageTagMutability: mode = 'MUTABLE' } = input
      const { imageScanningConfiguration: scanning, encryptionConfiguration: encryption } = input
      if (name.length < 2 || name.length > 256 || !isRepositoryName(name)) {
        throw invalidParameter('repositoryName', 'must satisfy the naming rules of repositories')
      }
      const exclusions = exclusionsOf(mode, input.imageTagMutabilityExclusionFilters ?? [])
      if (store.repositories.find(name)) {
        throw new ServiceError(
          'RepositoryAlreadyExistsException',
          `The repository with name '${name}' already exists in the registry with id '${context.accountId}'`,
        )
      }
      const tagMutability = { mode, exclusions }
      const repository = store.repositories.create(name, { createdAt: context.now, tagMutability })
      echoed.set(repository, {
        scanning: { scanOnPush: scanning?.scanOnPush ?? false },
        encryption: encryption ?? { encryptionType: 'AES256' },
      })
      return { repository: describe(repository, context) }
    },

    DeleteRepository: (
      input: ecr.DeleteRepositoryRequest & { repositoryName: string },
      context: RequestContext,
    ): ecr.DeleteRepositoryResponse => {
      const repository = repositoryOf(store, input, context)
      if (repository.manifests.size > 0 && input.force !== true) {
        throw new ServiceError(
          'RepositoryNotEmptyException',
          `The repository with name '${repository.name}' in registry with id '${context.accountId}' cannot be deleted because it still contains images`,
        )
      }
      const described = describe(repository, context)
      for (const digest of repository.blobs) unlinkBlob(store, repository, digest)
      store.repositories.delete(repository.name)
      return { repository: described }
    },

    PutImageTagMutability: (
      input: ecr.PutImageTagMutabilityRequest & { repositoryName: string },
      context: RequestContext,
    ): ecr.PutImageTagMutabilityResponse => {
      const repository = repositoryOf(store, input, context)
      const { imageTagMutability: mode = 'MUTABLE' } = input
      const exclusions = exclusionsOf(mode, input.imageTagMutabilityExclusionFilters ?? [])
      repository.tagMutability = { mode, exclusions }
      return { registryId: context.accountId, repositoryName: repository.name, imageTagMutability: mode }
    },

    DescribeRepositories: (
      input: ecr.DescribeRepositoriesRequest,
      context: RequestContext,
    ): ecr.DescribeRepositoriesResponse => {
      const { registryId, repositoryNames, nextToken, maxResults } = input
      if (repositoryNames) {
        if (nextToken !== undefined || maxResults !== undefined) {
          throw invalidParameter('repositoryNames', 'can not be used with nextToken or maxResults')
        }
        const named = repositoryNames.map((repositoryName) =>
          repositoryOf(store, { registryId, repositoryName }, context),
        )
        return { repositories: named.map((repository) => describe(repository, context)) }
      }
      const all = registryId === undefined || registryId === context.accountId ? store.repositories.list() : []
      const page = pageOf('repositories', all, ({ name }) => name, { nextToken, maxResults })
      return {
        repositories: page.items.map((repository) => describe(repository, context)),
        ...(page.nextToken !== undefined && { nextToken: page.nextToken }),
      }
    },
  }
}

function exclusionsOf(
  mode: ecr.ImageTagMutability,
  filters: readonly ecr.ImageTagMutabilityExclusionFilter[],
): string[] {
  const wantsFilters = mode === 'MUTABLE_WITH_EXCLUSION' || mode === 'IMMUTABLE_WITH_EXCLUSION'
  if (wantsFilters !== filters.length > 0 || filters.length > 5) {
    const reason = wantsFilters ? `needs 1 to 5 filters` : 'must be absent'
    throw invalidParameter('imageTagMutabilityExclusionFilters', `with ${mode}: ${reason}`)
  }
  return filters.map(({ filter = '' }) => {
    // At most two wildcards in a filter, as the documentation of the member says.
    if (/^[\w.*-]{1,128}$/.test(filter) && filter.split('*').length <= 3) return filter
    throw invalidParameter('imageTagMutabilityExclusionFilters', 'filter: tag characters and at most two wildcards')
  })
}
