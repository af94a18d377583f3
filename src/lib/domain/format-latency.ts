/** Milliseconds as people compare them with a budget: `0.8ms`, `46ms`, `1.85s`. */
export function formatLatency(value: number): string {
  if (value < 10) return `${value.toFixed(1)}ms`
  return value < 1000 ? `${Math.round(value)}ms` : `${(value / 1000).toFixed(2)}s`
}
