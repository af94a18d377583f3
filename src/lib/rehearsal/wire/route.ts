import type { IncomingHttpHeaders } from 'node:http'
import { isJson } from './common-errors.js'
import { restRoute } from './rest-json.js'
import type { Service } from './service.js'
import type { Signature } from './signature.js'

/** Where a request belongs. `service` gives the protocol of the answer, even where nobody serves the request. */
export interface Route {
  readonly service: Service
  readonly known: boolean
  /** Empty when the request names none. */
  readonly operation: string
  /** The parameters of a query request, from its query string and its body. */
  readonly parameters: URLSearchParams
  /** What the path says, where it does. */
  readonly labels?: Readonly<Record<string, string>>
}

/** Where a request of REST belongs, by its path; undefined when that is of none of these services. */
export function routeOfPath(routes: readonly Service[], method: string, url: URL): Route | undefined {
  const first = url.pathname.split('/')[1]
  const service = routes.find((entry) => entry.protocol === 'restJson1' && entry.target === first)
  if (service === undefined) return undefined
  const found = restRoute(service, method, url.pathname)
  const { operation = '', labels = {} } = found ?? {}
  return { service, known: true, operation, parameters: url.searchParams, labels }
}

/** All protocols that services are reached by, as services of one protocol each. */
export function routesOf(services: readonly Service[]): readonly Service[] {
  return services.flatMap((service) => [service, ...(service.also ?? []).map((other) => ({ ...service, ...other }))])
}

/** Routes on X-Amz-Target, else on Action, Version and the service in the credential scope. */
export function route(
  routes: readonly Service[],
  headers: IncomingHttpHeaders,
  query: URLSearchParams,
  body: string,
  signature: Signature | undefined,
): Route {
  const target = headers['x-amz-target']
  if (typeof target === 'string') {
    const dot = target.lastIndexOf('.')
    const prefix = target.slice(0, Math.max(dot, 0))
    const service = routes.find((entry) => isJson(entry.protocol) && entry.target === prefix)
    const protocol = headers['content-type']?.includes('json-1.0') ? 'awsJson1_0' : 'awsJson1_1'
    return {
      service: service ?? stranger(protocol, prefix, signature),
      known: service !== undefined,
      operation: target.slice(dot + 1),
      parameters: query,
    }
  }
  const parameters = new URLSearchParams([...query, ...new URLSearchParams(body)])
  const version = parameters.get('Version') ?? 'NO_VERSION_SPECIFIED'
  const ofVersion = routes.filter((entry) => !isJson(entry.protocol) && entry.target === version)
  const service = ofVersion.find((entry) => entry.signingName === signature?.signingName) ?? ofVersion[0]
  const protocol = signature?.signingName === 'ec2' ? 'ec2Query' : 'awsQuery'
  return {
    service: service ?? stranger(protocol, version, signature),
    known: service !== undefined,
    operation: parameters.get('Action') ?? '',
    parameters,
  }
}

function stranger(protocol: Service['protocol'], target: string, signature: Signature | undefined): Service {
  return { signingName: signature?.signingName ?? 'aws', protocol, target, sdk: {}, handlers: {} }
}
