/** A duration in milliseconds, for people: `85ms`, `4.2s`, `42s`, `5m 08s`, `1h 04m`. */
export function formatDuration(milliseconds: number): string {
  const time = Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : 0
  if (time < 100) return `${Math.round(time)}ms`
  if (time < 9950) return `${(time / 1000).toFixed(1)}s`
  const seconds = Math.round(time / 1000)
  if (seconds < 60) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}m ${two(seconds % 60)}s`
  return `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m`
}

/** A stretch of time in milliseconds as a clock shows it: `0:04`, `12:30`, `1:02:03`. */
export function formatElapsed(milliseconds: number): string {
  const seconds = Math.floor((Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : 0) / 1000)
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  return hours > 0 ? `${hours}:${two(minutes % 60)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

/** A number and its noun: `1 target`, `4 targets`. */
export function formatCount(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`
}

/** A percentage, rounded down so that 100 % is never said too early. */
export function formatPercent(value: number): string {
  return `${Math.floor(value)} %`
}
