import type { IncomingMessage, ServerResponse } from 'node:http'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import type { ImageCatalog } from '../image-catalog.js'
import { createAuthorization, type Authorization } from './authorization.js'
import { answerBlob } from './blob-endpoints.js'
import { createBlobStore } from './blob-store.js'
import { createCatalog } from './catalog.js'
import { claimDirectory } from './directory.js'
import { sendEmpty, sendJson, type Exchange } from './exchange.js'
import { answerCatalog, answerReferrers, answerTags } from './listing-endpoints.js'
import { answerManifest } from './manifest-endpoints.js'
import { RegistryError } from './registry-error.js'
import { isRegistryPath, parseRoute } from './route.js'
import { createSeeder, type Seeder } from './seed.js'
import { createStore, type RegistryRules, type RegistryStore } from './store.js'
import { createUploadEndpoints } from './upload-endpoints.js'

export interface RegistryOptions {
  /** The virtual clock, milliseconds since 1970. */
  readonly now: () => number
  /** Where the registry makes a directory of its own, which goes when it is closed. The system's temporary one if absent. */
  readonly directory?: string
  /** Which registry it behaves as; the rules below follow it unless they are given. */
  readonly uploads?: RegistryRules['uploads']
  /** By default always, and by the account setting when it behaves as ECR. */
  readonly mounts?: RegistryRules['mounts']
  /** By default true, and false when it behaves as ECR. */
  readonly createOnPush?: boolean
  /** `ecr`: Basic with a password of GetAuthorizationToken. `none`: anybody. By default as `uploads` says. */
  readonly auth?: 'ecr' | 'none'
  /** The account setting BLOB_MOUNTING at the start; as in a new account, DISABLED. */
  readonly blobMounting?: 'ENABLED' | 'DISABLED'
  /** Named in ECR's messages. */
  readonly accountId?: string
}

/** A registry that runs; `createEcrService` gives ECR's own interface to it. */
export interface Registry extends Seeder {
  /** Answers a request under `/v2/` and ends with true; false, untouched, when the path is not its own. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<boolean>
  readonly store: RegistryStore
  readonly catalog: ImageCatalog
  readonly authorization: Authorization
  /** The directory that is this registry's alone. */
  readonly directory: string
  /** Deletes all that it holds. Close the server first. */
  close(): Promise<void>
}

/** Starts an OCI distribution registry (specification 1.1) over an empty directory of its own. */
export async function createRegistry(options: RegistryOptions): Promise<Registry> {
  const { now, uploads = 'specification' } = options
  const isEcr = uploads === 'ecr'
  const rules: RegistryRules = {
    uploads,
    mounts: options.mounts ?? (isEcr ? 'account-setting' : 'always'),
    createOnPush: options.createOnPush ?? !isEcr,
  }
  const directory = await claimDirectory(options.directory ?? tmpdir())
  const blobs = await createBlobStore(directory)
  const { accountId = '123456789012', blobMounting = 'DISABLED' } = options
  const store = createStore({ accountId, rules, blobs, now, blobMounting })
  const authorization = createAuthorization()
  const guarded = (options.auth ?? (isEcr ? 'ecr' : 'none')) === 'ecr'
  const answer = createAnswerer(store, guarded ? authorization : undefined)
  return {
    handle: async (request, response) => {
      const [path = ''] = (request.url ?? '').split('?')
      if (!isRegistryPath(path)) return false
      await answer(request, response)
      return true
    },
    store,
    catalog: createCatalog(store),
    authorization,
    directory,
    ...createSeeder(store),
    close: () => rm(directory, { recursive: true, force: true }),
  }
}

function createAnswerer(store: RegistryStore, authorization: Authorization | undefined) {
  const uploads = createUploadEndpoints(store)

  async function route(exchange: Exchange, path: string): Promise<void> {
    const found = parseRoute(path)
    switch (found.kind) {
      case 'base':
        sendJson(exchange, 200, {})
        return
      case 'catalog':
        answerCatalog(exchange)
        return
      case 'blob':
        await answerBlob(exchange, found.repository, found.digest)
        return
      case 'uploads':
        await uploads.begin(exchange, found.repository)
        return
      case 'upload':
        await uploads.proceed(exchange, found.repository, found.id)
        return
      case 'manifest':
        await answerManifest(exchange, found.repository, found.reference)
        return
      case 'tags':
        answerTags(exchange, found.repository)
        return
      case 'referrers':
        answerReferrers(exchange, found.repository, found.digest)
        return
    }
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [path = '', query = ''] = (request.url ?? '').split('?')
    const exchange: Exchange = { request, response, query: new URLSearchParams(query), store }
    response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0')
    try {
      const endpoint = `http://${request.headers.host ?? '127.0.0.1'}`
      authorization?.check(request.headers.authorization, store.now(), endpoint)
      await route(exchange, path)
    } catch (error) {
      refuse(exchange, error)
    }
  }
}

function refuse(exchange: Exchange, error: unknown): void {
  const { request, response } = exchange
  // A client that has gone, or a body that broke off: there is nobody, or nothing more, to say it to.
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  const known = error instanceof RegistryError ? error : unexpected(error)
  if (request.method === 'HEAD') sendEmpty(exchange, known.status, known.headers)
  else sendJson(exchange, known.status, known, known.headers)
}

/** A full disk and the like; a system error's code says it without the paths of this machine. */
function unexpected(error: unknown): RegistryError {
  const reason = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.name) : 'unknown'
  return new RegistryError('UNKNOWN', `the registry failed: ${reason}`)
}
