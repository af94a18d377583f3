import { serviceOfDockerfile, type ComposeFile } from './compose-file.js'
import { readDockerfileFacts, type DockerfileFacts } from './dockerfile-facts.js'
import type { ServiceDockerfiles } from './findings.js'
import { findNodePackage } from './node-package.js'
import { findDependencies } from './requirements.js'
import { directoryOf, isWithin, joinPath, nameOf, type Tree } from './tree.js'

/** A place in the repository that is one service: what it is built from, before anybody looked into the code. */
export interface ServicePlace {
  readonly name: string
  readonly context: string
  readonly variant: string | undefined
  readonly dockerDirectory: string
  readonly dockerfiles: ServiceDockerfiles
  readonly composePort?: number
  readonly composeHealth?: string
}

type Role = keyof ServiceDockerfiles

interface Candidate {
  readonly facts: DockerfileFacts
  readonly role: Role
  readonly variant: string | undefined
  readonly context: string
}

const toolingDirectories = /^(?:tests?|docs?|examples?|scripts|infra(?:structure)?|terraform|cdk|notebooks|e2e|\..*)$/

/** The services of a repository: by Dockerfile, by compose file, and by dependency files where neither speaks. */
export function findPlaces(tree: Tree, app: string, compose: ComposeFile | undefined): readonly ServicePlace[] {
  const groups = new Map<string, Candidate[]>()
  for (const candidate of candidates(tree, compose)) {
    const key = `${candidate.context}#${candidate.variant ?? ''}`
    groups.set(key, [...(groups.get(key) ?? []), candidate])
  }
  const places = [...groups.values()].map((group) => placeOf(group, app, compose))
  const known = new Set(places.map((place) => place.context))
  const more = dependencyDirectories(tree)
    .filter((directory) => !known.has(directory) && !belongsTo(directory, places, tree))
    .map((directory) => bare(directory, app))
  return unique(
    [...places, ...more].sort((left, right) =>
      left.context < right.context ? -1 : left.context > right.context ? 1 : 0,
    ),
  )
}

function roleOf(path: string): Role | undefined {
  const name = nameOf(path)
  if (/dockerignore$|(?:^|[.-])(?:dev|development|test|ci|local)(?:[.-]|$)/i.test(name)) return undefined
  if (/^Dockerfile[.-](?:.+[.-])?base$/.test(name)) return 'base'
  if (/^Dockerfile[.-](?:.+[.-])?app$/.test(name)) return 'app'
  return /^Dockerfile(?:[.-].+)?$|\.Dockerfile$/i.test(name) ? 'whole' : undefined
}

function candidates(tree: Tree, compose: ComposeFile | undefined): readonly Candidate[] {
  return tree.paths.flatMap((path): readonly Candidate[] => {
    const role = roleOf(path)
    const text = role === undefined ? undefined : tree.text(path)
    if (role === undefined || text === undefined) return []
    const facts = readDockerfileFacts(path, text)
    if (facts.stages.length === 0) return []
    const named = compose?.services.find((service) => service.dockerfile === path)
    const trimmed = role === 'whole' ? path : path.replace(/[.-](?:base|app)$/, '')
    const variant = nameOf(trimmed) === 'Dockerfile' ? undefined : serviceOfDockerfile(trimmed)
    return [{ facts, role, variant, context: named?.context ?? contextOf(tree, facts) }]
  })
}

