import type { StackChange } from '../domain/infra.js'

interface Planned {
  readonly stack: string
  readonly operation: 'create' | 'update' | 'delete' | undefined
  readonly changes: readonly StackChange[]
}

const words: ReadonlyMap<string, string> = new Map([
  ['Add', 'add'],
  ['Modify', 'change'],
  ['Remove', 'remove'],
  ['Import', 'take over'],
])

/** What becomes of one resource, e.g. `replace  LoadBalancer (AWS::…): Subnets`. */
export function changeWords({ action, resource, resourceType, replacement, properties, policy }: StackChange): string {
  const anew = replacement === 'yes' ? 'REPLACE' : replacement === 'maybe' ? 'change or REPLACE' : undefined
  const stays = policy?.includes('Retain') === true
  const verb =
    action === 'Modify' && anew !== undefined
      ? anew
      : action === 'Remove' && stays
        ? 'let go'
        : (words.get(action) ?? action.toLowerCase())
  const kept = stays ? (action === 'Remove' ? '; it stays' : '; the old one stays') : ''
  const what = properties.length === 0 ? '' : `: ${properties.join(', ')}`
  return `${verb.padEnd(9)} ${resource} (${resourceType})${what}${kept}`
}

const isAnew = ({ action, replacement }: StackChange): boolean => action === 'Modify' && replacement !== 'no'

/** How many resources of a stack are added, changed, replaced and removed. */
export function stackPlanWords({ stack, operation, changes }: Planned): string {
  const count = (of: (change: StackChange) => boolean): number => changes.filter(of).length
  const parts = [
    [count(({ action }) => action === 'Add'), 'to add'],
    [count(({ action }) => action === 'Import'), 'to take over'],
    [count((change) => change.action === 'Modify' && !isAnew(change)), 'to change'],
    [count(isAnew), 'to REPLACE'],
    [count(({ action, policy }) => action === 'Remove' && policy !== 'Retain'), 'to remove'],
    [count(({ action, policy }) => action === 'Remove' && policy === 'Retain'), 'to let go'],
  ] as const
  const said = parts.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`)
  return `${operation ?? 'change'} ${stack}: ${said.length === 0 ? 'nothing changes' : said.join(', ')}`
}

/** What CloudFormation says of a resource, in one line. */
export function stackEventWords(event: {
  readonly resource: string
  readonly resourceType: string
  readonly status: string
  readonly reason?: string | undefined
}): string {
  const reason = event.reason === undefined ? '' : `: ${event.reason}`
  return `${event.status}  ${event.resource} (${event.resourceType})${reason}`
}
