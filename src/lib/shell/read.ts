import { parse, type AndOr, type CommandNode, type CompoundList, type PipelineNode, type Statement } from 'unbash'
import { endsWell, leaves } from './ending.js'
import { unwrap } from './unwrap.js'

/** A command of a script with its words, quotes taken away and variables as they were written. */
export interface ShellCommand {
  readonly name: string
  readonly words: readonly string[]
  /** Variables that are set for this command alone. */
  readonly assignments: Readonly<Record<string, string>>
  /** Index of its first character in the script. */
  readonly at: number
  /** What makes the script go on, and end well, when this command fails: as it is written. */
  readonly hiddenBy?: string
}

/** What a shell is told before it reads a script: to give up at the first failure, and at one within a pipe. */
export interface ShellOptions {
  readonly errexit: boolean
  readonly pipefail: boolean
}

interface Reading {
  readonly script: string
  readonly commands: ShellCommand[]
  errexit: boolean
  pipefail: boolean
}

/**
 * The commands of a script in the order in which they stand, with what hides the failure of each. What cannot be read
 * as a script of the shell has no commands.
 */
export function readShell(script: string, { errexit, pipefail }: ShellOptions): readonly ShellCommand[] {
  const reading: Reading = { script, commands: [], errexit, pipefail }
  statements(reading, parse(script).commands, { guarded: false })
  return reading.commands
}

/** What `SHELL [...]` tells the shell: https://docs.docker.com/reference/dockerfile/#shell */
export function shellOptions(shell: readonly string[]): ShellOptions {
  const [, ...words] = shell.slice(0, -1)
  return {
    errexit: shell.some((word) => /^-\w*e\w*$/.test(word)) || words.includes('errexit'),
    pipefail: words.includes('pipefail'),
  }
}

/** Why the failure of a command is not seen, in words that follow "the build goes on: ". */
export function whyHidden(hiddenBy: string): string {
  if (hiddenBy === ';') return 'another command follows it after `;`'
  if (hiddenBy === '&') return 'it runs in the background'
  if (hiddenBy === 'for') return 'a loop ends as its last round does'
  if (hiddenBy === 'if') return 'it is the condition of an `if` that no branch fails'
  return `\`${hiddenBy}\` follows it`
}

/** What becomes of a failure at one point of a script. */
interface Fate {
  /** What hides it whatever the shell is told. */
  readonly hidden?: string
  /** What comes after it, and so hides it unless the shell gives up at the first failure. */
  readonly follows?: string
  /** True where `set -e` does not look: left of `&&`. */
  readonly guarded: boolean
}

function statements(reading: Reading, list: readonly Statement[], fate: Fate): void {
  for (const [index, statement] of list.entries()) {
    // Without `set -e` the last command alone decides how a script ends.
    const goesOn = index < list.length - 1 ? { follows: ';' } : {}
    const inBackground = statement.background === true ? { hidden: '&' } : {}
    node(reading, statement.command, { ...goesOn, ...inBackground, ...fate })
  }
}

const list = (reading: Reading, body: CompoundList, fate: Fate): void => statements(reading, body.commands, fate)

function node(reading: Reading, command: PipelineNode | AndOr, fate: Fate): void {
  switch (command.type) {
    case 'AndOr':
      return chain(reading, command, fate)
    case 'Pipeline':
      return command.commands.forEach((part, index) => {
        const next = command.commands[index + 1]
        const lost = next === undefined || reading.pipefail ? {} : { hidden: `| ${text(reading, next)}` }
        node(reading, part, { ...lost, ...fate })
      })
    case 'Command':
      return simple(reading, command, fate)
    case 'If': {
      const branches = [command.then, ...command.elif.map((one) => one.then), command.else].filter(
        (one) => one !== undefined,
      )
      const gives = branches.some((branch) => leaves(branch.commands.at(-1)?.command))
      list(reading, command.clause, gives ? { guarded: true } : { hidden: 'if', ...fate })
      for (const branch of branches) list(reading, branch, fate)
      return
    }
    case 'For':
      // Only the last round decides how a loop ends.
      return list(reading, command.body, { follows: 'for', ...fate })
    case 'While':
      // `until download; do sleep 1; done` asks again: that hides nothing.
      list(reading, command.clause, fate)
      return list(reading, command.body, fate)
    case 'Subshell':
    case 'BraceGroup':
      return list(reading, command.body, fate)
    case 'Redirected':
      return node(reading, command.command, fate)
    case 'Case':
      for (const item of command.items) list(reading, item.body, fate)
      return
    default:
      return
  }
}

