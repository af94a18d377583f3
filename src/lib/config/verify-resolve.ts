import { resolve } from 'node:path'
import type { EndpointPlan, Expectations, Json, LatencyBudget, LoadPlan } from '../domain/verify-plan.js'
import type { FileConfig } from './schema.js'
import type { VerifyConfig } from './types.js'
import { isFlaw, readMatcher } from './verify-matcher.js'

type FileVerify = NonNullable<FileConfig['verify']>
type FileEndpoint = FileVerify['endpoints'][string]

/** Without the keys that say nothing. */
function budgetOf(budget: FileEndpoint['latency']): LatencyBudget {
  return Object.fromEntries(Object.entries(budget ?? {}).filter(([, value]) => value !== undefined))
}

/** As many as a 95th percentile needs to be one of them, and a person has the patience for. */
const usualSamples = 20

/** The section, with defaults in place and the paths of schemas absolute. */
export function resolveVerify(
  { https, endpoints, load, targets, logs, compare, criteria }: FileVerify,
  directory: string,
): VerifyConfig {
  const plans = Object.entries(endpoints).map(([name, endpoint]) => resolveEndpoint(name, endpoint, directory))
  return {
    ...(https !== undefined && { https }),
    endpoints: plans,
    ...(logs !== undefined && { logs }),
    ...(compare !== undefined && { compare }),
    criteria: Object.entries(criteria).flatMap(([group, list]) =>
      list.map(({ name, checks, figure }) => ({ group, name, checks, ...(figure !== undefined && { figure }) })),
    ),
    ...(targets !== undefined && { targets: resolveTargets(targets) }),
    loads: Object.entries(load).flatMap(([name, one]): readonly LoadPlan[] => {
      const { endpoint: wanted, rate, expect, latency, ...rest } = one
      const endpoint = plans.find((plan) => plan.name === wanted)
      if (endpoint === undefined) return []
      return [
        {
          name,
          endpoint,
          ...rest,
          ...(rate !== undefined && { rate }),
          ...(expect.rate !== undefined && { leastRate: expect.rate }),
          success: expect.success,
          latency: budgetOf(latency),
        },
      ]
    }),
  }
}

function resolveTargets({
  ask,
  grade,
  timeout,
  retry,
  endpoint,
  service,
}: NonNullable<FileVerify['targets']>): NonNullable<VerifyConfig['targets']> {
  return {
    ask,
    grade,
    timeout,
    retry,
    ...(endpoint !== undefined && { endpoint }),
    ...(service !== undefined && { service }),
  }
}

function resolveEndpoint(name: string, endpoint: FileEndpoint, directory: string): EndpointPlan {
  const { json, body, latency, samples, expect } = endpoint
  const hasBody = json !== undefined || body !== undefined
  return {
    name,
    method: endpoint.method ?? (hasBody ? 'POST' : 'GET'),
    path: endpoint.path,
    headers: endpoint.headers,
    ...(json !== undefined && { body: { kind: 'json', value: json as Json } }),
    ...(json === undefined && body !== undefined && { body: { kind: 'text', value: body } }),
    rows: endpoint.rows as EndpointPlan['rows'],
    expect: resolveExpectations(expect, directory),
    latency: budgetOf(latency),
    samples: samples ?? (latency === undefined ? 0 : usualSamples),
    timeout: endpoint.timeout,
    retry: endpoint.retry,
  }
}

function resolveExpectations(expect: FileEndpoint['expect'], directory: string): Expectations {
  const { schema, contentType, json, ...rest } = expect
  return {
    ...rest,
    json: Object.entries(json).flatMap(([path, value]) => {
      const matcher = readMatcher(value)
      return isFlaw(matcher) ? [] : [{ path, matcher }]
    }),
    ...(schema !== undefined && { schema: resolve(directory, schema) }),
    ...(contentType !== undefined && { contentType }),
  }
}
