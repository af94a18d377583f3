import type { LinePattern } from '../domain/line-pattern.js'
import type { LoadFact } from './fact.js'
import { readKilled } from './killed.js'
import { lastWords } from './last-words.js'
import { firstWord, modelInAddress, modelName, plainModelId } from './model-name.js'
import { matchPattern } from './patterns.js'
import { readProgressBar } from './progress-bar.js'

/** What is known of the app beside its lines. */
export interface ReadOptions {
  readonly patterns?: readonly LinePattern[]
  /** Paths that answer 200 only when the models are there. */
  readonly readyPaths?: readonly string[]
  /** Services that carry no models, as parts of their streams' names say: that they are up says nothing of the others. */
  readonly withoutModels?: readonly string[]
}

/** Text that stands for a fact, and what its end makes of it; nothing when the rest does not fit. */
type Rule = readonly [text: string, read: (after: string, before: string) => LoadFact | undefined]

function named(kind: 'loading' | 'loaded', word: string): LoadFact | undefined {
  const model = modelName(firstWord(word))
  return model === undefined ? undefined : { kind, model }
}

const always =
  (fact: LoadFact): Rule[1] =>
  () =>
    fact

const pid = (after: string): string | undefined => /^ {0,4}\[?(\d{1,10})\]?/.exec(after)?.[1]

function started(main: boolean): Rule[1] {
  return (after) => {
    const id = pid(after)
    return { kind: 'started', main, ...(id !== undefined && { pid: id }) }
  }
}

// The libraries' own words. The texts are case-sensitive; the first rule that fits gives the fact.
const rules: readonly Rule[] = [
  // uvicorn: https://github.com/encode/uvicorn uvicorn/server.py, supervisors/multiprocess.py, lifespan/on.py
  ['Started parent process', started(true)],
  ['Started server process', started(false)],
  ['Waiting for application startup.', always({ kind: 'waiting' })],
  ['Application startup complete.', always({ kind: 'started-up' })],
  ['Uvicorn running on ', always({ kind: 'serving' })],
  // gunicorn: https://github.com/benoitc/gunicorn gunicorn/arbiter.py. It listens before its workers have loaded.
  ['Starting gunicorn ', always({ kind: 'started', main: true })],
  [
    'Booting worker with pid: ',
    (after) => {
      const id = pid(after)
      return id === undefined ? undefined : { kind: 'worker', pid: id }
    },
  ],
  // hypercorn, Flask
  ['Running on http', always({ kind: 'serving' })],
  // sentence-transformers
  ['Load pretrained SentenceTransformer: ', (after) => named('loading', after)],
  ['Load pretrained CrossEncoder: ', (after) => named('loading', after)],
  ['No sentence-transformers model found with name ', (after) => named('loading', after)],
  // vLLM
  ['Starting to load model ', (after) => named('loading', after)],
  ['Loading weights took ', (after) => (/^[\d.]/.test(after) ? { kind: 'loaded' } : undefined)],
  ['Model loading took ', (after) => (/^[\d.]/.test(after) ? { kind: 'loaded' } : undefined)],
  ['Loading model weights took ', (after) => (/^[\d.]/.test(after) ? { kind: 'loaded' } : undefined)],
  [
    'Time spent downloading weights for ',
    (after) => {
      const model = modelName(firstWord(after))
      return { kind: 'downloading', ...(model !== undefined && { model }) }
    },
  ],
  // transformers
  ['loading weights file ', (after) => fromCache(after)],
  ['loading configuration file ', (after) => fromCache(after)],
  ['were initialized from the model checkpoint at ', (after) => named('loaded', after)],
  // huggingface_hub, of several ages
  ['not found in cache or force_download set to True, downloading to ', (_, before) => fromHub(before)],
  ['package is not installed. Falling back to regular HTTP download', always({ kind: 'downloading' })],
  // torch.hub
  [
    'Downloading: "http',
    (after) => {
      const file = after.split('"')[0]?.split('/').at(-1)
      return { kind: 'downloading', ...(file !== undefined && file !== '' && { file }) }
    },
  ],
  // onnxruntime at its verbose level
  ['] Initializing session.', always({ kind: 'loading' })],
  ['] Session successfully initialized.', always({ kind: 'loaded' })],
]

