import { createHash } from 'node:crypto'
import type { RehearsedService } from '../setup.js'
import type { Serving } from '../world/serving.js'
import type { Switches } from '../world/switches.js'

export interface AppRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly body: string
}

/** What an application answers. `work` says how much it had to do for it. */
export interface AppAnswer {
  readonly status: number
  readonly type: 'application/json' | 'text/html; charset=utf-8' | 'text/plain'
  readonly body: string
  readonly work: Work
}

export type Work = 'none' | 'page' | 'inspect' | 'search384' | 'search768' | 'search1155'

const json = (status: number, document: unknown, work: Work = 'none'): AppAnswer => ({
  status,
  type: 'application/json',
  body: JSON.stringify(document),
  work,
})

const text = (body: string): AppAnswer => ({ status: 200, type: 'text/plain', body, work: 'none' })

const notFound = json(404, { detail: 'not found' })
const notLoaded = json(503, { detail: 'the models are not loaded yet' })

const search = /^\/search\/cosine\/embedding(384|768|1155)d\/?$/
const inspect = /^(?:\/api\/v1)?\/inspect$/

/** Whether a path is one of an interface that uses models, as the examples have them. */
export const isModelPath = (path: string): boolean => search.test(path) || inspect.test(path)

/**
 * What a container of that service answers, as the applications of the examples do: their health documents, the three
 * searches, the inspection, the page. Requests that need models get 503 until they are loaded.
 */
export function answerOf(
  serving: Serving,
  { newAnswers }: Pick<Switches, 'newAnswers'>,
  request: AppRequest,
): AppAnswer {
  const { service, models, ready } = serving
  const { method, path } = request
  if (method === 'GET' || method === 'HEAD') {
    if (models.length === 0) return pageOf(service, path)
    if (path === service.readyPath) return readiness(serving)
    if (path === service.livePath) return json(200, { status: path.endsWith('/live') ? 'alive' : stateOf(serving) })
    return notFound
  }
  if (method !== 'POST' || !isModelPath(path)) return notFound
  const document = parsed(request.body)
  if (document === undefined) return json(422, { detail: 'the body is not JSON' })
  const isSearch = search.test(path)
  const said = document[isSearch ? 'query' : 'text']
  if (typeof said !== 'string' || said.trim() === '') {
    return json(422, { detail: `${isSearch ? 'query' : 'text'} must be a text` })
  }
  if (!ready || (serving.troubled && newAnswers === 'unavailable')) return notLoaded
  const drifted = serving.troubled && newAnswers === 'drifted'
  return isSearch ? searched(path, said, document['size'], drifted) : inspected(said, drifted)
}

const stateOf = ({ ready }: Serving): string => (ready ? 'ready' : 'loading')

function pageOf({ livePath, readyPath, name }: RehearsedService, path: string): AppAnswer {
  if (path === '/') {
    const body = `<!doctype html><title>${name}</title><p>Simulated by rampart's rehearsal.</p>\n`
    return { status: 200, type: 'text/html; charset=utf-8', body, work: 'page' }
  }
  return path === livePath || path === readyPath ? text('ok') : notFound
}

function readiness(serving: Serving): AppAnswer {
  const { models, ready, service } = serving
  const status = ready ? 200 : 503
  if (service.readyPath.endsWith('ready')) return json(status, { status: stateOf(serving) })
  const ids = models.map(({ id }) => id)
  return json(status, {
    status: ready ? 'healthy' : 'loading',
    api: ready ? 'operational' : 'starting',
    elasticsearch: 'green',
    model_cache: { cached_models: ids, loaded_models: ready ? ids : [] },
  })
}

function parsed(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : undefined
  } catch {
    return undefined
  }
}

const subjects = ['central bank', 'sovereign bonds', 'chip makers', 'quarterly results', 'energy prices', 'mergers']
const verbs = ['weigh on', 'lift', 'divide', 'surprise', 'calm']
const objects = ['investors', 'markets', 'analysts', 'lenders', 'exporters']

/** A number from 0 to 1 that follows from the text alone. */
const fraction = (...parts: readonly (string | number)[]): number =>
  createHash('sha256').update(parts.join('\u0000')).digest().readUInt32BE(0) / 0xff_ff_ff_ff

const pick = (words: readonly string[], part: number): string => words[Math.floor(part * words.length * 0.999)] ?? ''

function searched(path: string, query: string, asked: unknown, drifted: boolean): AppAnswer {
  const dimensions = Number(search.exec(path)?.[1])
  const size = asked === undefined ? 10 : asked
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 1 || size > 100) {
    return json(422, { detail: 'size must be a whole number from 1 to 100' })
  }
  const results = Array.from({ length: size }, (_, index) => {
    // A drifted release has another order and other scores, as one with a model of another revision has.
    const seed = `${query}/${dimensions}/${drifted ? size - index : index}`
    const title = `${pick(subjects, fraction(seed, 'a'))} ${pick(verbs, fraction(seed, 'b'))} ${pick(objects, fraction(seed, 'c'))}`
    const day = 1 + Math.floor(fraction(seed, 'd') * 28)
    const score = 0.93 - 0.021 * index - 0.01 * fraction(seed, 'e') - (drifted ? 0.17 : 0)
    return {
      title: title.charAt(0).toUpperCase() + title.slice(1),
      link: `https://news.example/${Math.floor(fraction(seed, 'f') * 1e8)}`,
      date: `2026-10-${String(day).padStart(2, '0')}`,
      score: Math.round(Math.max(0, score) * 1e6) / 1e6,
    }
  })
  const work = dimensions === 384 ? 'search384' : dimensions === 768 ? 'search768' : 'search1155'
  return json(200, { query, dimensions, results }, work)
}

function inspected(said: string, drifted: boolean): AppAnswer {
  const suspected = /\b(?:ignore|disregard|override)\b.*\b(?:instructions?|rules?|prompt)\b/i.test(said)
  const score = Math.round((suspected ? 0.991 : 0.004 + 0.02 * fraction(said)) * 1e6) / 1e6
  const address = /[\w.+-]+@[\w-]+\.[\w.]+/.exec(said)
  const personal = address && [
    { label: 'email', text: address[0], start: address.index, end: address.index + address[0].length, score: 0.987 },
  ]
  const shown = drifted ? Math.round((1 - score) * 0.6 * 1e6) / 1e6 : score
  return json(
    200,
    { injection: { score: shown, suspected: shown >= 0.5 }, personal_data: drifted ? [] : (personal ?? []) },
    'inspect',
  )
}
