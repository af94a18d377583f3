import { retryPause } from '../domain/retry.js'
import { RampartError } from '../errors/rampart-error.js'
import type { ModelFile } from '../ports/model-hub.js'
import { isPassingFailure, type ExchangeOptions, type HubFetch } from './exchange.js'
import { hubFailure, hubNonsense, type Purpose } from './failures.js'

interface ReadRequest {
  readonly id: string
  readonly commit: string
  readonly file: ModelFile
  readonly offset: number
}

interface ReadOptions extends ExchangeOptions {
  readonly endpoint: string
  readonly purpose: Purpose
  readonly fetch: HubFetch
}

// Who got that much further than the last time is not stuck.
const progress = 1024 * 1024

/** The bytes of a file from an offset on; a connection that breaks is followed by one that goes on. */
export async function* readModelFile(request: ReadRequest, options: ReadOptions): AsyncGenerator<Uint8Array> {
  const { file } = request
  const { purpose, policy, random, clock, signal } = options
  let at = request.offset
  let failures = 0
  while (at < file.size) {
    const began = at
    let failed: unknown
    try {
      for await (const piece of openAt(request, at, options)) {
        at += piece.length
        if (at > file.size) throw hubNonsense(purpose, `more than its ${file.size} bytes`)
        yield piece
      }
      if (at === file.size) return
      failed = Object.assign(new Error('the answer ended early'), { code: 'ECONNRESET' })
    } catch (error) {
      signal?.throwIfAborted()
      // It says all, and what could be tried again was.
      if (error instanceof RampartError) throw error
      failed = error
    }
    failures = at - began >= progress ? 1 : failures + 1
    const pause = isPassingFailure(failed) ? retryPause(policy, failures, random) : undefined
    if (pause === undefined) throw hubFailure(purpose, failed)
    await clock.sleep(pause, signal)
  }
}

/** One answer's bytes. */
async function* openAt(
  { id, commit, file }: ReadRequest,
  offset: number,
  { endpoint, purpose, fetch }: ReadOptions,
): AsyncGenerator<Uint8Array> {
  const { downloadFile } = await import('@huggingface/hub')
  let skip = 0
  let failure: unknown
  // The library's stream tells a failure by its message alone; here it is kept as it was.
  const watched: HubFetch = async (input, init) => {
    try {
      const response = await fetch(input, init)
      // Who knows no ranges sends the whole file.
      if (response.status === 200) skip = offset
      else if (rangeStart(response) !== offset) throw hubNonsense(purpose, 'another part of the file')
      return response
    } catch (error) {
      failure = error
      throw error
    }
  }
  const path = file.path.split('/').map(encodeURIComponent).join('/')
  const blob = await downloadFile({
    repo: { type: 'model', name: id },
    path: file.path,
    revision: commit,
    hubUrl: endpoint,
    fetch: watched,
    // The listing said it all, so that the library need not ask; and it would put a path with `#` in it as it is.
    downloadInfo: { size: file.size, etag: file.hash, url: `${endpoint}/${id}/resolve/${commit}/${path}` },
    // Xet storage answers plain requests, too: https://huggingface.co/docs/hub/xet/using-xet-storage. Its own protocol
    // holds more in memory than a small runner has.
    xet: false,
  })
  if (blob === null) throw hubNonsense(purpose, 'nothing')
  try {
    for await (const piece of blob.slice(offset).stream()) {
      const rest = skip === 0 ? piece : piece.subarray(skip)
      skip = Math.max(0, skip - piece.length)
      if (rest.length > 0) yield rest
    }
  } catch (error) {
    throw failure ?? error
  }
}

/** Where the bytes of a 206 begin. https://www.rfc-editor.org/rfc/rfc9110#field.content-range */
function rangeStart(response: Response): number | undefined {
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1]
  return start === undefined ? undefined : Number(start)
}
