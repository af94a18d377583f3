import { namesIn } from './evaluate.js'
import { invalid, type Template } from './template.js'

/** What each resource of a template needs to be there before it, by logical id; in an order in which they can be made. */
export type Order = ReadonlyMap<string, ReadonlySet<string>>

/** The order of a template's resources. @throws ServiceError ValidationError for what is not there, or goes round. */
export function orderOf(template: Template): Order {
  const ids = Object.keys(template.Resources)
  const needs = new Map<string, ReadonlySet<string>>()
  const unknown = new Set<string>()
  for (const [id, { DependsOn = [], Properties = {} }] of Object.entries(template.Resources)) {
    const named = new Set([...namesIn(Properties, template), ...[DependsOn].flat()])
    for (const name of named) if (template.Resources[name] === undefined) unknown.add(name)
    needs.set(id, named)
  }
  if (unknown.size > 0) {
    throw invalid(
      `Template format error: Unresolved resource dependencies [${[...unknown].join(', ')}] in the Resources block of the template`,
    )
  }
  const order = new Map<string, ReadonlySet<string>>()
  for (let left = ids; left.length > 0;) {
    const ready = left.filter((id) => [...(needs.get(id) ?? [])].every((need) => order.has(need)))
    if (ready.length === 0) throw invalid(`Circular dependency between resources: [${left.join(', ')}]`)
    for (const id of ready) order.set(id, needs.get(id) ?? new Set())
    left = left.filter((id) => !order.has(id))
  }
  return order
}
