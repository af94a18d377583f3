/** How much longer something takes, as a share of before (0.1 is a tenth longer), with the ends of its interval. */
export interface Change {
  readonly share: number
  readonly low: number
  readonly high: number
}

/** As many as make the ends of an interval steady to about a hundredth of its width. */
const resamples = 2000
const confidence = 0.95

/** Numbers from 0 to 1 that are the same each time: the same requests give the same verdict. Mulberry32. */
function numbers(): () => number {
  let state = 0x9e37_79b9
  return () => {
    state = (state + 0x6d2b_79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const mean = (times: readonly number[]): number => times.reduce((sum, time) => sum + time, 0) / times.length

/**
 * The change of the mean from one sample to another, with its 95 % interval by the percentile bootstrap (Efron and
 * Tibshirani, An Introduction to the Bootstrap, chapter 13): latencies are no normal distribution, and it needs none.
 * Undefined with fewer than five in either.
 */
export function changeOfMean(before: readonly number[], after: readonly number[]): Change | undefined {
  if (before.length < 5 || after.length < 5 || mean(before) <= 0) return undefined
  const next = numbers()
  const drawn = (times: readonly number[]): number => {
    let sum = 0
    for (let index = 0; index < times.length; index += 1) sum += times[Math.floor(next() * times.length)] ?? 0
    return sum / times.length
  }
  const shares = Float64Array.from({ length: resamples }, () => drawn(after) / drawn(before) - 1).sort()
  const at = (quantile: number): number => shares[Math.min(resamples - 1, Math.floor(quantile * resamples))] ?? 0
  const tail = (1 - confidence) / 2
  return { share: mean(after) / mean(before) - 1, low: at(tail), high: at(1 - tail) }
}
