/** Numbers each distinct match in the order in which it turns up, so that equal things stay equal. */
function number(text: string, pattern: RegExp, name: string): string {
  const known = new Map<string, string>()
  return text.replaceAll(pattern, (found: string) => {
    const label = known.get(found) ?? `${name}-${known.size + 1}`
    known.set(found, label)
    return label
  })
}

const duration = String.raw`(?:\d+h \d{2}m|\d+m \d{2}s|\d+(?:\.\d+)?m?s)`

/**
 * Takes out of a text what differs between two runs of the same: ids, digests, ports, times, sizes that depend on a
 * compressor. Lines about two services in turn are put into order, because their work goes on at once.
 */
export function normalise(text: string): string {
  let result = text
    // Said when nothing has changed for a while, which on a clock that runs fast is a matter of milliseconds.
    .replaceAll(/^.*\bno change for \d.*\n/gm, '')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
    .replaceAll(/\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z| UTC)/g, 'DATE')
    .replaceAll(/^ *\d+(?::\d{2}){1,2}(?= )/gm, 'ELAPSED')
    .replaceAll(new RegExp(` +${duration}(?![\\w.])`, 'g'), ' TIME')
    .replaceAll(/\b\d+(?:\.\d+)? (?:bytes|B|kB|MB)\b/g, 'SIZE')
    .replaceAll(/"duration": \d+/g, '"duration": "MILLISECONDS"')
    .replaceAll(/"(layerBytes|uploadedLayerBytes)": [1-9]\d*/g, '"$1": "BYTES"')
  // Before anything is numbered, so that the numbers do not tell whose work was done first.
  result = inOrder(result)
  result = number(result, /sha256:[0-9a-f]{64}/g, 'digest')
  result = number(result, /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'refresh')
  result = number(result, /\bi-[0-9a-f]{17}\b/g, 'instance')
  result = number(result, /\blt-[0-9a-f]{17}\b/g, 'template')
  result = number(result, /\bami-[0-9a-f]{17}\b/g, 'ami')
  result = number(result, /\br-[0-9a-f]{10}\b/g, 'release')
  return number(result, /(?<=: )[0-9a-f]{12}(?=, )/g, 'short')
}

const ofService = (line: string | undefined): boolean => /(?:image|push) +(?:backend|frontend): /.test(line ?? '')
const service = (line: string): string => /(?:backend|frontend)(?=: )/.exec(line)?.[0] ?? ''

/** Puts neighbouring lines that speak of a service into order. */
function inOrder(text: string): string {
  const lines = text.split('\n')
  const result: string[] = []
  for (let index = 0; index < lines.length;) {
    let end = index
    while (ofService(lines[end])) end += 1
    result.push(...lines.slice(index, Math.max(end, index + 1)).toSorted(compareServices))
    index = Math.max(end, index + 1)
  }
  return result.join('\n')
}

const compareServices = (left: string, right: string): number => service(left).localeCompare(service(right))
