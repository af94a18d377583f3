import { findComposeFile } from './compose-file.js'
import { findDefects } from './defects.js'
import type { Findings, Found, ServiceFinding } from './findings.js'
import { findNodePackage } from './node-package.js'
import { findPlaces, serviceName, type ServicePlace } from './places.js'
import { findModels, modelsOfJson, type FoundModel, type FoundModels } from './python/models.js'
import { readModule } from './python/module.js'
import { createProject, type Project } from './python/project.js'
import { findRoutes, healthOf } from './python/routes.js'
import { findServing } from './python/serving.js'
import { dependenciesOfFile, findDependencies, readToml, type Dependencies } from './requirements.js'
import { isWithin, joinPath, nameOf, type Tree } from './tree.js'

/** Looks at a repository. Pure, and never throws, whatever the files hold; `directory` is its folder's name. */
export function detect(tree: Tree, directory: string): Findings {
  const compose = findComposeFile(tree)
  const app = serviceName(compose?.name ?? projectName(tree) ?? directory, 'app')
  const places = findPlaces(tree, app, compose)
  const ignores = new Set<string>()
  const services = places.map((place) => {
    const service = lookInto(tree, place, places)
    // Services of one folder share its ignore file, and its absence.
    const defects = service.defects.filter(({ name, place: at }) => name !== 'no .dockerignore' || !ignores.has(at))
    for (const { name, place: at } of service.defects) if (name === 'no .dockerignore') ignores.add(at)
    return { ...service, defects }
  })
  return {
    app,
    services: services.filter((service) => isService(service, services)),
    ...(compose !== undefined && { composeFile: compose.path }),
  }
}

function projectName(tree: Tree): string | undefined {
  const project = readToml(tree, 'pyproject.toml')['project']
  const name =
    typeof project === 'object' && project !== null ? (project as Record<string, unknown>)['name'] : undefined
  return typeof name === 'string' ? name : undefined
}

/** Without a Dockerfile, something must be there that serves; a library among services is none. */
function isService(service: ServiceFinding, all: readonly ServiceFinding[]): boolean {
  const { whole, base, app } = service.dockerfiles
  if (whole !== undefined || base !== undefined || app !== undefined) return true
  return service.node !== undefined || service.serving !== undefined || (all.length === 1 && service.kind !== 'other')
}

const isTest = (path: string): boolean =>
  /(?:^|\/)(?:tests?|testing|conftest\.py|setup\.py|docs|notebooks|migrations)(?:\/|$)|(?:^|\/)test_[^/]*\.py$|_test\.py$/.test(
    path,
  )

interface ServiceFiles {
  /** Its context, without the other services in it. */
  readonly all: readonly string[]
  /** Of those, what its image copies; all of them where that holds no code. */
  readonly code: readonly string[]
}

function filesOf(tree: Tree, place: ServicePlace, places: readonly ServicePlace[]): ServiceFiles {
  const nested = places.filter((other) => other.context !== place.context && isWithin(place.context, other.context))
  const copied = (place.dockerfiles.app ?? place.dockerfiles.whole)?.copies ?? []
  const roots = copied.flatMap((copy) => copy.sources.map((source) => joinPath(place.context, source)))
  const inContext = tree.paths.filter(
    (path) => isWithin(place.context, path) && !nested.some((other) => isWithin(other.context, path)),
  )
  const wanted = inContext.filter((path) =>
    roots.some((root) => root === path || (root !== undefined && isWithin(root, path))),
  )
  return { all: inContext, code: wanted.some((path) => path.endsWith('.py')) ? wanted : inContext }
}

