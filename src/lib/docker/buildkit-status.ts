/** A node of BuildKit's graph: a step of the Dockerfile, or something that BuildKit does on its own. */
export interface Vertex {
  readonly digest: string
  readonly name: string
  readonly cached: boolean
  readonly started: boolean
  readonly completed: boolean
  readonly error: string
}

/** A piece of a step's output. */
export interface VertexLog {
  readonly vertex: string
  readonly bytes: Uint8Array
}

interface BuildKitStatus {
  readonly vertexes: readonly Vertex[]
  readonly logs: readonly VertexLog[]
}

/**
 * Reads a StatusResponse, of which only vertexes and logs are of use here. Unknown fields are passed over.
 * https://github.com/moby/buildkit/blob/master/api/services/control/control.proto
 */
export function readStatus(bytes: Uint8Array): BuildKitStatus {
  const vertexes: Vertex[] = []
  const logs: VertexLog[] = []
  for (const [field, value] of fieldsOf(bytes)) {
    if (typeof value === 'number') continue
    if (field === 1) vertexes.push(readVertex(value))
    else if (field === 3) logs.push(readLog(value))
  }
  return { vertexes, logs }
}

function readVertex(bytes: Uint8Array): Vertex {
  const fields = new Map(fieldsOf(bytes))
  const text = (field: number): string => textOf(fields.get(field))
  return {
    digest: text(1),
    name: text(3),
    cached: fields.get(4) === 1,
    started: fields.has(5),
    completed: fields.has(6),
    error: text(7),
  }
}

function readLog(bytes: Uint8Array): VertexLog {
  const fields = new Map(fieldsOf(bytes))
  const message = fields.get(4)
  return { vertex: textOf(fields.get(1)), bytes: message instanceof Uint8Array ? message : new Uint8Array(0) }
}

const textOf = (value: number | Uint8Array | undefined): string =>
  value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : ''

/** Field numbers with their values: a varint, or the bytes of a string or message. https://protobuf.dev/programming-guides/encoding/ */
function* fieldsOf(bytes: Uint8Array): Generator<readonly [number, number | Uint8Array]> {
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++] ?? 0
      value += (byte & 0x7f) * factor
      if ((byte & 0x80) === 0) return value
    }
  }
  while (at < bytes.length) {
    const key = varint()
    const kind = key & 7
    if (kind === 0) yield [key >>> 3, varint()]
    else if (kind === 2) {
      const length = varint()
      yield [key >>> 3, bytes.subarray(at, at + length)]
      at += length
    } else if (kind === 1) at += 8
    else if (kind === 5) at += 4
    else return
  }
}
