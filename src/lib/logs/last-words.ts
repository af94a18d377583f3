/* oxlint-disable no-control-regex -- terminal sequences are what this file takes away */

/** A model server's line says what it says at its end; what is longer is a dump of something. */
const longest = 8192
/** CloudWatch takes events of up to 1 MB; a structured line of more than this is no log line. */
const longestJson = 65_536

const sequences = /\u001b(?:\[[0-?]*[ -/]*[@-~]?|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g
const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g

const messageKeys = ['message', 'msg', 'log', 'event', 'text', 'fields'] as const

/** The text of a structured line, `{"message": …}` in the common spellings; undefined when it is none. */
function messageOf(text: string): string | undefined {
  if (!text.startsWith('{') || text.length > longestJson) return undefined
  try {
    let value: unknown = JSON.parse(text)
    // `{"fields": {"message": …}}`, as tracing libraries write it.
    for (let depth = 0; depth < 2; depth++) {
      if (typeof value !== 'object' || value === null) return undefined
      const object = value as Readonly<Record<string, unknown>>
      const key = messageKeys.find((name) => object[name] !== undefined)
      if (key === undefined) return undefined
      const found = object[key]
      if (typeof found === 'string') return found
      value = found
    }
    return undefined
  } catch {
    return undefined
  }
}

/**
 * What a line says in the end, in plain text: the message of a structured line, without terminal sequences; of a
 * progress bar that drew itself over and over with carriage returns, its last drawing.
 */
export function lastWords(line: string): string {
  const said = messageOf(line.trim()) ?? line
  const plain = said.slice(-longest).replace(sequences, '').trimEnd()
  const drawn = plain.slice(Math.max(plain.lastIndexOf('\r'), plain.lastIndexOf('\n')) + 1)
  return drawn.replace(controls, '').trim()
}
