import { fillJson, fillText, type TemplateValues } from '../domain/template.js'
import type { EndpointPlan } from '../domain/verify-plan.js'
import type { HttpRequest } from '../ports/http.js'

/** A path below the address, or an address of its own. */
export function addressOf(base: string, path: string): URL {
  if (/^https?:\/\//i.test(path)) return new URL(path)
  const root = new URL(base)
  // `/v1` and `/health` are `/v1/health`; the path of an address that ends without `/` is no file name here.
  const below = `${root.pathname.replace(/\/$/, '')}${path}`
  return new URL(below, root)
}

/** The n-th request to an endpoint, counted from 1, with its templates filled in. */
export function requestOf(base: string, plan: EndpointPlan, n: number, common: TemplateValues): HttpRequest {
  const { rows, body } = plan
  const values = { n, ...common, ...rows[(n - 1) % Math.max(1, rows.length)] }
  const escaped = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      encodeURIComponent(typeof value === 'string' ? value : JSON.stringify(value)),
    ]),
  )
  const headers = Object.fromEntries(
    Object.entries(plan.headers).map(([name, value]) => [name.toLowerCase(), fillText(value, values)]),
  )
  return {
    method: plan.method,
    url: addressOf(base, fillText(plan.path, escaped)).href,
    headers: body?.kind === 'json' ? { 'content-type': 'application/json', ...headers } : headers,
    ...(body !== undefined && {
      body: body.kind === 'json' ? JSON.stringify(fillJson(body.value, values)) : fillText(body.value, values),
    }),
  }
}
