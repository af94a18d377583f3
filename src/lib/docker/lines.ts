/** One line of what the engine streams: https://docs.docker.com/reference/api/engine/ (ImageBuild, ImagePush). */
export interface EngineLine {
  readonly stream?: string
  readonly status?: string
  readonly id?: string
  readonly progress?: string
  readonly aux?: unknown
  readonly error?: string
  readonly errorDetail?: { readonly message?: string }
}

/**
 * The JSON documents of a stream, one a line. A character of several bytes that is cut between two pieces is put
 * together again; what is no JSON is left out.
 */
export async function* readLines(stream: AsyncIterable<Uint8Array | string>): AsyncGenerator<EngineLine> {
  const decoder = new TextDecoder()
  let held = ''
  for await (const piece of stream) {
    held += typeof piece === 'string' ? piece : decoder.decode(piece, { stream: true })
    const lines = held.split('\n')
    held = lines.pop() ?? ''
    for (const line of lines) yield* parse(line)
  }
  yield* parse(held + decoder.decode())
}

function* parse(line: string): Generator<EngineLine> {
  if (line.trim() === '') return
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return
  }
  if (typeof value === 'object' && value !== null) yield value
}

/** Why the engine gave up, in its own words; errors arrive inside a stream that began with 200. */
export function errorOf(line: EngineLine): string | undefined {
  return line.errorDetail?.message ?? line.error
}
