import type { AndOr, PipelineNode, Word } from 'unbash'

const harmless: ReadonlySet<string> = new Set(['true', ':', 'echo', 'printf', 'logger', 'cat', 'touch'])

/** True when a way out only says something, or nothing, and ends well. */
export function endsWell(way: PipelineNode | AndOr): boolean {
  switch (way.type) {
    case 'Command': {
      const name = (way.name?.value ?? '').replace(/^.*\//, '')
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
export function leaves(command: PipelineNode | AndOr | undefined): boolean {
  if (command?.type === 'AndOr') return command.commands.some(leaves)
  if (command?.type === 'BraceGroup') return leaves(command.body.commands.at(-1)?.command)
  if (command?.type !== 'Command') return false
  const name = command.name?.value
  return name === 'false' || ((name === 'exit' || name === 'return') && argument(command.suffix[0]) !== '0')
}

const argument = (part: { readonly type: string } | undefined): string =>
  part?.type === 'Word' ? (part as Word).value : ''
