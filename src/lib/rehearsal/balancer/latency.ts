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

/** Answers scatter by a log-logistic distribution, so that one in twenty takes about a sixth longer. */
const scale = 0.056

/** From this share of the answers on, they are the slow ones. */
const tail = 0.9

// What is left of the golden ratio: multiples of it fill the range from 0 to 1 as evenly as any sequence does, so that a
// dozen answers in a row have a slow one among them. https://en.wikipedia.org/wiki/Low-discrepancy_sequence#Additive_recurrence
const evenly = (Math.sqrt(5) - 1) / 2

/** What the first request of a target takes, as a multiple: memory is touched for the first time, or models are fetched. */
const firstRequest = { baked: 1.3, fetched: 4.9 } as const

export interface LatencyOf {
  readonly work: Work
  /** Whether this target has answered no request with its models before. */
  readonly first: boolean
  readonly fetched: boolean
  /** How many times longer the slowest tenth of the answers take with this release. */
  readonly tailFactor: number
}

/** How long each answer takes, in milliseconds. A few of them in a row are spread as many are. */
export type Latencies = (of: LatencyOf) => number

/** The latencies that begin where that randomness says. */
export function createLatencies(random: Random): Latencies {
  const shares = new Map<Work, number>()
  return ({ work, first, fetched, tailFactor }) => {
    const share = ((shares.get(work) ?? random.next()) + evenly) % 1
    shares.set(work, share)
    const usual = medians[work] * Math.exp(scale * logit(share))
    if (work === 'none' || work === 'page') return usual
    return usual * (first ? firstRequest[fetched ? 'fetched' : 'baked'] : 1) * (share < tail ? 1 : tailFactor)
  }
}

/** The quantile of the logistic distribution: https://en.wikipedia.org/wiki/Logistic_distribution */
function logit(share: number): number {
  const within = Math.max(0.001, Math.min(0.999, share))
  return Math.log(within / (1 - within))
}
