import type { Digest } from '../../domain/digest.js'
import { RampartError, type Problem } from '../../errors/rampart-error.js'
import type { BaseFacts } from '../base/base-facts.js'
import type { Context } from '../context/context.js'
import { indexContext } from './copy.js'
import { ExpansionError } from '../recipe/expand.js'
import type { ContainerConfig, HistoryEntry, ImageConfig, ImageManifest } from '../image-config.js'
import type { LayerEntry } from './layer.js'
import { performStep, type Build } from './perform-step.js'
import { readTriggers, recipeError, type Recipe } from '../recipe/recipe.js'
import { SettingProblem } from '../recipe/settings.js'
import type { Step } from '../recipe/step.js'
import { createTree, TreeProblem } from './tree.js'
import { UnknownOwner } from './users.js'

/** The image that the layer goes on. */
export interface Base {
  readonly manifest: ImageManifest
  readonly config: ImageConfig
  readonly facts: BaseFacts
}

export interface ApplyOptions {
  /** ISO 8601, for `created` and the history. */
  readonly created: string
  /** Set after those of the Dockerfile, so that they win. */
  readonly labels?: Readonly<Record<string, string>>
}

export interface AppliedRecipe {
  /** The layer's entries, sorted, one per path; none when the Dockerfile changes the configuration only. */
  readonly entries: readonly LayerEntry[]
  /** Bytes of files in the layer, before compression. */
  readonly bytes: number
  /** The configuration of the image that has this layer on top; without one when there are no entries. */
  config(layer?: { readonly diffId: Digest }): ImageConfig
  /** What a person should know, one sentence each. */
  readonly notes: readonly string[]
  /** The instruction that brought the most bytes of files, and how many. */
  heaviest(): { readonly step: Step; readonly bytes: number } | undefined
}

// What Docker gives a base that sets none.
const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const withoutDeclaration = new Set(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [name, name.toLowerCase()]),
)

/**
 * Does what `docker build` would do with the recipe on that base, as one layer.
 * Throws a RampartError of kind `usage` with every problem and its line (a source that is not there, an unknown user …).
 */
export function applyRecipe(recipe: Recipe, base: Base, context: Context, options: ApplyOptions): AppliedRecipe {
  const brought = new Map<string, Step>()
  let now: Step | undefined
  const build = startBuild(recipe, base, context, (path) => void (now !== undefined && brought.set(path, now)))
  const problems: Problem[] = []
  const steps = [...triggersOf(base, problems), ...recipe.steps]
  for (const step of steps) {
    try {
      now = step
      performStep(build, step)
    } catch (error) {
      problems.push(asProblem(error, step))
    }
  }
  if (problems.length > 0) throw recipeError(recipe.path, problems)
  const entries = build.tree.entries()
  build.config = withLabels(build.config, options.labels ?? {})
  const history = historyOf(build.history, options.created, entries.length > 0)
  return {
    entries,
    bytes: entries.reduce((sum, entry) => sum + (entry.kind === 'file' ? entry.identity.size : 0), 0),
    notes: [...build.notes, ...unusedArguments(recipe, steps), ...(entries.length > 0 ? base.facts.notes : [])],
    heaviest: () => heaviestOf(entries, brought),
    config: (layer) => {
      if ((layer === undefined) !== (entries.length === 0)) {
        throw new RampartError('bug', 'the configuration must name the layer exactly when there is one')
      }
      return imageConfig(base.config, build, history, layer?.diffId, options.created)
    },
  }
}

function heaviestOf(
  entries: readonly LayerEntry[],
  brought: ReadonlyMap<string, Step>,
): ReturnType<AppliedRecipe['heaviest']> {
  const bytes = new Map<Step, number>()
  for (const entry of entries) {
    const step = entry.kind === 'file' ? brought.get(`/${entry.path}`) : undefined
    if (step !== undefined && entry.kind === 'file') bytes.set(step, (bytes.get(step) ?? 0) + entry.identity.size)
  }
  const [heaviest] = Array.from(bytes).sort(([, one], [, other]) => other - one)
  return heaviest === undefined ? undefined : { step: heaviest[0], bytes: heaviest[1] }
}

