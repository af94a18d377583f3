import type * as ecr from '@aws-sdk/client-ecr'
import { ServiceError, type RequestContext } from '../../wire/service.js'
import type { Repository } from '../repositories.js'
import type { RegistryStore } from '../store.js'
import { invalidParameter } from './page.js'
import { repositoryOf } from './repository-operations.js'

/**
 * Set-, Get- and DeleteRepositoryPolicy. The policy is kept and told again; here nobody is refused by it.
 * https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html
 */
export function policyOperations(store: RegistryStore) {
  const policies = new WeakMap<Repository, string>()

  function standing(repository: Repository, accountId: string): string {
    const policyText = policies.get(repository)
    if (policyText !== undefined) return policyText
    throw new ServiceError(
      'RepositoryPolicyNotFoundException',
      `Repository policy does not exist for the repository with name '${repository.name}' in the registry with id '${accountId}'`,
    )
  }

  return {
    SetRepositoryPolicy: (
      input: ecr.SetRepositoryPolicyRequest & { repositoryName: string; policyText: string },
      context: RequestContext,
    ): ecr.SetRepositoryPolicyResponse => {
      const repository = repositoryOf(store, input, context)
      const { policyText } = input
      if (!isPolicy(policyText)) {
        throw invalidParameter('PolicyText', 'Invalid repository policy provided')
      }
      policies.set(repository, policyText)
      return { registryId: context.accountId, repositoryName: repository.name, policyText }
    },

    GetRepositoryPolicy: (
      input: ecr.GetRepositoryPolicyRequest & { repositoryName: string },
      context: RequestContext,
    ): ecr.GetRepositoryPolicyResponse => {
      const repository = repositoryOf(store, input, context)
      const policyText = standing(repository, context.accountId)
      return { registryId: context.accountId, repositoryName: repository.name, policyText }
    },

    DeleteRepositoryPolicy: (
      input: ecr.DeleteRepositoryPolicyRequest & { repositoryName: string },
      context: RequestContext,
    ): ecr.DeleteRepositoryPolicyResponse => {
      const repository = repositoryOf(store, input, context)
      const policyText = standing(repository, context.accountId)
      policies.delete(repository)
      return { registryId: context.accountId, repositoryName: repository.name, policyText }
    },
  }
}

function isPolicy(text: string): boolean {
  try {
    const policy = JSON.parse(text) as { readonly Statement?: unknown } | null
    return Array.isArray(policy?.Statement) || typeof policy?.Statement === 'object'
  } catch {
    return false
  }
}
