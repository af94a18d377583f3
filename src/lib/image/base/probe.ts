/** A file or link that the probe saw; paths are absolute. */
export interface ProbedFile {
  readonly path: string
  readonly link: boolean
  /** Where a link leads, as it is written. */
  readonly target?: string
  /** By the user that the probe ran as. */
  readonly readable: boolean
  /** Bytes, links followed; undefined when there is nothing at its end. */
  readonly size: number | undefined
}

/** What an image has of some models, as one user sees it. */
export interface Probe {
  readonly uid: number | undefined
  /** HOME and the variables that decide where models are looked for; empty ones left out. */
  readonly environment: Readonly<Record<string, string>>
  /** The programs that the probe wanted and found. */
  readonly tools: ReadonlySet<string>
  readonly files: readonly ProbedFile[]
  /** Directories that the user may not look into. */
  readonly denied: readonly string[]
  /** The content of files under `refs/`. */
  readonly refs: ReadonlyMap<string, string>
  /** The content of lists of shards. */
  readonly texts: ReadonlyMap<string, string>
  /** The headers of safetensors files, and how many bytes they have. */
  readonly headers: ReadonlyMap<string, { readonly bytes: number; readonly text: string }>
  /** The hash that a blob's content has, by path. */
  readonly hashes: ReadonlyMap<string, string>
}

/** Reads what `probeScript` printed; undefined when it did not come to its end. */
export function readProbe(output: string, end: string): Probe | undefined {
  let uid: number | undefined
  const environment: Record<string, string> = {}
  const tools = new Set<string>()
  const files: ProbedFile[] = []
  const denied: string[] = []
  const refs = new Map<string, string>()
  const texts = new Map<string, string>()
  const headers = new Map<string, { readonly bytes: number; readonly text: string }>()
  const hashes = new Map<string, string>()
  const lines = output.split('\n')
  let at = 0
  const textOf = (): string => {
    const stop = lines.indexOf(end, at)
    const text = lines.slice(at, stop < 0 ? lines.length : stop).join('\n')
    at = stop < 0 ? lines.length : stop + 1
    return text
  }
  while (at < lines.length) {
    const line = lines[at++] ?? ''
    const space = line.indexOf(' ')
    const kind = space < 0 ? line : line.slice(0, space)
    const rest = space < 0 ? '' : line.slice(space + 1)
    const [first, after] = cut(rest)
    switch (kind) {
      case 'user':
        uid = /^\d+$/.test(rest) ? Number(rest) : undefined
        break
      case 'env': {
        const equals = rest.indexOf('=')
        if (equals < rest.length - 1) environment[rest.slice(0, equals)] = rest.slice(equals + 1)
        break
      }
      case 'tool':
        tools.add(rest)
        break
      case 'file':
      case 'link': {
        const [size, path] = cut(after)
        const known = /^\d+$/.test(size) ? Number(size) : undefined
        files.push({ path, link: kind === 'link', readable: first === 'r', size: known })
        break
      }
      case 'to': {
        const link = files.pop()
        if (link !== undefined) files.push({ ...link, target: rest })
        break
      }
      case 'denied':
        denied.push(rest)
        break
      case 'ref':
        refs.set(after, first)
        break
      case 'text':
        texts.set(rest, textOf())
        break
      case 'header':
        headers.set(after, { bytes: Number(first), text: textOf() })
        break
      case 'hash':
        hashes.set(after, first)
        break
      case 'done':
        return { uid, environment, tools, files, denied, refs, texts, headers, hashes }
      default:
    }
  }
  return undefined
}

function cut(text: string): readonly [string, string] {
  const space = text.indexOf(' ')
  return space < 0 ? [text, ''] : [text.slice(0, space), text.slice(space + 1)]
}
