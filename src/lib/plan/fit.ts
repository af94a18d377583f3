import type { Basis, Span } from '../domain/prediction.js'

/** One thing that was seen: what it is made of, and what it came to, both above 0 and in the same unit. */
export interface Sample {
  readonly parts: readonly number[]
  readonly value: number
}

/** What is supposed of each part's factor, and by how much that may be off. */
export interface Prior {
  readonly factor: number
  readonly doubt: number
}

/** How much each part counts, learned from samples. */
export interface Fit {
  readonly factors: readonly number[]
  /** By what share a single outcome lies off, as a standard deviation. */
  readonly spread: number
  /** How many samples it rests on. */
  readonly runs: number
}

/** After so many samples one counts half. */
const halfLife = 10
/** By what share a sample may lie off by itself. */
const noise = 0.25
/** What is nearer than that is no outlier, however near the others are. */
const leastScale = 0.05
/** By how much a prediction without any sample may be off: machines are by half slower or faster than what is supposed. */
const supposedSpread = 0.35
/** Eight of ten outcomes lie within so many standard deviations. */
const eightOfTen = 1.28
const rounds = 12
/** What is shorter than a millisecond was not measured. */
const least = 1

/** The value that half of the weight lies below; 0 for nothing. */
export function weightedMedian(values: readonly number[], weights: readonly number[]): number {
  const sorted = values
    .map((value, index) => ({ value, weight: weights[index] ?? 0 }))
    .toSorted((a, b) => a.value - b.value)
  const half = sorted.reduce((all, { weight }) => all + weight, 0) / 2
  let seen = 0
  for (const { value, weight } of sorted) {
    seen += weight
    if (seen >= half) return value
  }
  return 0
}

const product = (factors: readonly number[], parts: readonly number[]): number =>
  factors.reduce((all, factor, index) => all + factor * (parts[index] ?? 0), 0)

/**
 * The factors with which the parts add up to the values, newest sample first: least squares of relative errors around
 * what is supposed, in which recent samples count more and outliers little or nothing. Without samples it is what is
 * supposed; with few it lies between. Where the samples can not tell two parts apart, both keep near what is supposed.
 */
export function fit(samples: readonly Sample[], priors: readonly Prior[]): Fit {
  const usable = samples.filter(({ parts, value }) => value >= least && parts.some((part) => part >= least))
  const supposed = priors.map(({ factor }) => factor)
  if (usable.length === 0) return { factors: supposed, spread: supposedSpread, runs: 0 }
  const recency = usable.map((_, index) => 0.5 ** (index / halfLife))
  const ratios = usable.map(({ parts, value }) => value / Math.max(product(supposed, parts), least))
  const usual = weightedMedian(ratios, recency)
  let errors = ratios.map((ratio) => ratio / usual - 1)
  let factors: readonly number[] = supposed
  let sizes: readonly number[] = usable.map(({ value }) => value)
  for (let round = 0; round < rounds; round++) {
    const scale = Math.max(leastScale, scaleOf(errors, recency))
    const weights = recency.map((weight, index) => weight * trust(errors[index] ?? 0, scale))
    factors = solve(usable, weights, sizes, priors)
    // By the mean of both: errors of what was seen alone favour what is too small, those of what is fitted what is too large.
    sizes = usable.map(({ parts, value }) => Math.sqrt(value * Math.max(product(factors, parts), least)))
    errors = usable.map(({ parts, value }) => product(factors, parts) / value - 1)
  }
  const { length } = usable
  const seen = spreadOf(errors, recency) * Math.sqrt(length / Math.max(1, length - priors.length))
  return { factors, spread: Math.hypot(seen * Math.sqrt(length), supposedSpread) / Math.sqrt(length + 1), runs: length }
}

/** The usual size of an error, which a few large ones do not move: the median, as a standard deviation. */
const scaleOf = (errors: readonly number[], weights: readonly number[]): number =>
  1.4826 * weightedMedian(errors.map(Math.abs), weights)

/** How far outcomes lie off as a standard deviation, in which one that is far out counts as three times the usual. */
function spreadOf(errors: readonly number[], weights: readonly number[]): number {
  const most = 3 * Math.max(leastScale, scaleOf(errors, weights))
  const squares = errors.reduce(
    (all, error, index) => all + (weights[index] ?? 0) * Math.min(Math.abs(error), most) ** 2,
    0,
  )
  return Math.sqrt(squares / weights.reduce((all, weight) => all + weight, 0))
}

/** Huber's weight, and none for what lies far out. */
function trust(error: number, scale: number): number {
  const distance = Math.abs(error) / scale
  return distance > 5 ? 0 : Math.min(1, 1.5 / Math.max(distance, Number.EPSILON))
}

/** Gaussian elimination of the normal equations; the priors keep them regular. No factor is below 0. */
function solve(
  samples: readonly Sample[],
  weights: readonly number[],
  sizes: readonly number[],
  priors: readonly Prior[],
): readonly number[] {
  const rows = priors.map((_, row) => {
    const sums = priors.map((__, column) =>
      samples.reduce((all, { parts, value }, index) => {
        const [a = 0, b = 0] = [parts[row], parts[column]]
        return all + ((weights[index] ?? 0) * a * b) / ((sizes[index] ?? value) * noise) ** 2
      }, 0),
    )
    const right = samples.reduce(
      (all, { parts, value }, index) =>
        all + ((weights[index] ?? 0) * (parts[row] ?? 0) * value) / ((sizes[index] ?? value) * noise) ** 2,
      0,
    )
    return { sums, right }
  })
  const matrix = rows.map(({ sums, right }, row) => {
    const { factor = 1, doubt = 1 } = priors[row] ?? {}
    const precision = doubt ** -2
    return [...sums.map((sum, column) => (column === row ? sum + precision : sum)), right + factor * precision]
  })
  for (const [index, pivot] of matrix.entries()) {
    for (const [other, row] of matrix.entries()) {
      if (other === index) continue
      const share = (row[index] ?? 0) / (pivot[index] ?? 1)
      for (let column = index; column < row.length; column++)
        row[column] = (row[column] ?? 0) - share * (pivot[column] ?? 0)
    }
  }
  return matrix.map((row, index) => Math.max(0, (row.at(-1) ?? 0) / (row[index] ?? 1)))
}

/** What the parts should come to, and between which bounds eight of ten lie. */
export function spanBy({ factors, spread }: Fit, parts: readonly number[], basis: Basis): Span {
  const value = product(factors, parts)
  return { low: value * Math.exp(-eightOfTen * spread), value, high: value * Math.exp(eightOfTen * spread), basis }
}
