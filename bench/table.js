/** The middle one of some numbers, or the mean of the two middle ones. */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(3)} s`

/** The rows under their headings, in columns as wide as they need. */
export function table(headings, rows) {
  const all = [headings, ...rows]
  const widths = headings.map((_, column) => Math.max(...all.map((row) => row[column].length)))
  const line = (row) =>
    row
      .map((text, column) => (column === 0 ? text.padEnd(widths[column]) : text.padStart(widths[column])))
      .join('  ')
      .trimEnd()
  return [line(headings), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map((row) => line(row))].join(
    '\n',
  )
}

/** One scenario's medians with the range, and how often each tool takes rampart's time. */
export function timesTable(scenarios) {
  const tools = [...new Set(scenarios.flatMap(({ times }) => Object.keys(times)))]
  const rows = scenarios.map(({ name, times }) => [
    name,
    ...tools.map((tool) => {
      const taken = times[tool]
      if (taken === undefined || taken.length === 0) return '-'
      return `${seconds(median(taken))} (${seconds(Math.min(...taken))} to ${seconds(Math.max(...taken))})`
    }),
  ])
  return table(['median (range)', ...tools], rows)
}

/** Each target: the ratio that was measured, the ratio that is allowed, and whether it is met. */
export function targetsTable(targets) {
  const rows = targets.map(({ what, ratio, most }) => {
    if (ratio === undefined) return [what, '-', `<= ${most}`, 'not measured']
    return [what, ratio.toFixed(3), `<= ${most}`, ratio <= most ? 'met' : 'missed']
  })
  return table(['target', 'measured', 'allowed', ''], rows)
}
