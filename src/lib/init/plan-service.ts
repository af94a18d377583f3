import { parseImageRef } from '../domain/image-ref.js'
import type { StandingService } from '../domain/standing.js'
import type { ServiceFinding } from './findings.js'
import { isModelId } from './python/models.js'
import { renderPair } from './render-pair.js'
import type { Pin, PinnedModel, Templates } from './render-types.js'
import { fillTemplate, yamlList, yamlText } from './template.js'
import { isWithin, joinPath, relativeTo, type Tree } from './tree.js'

/** What a person said, or would have said, about one service. */
export interface ServiceAnswers {
  readonly port?: number
  readonly live?: string
  readonly ready?: string
  /** What serves already under this name. */
  readonly standing?: StandingService
}

/** A file as it would be written. */
export interface PlannedFile {
  /** Relative to the repository. */
  readonly path: string
  readonly content: string
  /** What it is, in a few words. */
  readonly what: string
}

/** The files of one service, and its part of rampart.yml. */
export interface PlannedService {
  readonly files: readonly PlannedFile[]
  readonly yaml: string
  readonly notes: readonly string[]
}

/** What every service's plan needs to know. */
export interface PlanQuestion {
  readonly app: string
  /** By the model's id. */
  readonly pins: ReadonlyMap<string, Pin>
  readonly templates: Templates
}

/** Plans one service. A pair that is there already and has no defects stays as it is. */
export function planService(
  tree: Tree,
  service: ServiceFinding,
  answers: ServiceAnswers,
  { app, pins, templates }: PlanQuestion,
): PlannedService {
  const { standing } = answers
  const stem = standing?.repository ?? (service.name === app ? app : `${app}-${service.name}`)
  const kept = keptPair(tree, service)
  const names = fileNames(service)
  const models = service.models.models.map((model): PinnedModel => {
    const pin = pins.get(model.id)
    return pin === undefined ? model : { ...model, pin }
  })
  const port = answers.port ?? service.port?.value
  const live = answers.live ?? service.live?.value
  const baseRepository = kept?.repository ?? `${stem}-base`
  const pair =
    kept === undefined ? renderPair(tree, service, { baseRepository, port, live, models }, templates) : undefined
  const inputs = kept?.inputs ?? pair?.inputs
  const base =
    inputs === undefined
      ? ''
      : fillTemplate(templates['base.yml.template'], {
          dockerfile: yamlText(relativeTo(service.context, names.base)),
          repository: yamlText(baseRepository),
          tag: kept?.tag === undefined ? '' : `tag: ${yamlText(kept.tag)}`,
          inputs: yamlList(inputs),
          models: modelLines(models),
        }).trimEnd()
  const dockerfile = inputs === undefined ? (service.dockerfiles.whole?.path ?? names.app) : names.app
  const yaml = fillTemplate(templates['service.yml.template'], {
    name: service.name,
    context: service.context === '' ? '.' : yamlText(service.context),
    dockerfile: yamlText(relativeTo(service.context, dockerfile)),
    base,
    repository: yamlText(stem),
    ...standingParts(standing),
    health: healthLines(service, {
      ...answers,
      ...(port !== undefined && { port }),
      ...(live !== undefined && { live }),
    }),
  })
  const files: readonly PlannedFile[] =
    pair === undefined
      ? []
      : [
          { path: names.base, content: pair.base, what: `dependencies and models of ${service.name}` },
          { path: names.app, content: pair.app, what: `the code of ${service.name}` },
        ]
  return { files, yaml, notes: (pair?.notes ?? []).map((note) => `${service.name}: ${note}`) }
}

const usualTags = 'tags: [latest, "{version}"] # for people; what is deployed is the digest'

function standingParts(standing: StandingService | undefined): { readonly tags: string; readonly platform: string } {
  return {
    tags:
      standing?.immutableTags === true
        ? 'tags: ["{version}"] # its repository lets no tag be moved, as `latest` would be; what is deployed is the digest'
        : usualTags,
    platform: standing?.platform === undefined ? '' : `platform: ${standing.platform}`,
  }
}

/** The part of rampart.yml for a service that serves and of which the repository holds nothing. */
export function planStranger(service: StandingService, templates: Templates): string {
  const { name, repository, port, health } = service
  return fillTemplate(templates['service.yml.template'], {
    name,
    context: '. # not found here: the directory that is built into it',
    dockerfile: 'Dockerfile.app',
    base: '',
    repository: yamlText(repository),
    ...standingParts(service),
    health:
      port === undefined || health === undefined
        ? '# health: { live: /health, port: 8000 } # nothing asks it by HTTP now'
        : `health: { live: ${yamlText(health.path)}, port: ${port} } # ${health.place}`,
  })
}

