import type { ServiceFinding } from './findings.js'
import type { PlannedFile } from './plan-service.js'
import type { Templates } from './render-types.js'
import { fillTemplate, yamlText } from './template.js'
import type { Tree } from './tree.js'

/** What runs deploys without a person. `make` is the Makefile, which is written in any case. */
export const continuousKinds = ['github', 'gitlab', 'make', 'none'] as const

export type ContinuousKind = (typeof continuousKinds)[number]

/** What a repository has already: the folder of one, the file of the other. */
export function continuousOf(tree: Tree): readonly ContinuousKind[] {
  const found: ContinuousKind[] = []
  if (tree.paths.some((path) => path.startsWith('.github/workflows/'))) found.push('github')
  if (tree.paths.includes('.gitlab-ci.yml')) found.push('gitlab')
  return found
}

interface Wanted {
  readonly environment: string
  readonly region: string
  /** Of rampart, to be run by that version and no other. */
  readonly version: string
}

const folder = ({ context }: ServiceFinding): string => (context === '' ? '.' : context)

/** The files for those, beside what is there: a file of somebody else's is never changed. */
export function continuousFiles(
  tree: Tree,
  kinds: readonly ContinuousKind[],
  services: readonly ServiceFinding[],
  { environment, region, version }: Wanted,
  templates: Templates,
): { readonly files: readonly PlannedFile[]; readonly notes: readonly string[] } {
  const built = services.filter((service) => service.node?.builds === true)
  const values = { environment: yamlText(environment), region, version }
  const files: PlannedFile[] = []
  const notes: string[] = []
  if (kinds.includes('github')) {
    const builds = built.map((service) =>
      [
        `- name: Build ${service.name}`,
        `  working-directory: ${yamlText(folder(service))}`,
        '  run: npm ci && npm run build',
      ].join('\n'),
    )
    files.push({
      path: '.github/workflows/rampart.yml',
      content: fillTemplate(templates['ci/github.yml.template'], { ...values, builds: builds.join('\n') }),
      what: 'rehearses pull requests, deploys main; its head says what to set up',
    })
  }
  if (kinds.includes('gitlab')) {
    const builds = built.map((service) => `- ${JSON.stringify(`(cd '${folder(service)}' && npm ci && npm run build)`)}`)
    const own = tree.text('.gitlab-ci.yml')
    const isOurs = own === undefined || own.startsWith('# Rehearses each merge request ')
    files.push({
      path: isOurs ? '.gitlab-ci.yml' : '.gitlab/rampart.yml',
      content: fillTemplate(templates['ci/gitlab.yml.template'], { ...values, builds: builds.join('\n') }),
      what: 'rehearses merge requests, deploys the default branch; its head says what to set up',
    })
    if (!isOurs) notes.push('.gitlab-ci.yml is there: add `include: { local: .gitlab/rampart.yml }` to it')
  }
  return { files, notes }
}
