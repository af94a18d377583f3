/** Hands out a stream's bytes in pieces of the sizes asked for. */
export class ByteReader {
  readonly #iterator: AsyncIterator<Uint8Array> | Iterator<Uint8Array>
  #buffer: Uint8Array = new Uint8Array(0)

  constructor(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.#iterator = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]()
  }

  /** Undefined at the end of the stream. */
  async take(count: number): Promise<Uint8Array | undefined> {
    const pieces = [this.#buffer]
    let have = this.#buffer.length
    while (have < count) {
      const next = await this.#iterator.next()
      if (next.done === true) {
        if (have === 0) return undefined
        throw new Error('the data is cut short')
      }
      pieces.push(next.value)
      have += next.value.length
    }
    const all = pieces.length === 1 ? this.#buffer : Buffer.concat(pieces)
    this.#buffer = all.subarray(count)
    return all.subarray(0, count)
  }

  async need(count: number): Promise<Uint8Array> {
    const bytes = await this.take(count)
    if (bytes === undefined && count > 0) throw new Error('the data is cut short')
    return bytes ?? new Uint8Array(0)
  }

  async drain(): Promise<void> {
    while ((await this.#iterator.next()).done !== true) continue
  }

  /** Goes past that many bytes; `see` gets them piece by piece. */
  async skip(count: number, see?: (piece: Uint8Array) => void): Promise<void> {
    let left = count
    while (left > 0) {
      if (this.#buffer.length === 0) {
        const next = await this.#iterator.next()
        if (next.done === true) throw new Error('the data is cut short')
        this.#buffer = next.value
      }
      const step = Math.min(left, this.#buffer.length)
      see?.(this.#buffer.subarray(0, step))
      this.#buffer = this.#buffer.subarray(step)
      left -= step
    }
  }
}