function startBuild(recipe: Recipe, base: Base, context: Context, onPut: (path: string) => void): Build {
  const before = base.config.config ?? {}
  const environment = before.Env ?? []
  const config: ContainerConfig = {
    ...keptConfig(before),
    Env: environment.some((entry) => entry.startsWith('PATH=')) ? environment : [...environment, defaultPath],
  }
  const tree = createTree(base.facts, config.WorkingDir ?? '/')
  return {
    recipe,
    facts: base.facts,
    tree: {
      ...tree,
      put: (path, node) => {
        tree.put(path, node)
        onPut(path)
      },
    },
    index: indexContext(context),
    variables: new Map(
      config.Env?.map((entry) => {
        const equals = entry.indexOf('=')
        return equals < 0 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)]
      }),
    ),
    config,
    author: base.config.author,
    commandSet: false,
    history: [],
    notes: [],
  }
}

// Docker carries over what the image specification and its own extensions name, and drops what a container had.
function keptConfig(config: ContainerConfig): ContainerConfig {
  const { User, ExposedPorts, Env, Entrypoint, Cmd, Volumes, WorkingDir, Labels } = config
  const { StopSignal, StopTimeout, Healthcheck, Shell, ArgsEscaped } = config
  const all = { User, ExposedPorts, Env, Entrypoint, Cmd, Volumes, WorkingDir, Labels }
  const extended = { ...all, StopSignal, StopTimeout, Healthcheck, Shell, ArgsEscaped }
  return Object.fromEntries(
    Object.entries(extended).filter(([, value]) => value !== undefined && value !== null && value !== ''),
  )
}

function triggersOf(base: Base, problems: Problem[]): readonly Step[] {
  const triggers = base.config.config?.OnBuild ?? []
  if (triggers.length === 0) return []
  try {
    const steps = readTriggers(triggers)
    const copy = steps.find((step) => step.kind === 'copy')
    if (copy === undefined) return steps
    problems.push({ message: `the base copies by ONBUILD: ${copy.text}`, place: copy.place })
  } catch (error) {
    if (!(error instanceof RampartError)) throw error
    problems.push(...error.problems)
  }
  return []
}

function asProblem(error: unknown, step: Step): Problem {
  if (error instanceof TreeProblem) {
    return { message: error.message, place: step.place, ...(error.hint !== undefined && { hint: error.hint }) }
  }
  if (error instanceof UnknownOwner) {
    return { message: error.message, place: step.place, hint: 'write the numbers instead, e.g. 1000:1000' }
  }
  if (error instanceof ExpansionError || error instanceof SettingProblem) {
    return { message: error.message, place: step.place }
  }
  throw error
}

function withLabels(config: ContainerConfig, labels: Readonly<Record<string, string>>): ContainerConfig {
  return Object.keys(labels).length === 0 ? config : { ...config, Labels: { ...config.Labels, ...labels } }
}

// Every instruction has its line; the layer counts as the last one's that touched files, as readers of the history
// match its lines that are not empty with the layers.
function historyOf(
  lines: readonly { readonly text: string; readonly touches: boolean }[],
  created: string,
  hasLayer: boolean,
): readonly HistoryEntry[] {
  const layerAt = hasLayer ? lines.findLastIndex((line) => line.touches) : -1
  return lines.map(({ text }, index) => ({
    created,
    created_by: text,
    comment: 'rampart',
    ...(index !== layerAt && { empty_layer: true }),
  }))
}

function imageConfig(
  base: ImageConfig,
  build: Build,
  history: readonly HistoryEntry[],
  diffId: Digest | undefined,
  created: string,
): ImageConfig {
  return {
    architecture: base.architecture,
    os: base.os,
    ...(base.variant !== undefined && { variant: base.variant }),
    created,
    ...(build.author !== undefined && build.author !== '' && { author: build.author }),
    config: build.config,
    rootfs: { type: 'layers', diff_ids: [...base.rootfs.diff_ids, ...(diffId === undefined ? [] : [diffId])] },
    history: [...(base.history ?? []), ...history],
  }
}

function unusedArguments(recipe: Recipe, steps: readonly Step[]): readonly string[] {
  const declared = new Set(steps.flatMap((step) => (step.kind === 'arg' ? step.items.map(({ name }) => name) : [])))
  return Object.keys(recipe.buildArgs)
    .filter((name) => !declared.has(name) && !recipe.globals.has(name) && !withoutDeclaration.has(name))
    .map((name) => `the build argument ${name} is not declared by an ARG and has no effect`)
}

/** The configuration's bytes: JSON with the keys in a fixed order, so that equal configurations have equal digests. */
export function encodeImageConfig(config: ImageConfig): Uint8Array {
  return new TextEncoder().encode(
    JSON.stringify(config, (_, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
        : value,
    ),
  )
}
