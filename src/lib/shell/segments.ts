import { parse } from 'unbash'
import { endsWell } from './ending.js'
import { readShell, type ShellCommand, type ShellOptions } from './read.js'

/** One link of the chain that a script is: what stands between `&&`, `||`, `;` and `&`. Loops and conditions stay whole. */
export interface Segment {
  readonly text: string
  /** Index of its first character in the script. */
  readonly at: number
  /** What stands between it and the next one; a new line counts as `;`. Empty for the last. */
  readonly operator: '&&' | '||' | ';' | '&' | ''
  readonly commands: readonly ShellCommand[]
  /** True right of `||` for what only says something, or nothing, and ends well: it hides the failure before it. */
  readonly isExcuse: boolean
}

/** The same script as a chain of segments, in order. What cannot be read as a script of the shell is one segment without commands. */
export function readSegments(script: string, told: ShellOptions): readonly Segment[] {
  const { commands: list, errors = [] } = parse(script)
  if (errors.length > 0) {
    const text = script.trim()
    const whole = { text, at: script.indexOf(text), operator: '', commands: [], isExcuse: false } as const
    return text === '' ? [] : [whole]
  }
  const commands = readShell(script, told)
  return list.flatMap((statement, index): readonly Segment[] => {
    const { command } = statement
    const links = command.type === 'AndOr' ? command.commands : [command]
    const operators = command.type === 'AndOr' ? command.operators : []
    const between = index === list.length - 1 ? '' : ';'
    const end = statement.background === true ? '&' : between
    return links.map((link, at) => ({
      text: script.slice(link.pos, link.end),
      at: link.pos,
      operator: operators[at] ?? end,
      commands: commands.filter((one) => one.at >= link.pos && one.at < link.end),
      isExcuse: operators[at - 1] === '||' && endsWell(link),
    }))
  })
}