/** The pair's paths: beside the Dockerfile that is there, with the part of its name that tells services apart. */
function fileNames({ variant, context, dockerDirectory, dockerfiles }: ServiceFinding): {
  readonly base: string
  readonly app: string
} {
  const directory = isWithin(context, dockerDirectory) || context === dockerDirectory ? dockerDirectory : context
  const named = (role: string): string =>
    joinPath(directory, variant === undefined ? `Dockerfile.${role}` : `Dockerfile.${variant}.${role}`) ??
    `Dockerfile.${role}`
  return { base: dockerfiles.base?.path ?? named('base'), app: dockerfiles.app?.path ?? named('app') }
}

interface KeptPair {
  readonly repository: string
  readonly tag: string | undefined
  readonly inputs: readonly string[]
}

/** A pair that needs no mending: its app stands on a base by a plain name, nothing in it runs, and it has no defects. */
function keptPair(tree: Tree, { dockerfiles: { base, app }, defects, context }: ServiceFinding): KeptPair | undefined {
  if (base === undefined || app === undefined || app.stages.length !== 1) return undefined
  const ref = parseImageRef(app.stages[0]?.from ?? '')
  const runs = app.stages.some((stage) => stage.instructions.some((one) => one.keyword === 'RUN'))
  const broken = defects.some(
    ({ place, name }) =>
      name !== 'two recipes' && (place.startsWith(`${base.path}:`) || place.startsWith(`${app.path}:`)),
  )
  if (ref === undefined || ref.registry !== '' || ref.digest !== undefined || runs || broken) return undefined
  const inputs = base.copies
    .flatMap((copy) => copy.sources)
    .flatMap((source) => {
      const path = joinPath(context, source)
      return tree.paths.filter((one) => path !== undefined && (one === path || isWithin(path, one)))
    })
  return {
    repository: ref.repository,
    tag: ref.tag,
    inputs: [...new Set(inputs)].sort().map((path) => relativeTo(context, path)),
  }
}

const commitOf = (model: PinnedModel): string | undefined => model.revision ?? model.pin?.commit

const lines = (model: PinnedModel, revision: string): readonly string[] => [
  `- id: ${yamlText(model.id)} # ${model.places.slice(0, 3).join(', ')}`,
  `  revision: ${JSON.stringify(revision)}`,
  ...(model.files === undefined ? [] : [`  files: ${yamlList(model.files)}`]),
]

function modelLines(models: readonly PinnedModel[]): string {
  const usable = models.filter((model) => isModelId(model.id))
  const pinned = usable.filter((model) => commitOf(model) !== undefined)
  const open = usable.filter((model) => commitOf(model) === undefined)
  return [
    ...(pinned.length === 0
      ? []
      : ['models:', ...pinned.flatMap((model) => lines(model, commitOf(model) ?? '')).map((line) => `  ${line}`)]),
    ...(open.length === 0
      ? []
      : [
          "# Loaded by the code and not pinned: a commit here, and in the base's Dockerfile, makes the base repeatable.",
          "# It stands on the model's page under Files and versions, History.",
          ...(pinned.length === 0 ? ['# models:'] : []),
          ...open.flatMap((model) => lines(model, '<40 hexadecimal digits>')).map((line) => `#   ${line}`),
        ]),
  ].join('\n')
}

function healthLines(service: ServiceFinding, { port, live, ready }: ServiceAnswers): string {
  if (port === undefined || live === undefined) {
    return [
      '# No route was found that says whether it lives. Without one, nobody knows a broken release from a good one.',
      `# health: { live: /health, ready: /health/ready, port: ${port ?? 8000} }`,
    ].join('\n')
  }
  const readyPath = ready ?? service.ready?.value
  return [
    'health:',
    `  live: ${yamlText(live)} # ${service.live?.place ?? 'as you said'}`,
    ...(readyPath === undefined || readyPath === live
      ? service.models.models.length === 0
        ? []
        : ['  # ready: a route that answers 200 only when the models are loaded; without one, `live` is asked']
      : [`  ready: ${yamlText(readyPath)} # ${service.ready?.place ?? 'as you said'}`]),
    `  port: ${port} # ${service.port?.place ?? 'as you said'}`,
  ].join('\n')
}
