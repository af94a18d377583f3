import { defaultRetryPolicy, type RetryPolicy } from '../domain/retry.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Clock } from '../ports/clock.js'
import type { ModelFile, ModelHub } from '../ports/model-hub.js'
import { createHubFetch, type HubFetch } from './exchange.js'
import { hubNonsense, type Purpose } from './failures.js'
import { readModelFile } from './read.js'
import type { HubSettings } from './settings.js'

export interface HubOptions extends HubSettings {
  readonly clock: Clock
  /** From 0 up to 1; spreads retries. */
  readonly random?: () => number
  readonly retry?: RetryPolicy
  /** Ends every request and every pause between them. */
  readonly signal?: AbortSignal
}

const commitPattern = /^[0-9a-f]{40}$/
const hashPattern = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/

/** A client of a Hugging Face hub, on the hub's own library, which is loaded with the first request. */
export function createModelHub(options: HubOptions): ModelHub {
  const { endpoint } = options
  const { origin, host } = new URL(endpoint)
  const exchange = {
    origin,
    token: options.token,
    clock: options.clock,
    random: options.random ?? Math.random,
    policy: options.retry ?? defaultRetryPolicy,
    signal: options.signal,
  }
  const asking = (id: string, what: string): { readonly purpose: Purpose; readonly fetch: HubFetch } => {
    const purpose = { endpoint, host, what, id }
    return { purpose, fetch: createHubFetch(exchange, purpose) }
  }

  return {
    endpoint,
    resolve: async (id, revision) => {
      if (commitPattern.test(revision)) return { commit: revision }
      const { purpose, fetch } = asking(id, `say which commit of ${id} is ${revision}`)
      const { modelInfo } = await import('@huggingface/hub')
      const request = { name: id, revision, additionalFields: ['sha'] satisfies ['sha'], hubUrl: endpoint, fetch }
      const { sha } = await understood(purpose, modelInfo(request))
      if (typeof sha !== 'string' || !commitPattern.test(sha)) throw hubNonsense(purpose, 'no commit')
      return { commit: sha, ref: revision }
    },
    list: async (id, commit) => {
      const { purpose, fetch } = asking(id, `list the files of ${id} at ${commit.slice(0, 12)}`)
      const { listFiles } = await import('@huggingface/hub')
      const repo = { type: 'model', name: id } as const
      const files: ModelFile[] = []
      const read = async (): Promise<void> => {
        for await (const entry of listFiles({ repo, recursive: true, revision: commit, hubUrl: endpoint, fetch })) {
          if (entry.type === 'file') files.push(fileOf(purpose, entry))
        }
      }
      await understood(purpose, read())
      return files
    },
    read: (id, commit, file, offset) => {
      const { purpose, fetch } = asking(id, `send ${file.path} of ${id}`)
      return readModelFile({ id, commit, file, offset }, { ...exchange, endpoint, purpose, fetch })
    },
  }
}

/** What the library made of an answer; what it could not read is the hub's mistake and no bug of ours. */
async function understood<T>(purpose: Purpose, answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) throw hubNonsense(purpose, 'something else')
    throw error
  }
}

interface Listed {
  readonly path: string
  readonly size: number
  readonly oid?: string
  readonly lfs?: { readonly oid: string; readonly size: number }
}

function fileOf(purpose: Purpose, { path, size, oid, lfs }: Listed): ModelFile {
  const hash = lfs?.oid ?? oid ?? ''
  const bytes = lfs?.size ?? size
  if (!isSafe(path)) {
    // Paths become names in an image and on this machine.
    throw new RampartError('unreachable', `${purpose.host} lists a file of ${purpose.id} whose path leads elsewhere`, {
      next: [`do not use ${purpose.id}, and tell ${purpose.host}`],
    })
  }
  if (!Number.isSafeInteger(bytes) || bytes < 0 || !hashPattern.test(hash)) {
    throw hubNonsense(purpose, `no size and hash for ${path}`)
  }
  return { path, size: bytes, hash }
}

function isSafe(path: unknown): path is string {
  return (
    typeof path === 'string' &&
    // Neither control characters nor what separates paths on another system.
    !/[\p{Cc}\\]/u.test(path) &&
    path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  )
}
