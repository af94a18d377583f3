import type { Random } from '../world/random.js'
import type { Work } from './application.js'

/** Median milliseconds of each kind of work, within what the second example asks for. */
const medians: Readonly<Record<Work, number>> = {
  none: 3,
  page: 5,
  inspect: 95,
  search384: 150,
  search768: 200,
  search1155: 275,
}

/** Answers scatter by a logarithmic normal distribution, so that one in twenty takes about a sixth longer. */
const sigma = 0.1

/** What the first request of a target takes, as a multiple: memory is touched for the first time, or models are fetched. */
const firstRequest = { baked: 1.3, fetched: 4.9 } as const

export interface LatencyOf {
  readonly work: Work
  /** Whether this target has answered no request with its models before. */
  readonly first: boolean
  readonly fetched: boolean
  /** How many times longer this release takes. */
  readonly factor: number
}

/** How long an answer takes, in milliseconds. */
export function latencyOf(random: Random, { work, first, fetched, factor }: LatencyOf): number {
  // Box and Muller: https://doi.org/10.1214/aoms/1177706645
  const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
  const usesModels = work !== 'none' && work !== 'page'
  const cold = first && usesModels ? firstRequest[fetched ? 'fetched' : 'baked'] : 1
  return medians[work] * Math.exp(sigma * Math.max(-3, Math.min(3, normal))) * cold * (usesModels ? factor : 1)
}
