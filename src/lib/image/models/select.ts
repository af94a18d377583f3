import { RampartError } from '../../errors/rampart-error.js'
import type { ModelFile } from '../../ports/model-hub.js'
import { literal } from '../context/glob.js'
import type { WantedModel } from './types.js'

/** It rises when {@link usualFiles} chooses otherwise than before. */
export const selectionVersion = 1

/** The files that the model's patterns name, or the usual ones. A pattern that names none is a `usage` error. */
export function selectFiles(model: WantedModel, listed: readonly ModelFile[]): readonly ModelFile[] {
  if (model.files === undefined) {
    const files = usualFiles(listed)
    if (files.length > 0) return files
    throw new RampartError('preflight', `${model.id} has no files at ${model.revision.slice(0, 12)}`)
  }
  const patterns = model.files.map((pattern) => ({ pattern, expression: compilePattern(pattern) }))
  const idle = patterns.find(({ expression }) => !listed.some(({ path }) => expression.test(path)))
  if (idle !== undefined) {
    const some = listed.slice(0, 8).map(({ path }) => path)
    throw new RampartError(
      'usage',
      `no file of ${model.id} at ${model.revision.slice(0, 12)} matches ${idle.pattern}`,
      {
        next: [`correct \`files\`: there are ${some.join(', ')}${listed.length > some.length ? ', …' : ''}`],
      },
    )
  }
  return listed.filter(({ path }) => patterns.some(({ expression }) => expression.test(path)))
}

/**
 * A pattern as the hub's own tools read it: `*` goes across slashes, `?`, `[abc]`, `[!abc]`; one that ends with a slash
 * is all of a directory. https://docs.python.org/3/library/fnmatch.html
 */
function compilePattern(pattern: string): RegExp {
  const whole = pattern.endsWith('/') ? `${pattern}*` : pattern
  let source = ''
  for (let index = 0; index < whole.length; index++) {
    const character = whole[index] ?? ''
    // A bracket right after the opening one is a member.
    const end = whole.indexOf(']', index + (whole[index + 1] === '!' ? 3 : 2))
    if (character === '*') source += '.*'
    else if (character === '?') source += '.'
    else if (character === '[' && end > 0) {
      const negated = whole[index + 1] === '!'
      source += classSource(whole.slice(index + (negated ? 2 : 1), end), negated)
      index = end
    } else source += literal(character)
  }
  return new RegExp(`^(?:${source})$`, 'su')
}

/** A class of characters; a range that runs backwards is empty. */
function classSource(members: string, negated: boolean): string {
  let body = ''
  const runes = Array.from(members)
  for (let index = 0; index < runes.length; index++) {
    const low = runes[index] ?? ''
    const high = runes[index + 1] === '-' ? runes[index + 2] : undefined
    if (high === undefined) body += member(low)
    else {
      if (low <= high) body += `${member(low)}-${member(high)}`
      index += 2
    }
  }
  if (body === '') return negated ? '.' : '(?!)'
  return `[${negated ? '^' : ''}${body}]`
}

const member = (rune: string): string => (rune === '^' ? String.raw`\^` : literal(rune))

const pictures = /\.(?:png|jpe?g|gif|webp|svg|mp4|mov|pdf|ipynb)$/i
const leftOvers =
  /(?:^|\/)(?:\.git[^/]*|optimizer\.(?:pt|bin)|scheduler\.pt|rng_state[^/]*\.pth|training_args\.bin|events\.out\.tfevents[^/]*)$/
const safetensors = /\.safetensors(?:\.index\.json)?$/
const torch = /\.(?:bin|pt|pth|ckpt)(?:\.index\.json)?$/
// Weights for other frameworks, the most useful first.
const otherFormats = [
  /\.onnx(?:[._]data.*)?$|(?:^|\/)onnx\//,
  /\.h5$/,
  /\.msgpack(?:\.index\.json)?$/,
  /\.ot$/,
  /\.gguf$/,
]
const neverAlone =
  /(?:^|\/)(?:openvino|coreml)\/|(?:^|\/)openvino_[^/]*\.(?:bin|xml)$|\.(?:tflite|mlmodel)$|\.mlpackage\//

const directoryOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1)
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
const stemOf = (path: string): string => path.replace(/(?:\.index\.json)$/, '').replace(/\.[^./]+$/, '')

/**
 * What loading the model needs: configuration, tokenizer, code, and its weights once: safetensors where there are any,
 * else PyTorch's files, else the first other format that there is. No pictures, and nothing that only training needs.
 */
function usualFiles(listed: readonly ModelFile[]): readonly ModelFile[] {
  const files = listed.filter(({ path }) => !pictures.test(path) && !leftOvers.test(path))
  const isOther = (path: string): boolean => otherFormats.some((format) => format.test(path)) || neverAlone.test(path)
  const native = files.filter(({ path }) => !isOther(path))
  const safe = native.filter(({ path }) => safetensors.test(path))
  const safeDirectories = new Set(safe.map(({ path }) => directoryOf(path)))
  const safeStems = new Set(safe.map(({ path }) => stemOf(path)))
  const numbered = safe.some(({ path }) => /^model[^/]*\.safetensors/.test(path))

  const isTwin = (path: string): boolean => {
    const name = nameOf(path)
    // Mistral's and Meta's own formats stand beside those that everybody reads.
    if (name.startsWith('consolidated') && directoryOf(path) === '' && numbered)
      return safetensors.test(path) || torch.test(path)
    if (!torch.test(path)) return false
    if (path.startsWith('original/') && safe.length > 0) return true
    if (!safeDirectories.has(directoryOf(path))) return false
    // Voices and statistics are `.pt` files, too, and have no twin.
    return /\.bin(?:\.index\.json)?$/.test(path) || safeStems.has(stemOf(path)) || /^(?:pytorch_)?model\b/.test(name)
  }
  const chosen = native.filter(({ path }) => !isTwin(path))
  if (chosen.some(({ path }) => safetensors.test(path) || torch.test(path))) return chosen
  const format = otherFormats.find((one) => files.some(({ path }) => one.test(path)))
  return format === undefined ? files : files.filter(({ path }) => !isOther(path) || format.test(path))
}
