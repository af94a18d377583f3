/** Bytes from `start` to `end`, both included. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * Reads the `Range` header of a GET for a body of `size` bytes. `undefined` means the whole body: no header, a unit
 * or a form that we do not know, or several ranges (a server may ignore those).
 * https://www.rfc-editor.org/rfc/rfc9110#section-14.2
 */
export function parseRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '')
  if (!match) return undefined
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return undefined
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 }
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return undefined
  if (start >= size) return 'unsatisfiable'
  return { start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) }
}

/**
 * Reads the `Content-Range` of a chunk: `<start>-<end>`, with no unit (HTTP's own `bytes <start>-<end>/<size>` is
 * taken too). `undefined` without the header, `'malformed'` when it is none.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks
 */
export function parseContentRange(header: string | undefined): ByteRange | 'malformed' | undefined {
  if (header === undefined) return undefined
  const match = /^(?:bytes[ =])?(\d+)-(\d+)(?:\/(?:\d+|\*))?$/.exec(header.trim())
  const start = Number(match?.[1])
  const end = Number(match?.[2])
  return match && end >= start && Number.isSafeInteger(end) ? { start, end } : 'malformed'
}

/** The `Range` of an upload that has received so many bytes; as Docker's registry says it, none is `0-0`. */
export function receivedRange(received: number): string {
  return `0-${Math.max(0, received - 1)}`
}
