import type * as ecr from '@aws-sdk/client-ecr'
import { ServiceError, type RequestContext } from '../../wire/service.js'
import type { Repository } from '../repositories.js'
import type { RegistryStore } from '../store.js'
import { invalidParameter } from './page.js'
import { repositoryOf } from './repository-operations.js'

/** PutLifecyclePolicy and GetLifecyclePolicy. The policy is kept and told again; here nothing ever expires. */
export function lifecycleOperations(store: RegistryStore) {
  const policies = new WeakMap<Repository, string>()
  return {
    PutLifecyclePolicy: (
      input: ecr.PutLifecyclePolicyRequest & { repositoryName: string; lifecyclePolicyText: string },
      context: RequestContext,
    ): ecr.PutLifecyclePolicyResponse => {
      const repository = repositoryOf(store, input, context)
      const { lifecyclePolicyText } = input
      if (!isPolicy(lifecyclePolicyText)) {
        throw invalidParameter('LifecyclePolicyText', 'must be a lifecycle policy with at least one rule')
      }
      policies.set(repository, lifecyclePolicyText)
      return { ...named(repository, context), lifecyclePolicyText }
    },

    GetLifecyclePolicy: (
      input: ecr.GetLifecyclePolicyRequest & { repositoryName: string },
      context: RequestContext,
    ): ecr.GetLifecyclePolicyResponse => {
      const repository = repositoryOf(store, input, context)
      const lifecyclePolicyText = policies.get(repository)
      if (lifecyclePolicyText !== undefined) return { ...named(repository, context), lifecyclePolicyText }
      throw new ServiceError(
        'LifecyclePolicyNotFoundException',
        `Lifecycle policy does not exist for the repository with name '${repository.name}' in the registry with id '${context.accountId}'`,
      )
    },
  }
}

function named({ name }: Repository, { accountId }: RequestContext) {
  return { registryId: accountId, repositoryName: name }
}

interface Rule {
  readonly rulePriority?: unknown
  readonly selection?: { readonly tagStatus?: unknown; readonly countType?: unknown; readonly countNumber?: unknown }
  readonly action?: { readonly type?: unknown }
}

/** https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html */
function isPolicy(text: string): boolean {
  let value: { readonly rules?: unknown } | null
  try {
    value = JSON.parse(text) as typeof value
  } catch {
    return false
  }
  const rules = value?.rules
  return Array.isArray(rules) && rules.length > 0 && (rules as readonly Rule[]).every(isRule)
}

function isRule({ rulePriority, selection, action }: Rule): boolean {
  return (
    Number.isInteger(rulePriority) &&
    ['tagged', 'untagged', 'any'].includes(String(selection?.tagStatus)) &&
    ['imageCountMoreThan', 'sinceImagePushed'].includes(String(selection?.countType)) &&
    Number(selection?.countNumber) > 0 &&
    action?.type === 'expire'
  )
}
