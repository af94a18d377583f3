import { readLine } from '../../logs/read-line.js'
import type { ScannedLine } from './scan.js'

/** What a stream's lines say was downloaded, and the first line that says so. */
export interface Download {
  readonly stream: string
  /** The model or file; undefined where the line names none. */
  readonly what?: string
  readonly line: string
  readonly time: number
}

const longest = 160

// oxlint-disable-next-line no-control-regex -- bars are drawn with them
const controls = /[\u0000-\u001f\u007f-\u009f]+/g

/** The downloads of models that lines tell of, each once for its stream; asking the hub for a newer version is none. */
export function downloadsIn(lines: readonly ScannedLine[]): readonly Download[] {
  const found = new Map<string, Download>()
  /** A bar names a file and not its model: it belongs to the download that was announced before. */
  const announced = new Set<string>()
  for (const { stream, text, time } of lines) {
    const fact = readLine(text)
    if (fact?.kind !== 'downloading') continue
    if (fact.model === undefined && announced.has(stream)) continue
    if (fact.model !== undefined) announced.add(stream)
    const what = fact.model ?? fact.file
    const key = `${stream} ${what ?? ''}`
    if (found.has(key)) continue
    const line = text.replaceAll(controls, ' ').slice(0, longest)
    found.set(key, { stream, line, time, ...(what !== undefined && { what }) })
  }
  return [...found.values()]
}
