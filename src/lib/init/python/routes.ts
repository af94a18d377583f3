import type { Project } from './project.js'
import type { Call, Module, Value } from './values.js'

/** A route of a web app, with every prefix it is mounted under. */
export interface Route {
  /** Begins with `/`. */
  readonly path: string
  /** `file:line`. */
  readonly place: string
}

interface Mount {
  /** The module and variable of the router: `app/health.py#router`. */
  readonly parent: string
  readonly prefix: string
}

const roots = new Set(['FastAPI', 'Flask', 'Starlette', 'Quart', 'Sanic', 'Litestar'])
const routers = new Map([
  ['APIRouter', 'prefix'],
  ['Blueprint', 'url_prefix'],
])
const methods = new Set(['get', 'route', 'api_route', 'head'])
const adders = new Map([
  ['add_api_route', 'path'],
  ['add_url_rule', 'rule'],
  ['add_route', 'path'],
])
const mounters = new Map([
  ['include_router', 'prefix'],
  ['register_blueprint', 'url_prefix'],
])
const deepest = 8
const mostPrefixes = 32

const join = (...parts: readonly string[]): string =>
  `/${parts.join('/')}`.replaceAll(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '')

/** The GET routes of FastAPI, Flask and their kin, and of Django's urlpatterns, sorted by path. */
export function findRoutes(project: Project): readonly Route[] {
  const mounts = readMounts(project)
  const routes = [...decorated(project, mounts), ...urlPatterns(project)]
  return routes.sort((left, right) => (left.path < right.path ? -1 : left.path > right.path ? 1 : 0))
}

interface Mounts {
  /** The prefix that a router was made with. */
  readonly own: ReadonlyMap<string, string>
  readonly on: ReadonlyMap<string, readonly Mount[]>
}

function keyOf(project: Project, path: readonly string[], from: Module): string {
  const home = project.owner(path, from)
  return home === undefined ? `?#${path.join('.')}` : `${home.module.path}#${home.name}`
}

function textOf(project: Project, value: Value | undefined, module: Module, call: Call): string | undefined {
  return value === undefined ? undefined : project.texts(value, module, call.scope)[0]
}

function readMounts(project: Project): Mounts {
  const own = new Map<string, string>()
  const on = new Map<string, Mount[]>()
  for (const module of project.modules) {
    for (const call of module.calls) {
      const last = call.callee.at(-1) ?? ''
      const option = routers.get(last)
      if (call.target !== undefined && option !== undefined) {
        own.set(`${module.path}#${call.target}`, textOf(project, call.named.get(option), module, call) ?? '')
      }
      const mountOption = mounters.get(last)
      const [router] = call.positional
      if (mountOption === undefined || router?.kind !== 'name') continue
      const key = keyOf(project, router.path, module)
      const mount = {
        parent: keyOf(project, call.callee.slice(0, -1), module),
        prefix: textOf(project, call.named.get(mountOption), module, call) ?? '',
      }
      on.set(key, [...(on.get(key) ?? []), mount])
    }
  }
  return { own, on }
}

/** Every prefix that a router's routes are reached under; the router's own when nothing mounts it. */
function prefixes(key: string, { own, on }: Mounts, depth = 0): readonly string[] {
  const mine = own.get(key) ?? ''
  const above = on.get(key)
  if (above === undefined || depth >= deepest) return [mine]
  return above
    .flatMap(({ parent, prefix }) => prefixes(parent, { own, on }, depth + 1).map((over) => join(over, prefix, mine)))
    .slice(0, mostPrefixes)
}

function decorated(project: Project, mounts: Mounts): readonly Route[] {
  return project.modules.flatMap((module) =>
    module.calls.flatMap((call): readonly Route[] => {
      const last = call.callee.at(-1) ?? ''
      const option = adders.get(last)
      if (call.callee.length < 2 || (!methods.has(last) && option === undefined)) return []
      const router = keyOf(project, call.callee.slice(0, -1), module)
      if (!isRouter(project, call.callee.slice(0, -1), module, mounts)) return []
      const value = call.positional[0] ?? call.named.get(option ?? 'path') ?? call.named.get('rule')
      const path = textOf(project, value, module, call)
      if (path === undefined) return []
      const place = `${module.path}:${call.line}`
      return prefixes(router, mounts).map((prefix) => ({ path: join(prefix, path), place }))
    }),
  )
}

/** `cache.get("/x")` is no route: what stands before the method must be a router or an app. */
function isRouter(project: Project, path: readonly string[], module: Module, { own, on }: Mounts): boolean {
  const key = keyOf(project, path, module)
  if (own.has(key) || on.has(key)) return true
  const home = project.owner(path, module)
  return (home?.module.calls ?? []).some((call) => call.target === home?.name && roots.has(call.callee.at(-1) ?? ''))
}

/** https://docs.djangoproject.com/en/stable/topics/http/urls/ */
function urlPatterns(project: Project): readonly Route[] {
  const settings = project.modules.flatMap((module) =>
    (module.bindings.get('ROOT_URLCONF') ?? []).flatMap((value) => project.texts(value, module, [])),
  )
  const found = settings.flatMap((name) => project.find(name) ?? [])
  return found.flatMap((module) => patternsOf(project, module, '', 0))
}

function patternsOf(project: Project, module: Module, prefix: string, depth: number): readonly Route[] {
  if (depth >= deepest) return []
  const items = (module.bindings.get('urlpatterns') ?? []).flatMap((value) =>
    value.kind === 'list' ? value.items : [],
  )
  return items.flatMap((item): readonly Route[] => {
    if (item.kind !== 'call' || item.call.callee.at(-1) !== 'path') return []
    const [route, view] = item.call.positional
    const path = textOf(project, route, module, item.call)
    if (path === undefined || view === undefined) return []
    const included = view.kind === 'call' && view.call.callee.at(-1) === 'include' ? view.call.positional[0] : undefined
    if (included === undefined) {
      // Django's own trailing slash is part of the route: without it, it answers with a redirect.
      return [
        {
          path: `${join(prefix, path)}${path.endsWith('/') ? '/' : ''}`.replace(/^\/\/$/, '/'),
          place: `${module.path}:${item.call.line}`,
        },
      ]
    }
    return project
      .texts(included, module, [])
      .flatMap((name) => project.find(name) ?? [])
      .flatMap((child) => patternsOf(project, child, join(prefix, path), depth + 1))
  })
}

const liveWords = [
  'health',
  'healthz',
  'livez',
  'live',
  'liveness',
  'healthcheck',
  '_health',
  'alive',
  'ping',
  'heartbeat',
  'status',
]
const readyWords = ['ready', 'readyz', 'readiness', '_ready']

/** The routes that say whether a process lives, and whether its models are loaded; undefined when none does. */
export function healthOf(routes: readonly Route[]): {
  readonly live: Route | undefined
  readonly ready: Route | undefined
} {
  const parts = (route: Route): readonly string[] =>
    route.path
      .toLowerCase()
      .split('/')
      .filter((part) => part !== '')
  const plain = routes.filter((route) => !/[<{\s#]/.test(route.path))
  const pick = (words: readonly string[]): Route | undefined =>
    words
      .flatMap((word) => plain.filter((route) => parts(route).at(-1) === word))
      .sort(
        (left, right) =>
          words.indexOf(parts(left).at(-1) ?? '') - words.indexOf(parts(right).at(-1) ?? '') ||
          parts(left).length - parts(right).length,
      )[0]
  return { live: pick(liveWords), ready: pick(readyWords) }
}
