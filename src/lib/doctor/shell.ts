import {
  parse,
  type CommandNode,
  type PipelineNode,
  type Statement,
  type AndOr,
  type CompoundList,
  type Word,
} from 'unbash'

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

interface Reading {
  readonly script: string
  readonly commands: ShellCommand[]
  errexit: boolean
  pipefail: boolean
}

const harmless: ReadonlySet<string> = new Set(['true', ':', 'echo', 'printf', 'logger', 'cat', 'touch'])

/**
 * The commands of a script in the order in which they stand, with what hides the failure of each. What cannot be read
 * as a script of the shell has no commands.
 */
export function readShell(
  script: string,
  { errexit, pipefail }: { readonly errexit: boolean; readonly pipefail: boolean },
): readonly ShellCommand[] {
  const reading: Reading = { script, commands: [], errexit, pipefail }
  statements(reading, parse(script).commands, undefined)
  return reading.commands
}

function statements(reading: Reading, list: readonly Statement[], hidden: string | undefined): void {
  for (const [index, statement] of list.entries()) {
    const last = index === list.length - 1
    // Without `set -e` the last command alone decides how a script ends. `false` before a `;` is no accident of ours.
    const goesOn = statement.background === true ? '&' : !last && !reading.errexit ? ';' : undefined
    node(reading, statement.command, hidden ?? goesOn)
  }
}

const list = (reading: Reading, body: CompoundList, hidden: string | undefined): void =>
  statements(reading, body.commands, hidden)

function node(reading: Reading, command: PipelineNode | AndOr, hidden: string | undefined): void {
  switch (command.type) {
    case 'AndOr':
      return chain(reading, command, hidden)
    case 'Pipeline':
      return command.commands.forEach((part, index) => {
        const next = command.commands[index + 1]
        const lost = next === undefined || reading.pipefail ? undefined : `| ${text(reading, next)}`
        node(reading, part, hidden ?? lost)
      })
    case 'Command':
      return simple(reading, command, hidden)
    case 'If': {
      const branches = [command.then, ...command.elif.map((one) => one.then), command.else].filter(
        (one) => one !== undefined,
      )
      const gives = branches.some((branch) => leaves(branch.commands.at(-1)?.command))
      list(reading, command.clause, hidden ?? (gives ? undefined : 'if'))
      for (const branch of branches) list(reading, branch, hidden)
      return
    }
    case 'For':
      // Only the last round decides how a loop ends.
      return list(reading, command.body, hidden ?? (reading.errexit ? undefined : 'for'))
    case 'While':
      // `until download; do sleep 1; done` asks again: that hides nothing.
      list(reading, command.clause, hidden)
      return list(reading, command.body, hidden)
    case 'Subshell':
    case 'BraceGroup':
      return list(reading, command.body, hidden)
    case 'Redirected':
      return node(reading, command.command, hidden)
    case 'Case':
      for (const item of command.items) list(reading, item.body, hidden)
      return
    default:
      return
  }
}

/** `a && b || c`: c runs when any of those before it fails, so a harmless c hides all of them. */
function chain(reading: Reading, { commands, operators }: AndOr, hidden: string | undefined): void {
  for (const [index, command] of commands.entries()) {
    const rescue = operators.findIndex((operator, at) => at >= index && operator === '||')
    const way = rescue < 0 ? undefined : commands[rescue + 1]
    if (way === undefined) node(reading, command, hidden)
    else if (endsWell(way)) node(reading, command, `|| ${text(reading, way)}`)
    // `|| exit 1` ends the script wherever it stands.
    else node(reading, command, leaves(way) ? undefined : hidden)
  }
}

/** True when a way out only says something, or nothing, and ends well. */
function endsWell(way: PipelineNode | AndOr): boolean {
  switch (way.type) {
    case 'Command': {
      const name = way.name?.value ?? ''
      if (name === 'exit' || name === 'return') return ['', '0'].includes(argument(way.suffix[0]))
      return harmless.has(name)
    }
    case 'Subshell':
    case 'BraceGroup':
      return way.body.commands.every(({ command }) => endsWell(command))
    case 'AndOr':
    case 'Pipeline':
      return way.commands.every(endsWell)
    case 'Redirected':
      return endsWell(way.command)
    default:
      return false
  }
}

/** True when a branch ends the script with a failure. */
function leaves(command: PipelineNode | AndOr | undefined): boolean {
  if (command?.type === 'AndOr') return command.commands.some(leaves)
  if (command?.type === 'BraceGroup') return leaves(command.body.commands.at(-1)?.command)
  if (command?.type !== 'Command') return false
  const name = command.name?.value
  return name === 'false' || ((name === 'exit' || name === 'return') && argument(command.suffix[0]) !== '0')
}

const argument = (part: { readonly type: string } | undefined): string =>
  part?.type === 'Word' ? (part as Word).value : ''

const text = (reading: Reading, { pos, end }: { readonly pos: number; readonly end: number }): string =>
  reading.script.slice(pos, end).replaceAll(/\s+/g, ' ').slice(0, 60)

function simple(
  reading: Reading,
  command: CommandNode & { readonly type: 'Command' },
  hidden: string | undefined,
): void {
  const name = command.name?.value ?? ''
  const words = command.args.map((one) => (one.type === 'Word' ? one.value : one.text))
  if (name === 'set') return options(reading, words)
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
