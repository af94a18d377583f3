import type * as sdk from '@aws-sdk/client-cloudwatch'
import { paginate } from '../wire/pagination.js'
import { type Handler, type RequestContext, ServiceError } from '../wire/service.js'
import type { World } from '../world/world.js'

const wire = { signingName: 'monitoring', protocol: 'awsJson1_0' } as const

/** The operations on dashboards. */
export function dashboardHandlers(world: World): Readonly<Record<string, Handler>> {
  const { dashboards, setup } = world.state
  const arnOf = (name: string): string => `arn:aws:cloudwatch::${setup.accountId}:dashboard/${name}`
  return {
    PutDashboard: (input: sdk.PutDashboardInput, context: RequestContext): sdk.PutDashboardOutput => {
      const name = input.DashboardName ?? ''
      if (!/^[\w-]{1,255}$/.test(name)) {
        throw invalid([{ DataPath: '/dashboardName', Message: 'The value must match [A-Za-z0-9_-]' }])
      }
      const { errors, warnings } = checkBody(input.DashboardBody ?? '')
      if (errors.length > 0) throw invalid(errors)
      dashboards.set(name, { body: input.DashboardBody ?? '', changedAt: context.now })
      return { DashboardValidationMessages: [...warnings] }
    },

    GetDashboard: (input: sdk.GetDashboardInput): sdk.GetDashboardOutput => {
      const name = input.DashboardName ?? ''
      const found = dashboards.get(name)
      if (found === undefined) throw notFound(name)
      return { DashboardArn: arnOf(name), DashboardBody: found.body, DashboardName: name }
    },

    ListDashboards: (input: sdk.ListDashboardsInput): sdk.ListDashboardsOutput => {
      const page = paginate(wire, {
        operation: 'ListDashboards',
        items: [...dashboards].filter(([name]) => name.startsWith(input.DashboardNamePrefix ?? '')).toSorted(byName),
        limit: 1000,
        token: input.NextToken,
        keyOf: ([name]) => name,
        boundTo: input.DashboardNamePrefix,
      })
      const entries = page.items.map(([name, { body, changedAt }]) => ({
        DashboardName: name,
        DashboardArn: arnOf(name),
        LastModified: new Date(changedAt),
        Size: Buffer.byteLength(body),
      }))
      return { DashboardEntries: entries, NextToken: page.nextToken }
    },

    DeleteDashboards: (input: sdk.DeleteDashboardsInput): sdk.DeleteDashboardsOutput => {
      const names = input.DashboardNames ?? []
      // All of them or none.
      for (const name of names) if (!dashboards.has(name)) throw notFound(name)
      for (const name of names) dashboards.delete(name)
      return {}
    },
  }
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)

const notFound = (name: string): ServiceError =>
  new ServiceError('DashboardNotFoundError', `Dashboard ${name} does not exist`, { status: 404 })

const invalid = (messages: readonly sdk.DashboardValidationMessage[]): ServiceError =>
  new ServiceError('DashboardInvalidInputError', `The dashboard body is invalid: ${messages[0]?.Message ?? ''}`, {
    members: { dashboardValidationMessages: messages },
  })

interface Checked {
  readonly errors: readonly sdk.DashboardValidationMessage[]
  readonly warnings: readonly sdk.DashboardValidationMessage[]
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html */
function checkBody(text: string): Checked {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return { errors: [{ DataPath: '', Message: 'The field DashboardBody must be a valid JSON object' }], warnings: [] }
  }
  if (!isMap(body)) return { errors: [{ DataPath: '/', Message: 'Should be an object' }], warnings: [] }
  const { widgets } = body
  if (!Array.isArray(widgets)) {
    return { errors: [{ DataPath: '/widgets', Message: 'Should have required property widgets' }], warnings: [] }
  }
  if (widgets.length > 500) return { errors: [{ DataPath: '/widgets', Message: 'Too many widgets' }], warnings: [] }
  const found = widgets.map((widget: unknown, index) => checkWidget(widget, `/widgets/${index}`))
  return { errors: found.flatMap(({ errors }) => errors), warnings: found.flatMap(({ warnings }) => warnings) }
}

const kinds = ['metric', 'text', 'log', 'alarm', 'explorer', 'custom']

function checkWidget(widget: unknown, path: string): Checked {
  const error = (at: string, Message: string): Checked => ({ errors: [{ DataPath: path + at, Message }], warnings: [] })
  if (!isMap(widget)) return error('', 'Should be an object')
  const { type, properties, x, width, height } = widget
  if (typeof type !== 'string' || !kinds.includes(type)) return error('/type', `Should be one of ${kinds.join(', ')}`)
  if (!isMap(properties)) return error('', 'Should have required property properties')
  for (const [name, value, most] of [
    ['width', width, 24],
    ['height', height, 1000],
  ] as const) {
    const isGood = value === undefined || (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most)
    if (!isGood) return error(`/${name}`, `Should be an integer from 1 to ${most}`)
  }
  if (x !== undefined && (!Number.isInteger(x) || Number(x) < 0 || Number(x) > 23)) {
    return error('/x', 'Should be an integer from 0 to 23')
  }
  return type === 'metric' ? checkMetricWidget(properties, path, error) : { errors: [], warnings: [] }
}

function checkMetricWidget(
  properties: Readonly<Record<string, unknown>>,
  path: string,
  error: (at: string, message: string) => Checked,
): Checked {
  const { metrics, annotations, region, period } = properties
  if (metrics === undefined && !(isMap(annotations) && Array.isArray(annotations['alarms']))) {
    return error('/properties', 'Should have required property metrics')
  }
  if (typeof region !== 'string') return error('/properties', 'Should have required property region')
  if (metrics !== undefined && !(Array.isArray(metrics) && metrics.every((one) => Array.isArray(one)))) {
    return error('/properties/metrics', 'Should be an array of arrays')
  }
  const vertical: unknown = isMap(annotations) ? annotations['vertical'] : undefined
  for (const [index, mark] of (Array.isArray(vertical) ? vertical : []).entries()) {
    const marks: readonly unknown[] = Array.isArray(mark) ? mark : [mark]
    if (!marks.every((one) => isMap(one) && !Number.isNaN(Date.parse(String(one['value']))))) {
      return error(`/properties/annotations/vertical/${index}/value`, 'Should be a date in ISO 8601')
    }
  }
  const isOdd = period !== undefined && (typeof period !== 'number' || period % 60 !== 0)
  const note = { DataPath: `${path}/properties/period`, Message: 'The period should be a multiple of 60' }
  return { errors: [], warnings: isOdd ? [note] : [] }
}
