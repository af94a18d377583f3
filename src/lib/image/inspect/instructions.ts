import type { HistoryEntry } from '../image-config.js'

/** An instruction as a Dockerfile would have it; what builders wrap around it is taken away. Not redacted. */
export function instructionText(createdBy: string): string {
  const text = createdBy.replace(/\s+# buildkit\s*$/, '').trim()
  // `|2 A=1 B=2 /bin/sh -c …`: the build arguments that the step saw.
  const [, count, rest = ''] = /^(?:RUN )?\|(\d+) (.*)$/s.exec(text) ?? []
  if (count !== undefined) return `RUN ${afterArguments(rest)}`
  const nop = /^\/bin\/sh -c #\(nop\)\s+(.*)$/s.exec(text)?.[1]
  if (nop !== undefined) return nop.trim()
  const shell = /^(?:RUN )?\/bin\/(?:ba)?sh(?: -\w+)* -\w*c (.*)$/s.exec(text)?.[1]
  return shell === undefined ? text : `RUN ${shell.trim()}`
}

// The arguments' values may have spaces in them; the shell that follows them may not be in doubt.
function afterArguments(text: string): string {
  const at = text.search(/\/bin\/(?:ba)?sh(?: -\w+)* -\w*c /)
  return at < 0
    ? ''
    : text
        .slice(at)
        .replace(/^\S+(?: -\w+)* /, '')
        .trim()
}

/** The build arguments that the history shows with their values, e.g. `TOKEN=abc`. */
export function argumentsText(createdBy: string): string {
  const [, rest = ''] = /^(?:RUN )?\|\d+ (.*)$/s.exec(createdBy.trim()) ?? []
  const at = rest.search(/\/bin\/(?:ba)?sh(?: -\w+)* -\w*c /)
  return at < 0 ? '' : rest.slice(0, at)
}

/** The line of the history that made each layer; undefined for all where history and layers do not fit each other. */
export function historyOfLayers(
  history: readonly HistoryEntry[] | undefined,
  layers: number,
): readonly (HistoryEntry | undefined)[] {
  const made = (history ?? []).filter((entry) => entry.empty_layer !== true)
  return Array.from({ length: layers }, (_, index) => (made.length === layers ? made[index] : undefined))
}

/** True for an instruction that runs a program, and so can touch any file of the image. */
export function runsProgram(instruction: string | undefined): boolean {
  return instruction === undefined || !/^(?:COPY|ADD|WORKDIR|FROM)\b/i.test(instruction)
}