/** `a && b || c`: c runs when any of those before it fails, so a harmless c hides all of them. */
function chain(reading: Reading, { commands, operators }: AndOr, fate: Fate): void {
  for (const [index, command] of commands.entries()) {
    const rescue = operators.findIndex((operator, at) => at >= index && operator === '||')
    const way = rescue < 0 ? undefined : commands[rescue + 1]
    // https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#set: -e is ignored in an AND-OR list
    // for all commands but the last.
    const guarded = fate.guarded || index < commands.length - 1
    if (way === undefined) node(reading, command, { ...fate, guarded })
    else if (endsWell(way)) node(reading, command, { guarded, hidden: `|| ${text(reading, way)}` })
    // `|| exit 1` ends the script wherever it stands.
    else node(reading, command, leaves(way) ? { guarded } : { ...fate, guarded })
  }
}

const text = (reading: Reading, { pos, end }: { readonly pos: number; readonly end: number }): string =>
  reading.script.slice(pos, end).replaceAll(/\s+/g, ' ').slice(0, 60)

function simple(reading: Reading, command: CommandNode & { readonly type: 'Command' }, fate: Fate): void {
  const [name, words] = unwrap(
    command.name?.value ?? '',
    command.args.map((one) => (one.type === 'Word' ? one.value : one.text)),
  )
  if (name === 'set') return options(reading, words)
  const unheeded = reading.errexit && !fate.guarded ? undefined : fate.follows
  const hidden = fate.hidden ?? unheeded
  const assignments: Record<string, string> = {}
  for (const part of [...command.prefix, ...(name === 'export' ? command.args : [])]) {
    if (part.type === 'Assignment' && part.value.type === 'Word') assignments[part.name] = part.value.value
  }
  reading.commands.push({
    name,
    words,
    assignments,
    at: command.pos,
    ...(hidden !== undefined && { hiddenBy: hidden }),
  })
  // A shell in the shell: `bash -c "…"`.
  const inner = /^(?:\/\w+)*\/?(?:ba|da|a)?sh$/.test(name) ? scriptOf(words) : undefined
  if (inner === undefined) return
  const nested = readShell(inner.script, { errexit: inner.errexit, pipefail: false })
  reading.commands.push(
    ...nested.map((one) => ({
      ...one,
      at: command.pos,
      ...((one.hiddenBy ?? hidden) !== undefined && { hiddenBy: one.hiddenBy ?? hidden ?? '' }),
    })),
  )
}

/** `set -euo pipefail` and the like. */
function options(reading: Reading, words: readonly string[]): void {
  for (const [index, word] of words.entries()) {
    const on = word.startsWith('-')
    if (!on && !word.startsWith('+')) continue
    if (word.includes('e')) reading.errexit = on
    if (word.endsWith('o')) {
      if (words[index + 1] === 'pipefail') reading.pipefail = on
      if (words[index + 1] === 'errexit') reading.errexit = on
    }
  }
}

function scriptOf(words: readonly string[]): { readonly script: string; readonly errexit: boolean } | undefined {
  const flag = words.findIndex((word) => /^-\w*c$/.test(word))
  const script = flag < 0 ? undefined : words[flag + 1]
  return script === undefined ? undefined : { script, errexit: (words[flag] ?? '').includes('e') }
}
