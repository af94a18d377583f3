import type { Digest } from '../../domain/digest.js'
import type { BlobStore } from './blob-store.js'
import { createRepositories, requireRepository, type Repositories, type Repository } from './repositories.js'

/** What the registry can be told to do differently, each by name. */
export interface RegistryRules {
  /**
   * How an upload in chunks is answered. `ecr`: 201 instead of 202, a `Range` that stays at the end of the first chunk
   * although the bytes are kept, and chunks under 5 MiB refused at the end (https://github.com/aws/containers-roadmap/issues/2831).
   */
  readonly uploads: 'specification' | 'ecr'
  /** `always`, or only while the account setting BLOB_MOUNTING is ENABLED, as in ECR. */
  readonly mounts: 'always' | 'account-setting'
  /** True when a push makes the repository that it needs. */
  readonly createOnPush: boolean
}

/** The account settings that Get- and PutAccountSetting know; the first two change nothing here. */
export interface AccountSettings {
  BASIC_SCAN_TYPE_VERSION: string
  REGISTRY_POLICY_SCOPE: string
  BLOB_MOUNTING: 'ENABLED' | 'DISABLED'
}

/** All that a registry holds. */
export interface RegistryStore {
  readonly accountId: string
  readonly rules: RegistryRules
  readonly blobs: BlobStore
  readonly repositories: Repositories
  readonly settings: AccountSettings
  /** The virtual clock, milliseconds since 1970. */
  now(): number
}

/** The store over an open blob store. */
export function createStore(
  options: Pick<RegistryStore, 'accountId' | 'rules' | 'blobs' | 'now'> & {
    readonly blobMounting: 'ENABLED' | 'DISABLED'
  },
): RegistryStore {
  const { accountId, rules, blobs, now, blobMounting } = options
  const settings: AccountSettings = {
    BASIC_SCAN_TYPE_VERSION: 'AWS_NATIVE',
    REGISTRY_POLICY_SCOPE: 'V2',
    BLOB_MOUNTING: blobMounting,
  }
  return { accountId, rules, blobs, repositories: createRepositories(), settings, now }
}

/** The repository to push to, made when the rules say so. @throws RegistryError NAME_UNKNOWN. */
export function repositoryForPush(store: RegistryStore, name: string): Repository {
  const { repositories, rules, accountId } = store
  if (rules.createOnPush && !repositories.find(name)) repositories.create(name, { createdAt: store.now() })
  return requireRepository(repositories, name, accountId)
}

/** Takes the blob from one repository; its bytes go with the last link. */
export function unlinkBlob(store: RegistryStore, repository: Repository, digest: Digest): boolean {
  const had = repository.blobs.delete(digest)
  if (had && !store.repositories.links(digest)) store.blobs.remove(digest)
  return had
}

/** True when a push may take a blob from another repository of this registry. */
export function mayMount(store: RegistryStore): boolean {
  return store.rules.mounts === 'always' || store.settings.BLOB_MOUNTING === 'ENABLED'
}
