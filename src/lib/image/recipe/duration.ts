const units: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
}

/** Reads a duration as Go writes it (`1m30s`, `1.5h`, `300ms`) into nanoseconds; undefined when it is none. */
export function parseGoDuration(text: string): number | undefined {
  const match = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0)$/u.exec(text)
  if (match === null) return undefined
  let total = 0
  for (const part of (match[2] ?? '').matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h)/gu)) {
    total += Number(part[1]) * (units[part[2] ?? ''] ?? 0)
  }
  return Math.trunc(match[1] === '-' ? -total : total)
}

/** Writes nanoseconds as Go does, e.g. `1m30s`. */
export function formatGoDuration(nanoseconds: number): string {
  if (nanoseconds === 0) return '0s'
  if (nanoseconds < 1e9) {
    if (nanoseconds < 1e3) return `${nanoseconds}ns`
    return nanoseconds < 1e6 ? `${nanoseconds / 1e3}µs` : `${nanoseconds / 1e6}ms`
  }
  const hours = Math.floor(nanoseconds / 3600e9)
  const minutes = Math.floor((nanoseconds % 3600e9) / 60e9)
  const seconds = `${(nanoseconds % 60e9) / 1e9}s`
  return hours > 0 ? `${hours}h${minutes}m${seconds}` : minutes > 0 ? `${minutes}m${seconds}` : seconds
}
