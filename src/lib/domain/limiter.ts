/** Lets that many in at once, in the order in which they came; the result of entering is the way out. */
export function limiter(places: number): () => Promise<() => void> {
  let free = places
  const waiting: (() => void)[] = []
  const leave = (): void => {
    const next = waiting.shift()
    if (next === undefined) free += 1
    else next()
  }
  return async () => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    return leave
  }
}

/** Has at most that many pieces of work under way at once. */
export function atMost(places: number): <T>(work: () => Promise<T>) => Promise<T> {
  const enter = limiter(places)
  return async (work) => {
    const leave = await enter()
    try {
      return await work()
    } finally {
      leave()
    }
  }
}
