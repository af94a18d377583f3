/** Cuts the bytes of one stream into lines. */
export interface Lines {
  push(bytes: Uint8Array): void
  /** Gives the last line when no line end came after it. */
  end(): void
}

/** Lines without their ends, as UTF-8; what a line has beyond `longest` characters is dropped. Memory stays bounded. */
export function createLines(onLine: (text: string) => void, longest: number): Lines {
  const decoder = new TextDecoder()
  let rest = ''
  const take = (text: string): void => {
    const parts = text.split('\n')
    const last = parts.pop() ?? ''
    for (const part of parts) {
      onLine(`${rest}${part}`.slice(0, longest))
      rest = ''
    }
    rest = `${rest}${last}`.slice(0, longest)
  }
  return {
    push: (bytes) => take(decoder.decode(bytes, { stream: true })),
    end() {
      take(decoder.decode())
      if (rest !== '') onLine(rest)
      rest = ''
    },
  }
}
