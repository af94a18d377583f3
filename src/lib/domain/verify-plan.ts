/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** What the values that a JSONPath finds must be; what is left out is not asked. */
export interface Matcher {
  readonly equals?: Json
  readonly oneOf?: readonly Json[]
  /** A regular expression that a text must hold. */
  readonly matches?: string
  readonly atLeast?: number
  readonly atMost?: number
  /** Whether there is any such value; true unless told. */
  readonly exists?: boolean
  /** How many values the path finds. */
  readonly count?: number
  readonly minCount?: number
}

/** One JSONPath (RFC 9535) into an answer, and what it must find. */
export interface JsonExpectation {
  readonly path: string
  readonly matcher: Matcher
}

/** What an answer must be. */
export interface Expectations {
  /** Any of these; any from 200 to 299 when empty. */
  readonly status: readonly number[]
  readonly json: readonly JsonExpectation[]
  /** Absolute path of a JSON Schema that the answer must satisfy. */
  readonly schema?: string
  /** Texts that the answer holds, and those that it does not. */
  readonly contains: readonly string[]
  readonly absent: readonly string[]
  /** The media type, without parameters, e.g. `application/json`. */
  readonly contentType?: string
}

/** The figures that a budget may bound, in the order in which they are shown. */
export const budgetFigures = ['mean', 'p50', 'p95', 'p99', 'max'] as const

/** Most milliseconds of each figure; what is left out is not bounded. */
export type LatencyBudget = { readonly [figure in (typeof budgetFigures)[number]]?: number }

/** What is sent: templates in it are filled in for each request. */
export type RequestBody =
  | { readonly kind: 'json'; readonly value: Json }
  | { readonly kind: 'text'; readonly value: string }

/** One endpoint: what is asked, what must come back, and how soon. Durations are milliseconds. */
export interface EndpointPlan {
  readonly name: string
  readonly method: string
  /** A path below the address that is verified, or an address of its own. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: RequestBody
  /** Values for the templates, a row for each request in turn. */
  readonly rows: readonly Readonly<Record<string, Json>>[]
  readonly expect: Expectations
  readonly latency: LatencyBudget
  /** Requests that are measured, on a connection that is open already. */
  readonly samples: number
  /** Of one request. */
  readonly timeout: number
  /** For how long a check that fails is made again. */
  readonly retry: number
}

/** Load on one endpoint. */
export interface LoadPlan {
  readonly name: string
  readonly endpoint: EndpointPlan
  /** Requests that begin in each second, whatever becomes of those before; undefined sends as fast as answers come. */
  readonly rate?: number
  /** Most connections, and so most requests under way at once. */
  readonly concurrency: number
  readonly duration: number
  /** Most requests. */
  readonly requests: number
  /** Least successful answers a second. */
  readonly leastRate?: number
  /** Least percent of requests that succeed. */
  readonly success: number
  readonly latency: LatencyBudget
}

/** What HTTPS must be like. */
export interface HttpsPlan {
  /** Days that the certificate must at least have left. */
  readonly minDays: number
  /** The port that serves plain HTTP, or would. */
  readonly httpPort: number
  /** Paths that plain HTTP must redirect; those of the endpoints are asked as well. */
  readonly paths: readonly string[]
  /** Milliseconds of one handshake or answer; 10 s unless told. */
  readonly timeout?: number
  /** Milliseconds for which what fails is looked at again; none unless told. */
  readonly retry?: number
}

/** Everything that is verified at one address. */
export interface VerifyPlan {
  /** Absolute, `http:` or `https:`. */
  readonly url: string
  /** The name of the load balancer that the address leads to, where that is to be checked. */
  readonly leadsTo?: string
  /** Undefined where nothing was asked of HTTPS and the address has none. */
  readonly https?: HttpsPlan
  readonly endpoints: readonly EndpointPlan[]
  readonly loads: readonly LoadPlan[]
}

/** What becomes of a difference; nothing is looked for where it is `off`. */
export type Demand = 'fail' | 'warn' | 'off'

/** How what serves is compared with what served before. */
export interface ComparePlan {
  readonly latency: Demand
  /** Percent that the mean may be longer before it counts. */
  readonly slower: number
  readonly answers: Demand
  /** Share by which numbers may differ, from 0 to 1. */
  readonly tolerance: number
  /** JSONPaths (RFC 9535) of what may differ. */
  readonly ignore: readonly string[]
  readonly first: Demand
  /** How many times the share of the release before the slowest first request may take. */
  readonly firstAtMost: number
}

/** The part of a check that a criterion rests on: a figure of its budget, whether requests succeeded, or their rate. */
export const criterionFigures = [...budgetFigures, 'success', 'rate'] as const

/** One line of what a team has agreed on, and the checks that tell whether it holds. */
export interface CriterionPlan {
  readonly group: string
  readonly name: string
  /** Names of checks; `*` at the end stands for anything. */
  readonly checks: readonly string[]
  /** Undefined for the checks as a whole. */
  readonly figure?: (typeof criterionFigures)[number]
}