/** The nearest directory, from the Dockerfile's own upwards, that holds all it copies. */
function contextOf(tree: Tree, facts: DockerfileFacts): string {
  const own = directoryOf(facts.path)
  const sources = facts.copies.flatMap((copy) => copy.sources).filter((source) => !/[*?[$]/.test(source))
  const holds = (directory: string, source: string): boolean => {
    const path = joinPath(directory, source)
    return path !== undefined && path !== directory && tree.paths.some((one) => one === path || isWithin(path, one))
  }
  const plain = sources.filter((source) => joinPath('', source) !== '')
  for (let directory = own; ; directory = directoryOf(directory)) {
    const folder = nameOf(directory)
    const isFolderOfDockerfiles =
      directory === own && /^\.?(?:docker|deploy|deployment|containers?|build)$/.test(folder)
    if (!isFolderOfDockerfiles && plain.every((source) => holds(directory, source))) return directory
    if (directory === '')
      return /^\.?(?:docker|deploy|deployment|containers?|build)$/.test(nameOf(own)) ? directoryOf(own) : own
  }
}

function placeOf(group: readonly Candidate[], app: string, compose: ComposeFile | undefined): ServicePlace {
  const [first] = group
  const of = (role: Role): DockerfileFacts | undefined => group.find((one) => one.role === role)?.facts
  const [whole, base, appFile] = [of('whole'), of('base'), of('app')]
  const context = first?.context ?? ''
  const variant = first?.variant
  const service = compose?.services.find(
    (one) =>
      group.some((candidate) => candidate.facts.path === one.dockerfile) ||
      (variant === undefined && one.context === context),
  )
  return {
    name: serviceName(service?.name ?? variant ?? nameOf(context), app),
    context,
    variant,
    dockerDirectory: directoryOf(first?.facts.path ?? ''),
    dockerfiles: {
      ...(whole !== undefined && { whole }),
      ...(base !== undefined && { base }),
      ...(appFile !== undefined && { app: appFile }),
    },
    ...(service?.port !== undefined && { composePort: service.port }),
    ...(service?.healthPath !== undefined && { composeHealth: service.healthPath }),
  }
}

const bare = (directory: string, app: string): ServicePlace => ({
  name: serviceName(nameOf(directory), app),
  context: directory,
  variant: undefined,
  dockerDirectory: directory,
  dockerfiles: {},
})

function dependencyDirectories(tree: Tree): readonly string[] {
  const directories = new Set(
    tree.paths
      .filter((path) => /(?:^|\/)(?:requirements[\w.-]*\.txt|pyproject\.toml|Pipfile|package\.json)$/.test(path))
      .map((path) => directoryOf(path).replace(/(?:^|\/)requirements$/, '')),
  )
  return [...directories].filter(
    (directory) =>
      directory.split('/').length <= 3 &&
      !directory.split('/').some((part) => toolingDirectories.test(part)) &&
      (findDependencies(tree, directory) !== undefined || findNodePackage(tree, directory) !== undefined),
  )
}

/** A directory whose files an image above it copies is a part of that service; the top that holds only services is tooling. */
function belongsTo(directory: string, places: readonly ServicePlace[], tree: Tree): boolean {
  const above = places.some(
    (place) => isWithin(place.context, directory) && place.context !== directory && place.context !== '',
  )
  if (above) return true
  const copied = places.flatMap(({ context, dockerfiles: { whole, app } }) =>
    [...(whole?.copies ?? []), ...(app?.copies ?? [])].flatMap((copy) =>
      copy.sources.map((one) => joinPath(context, one)),
    ),
  )
  if (
    copied.some(
      (source) => source !== undefined && source !== '' && (source === directory || isWithin(source, directory)),
    )
  )
    return true
  const below = places.filter((place) => isWithin(directory, place.context))
  if (below.length === 0) return false
  return !tree.paths.some(
    (path) =>
      path.endsWith('.py') && isWithin(directory, path) && !below.some((place) => isWithin(place.context, path)),
  )
}

/** A name that rampart.yml takes. */
export function serviceName(text: string, otherwise: string): string {
  const name = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .replace(/-+$/, '')
    .slice(0, 63)
  return name === '' ? otherwise : name
}

function unique(places: readonly ServicePlace[]): readonly ServicePlace[] {
  const taken = new Set<string>()
  return places.map((place) => {
    let name = place.name
    for (let number = 2; taken.has(name); number++) name = `${place.name.slice(0, 60)}-${number}`
    taken.add(name)
    return { ...place, name }
  })
}
