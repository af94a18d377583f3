/** How often each operation was asked for, and over how many milliseconds of the run's clock. */
export interface Calls {
  readonly counts: ReadonlyMap<string, number>
  readonly duration: number
}

/** What watching cost, in lines: the calls a minute in all and by operation, most first. */
export function callsText({ counts, duration }: Calls): readonly string[] {
  const minutes = Math.max(1, duration / 60_000)
  const rate = (count: number): string => (count / minutes).toFixed(1)
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0)
  const rows = [...counts].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  const width = Math.max(0, ...rows.map(([operation]) => operation.length))
  return [
    `AWS calls: ${all} in ${minutes.toFixed(1)} min, ${rate(all)} a minute`,
    ...rows.map(
      ([operation, count]) => `  ${operation.padEnd(width)}  ${String(count).padStart(5)}  ${rate(count)} a minute`,
    ),
  ]
}