function fromCache(after: string): LoadFact | undefined {
  const path = after.split(/ from cache at | at /)[1]
  const model = modelName(firstWord(path ?? after).replace(/^(.*models--[^/]+)\/.*$/, '$1'))
  return { kind: 'loading', ...(model !== undefined && path !== undefined && { model }) }
}

function fromHub(text: string): LoadFact {
  const model = modelInAddress(text)
  return { kind: 'downloading', ...(model !== undefined && { model }) }
}

// An access line of uvicorn, gunicorn or a client library: a method, a path or address, and a status.
const request = /"?\b(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (\S{1,2000}) "?HTTP\/[\d.]{1,3}"? (\d{3})\b/

function readRequest(text: string, readyPaths: readonly string[]): LoadFact | 'nothing' | undefined {
  const [, method, path = '', status] = request.exec(text) ?? []
  if (method === undefined) return /\bHTTP Request: /.test(text) ? readClient(text) : undefined
  if (/^https?:/.test(path)) return readClient(text)
  if (status !== '200' || (method !== 'GET' && method !== 'HEAD')) return 'nothing'
  return readyPaths.includes(path.split('?')[0] ?? '') ? { kind: 'ready' } : { kind: 'serving' }
}

// The hub is asked whether a cached file is the newest (HEAD); only a GET brings one.
function readClient(text: string): LoadFact | 'nothing' {
  const model = /\bGET https?:/.test(text) ? modelInAddress(text) : undefined
  return model === undefined ? 'nothing' : { kind: 'downloading', model }
}

const verb = /(?<![A-Za-z])(Loading|loading|Loaded|loaded) (?:the )?(model:? )?/
const modelsLoaded =
  /(?<![\w-]|\bof )(?:[Aa]ll|\d{1,4}) (?:\d{1,4} )?models? (?:are |were |have been )?(?:loaded|ready)\b/
const readyWord = /(?:^|[\]:>|-] |\b(?:INFO|info) )[Rr]eady(?:[.!]?$|, )/

/** What applications themselves say: `Loading owner/name`, `Loaded owner/name in 2.1 s`, `Ready`. */
function readOwnWords(text: string): LoadFact | undefined {
  if (readyWord.test(text)) return { kind: 'ready' }
  if (modelsLoaded.test(text)) return { kind: 'loaded', all: true }
  const found = verb.exec(text)
  if (found === null) return undefined
  const after = text.slice(found.index + found[0].length)
  const kind = found[1]?.toLowerCase() === 'loaded' ? 'loaded' : 'loading'
  const model = plainModelId(after) ?? (found[2] === undefined ? undefined : modelName(quotedOrId(after)))
  return model === undefined ? undefined : { kind, model }
}

// `Loading model weights` names nothing: after the word a name shows by its quotes, a digit or a hyphen.
function quotedOrId(after: string): string {
  const word = firstWord(after)
  return /^\s{0,8}["'`]/.test(after) || /[\d-]/.test(word) ? word : ''
}

/** What one line tells of models on their way into memory; nothing for any other line. Never throws, in linear time. */
export function readLine(line: string, { patterns = [], readyPaths = [] }: ReadOptions = {}): LoadFact | undefined {
  const text = lastWords(line)
  if (text === '') return undefined
  for (const pattern of patterns) {
    const fact = matchPattern(pattern, text)
    if (fact !== undefined) return fact
  }
  const killed = readKilled(text)
  if (killed !== undefined) return killed
  const answer = readRequest(text, readyPaths)
  if (answer !== undefined) return answer === 'nothing' ? undefined : answer
  const bar = readProgressBar(text)
  if (bar !== undefined) return bar
  for (const [needle, read] of rules) {
    const at = text.indexOf(needle)
    const fact = at < 0 ? undefined : read(text.slice(at + needle.length), text.slice(0, at))
    if (fact !== undefined) return fact
  }
  return readOwnWords(text)
}
