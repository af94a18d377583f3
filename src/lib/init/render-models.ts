import type { PinnedModel } from './render-types.js'

// Packages that bring huggingface_hub with them.
const bringHub = ['huggingface-hub', 'transformers', 'sentence-transformers', 'gliner', 'diffusers', 'setfit', 'peft']
// Packages that load other forms of the weights than PyTorch's own.
const otherForms = ['tensorflow', 'flax', 'jax', 'onnxruntime', 'optimum', 'openvino', 'keras', 'llama-cpp-python']

const twins = ['*.h5', '*.msgpack', '*.ot', '*.onnx', '*.gguf', 'onnx/*', 'openvino/*']

const python = (text: string): string => `'${text.replaceAll('\\', String.raw`\\`).replaceAll("'", String.raw`\'`)}'`
const list = (items: readonly string[]): string => `[${items.map(python).join(', ')}]`

/** The commit or branch that a download asks for; undefined for what the hub calls main. */
const revisionOf = (model: PinnedModel): string | undefined => model.revision ?? model.pin?.commit ?? model.ref

function downloadCall(model: PinnedModel, names: ReadonlySet<string>): string {
  const revision = revisionOf(model)
  const ignored = otherForms.some((name) => names.has(name))
    ? []
    : [...(model.pin?.safetensors === true ? ['*.bin'] : []), ...twins]
  return [
    python(model.id),
    ...(revision === undefined ? [] : [`revision=${python(revision)}`]),
    ...(model.files !== undefined ? [`allow_patterns=${list(model.files)}`] : []),
    ...(model.files === undefined && ignored.length > 0 ? [`ignore_patterns=${list(ignored)}`] : []),
  ].join(', ')
}

/**
 * The lines of Dockerfile.base that put models into the image, one layer each, and prove them as the runtime user.
 * `names` are the packages that are installed.
 */
export function renderModels(models: readonly PinnedModel[], names: ReadonlySet<string>, user: string): string {
  if (models.length === 0) return `USER ${user}`
  const hub = bringHub.some((name) => names.has(name)) ? [] : ['RUN pip install --no-cache-dir huggingface_hub']
  const checks = models.map((model) => {
    const revision = model.revision ?? model.ref
    return `get(${python(model.id)}${revision === undefined ? '' : `, revision=${python(revision)}`})`
  })
  return [
    ...hub,
    '# A layer per model: when one changes, the others are neither built nor pushed again. A failed download fails the build.',
    ...models.map((model) => renderModel(model, names)),
    '',
    '# The app never downloads: what is missing has to show up here, as the user that will run it.',
    'ENV HF_HUB_OFFLINE=1',
    `USER ${user}`,
    `RUN python -c "from huggingface_hub import snapshot_download as get; ${checks.join('; ')}"`,
  ].join('\n')
}

function renderModel(model: PinnedModel, names: ReadonlySet<string>): string {
  const folder = `"$HF_HOME/hub/models--${model.id.replaceAll('/', '--')}"`
  const download = `RUN python -c "from huggingface_hub import snapshot_download as get; get(${downloadCall(model, names)})"`
  // The code names a branch, or none: the cache must say which commit that is, or the libraries look for it online.
  const branch =
    model.revision === undefined && model.pin !== undefined
      ? [`mkdir -p ${folder}/refs`, `printf %s ${model.pin.commit} > ${folder}/refs/${model.ref ?? 'main'}`]
      : []
  const where = `# ${model.id}: ${model.places.slice(0, 3).join(', ')}`
  return [where, [download, ...branch, `chmod -R a+rX ${folder}`].join(' \\\n && ')].join('\n')
}
