import type { Project } from './project.js'
import type { Call, Module } from './values.js'

/** How a Python service is started, as its code tells. */
export interface Serving {
  readonly framework: 'asgi' | 'flask' | 'django' | 'streamlit' | 'gradio'
  /** `module:name` of the app, or the file that is run. */
  readonly entry: string
  /** Where it listens; the framework's own default when the code does not say. */
  readonly port: number
  /** True when the code names the port. */
  readonly portIsNamed: boolean
}

const asgiApps = new Set(['FastAPI', 'Starlette', 'Litestar', 'Quart'])
const defaultPorts = { asgi: 8000, flask: 8000, django: 8000, streamlit: 8501, gradio: 7860 } as const

const dotted = (module: Module): string => module.path.replace(/(?:\/__init__)?\.py$/, '').replaceAll('/', '.')

/** The web app of the project, or undefined when its code holds none. `roots` as in `src/` go from module names. */
export function findServing(project: Project): Serving | undefined {
  const port = namedPort(project)
  const serving = (framework: Serving['framework'], entry: string): Serving => ({
    framework,
    entry,
    port: port ?? defaultPorts[framework],
    portIsNamed: port !== undefined,
  })
  const wsgi = firstCall(project, (call) => call.callee.at(-1) === 'get_wsgi_application' && call.target !== undefined)
  if (wsgi !== undefined) return serving('django', `${dotted(wsgi.module)}:${wsgi.call.target ?? ''}`)
  const asgi = appOf(project, (last) => asgiApps.has(last))
  if (asgi !== undefined) return serving('asgi', asgi)
  const flask = appOf(project, (last) => last === 'Flask')
  if (flask !== undefined) return serving('flask', flask)
  const streamlit = importer(project, 'streamlit')
  if (streamlit !== undefined) return serving('streamlit', streamlit.path)
  const gradio = importer(project, 'gradio')
  return gradio === undefined ? undefined : serving('gradio', gradio.path)
}

interface At {
  readonly module: Module
  readonly call: Call
}

function firstCall(project: Project, test: (call: Call, module: Module) => boolean): At | undefined {
  for (const module of [...project.modules].sort(byDepth)) {
    const call = module.calls.find((one) => test(one, module))
    if (call !== undefined) return { module, call }
  }
  return undefined
}

const rank = ({ path }: Module): number =>
  2 * path.split('/').length - (/(?:^|\/)(?:main|app|server|asgi|wsgi|api)\.py$/.test(path) ? 3 : 0)

/** Entry files stand higher than what they use, and are called so. */
function byDepth(left: Module, right: Module): number {
  return rank(left) - rank(right) || (left.path < right.path ? -1 : 1)
}

/** The app at the top of a module: made there, or by a function of ours that makes it. */
function appOf(project: Project, isApp: (name: string) => boolean): string | undefined {
  const made = firstCall(
    project,
    (call) => call.target !== undefined && call.scope.length === 0 && isApp(call.callee.at(-1) ?? ''),
  )
  if (made !== undefined) return `${dotted(made.module)}:${made.call.target ?? ''}`
  const factory = firstCall(project, (call) => call.scope.length > 0 && isApp(call.callee.at(-1) ?? ''))
  const name = factory?.call.scope[0]
  if (factory === undefined || name === undefined) return undefined
  const used = firstCall(
    project,
    (call, module) =>
      call.target !== undefined &&
      call.scope.length === 0 &&
      project.canonical(call.callee, module).split('.').at(-1) === name,
  )
  return used === undefined ? undefined : `${dotted(used.module)}:${used.call.target ?? ''}`
}

function importer(project: Project, name: string): Module | undefined {
  return [...project.modules]
    .sort(byDepth)
    .find((module) => [...module.imports.values()].some((path) => path === name || path.startsWith(`${name}.`)))
}

/** `uvicorn.run(…, port=8000)`, `app.run(port=…)`, `demo.launch(server_port=…)`. */
function namedPort(project: Project): number | undefined {
  for (const module of project.modules) {
    for (const call of module.calls) {
      const last = call.callee.at(-1)
      const value =
        last === 'run' ? call.named.get('port') : last === 'launch' ? call.named.get('server_port') : undefined
      const port = value === undefined ? undefined : project.number(value, module, call.scope)
      if (port !== undefined && port >= 1 && port <= 65_535) return port
    }
  }
  return undefined
}
