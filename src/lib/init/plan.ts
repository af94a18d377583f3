import type { Standing, StandingService } from '../domain/standing.js'
import { plannedEnvironment, standingEnvironment } from './adopt/render.js'
import { continuousFiles, continuousOf, type ContinuousKind } from './continuous.js'
import type { Findings } from './findings.js'
import { planService, planStranger, type PlannedFile, type ServiceAnswers } from './plan-service.js'
import type { Pin, Templates } from './render-types.js'
import { fillTemplate } from './template.js'
import { joinPath, type Tree } from './tree.js'

/** Where an app will run, by the exact names of what it runs on. */
export type PlannedTarget =
  | { readonly kind: 'asg'; readonly group: string }
  | {
      readonly kind: 'ecs'
      readonly cluster: string
      /** For each service of the app its ECS service. */
      readonly services: readonly { readonly name: string; readonly service: string }[]
    }

/** What a person said, or the defaults that stand for it. */
export interface Answers {
  readonly app: string
  /** The name of the environment that is written. */
  readonly environment: string
  readonly region: string
  readonly target: PlannedTarget
  /** By the service's name. */
  readonly services: Readonly<Record<string, ServiceAnswers>>
  /** By the model's id. */
  readonly pins: ReadonlyMap<string, Pin>
  /** What serves already, and of that what the repository does not hold. */
  readonly adopted?: { readonly standing: Standing; readonly strangers: readonly StandingService[] }
  /** What runs deploys without a person; what the repository has already when left out. */
  readonly continuous?: readonly ContinuousKind[]
  /** Of rampart itself. */
  readonly version: string
}

/** All that init would write. */
export interface Plan {
  readonly files: readonly PlannedFile[]
  /** What was not carried over or is to be done by hand. */
  readonly notes: readonly string[]
}

const essential = {
  python: ['.git', '.env', '**/__pycache__'],
  node: ['.git', '.env', '**/node_modules'],
  other: ['.git', '.env'],
} as const

/** Turns findings and answers into files. Pure: the same repository and answers give the same bytes. */
export function planFiles(tree: Tree, findings: Findings, answers: Answers, templates: Templates): Plan {
  const { app, pins, adopted } = answers
  const services = findings.services.map((service) =>
    planService(tree, service, answers.services[service.name] ?? {}, { app, pins, templates }),
  )
  const strangers = (adopted?.strangers ?? []).map((service) => planStranger(service, templates))
  const config = fillTemplate(templates['rampart.yml.template'], {
    app,
    services: [...services.map((service) => service.yaml), ...strangers].map((yaml) => yaml.trimEnd()).join('\n\n'),
    environment: answers.environment,
    region: answers.region,
    ...(adopted === undefined
      ? plannedEnvironment(app, answers.environment, answers.target)
      : standingEnvironment(adopted.standing)),
  })
  const continuous = continuousFiles(
    tree,
    answers.continuous ?? continuousOf(tree),
    findings.services,
    answers,
    templates,
  )
  const contexts = [...new Set(findings.services.map((service) => service.context))]
  return {
    files: [
      {
        path: 'rampart.yml',
        content: config.replace('\nenvironments:', '\n\nenvironments:'),
        what: 'what is built and where it goes',
      },
      ...services.flatMap((service) => service.files),
      ...contexts.map((context) => dockerignore(tree, context, findings, templates)),
      makefile(tree, findings, answers, templates),
      ...continuous.files,
    ],
    notes: [...services.flatMap((service) => service.notes), ...continuous.notes],
  }
}

/** The template, or what is there with the lines that it lacks most. */
function dockerignore(tree: Tree, context: string, findings: Findings, templates: Templates): PlannedFile {
  const path = joinPath(context, '.dockerignore') ?? '.dockerignore'
  const there = tree.text(path)
  const what = 'what stays out of the images'
  if (there === undefined) return { path, content: templates.dockerignore, what }
  const lines = new Set(
    there.split(/\r?\n/).map((line) =>
      line
        .trim()
        .replace(/^\*\*\/|^\//, '')
        .replace(/\/$/, ''),
    ),
  )
  const kinds = findings.services.filter((service) => service.context === context).map((service) => service.kind)
  const wanted = [...new Set(kinds.flatMap((kind): readonly string[] => essential[kind]))]
  const missing = wanted.filter((line) => !lines.has(line.replace(/^\*\*\//, '')))
  // A file that takes everything out and some back is of another kind, and complete.
  if (missing.length === 0 || lines.has('*') || lines.has('**')) return { path, content: there, what }
  return { path, content: `${there.replace(/\n*$/, '\n')}${missing.join('\n')}\n`, what }
}

const targetNames = ['help', 'doctor', 'base', 'build', 'inspect', 'rehearse', 'deploy', 'status']

/** A Makefile of its own, or rampart.mk beside one that is there. */
function makefile(tree: Tree, findings: Findings, { app, environment }: Answers, templates: Templates): PlannedFile {
  const own = tree.text('Makefile')
  const isOurs = own === undefined || own.startsWith('# The ways to deploy ')
  const prefix = isOurs ? '' : 'rampart-'
  const built = findings.services.filter((service) => service.node?.builds === true)
  const names = built.map((service) => `${prefix}build-${service.name}`)
  const targets = built.map(
    (service) =>
      `\n${prefix}build-${service.name}: ## what ${service.name} has to build before it goes into an image\n\tcd ${service.context === '' ? '.' : service.context} && npm ci && npm run build`,
  )
  return {
    path: isOurs ? 'Makefile' : 'rampart.mk',
    content: fillTemplate(templates.Makefile, {
      app,
      environment,
      prefix,
      before: names.map((name) => ` ${name}`).join(''),
      phony: [...targetNames.map((name) => `${prefix}${name}`), ...names].join(' '),
      targets: targets.join('\n'),
    }),
    what: isOurs ? 'make deploy and its kin' : 'the deploy targets: add `include rampart.mk` to the Makefile',
  }
}
