import {
  CreateRepositoryCommand,
  DescribeImagesCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
  PutLifecyclePolicyCommand,
} from '@aws-sdk/client-ecr'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { isDigest } from '../domain/digest.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Account } from '../ports/account.js'
import { call, errorCode } from './failure.js'
import { clientSettings, counted, type ClientOptions } from './options.js'

/** The Account port on the AWS SDK: STS for who asks, ECR for where images live. */
export function createAccount(options: ClientOptions): Account {
  const sts = counted(new STSClient(clientSettings(options)), options)
  const ecr = counted(new ECRClient(clientSettings(options)), options)
  return {
    async credentials() {
      try {
        const { expiration } = await sts.config.credentials()
        return expiration === undefined ? {} : { expiresAt: expiration.getTime() }
      } catch (error) {
        // No provider of the chain had any. The SDK marks this by its words alone: an expired single sign-on, which a
        // person has to renew, is an error of the same name.
        const none = error instanceof Error && error.name === 'CredentialsProviderError'
        if (none && error.message.startsWith('Could not load credentials from any')) return undefined
        return call('credentials', () => Promise.reject(error))
      }
    },

    async whoAmI() {
      const answer = await call('sts:GetCallerIdentity', () => sts.send(new GetCallerIdentityCommand({})))
      return { account: answer.Account ?? '', arn: answer.Arn ?? '' }
    },

    async registryAuthorization() {
      const answer = await call('ecr:GetAuthorizationToken', () => ecr.send(new GetAuthorizationTokenCommand({})))
      const data = answer.authorizationData?.[0]
      const [username, ...password] = Buffer.from(data?.authorizationToken ?? '', 'base64')
        .toString('utf8')
        .split(':')
      if (data?.proxyEndpoint === undefined || username === undefined || password.length === 0) {
        throw new RampartError('unreachable', 'ecr:GetAuthorizationToken answered without a token')
      }
      return {
        endpoint: data.proxyEndpoint,
        username,
        password: password.join(':'),
        expiresAt: data.expiresAt?.getTime() ?? 0,
      }
    },

    async describeRepository(name) {
      try {
        const answer = await ecr.send(new DescribeRepositoriesCommand({ repositoryNames: [name] }))
        const found = answer.repositories?.[0]
        if (found === undefined) return undefined
        return {
          uri: found.repositoryUri ?? '',
          immutableTags: found.imageTagMutability?.startsWith('IMMUTABLE') ?? false,
        }
      } catch (error) {
        if (errorCode(error) === 'RepositoryNotFound') return undefined
        return call('ecr:DescribeRepositories', () => Promise.reject(error))
      }
    },

    async imageState(repository, digest) {
      try {
        const answer = await ecr.send(
          new DescribeImagesCommand({
            repositoryName: repository,
            imageIds: [{ imageDigest: digest }],
            // Without it, AWS leaves out what is archived.
            filter: { imageStatus: 'ANY' },
          }),
        )
        const found = answer.imageDetails?.[0]
        return found && (found.imageStatus ?? 'ACTIVE')
      } catch (error) {
        if (['ImageNotFound', 'RepositoryNotFound'].includes(errorCode(error) ?? '')) return undefined
        return call('ecr:DescribeImages', () => Promise.reject(error))
      }
    },

    async taggedImage(repository, tag) {
      try {
        const asked = new DescribeImagesCommand({ repositoryName: repository, imageIds: [{ imageTag: tag }] })
        const digest = (await ecr.send(asked)).imageDetails?.[0]?.imageDigest
        return digest !== undefined && isDigest(digest) ? digest : undefined
      } catch (error) {
        if (['ImageNotFound', 'RepositoryNotFound'].includes(errorCode(error) ?? '')) return undefined
        return call('ecr:DescribeImages', () => Promise.reject(error))
      }
    },

    async createRepository({ name, movingTags, keep }) {
      const filters = movingTags.map((filter) => ({ filterType: 'WILDCARD' as const, filter }))
      // https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html: at most five filters.
      const immutable = filters.length > 0 && filters.length <= 5
      await call('ecr:CreateRepository', () =>
        ecr.send(
          new CreateRepositoryCommand({
            repositoryName: name,
            imageScanningConfiguration: { scanOnPush: true },
            encryptionConfiguration: { encryptionType: 'AES256' },
            imageTagMutability: immutable ? 'IMMUTABLE_WITH_EXCLUSION' : 'MUTABLE',
            ...(immutable && { imageTagMutabilityExclusionFilters: filters }),
          }),
        ),
      )
      await call('ecr:PutLifecyclePolicy', () =>
        ecr.send(
          new PutLifecyclePolicyCommand({ repositoryName: name, lifecyclePolicyText: JSON.stringify(lifecycle(keep)) }),
        ),
      )
    },
  }
}

/**
 * Counts images by when they were pushed, tagged or not: a release is pinned by digest, so that a missing tag does not
 * mean that an image is not in use. https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
 */
function lifecycle(keep: number) {
  return {
    rules: [
      {
        rulePriority: 1,
        description: `keep the newest ${keep} images`,
        selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: keep },
        action: { type: 'expire' },
      },
    ],
  }
}
