import type { IncomingMessage } from 'node:http'
import { gunzipSync } from 'node:zlib'

/** The most that an AWS request may carry here; ECR's manifests, the largest, have up to 4 MiB. */
export const maximumBody = 8 * 1024 * 1024

/** A request's body as text; `too-large` when it is over the bound, `unreadable` when its encoding can not be undone. */
export type BodyReading = { readonly text: string } | { readonly problem: 'too-large' | 'unreadable' }

/** Reads a body, bounded before and after decompression. Rejects when the client goes away in the middle. */
export async function readBody(request: IncomingMessage): Promise<BodyReading> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    // The rest is read and dropped, so that the client has sent all and reads the answer.
    if (size <= maximumBody) chunks.push(chunk)
    else chunks.length = 0
  }
  if (size > maximumBody) return { problem: 'too-large' }
  const bytes = Buffer.concat(chunks)
  if (request.headers['content-encoding'] !== 'gzip') return { text: bytes.toString('utf8') }
  try {
    return { text: gunzipSync(bytes, { maxOutputLength: maximumBody }).toString('utf8') }
  } catch (error) {
    const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    return { problem: tooLarge ? 'too-large' : 'unreadable' }
  }
}
