import type { HistogramBar, Latency } from '../domain/verification.js'
import { formatLatency } from '../domain/format-latency.js'
import { budgetFigures, type LatencyBudget } from '../domain/verify-plan.js'

/** The figures of some times in milliseconds; undefined when there are none. */
export function latencyOf(times: readonly number[]): Latency | undefined {
  const sorted = Float64Array.from(times).sort()
  const last = sorted.at(-1)
  const least = sorted.at(0)
  if (last === undefined || least === undefined) return undefined
  // Nearest rank: always a time that some request really took.
  const quantile = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? last
  let sum = 0
  for (const time of sorted) sum += time
  return {
    count: sorted.length,
    min: least,
    mean: sum / sorted.length,
    p50: quantile(0.5),
    p95: quantile(0.95),
    p99: quantile(0.99),
    max: last,
  }
}

/** A time with as many digits as tell it from its budget. */
const told = (value: number, most: number): string =>
  formatLatency(value) === formatLatency(most) ? `${value.toFixed(2)}ms` : formatLatency(value)

/** What is above its budget, in words. */
export function overBudget(latency: Latency, budget: LatencyBudget): readonly string[] {
  return budgetFigures.flatMap((figure) => {
    const most = budget[figure]
    return most === undefined || latency[figure] <= most
      ? []
      : [`${figure} ${told(latency[figure], most)} is over its budget of ${formatLatency(most)}`]
  })
}

/** The budget as people write it, e.g. `mean 250ms, max 500ms`; empty when there is none. */
export function budgetWords(budget: LatencyBudget): string {
  return budgetFigures
    .flatMap((figure) => {
      const most = budget[figure]
      return most === undefined ? [] : [`${figure} ${formatLatency(most)}`]
    })
    .join(', ')
}

/** Bars at 1, 2 and 5 of each power of ten, from the first to the last that counts anything. */
export function histogramOf(times: readonly number[]): readonly HistogramBar[] {
  const most = times.reduce((left, right) => Math.max(left, right), 0)
  const bounds = [0.1, 0.2, 0.5]
  for (let power = 1; bounds.at(-1) !== undefined && (bounds.at(-1) ?? 0) < most; power *= 10) {
    bounds.push(power, 2 * power, 5 * power)
  }
  const bars = bounds.map((upTo, index) => {
    const above = bounds[index - 1] ?? -1
    return { upTo, count: times.filter((time) => time > above && time <= upTo).length }
  })
  const first = bars.findIndex(({ count }) => count > 0)
  const last = bars.findLastIndex(({ count }) => count > 0)
  return first < 0 ? [] : bars.slice(first, last + 1)
}