function lookInto(tree: Tree, place: ServicePlace, places: readonly ServicePlace[]): ServiceFinding {
  const files = filesOf(tree, place, places)
  const project = readProject(tree, place.context, files.code)
  const dependencies = dependenciesOf(tree, place)
  const node =
    dependencies === undefined && project.modules.length === 0 ? findNodePackage(tree, place.context) : undefined
  const kind =
    node !== undefined ? 'node' : dependencies !== undefined || project.modules.length > 0 ? 'python' : 'other'
  const serving = kind === 'python' ? findServing(project) : undefined
  const health = healthOf(findRoutes(project))
  const models = inRepository(place.context, modelsOf(tree, project, files.all))
  const port = portOf(place, serving, node)
  const live = liveOf(place, health.live, kind, serving)
  const ready =
    health.ready === undefined ? undefined : found(health.ready.path, inContext(place.context, health.ready.place))
  const { name, context, variant, dockerDirectory, dockerfiles } = place
  const service = {
    name,
    context,
    variant,
    dockerDirectory,
    kind,
    dockerfiles,
    models,
    defects: [],
    ...(dependencies !== undefined && { dependencies }),
    ...(node !== undefined && { node }),
    ...(serving !== undefined && { serving }),
    ...(port !== undefined && { port }),
    ...(live !== undefined && { live }),
    ...(ready !== undefined && { ready }),
  } satisfies ServiceFinding
  return { ...service, defects: findDefects(tree, service) }
}

const found = <T>(value: T, place: string): Found<T> => ({ value, place })

const inContext = (context: string, place: string): string => (context === '' ? place : `${context}/${place}`)

/** Modules have their paths from the context: that is where their names begin. */
function readProject(tree: Tree, context: string, files: readonly string[]): Project {
  const modules = files
    .filter((path) => path.endsWith('.py'))
    .map((path) => ({ path, inside: context === '' ? path : path.slice(context.length + 1) }))
    .filter(({ inside }) => !isTest(inside))
    .map(({ path, inside }) => readModule(inside, tree.text(path) ?? ''))
  return createProject(modules)
}

function modelsOf(tree: Tree, project: Project, files: readonly string[]): FoundModels {
  const { models, unresolved } = findModels(project)
  const listed = files
    .filter((path) => /(?:^|\/)models?[\w.-]*\.json$/.test(path))
    .flatMap((path) => modelsOfJson(nameOf(path), tree.text(path) ?? ''))
  const more = listed.filter((one) => !models.some((known) => known.id === one.id))
  // What code reads from a list is not known from the code, and is known from the list.
  return { models: [...models, ...more], unresolved: listed.length > 0 ? [] : unresolved }
}

function inRepository(context: string, { models, unresolved }: FoundModels): FoundModels {
  const all = (places: readonly string[]): readonly string[] => places.map((place) => inContext(context, place))
  return {
    models: models.map((model): FoundModel => ({ ...model, places: all(model.places) })),
    unresolved: all(unresolved),
  }
}

function dependenciesOf(tree: Tree, place: ServicePlace): Dependencies | undefined {
  const { whole, base } = place.dockerfiles
  const copies = [...(base?.copies ?? []), ...(whole?.copies ?? [])]
  const copied = copies
    .flatMap((copy) => copy.sources)
    .flatMap((source) => dependenciesOfFile(tree, joinPath(place.context, source) ?? '') ?? [])
  return copied[0] ?? findDependencies(tree, place.context)
}

function portOf(
  place: ServicePlace,
  serving: ServiceFinding['serving'],
  node: ServiceFinding['node'],
): Found<number> | undefined {
  const { app, whole, base } = place.dockerfiles
  for (const facts of [app, whole, base]) if (facts?.port !== undefined) return found(facts.port, facts.path)
  if (place.composePort !== undefined) return found(place.composePort, 'the compose file')
  if (serving !== undefined)
    return found(serving.port, serving.portIsNamed ? 'the code' : `the default of ${serving.framework}`)
  return node === undefined ? undefined : found(node.port, 'package.json')
}

function liveOf(
  place: ServicePlace,
  route: { readonly path: string; readonly place: string } | undefined,
  kind: ServiceFinding['kind'],
  serving: ServiceFinding['serving'],
): Found<string> | undefined {
  const { app, whole } = place.dockerfiles
  if (route !== undefined) return found(route.path, inContext(place.context, route.place))
  for (const facts of [app, whole]) if (facts?.healthPath !== undefined) return found(facts.healthPath, facts.path)
  if (place.composeHealth !== undefined) return found(place.composeHealth, 'the compose file')
  // https://docs.streamlit.io/deploy/tutorials/docker
  if (serving?.framework === 'streamlit') return found('/_stcore/health', 'Streamlit')
  return kind === 'node' || serving?.framework === 'gradio' ? found('/', 'assumed: its first page') : undefined
}
