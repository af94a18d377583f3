const units = ['kB', 'MB', 'GB', 'TB', 'PB', 'EB']

/** A size in bytes with SI units and three significant digits: `0 B`, `999 B`, `1.25 MB`, `300 MB`. */
export function formatBytes(bytes: number): string {
  let value = Number.isFinite(bytes) ? Math.max(0, bytes) : 0
  if (value < 999.5) return `${Math.round(value)} B`
  for (const [index, unit] of units.entries()) {
    value /= 1000
    // 999.5 and more would be written as 1000: that is 1.00 of the next unit.
    if (value < 999.5 || index === units.length - 1) return `${threeDigits(value)} ${unit}`
  }
  return `${value}`
}

function threeDigits(value: number): string {
  return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0)
}
