import { parse as parseToml } from 'smol-toml'
import { directoryOf, joinPath, nameOf, type Tree } from './tree.js'

/** How a Python service names its dependencies. */
export interface Dependencies {
  readonly kind: 'requirements' | 'uv' | 'poetry' | 'pipenv' | 'pyproject'
  /** The file that the installer is given first; relative to the repository. */
  readonly main: string
  /** Every file that installing reads, sorted. */
  readonly files: readonly string[]
  /** Names of packages, in the normal form of the index (lower case, `-`). */
  readonly names: ReadonlySet<string>
  /** `3.12`, when a file says so. */
  readonly python?: string
}

type Table = Readonly<Record<string, unknown>>

const isTable = (value: unknown): value is Table => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A TOML file as tables; empty when it is absent or broken. */
export function readToml(tree: Tree, path: string): Table {
  try {
    return parseToml(tree.text(path) ?? '')
  } catch {
    return {}
  }
}

const at = (table: Table, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => (isTable(value) ? value[key] : undefined), table)

// https://packaging.python.org/en/latest/specifications/name-normalization/
const normal = (name: string): string => name.toLowerCase().replaceAll(/[-_.]+/g, '-')

const requirementName = (line: string): string | undefined => /^\s*([A-Za-z0-9][\w.-]*)/.exec(line)?.[1]

const preferred = [
  'requirements.txt',
  'requirements/production.txt',
  'requirements/prod.txt',
  'requirements-prod.txt',
  'requirements-production.txt',
  'requirements/base.txt',
  'requirements/requirements.txt',
]

/** The dependency files of a directory, or undefined when it has none that are known. */
export function findDependencies(tree: Tree, directory: string): Dependencies | undefined {
  const has = (name: string): string | undefined => {
    const path = joinPath(directory, name)
    return path !== undefined && tree.paths.includes(path) ? path : undefined
  }
  const pyproject = has('pyproject.toml')
  const python = pythonVersion(tree, directory)
  const of = (
    kind: Dependencies['kind'],
    main: string,
    files: readonly (string | undefined)[],
    names: Set<string>,
  ) => ({
    kind,
    main,
    files: files.filter((file) => file !== undefined).sort(),
    names,
    ...(python !== undefined && { python }),
  })
  if (pyproject !== undefined) {
    const names = projectNames(readToml(tree, pyproject))
    const [uv, poetry] = [has('uv.lock'), has('poetry.lock')]
    if (uv !== undefined) return of('uv', pyproject, [pyproject, uv], names)
    if (poetry !== undefined || isTable(at(readToml(tree, pyproject), 'tool', 'poetry', 'dependencies'))) {
      return of('poetry', pyproject, [pyproject, poetry], names)
    }
  }
  const requirements = preferred.map(has).find((path) => path !== undefined) ?? anyRequirements(tree, directory)
  if (requirements !== undefined) {
    const files = withIncludes(tree, requirements)
    return of('requirements', requirements, files, requirementNames(tree, files))
  }
  const pipfile = has('Pipfile')
  if (pipfile !== undefined) {
    const packages = at(readToml(tree, pipfile), 'packages')
    return of(
      'pipenv',
      pipfile,
      [pipfile, has('Pipfile.lock')],
      new Set(Object.keys(isTable(packages) ? packages : {}).map(normal)),
    )
  }
  if (pyproject === undefined || at(readToml(tree, pyproject), 'project', 'dependencies') === undefined)
    return undefined
  return of('pyproject', pyproject, [pyproject], projectNames(readToml(tree, pyproject)))
}

/** The same for one file that a Dockerfile copies by name. */
export function dependenciesOfFile(tree: Tree, path: string): Dependencies | undefined {
  if (!tree.paths.includes(path) || !/requirements.*\.txt$|\/requirements\/[^/]+\.txt$/i.test(path)) return undefined
  const files = withIncludes(tree, path)
  const python = pythonVersion(tree, directoryOf(path))
  return {
    kind: 'requirements',
    main: path,
    files,
    names: requirementNames(tree, files),
    ...(python !== undefined && { python }),
  }
}

function anyRequirements(tree: Tree, directory: string): string | undefined {
  return tree.paths.find(
    (path) =>
      directoryOf(path) === directory &&
      /^requirements[\w.-]*\.txt$/.test(nameOf(path)) &&
      !/dev|test|lint|doc/.test(path),
  )
}

/** The file and what it includes with `-r` and `-c`. https://pip.pypa.io/en/stable/reference/requirements-file-format/ */
function withIncludes(tree: Tree, path: string): readonly string[] {
  const files = new Set<string>()
  const waiting = [path]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (files.has(next)) continue
    files.add(next)
    for (const line of (tree.text(next) ?? '').split('\n')) {
      const match = /^\s*(?:-r|--requirement|-c|--constraint)(?:\s+|=)\s*([^\s#]+)/.exec(line)
      const included = match?.[1] === undefined ? undefined : joinPath(directoryOf(next), match[1])
      if (included !== undefined && tree.paths.includes(included)) waiting.push(included)
    }
  }
  return [...files].sort()
}

function requirementNames(tree: Tree, files: readonly string[]): Set<string> {
  const lines = files.flatMap((file) => (tree.text(file) ?? '').split('\n'))
  return new Set(lines.flatMap((line) => requirementName(line) ?? []).map(normal))
}

function projectNames(table: Table): Set<string> {
  const listed = at(table, 'project', 'dependencies')
  const poetry = at(table, 'tool', 'poetry', 'dependencies')
  const names = Array.isArray(listed)
    ? listed.flatMap((one) => (typeof one === 'string' ? (requirementName(one) ?? []) : []))
    : []
  return new Set([...names, ...Object.keys(isTable(poetry) ? poetry : {})].map(normal))
}

function pythonVersion(tree: Tree, directory: string): string | undefined {
  const read = (name: string): string => joinPath(directory, name) ?? name
  const project = readToml(tree, read('pyproject.toml'))
  const said = [
    tree.text(read('.python-version')),
    at(project, 'project', 'requires-python'),
    at(project, 'tool', 'poetry', 'dependencies', 'python'),
    at(readToml(tree, read('Pipfile')), 'requires', 'python_version'),
  ]
  for (const text of said) {
    const version = typeof text === 'string' ? /3\.\d{1,2}/.exec(text)?.[0] : undefined
    if (version !== undefined) return version
  }
  return undefined
}
