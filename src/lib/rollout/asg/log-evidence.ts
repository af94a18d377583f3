import type { LogLine } from '../../ports/log-source.js'

/** Words that programs use when they are in trouble; they only choose what is shown first. */
const trouble = /\b(?:error|exception|traceback|fatal|panic|critical|killed|refused|denied)\b|Error\b/i

const share = (of: readonly LogLine[]): number => of.filter((line) => trouble.test(line.text)).length / of.length

/**
 * The last lines of the log that says most of what is wrong: of a target's several streams (one per container), the
 * one with the largest share of lines that speak of trouble.
 */
export function logEvidence(lines: readonly LogLine[], most: number): readonly string[] {
  const streams = Map.groupBy(lines, (line) => line.stream)
  const [loudest] = [...streams.values()].sort((a, b) => share(b) - share(a))
  return (loudest ?? []).slice(-most).map((line) => `${line.stream}: ${line.text.trimEnd()}`)
}
