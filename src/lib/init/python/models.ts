import type { Project } from './project.js'
import type { Call, Module, Value } from './values.js'

/** A model that code loads. */
export interface FoundModel {
  /** Its id on the hub. */
  readonly id: string
  /** The full commit, when the code names one. */
  readonly revision?: string
  /** The branch or tag that the code names, when it is not a commit. */
  readonly ref?: string
  /** File patterns, when the code names them. */
  readonly files?: readonly string[]
  /** `file:line` of each place that loads it. */
  readonly places: readonly string[]
}

/** What the models of a service are, and the places that load one that cannot be known. */
export interface FoundModels {
  readonly models: readonly FoundModel[]
  /** `file:line`: the model's id is made while the program runs. */
  readonly unresolved: readonly string[]
}

interface Loader {
  /** Where the id stands: its place, and the names that it can have. */
  readonly position: number
  readonly names: readonly string[]
  /** What an id without an owner means. */
  readonly owner?: string
}

const hubLoader: Loader = { position: 0, names: ['pretrained_model_name_or_path', 'model_id', 'repo_id', 'model_name'] }
const repositoryLoader: Loader = { position: 0, names: ['repo_id'] }
// https://sbert.net: a name without an owner is looked for under sentence-transformers first.
const sentences: Loader = { position: 0, names: ['model_name_or_path', 'model_name'], owner: 'sentence-transformers' }
const crossEncoders: Loader = { position: 0, names: ['model_name_or_path', 'model_name'], owner: 'cross-encoder' }

/** By the last part of what is called, where that name says enough by itself. */
const loaders: ReadonlyMap<string, Loader> = new Map([
  ['from_pretrained', hubLoader],
  ['snapshot_download', repositoryLoader],
  ['hf_hub_download', repositoryLoader],
  ['SentenceTransformer', sentences],
  ['SparseEncoder', sentences],
  ['CrossEncoder', crossEncoders],
  ['HuggingFaceEmbeddings', { position: 9, names: ['model_name', 'model'], owner: 'sentence-transformers' }],
])
const pipelineLoader: Loader = { position: 1, names: ['model'] }

const hubId = /^(?:[A-Za-z0-9][\w.-]*\/)?[A-Za-z0-9][\w.-]*$/
const commit = /^[0-9a-f]{40}$/

/** Whether a text can be the id of a model on the hub, and not a path. */
export function isModelId(text: string): boolean {
  return hubId.test(text) && text.length <= 96 && !/\.(?:pt|pth|bin|onnx|safetensors|pkl|joblib|json)$/.test(text)
}

function loaderOf(call: Call, module: Module, project: Project): Loader | undefined {
  const last = call.callee.at(-1) ?? ''
  if (last !== 'from_pretrained' && call.callee.length > 0) {
    const canonical = project.canonical(call.callee, module)
    // `pipeline` is a word of everyday; only that of transformers loads a model. An import may have renamed it.
    if (canonical === 'transformers.pipeline' || canonical === 'transformers.pipelines.pipeline') return pipelineLoader
    return loaders.get(canonical.split('.').at(-1) ?? last)
  }
  return loaders.get(last)
}

const argument = (call: Call, loader: Loader): Value | undefined =>
  call.positional[loader.position] ??
  loader.names.map((name) => call.named.get(name)).find((value) => value !== undefined)

/** Every model that the code of a project loads from the hub, each once, in order of appearance. */
export function findModels(project: Project): FoundModels {
  const models = new Map<string, FoundModel>()
  const unresolved: string[] = []
  for (const module of project.modules) {
    for (const call of module.calls) {
      const loader = loaderOf(call, module, project)
      const value = loader === undefined ? undefined : argument(call, loader)
      if (loader === undefined || value === undefined) continue
      const texts = (one: Value | undefined): readonly string[] =>
        one === undefined ? [] : project.texts(one, module, call.scope)
      if (texts(call.named.get('repo_type')).some((type) => type !== 'model')) continue
      const place = `${module.path}:${call.line}`
      const found = texts(value)
      if (found.length === 0 && !isModelObject(value, module, call)) unresolved.push(place)
      for (const text of found.filter(isModelId)) {
        const id = loader.owner !== undefined && !text.includes('/') ? `${loader.owner}/${text}` : text
        const [revision] = texts(call.named.get('revision'))
        add(models, { id, places: [place], ...named(revision), ...filesOf(call, texts) })
      }
    }
  }
  return { models: [...models.values()], unresolved: [...new Set(unresolved)] }
}

/** `pipeline(model=AutoModel.from_pretrained(…))`: what the inner call loads is found there. */
function isModelObject(value: Value, module: Module, call: Call): boolean {
  if (value.kind === 'call') return true
  if (value.kind !== 'name') return false
  const name = value.path.join('.')
  return [...call.scope.keys(), call.scope.length].some((length) =>
    (module.bindings.get([...call.scope.slice(0, length), name].join('.')) ?? []).some((one) => one.kind === 'call'),
  )
}

// Both are written into Dockerfiles and shells: what would need quotes there is not taken.
const safe = /^[\w./*?[\]-]+$/

const named = (revision: string | undefined): Pick<FoundModel, 'revision' | 'ref'> =>
  revision === undefined || !safe.test(revision) ? {} : commit.test(revision) ? { revision } : { ref: revision }

function filesOf(call: Call, texts: (value: Value | undefined) => readonly string[]): Pick<FoundModel, 'files'> {
  const patterns = call.named.get('allow_patterns')
  const files =
    call.callee.at(-1) === 'hf_hub_download'
      ? texts(call.positional[1] ?? call.named.get('filename'))
      : patterns?.kind === 'list'
        ? patterns.items.flatMap((item) => texts(item))
        : texts(patterns)
  return files.length === 0 || !files.every((file) => safe.test(file)) ? {} : { files }
}

function add(models: Map<string, FoundModel>, model: FoundModel): void {
  const known = models.get(model.id)
  if (known === undefined) {
    models.set(model.id, model)
    return
  }
  const revision = known.revision ?? model.revision
  const ref = known.ref ?? model.ref
  // One place that takes the whole repository makes patterns of another too few.
  const files = known.files === undefined || model.files === undefined ? undefined : union(known.files, model.files)
  models.set(model.id, {
    id: model.id,
    places: union(known.places, model.places),
    ...(revision !== undefined && { revision }),
    ...(ref !== undefined && revision === undefined && { ref }),
    ...(files !== undefined && { files }),
  })
}

const union = (left: readonly string[], right: readonly string[]): readonly string[] => [
  ...new Set([...left, ...right]),
]

/** The models of a JSON file that lists them as `{"id": …, "revision": <commit>}`, as fetch scripts read them. */
export function modelsOfJson(path: string, text: string): readonly FoundModel[] {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch {
    return []
  }
  if (!Array.isArray(data)) return []
  return data.flatMap((entry: unknown): readonly FoundModel[] => {
    if (typeof entry !== 'object' || entry === null) return []
    const { id, revision, files } = entry as Readonly<Record<string, unknown>>
    if (typeof id !== 'string' || typeof revision !== 'string' || !isModelId(id) || !commit.test(revision)) return []
    const patterns = Array.isArray(files) ? files.filter((one) => typeof one === 'string' && safe.test(one)) : []
    return [{ id, revision, places: [path], ...(patterns.length > 0 && { files: patterns }) }]
  })
}
