import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { detect } from '../../src/lib/init/detect.js'
import { planFiles, type Plan } from '../../src/lib/init/plan.js'
import { findModels, type FoundModels } from '../../src/lib/init/python/models.js'
import { readModule } from '../../src/lib/init/python/module.js'
import { createProject, type Project } from '../../src/lib/init/python/project.js'
import { templateNames, type Pin, type Templates } from '../../src/lib/init/render-types.js'
import type { Findings } from '../../src/lib/init/findings.js'
import { treeOf, type Tree } from '../../src/lib/init/tree.js'
import { root } from '../support/cli.js'

/** The three repositories of the tests, each of another shape. */
export const repositories = ['claims-desk', 'news-search', 'toxicity-api'] as const

export const repositoryPath = (name: string): string => join(root, 'test/fixtures/repositories', name)

/** The files of a directory by their relative paths. */
export function readFiles(directory: string): Record<string, string> {
  const paths = globSync('{**/*,**/.*}', { cwd: directory }).filter((path) => statSync(join(directory, path)).isFile())
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(directory, path), 'utf8')]))
}

/** The templates as the package ships them. */
const templates = Object.fromEntries(
  templateNames.map((name) => [name, readFileSync(join(root, 'templates', name), 'utf8')]),
) as Templates

/** What init would write without anybody to ask. */
export function planOf(
  files: Readonly<Record<string, string>>,
  directory: string,
  pins: ReadonlyMap<string, Pin> = new Map(),
): { readonly findings: Findings; readonly plan: Plan; readonly tree: Tree } {
  const tree = treeOf(files)
  const findings = detect(tree, directory)
  const { app } = findings
  const answers = {
    app,
    environment: 'production',
    region: 'us-west-2',
    target: { kind: 'asg', group: `${app}-asg` } as const,
    services: {},
    pins,
    version: '1.2.3',
  }
  return { findings, plan: planFiles(tree, findings, answers, templates), tree }
}

/** A project of Python files by their paths. */
export function projectOf(files: Readonly<Record<string, string>>): Project {
  return createProject(Object.entries(files).map(([path, text]) => readModule(path, text)))
}

/** The models that those files load. */
export function modelsOf(files: Readonly<Record<string, string>>): FoundModels {
  return findModels(projectOf(files))
}
