/** A request of the query protocols as a tree: `A.B.1=x` is the value x under A, B, 1. */
export interface FormNode {
  value: string | undefined
  readonly children: Map<string, FormNode>
}

/** Reads parameters into a tree. Of a parameter given twice the first one holds. */
export function formTree(parameters: URLSearchParams): FormNode {
  const root = node()
  for (const [key, value] of parameters) {
    let at = root
    for (const segment of key.split('.')) {
      let next = at.children.get(segment)
      if (next === undefined) {
        next = node()
        at.children.set(segment, next)
      }
      at = next
    }
    at.value ??= value
  }
  return root
}

/** The children that are numbered, in the order of their numbers; gaps do not matter. */
export function numbered(at: FormNode): readonly { index: string; node: FormNode }[] {
  return [...at.children]
    .filter(([key]) => /^\d+$/.test(key))
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([index, child]) => ({ index, node: child }))
}

function node(): FormNode {
  return { value: undefined, children: new Map() }
}
