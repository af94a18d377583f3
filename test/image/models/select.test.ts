import { execFileSync } from 'node:child_process'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { RampartError } from '../../../src/lib/errors/rampart-error.js'
import { hubCacheOf } from '../../../src/lib/image/models/place.js'
import { selectFiles } from '../../../src/lib/image/models/select.js'
import { requires } from '../../support/requires.js'
import { wanted } from './support.js'

const select = (paths: readonly string[], files?: readonly string[]): readonly string[] =>
  selectFiles(
    wanted('org/model', files === undefined ? {} : { files }),
    paths.map((path) => ({ path, size: 1, hash: 'a'.repeat(40) })),
  ).map(({ path }) => path)

const always = ['config.json', 'tokenizer.json', 'vocab.txt', 'merges.txt', 'spm.model', 'modeling_x.py']

test.each([
  [
    'safetensors and not the twins',
    ['model.safetensors'],
    ['pytorch_model.bin', 'tf_model.h5', 'flax_model.msgpack', 'rust_model.ot', 'onnx/model.onnx', 'onnx/config.json'],
  ],
  [
    'every shard and its index',
    ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors', 'model.safetensors.index.json'],
    ['pytorch_model-00001-of-00002.bin', 'pytorch_model.bin.index.json', 'consolidated.safetensors'],
  ],
  ['PyTorch files where there is nothing better', ['pytorch_model.bin'], ['tf_model.h5', 'onnx/model.onnx']],
  [
    'parts of a sentence transformer, each once',
    ['model.safetensors', '1_Pooling/config.json', '2_Dense/model.safetensors', '3_Dense/pytorch_model.bin'],
    ['2_Dense/pytorch_model.bin', 'openvino/openvino_model.bin', 'openvino/openvino_model.xml'],
  ],
  ['ONNX where there is nothing else', ['onnx/model.onnx', 'onnx/model.onnx_data'], ['model.tflite']],
  ['voices beside the weights', ['kokoro.safetensors', 'voices/a.pt', 'voice.pt'], ['kokoro.pt']],
  ['no leftovers of training, no pictures', ['model.safetensors'], ['optimizer.pt', 'training_args.bin', 'loss.png']],
  ["Meta's own format not beside the usual one", ['model.safetensors'], ['original/consolidated.00.pth']],
  ['all of a model in a format of its own', ['model.gguf'], []],
])('without patterns: %s', (_, kept, dropped) => {
  const paths = [...always, ...dropped, ...kept]
  expect(select(paths).toSorted()).toEqual([...always, ...kept].toSorted())
})

test.each([
  [['*.json'], ['a.json', 'sub/b.json']],
  [['?.bin'], ['x.bin']],
  [['sub/'], ['sub/b.json', 'sub/c.bin']],
  [['[ax].*'], ['a.json', 'x.bin']],
  [['[!a].*'], ['x.bin']],
  [
    ['sub/*', 'x.bin'],
    ['sub/b.json', 'sub/c.bin', 'x.bin'],
  ],
  [['[]^].txt'], ['].txt', '^.txt']],
])('patterns %j are those of the hub’s tools', (patterns, expected) => {
  const paths = ['a.json', 'x.bin', 'sub/b.json', 'sub/c.bin', '].txt', '^.txt'].filter(
    (path) => patterns[0] !== '[!a].*' || !path.endsWith('.txt'),
  )
  expect(select(paths, patterns).toSorted()).toEqual(expected.toSorted())
})

test.each([
  [{}, '/home/app/.cache/huggingface/hub'],
  [{ HF_HOME: '/opt/hf/' }, '/opt/hf/hub'],
  [{ HF_HOME: '/opt/hf', HF_HUB_CACHE: '/models' }, '/models'],
  [{ HUGGINGFACE_HUB_CACHE: '/old' }, '/old'],
  [{ XDG_CACHE_HOME: '/var/cache' }, '/var/cache/huggingface/hub'],
  [{ HF_HOME: '' }, '/home/app/.cache/huggingface/hub'],
  [{ HF_HOME: '~/hf' }, '/home/app/hf/hub'],
])('with %j the cache is %s', (environment: Record<string, string>, expected) => {
  expect(hubCacheOf(environment, '/home/app')).toBe(expected)
})

requires('python3').describe('patterns', () => {
  test('match what those of Python do, on which the hub’s tools stand', () => {
    const text = fc.string({ unit: fc.constantFrom(...Array.from('ab-]*?[!./^\\')), minLength: 1, maxLength: 6 })
    const path = fc.string({ unit: fc.constantFrom(...Array.from('ab-].!/^\\')), minLength: 1, maxLength: 4 })
    const pairs = fc.sample(fc.tuple(text, path), 4000)
    const program =
      'import sys, json, fnmatch\n' +
      'print(json.dumps([fnmatch.fnmatchcase(n, p + "*" if p[-1] == "/" else p) for p, n in json.load(sys.stdin)]))'
    const input = JSON.stringify(pairs)
    const answers = JSON.parse(execFileSync('python3', ['-c', program], { input, encoding: 'utf8' })) as boolean[]
    const ours = pairs.map(([pattern, name]) => matches(pattern, name))
    const wrong = pairs.filter((_, index) => ours[index] !== answers[index])
    expect(wrong).toEqual([])
    expect(answers.filter(Boolean).length).toBeGreaterThan(100)
  })
})

/** Whether the pattern names the file; one that names nothing is an error. */
function matches(pattern: string, path: string): boolean {
  try {
    return select([path], [pattern]).length === 1
  } catch (error) {
    if (error instanceof RampartError && error.message.startsWith('no file of')) return false
    throw error
  }
}
