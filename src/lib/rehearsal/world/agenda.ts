interface Entry {
  readonly at: number
  readonly order: number
  readonly quiet: boolean
  readonly run: () => void
}

/** What is due when: entries come out by time, and in the order they went in where times are equal. */
export interface Agenda {
  /** `quiet` entries change nothing that the group or a refresh could react to. */
  add(at: number, run: () => void, options?: { readonly quiet?: boolean }): void
  /** When the next entry is due, in milliseconds since 1970. */
  nextAt(): number | undefined
  take(): { readonly at: number; readonly quiet: boolean; readonly run: () => void } | undefined
}

const before = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

/** An empty agenda: a binary heap, so that a world of many targets stays cheap. */
export function createAgenda(): Agenda {
  const heap: Entry[] = []
  let count = 0

  const swap = (a: number, b: number): void => {
    const [one, other] = [heap[a], heap[b]]
    if (one === undefined || other === undefined) return
    heap[a] = other
    heap[b] = one
  }
  const isBefore = (a: number, b: number): boolean => {
    const [one, other] = [heap[a], heap[b]]
    return one !== undefined && other !== undefined && before(one, other)
  }

  return {
    add(at, run, options) {
      heap.push({ at: Math.round(at), order: count++, quiet: options?.quiet ?? false, run })
      let index = heap.length - 1
      while (index > 0) {
        const parent = (index - 1) >> 1
        if (!isBefore(index, parent)) break
        swap(index, parent)
        index = parent
      }
    },
    nextAt: () => heap[0]?.at,
    take() {
      const first = heap[0]
      const last = heap.pop()
      if (first === undefined || last === undefined || heap.length === 0) return first
      heap[0] = last
      let index = 0
      for (;;) {
        const [left, right] = [2 * index + 1, 2 * index + 2]
        const child = isBefore(right, left) ? right : left
        if (!isBefore(child, index)) return first
        swap(index, child)
        index = child
      }
    },
  }
}
