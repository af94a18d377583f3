import { createCipheriv, createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * A file of a model of the stand-in: its bytes, or a size for generated weights, which may begin with a head of at most
 * 1 MiB; `lfs` files live on another host.
 */
export interface HubFile {
  readonly path: string
  readonly content: string | { readonly size: number; readonly seed: number; readonly head?: Uint8Array }
  readonly lfs?: boolean
}

export interface HubModel {
  readonly id: string
  readonly commit: string
  /** Branches and tags that name the commit. */
  readonly refs?: readonly string[]
  readonly files: readonly HubFile[]
  /** Who has no token is refused. */
  readonly gated?: boolean
}

/** What one answer does instead of what it should; each is used up by one request for that path. */
export type HubFault =
  | {
      readonly kind: 'status'
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: string
    }
  /** Another bit at this offset of the file. */
  | { readonly kind: 'flip'; readonly at: number }
  /** The connection breaks after that many bytes of the answer. */
  | { readonly kind: 'cut'; readonly after: number }
  /** The answer stops there and stays open. */
  | { readonly kind: 'stall'; readonly after: number }
  | { readonly kind: 'no-ranges' }

export interface HubRequest {
  readonly host: 'hub' | 'storage'
  readonly method: string
  readonly path: string
  readonly range: string | undefined
  readonly authorization: string | undefined
}

/** A hub on loopback, and the host that keeps its large files. */
export interface StandInHub {
  readonly url: string
  readonly requests: HubRequest[]
  /** Bytes of files sent so far, by path. */
  readonly sent: Map<string, number>
  /** Faults by path of a file, or `tree` and `revision` for the interface; used first to last. */
  readonly faults: Map<string, HubFault[]>
  /** Ends when that many bytes of that file were sent. */
  reached(path: string, bytes: number): Promise<void>
  stop(): Promise<void>
}

const block = 1024 * 1024
// Incompressible, as weights nearly are.
const noise = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16)).update(Buffer.alloc(block))

/** The bytes of a file from an offset on, in pieces of at most 1 MiB. */
export function* contentOf({ content }: HubFile, from = 0, to = sizeOf(content)): Generator<Buffer> {
  if (typeof content === 'string') {
    yield Buffer.from(content).subarray(from, to)
    return
  }
  for (let at = from; at < to;) {
    const index = Math.floor(at / block)
    const piece = Buffer.from(noise)
    piece.writeUInt32LE(content.seed, 0)
    piece.writeUInt32LE(index, 4)
    if (index === 0) piece.set(content.head ?? [])
    const start = at - index * block
    const end = Math.min(block, to - index * block)
    yield piece.subarray(start, end)
    at += end - start
  }
}

const sizeOf = (content: HubFile['content']): number =>
  typeof content === 'string' ? Buffer.byteLength(content) : content.size

/** How the hub names the file's content. */
export function hashOf(file: HubFile): string {
  const hash = file.lfs === true ? createHash('sha256') : createHash('sha1').update(`blob ${sizeOf(file.content)}\0`)
  for (const piece of contentOf(file)) hash.update(piece)
  return hash.digest('hex')
}

const token = 'hf_secretTokenOfTheTest'
/** What the stand-in takes for a token. */
export const hubToken = token

/** Starts both hosts on free ports. */
export async function startModelHub(models: readonly HubModel[]): Promise<StandInHub> {
  const requests: HubRequest[] = []
  const sent = new Map<string, number>()
  const faults: StandInHub['faults'] = new Map()
  const waiting = new Set<{ path: string; bytes: number; done: () => void }>()
  const hashes = new Map<HubFile, string>()
  const hash = (file: HubFile): string => {
    const known = hashes.get(file) ?? hashOf(file)
    hashes.set(file, known)
    return known
  }
  const takeFault = (name: string): HubFault | undefined => faults.get(name)?.shift()
  const count = (path: string, bytes: number): void => {
    const total = (sent.get(path) ?? 0) + bytes
    sent.set(path, total)
    for (const one of waiting) if (one.path === path && total >= one.bytes) one.done()
  }

  async function sendFile(request: IncomingMessage, response: ServerResponse, file: HubFile, fault?: HubFault) {
    const size = sizeOf(file.content)
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
    const partial = range !== null && fault?.kind !== 'no-ranges'
    const from = partial ? Number(range[1]) : 0
    const to = partial && range[2] !== '' ? Math.min(size, Number(range[2]) + 1) : size
    response.writeHead(partial ? 206 : 200, {
      'content-length': String(to - from),
      etag: `"${hash(file)}"`,
      ...(partial && { 'content-range': `bytes ${from}-${to - 1}/${size}` }),
    })
    if (request.method === 'HEAD') return void response.end()
    let at = from
    for (const piece of contentOf(file, from, to)) {
      const limit = fault?.kind === 'cut' || fault?.kind === 'stall' ? fault.after - (at - from) : piece.length
      const bytes = piece.subarray(0, Math.max(0, limit))
      if (fault?.kind === 'flip' && fault.at >= at && fault.at < at + bytes.length) {
        const place = fault.at - at
        bytes[place] = (bytes[place] ?? 0) ^ 1
      }
      if (response.destroyed) return
      const room = response.write(bytes)
      count(file.path, bytes.length)
      at += bytes.length
      if (limit < piece.length) {
        // What was written must arrive before the connection breaks.
        if (fault?.kind === 'cut') response.write('', () => response.destroy())
        return
      }
      if (!room && !response.destroyed) await roomIn(response)
    }
    response.end()
  }

  const storage = createServer((request, response) => {
    note('storage', request)
    const name = (request.url ?? '').split('?')[0]?.slice(1) ?? ''
    const file = models.flatMap((model) => model.files).find((one) => one.lfs === true && hash(one) === name)
    if (file === undefined) return refuse(response, 404, '', 'no such object')
    const fault = takeFault(file.path)
    if (fault?.kind === 'status') return void response.writeHead(fault.status, fault.headers).end(fault.body)
    void sendFile(request, response, file, fault)
  })

  function note(host: HubRequest['host'], { method = '', url = '', headers }: IncomingMessage): void {
    requests.push({ host, method, path: url, range: headers.range, authorization: headers.authorization })
  }

  let storageUrl = ''
  let url = ''
  const hub = createServer((request, response) => {
    note('hub', request)
    const { pathname, searchParams } = new URL(request.url ?? '', url)
    const authorized = request.headers.authorization === `Bearer ${token}`
    const [, kind = '', id = '', verb = '', rest = ''] =
      /^\/(api\/models\/|)([^/]+\/[^/]+)\/(revision|tree|resolve)\/(.+)$/.exec(pathname) ?? []
    const model = models.find((one) => one.id === id)
    if (model === undefined) return refuse(response, authorized ? 404 : 401, 'RepoNotFound', 'Repository not found')
    if (model.gated === true && !authorized) {
      return refuse(response, 401, 'GatedRepo', `Access to model ${id} is restricted.`)
    }
    const named = kind === '' ? '' : verb
    const fault = named === '' ? undefined : takeFault(named)
    if (fault?.kind === 'status') return void response.writeHead(fault.status, fault.headers).end(fault.body)
    if (named === 'revision') {
      const name = decodeURIComponent(rest)
      if (name !== model.commit && model.refs?.includes(name) !== true) {
        return refuse(response, 404, 'RevisionNotFound', `Invalid rev id: ${name}`)
      }
      response.setHeader('content-type', 'application/json')
      return void response.end(
        JSON.stringify({ _id: 'x', id, sha: model.commit, lastModified: '2026-01-01T00:00:00.000Z' }),
      )
    }
    const [revision = '', ...path] = rest.split('/').map(decodeURIComponent)
    if (revision !== model.commit) return refuse(response, 404, 'RevisionNotFound', `Invalid rev id: ${revision}`)
    if (named === 'tree') {
      // Pages of two, to be followed.
      const from = Number(searchParams.get('cursor') ?? 0)
      const page = model.files.slice(from, from + 2).map((file) => {
        const size = sizeOf(file.content)
        const pointer = { oid: createHash('sha1').update(file.path).digest('hex'), size, path: file.path }
        return file.lfs === true
          ? { type: 'file', ...pointer, lfs: { oid: hash(file), size, pointerSize: 134 }, xetHash: hash(file) }
          : { type: 'file', ...pointer, oid: hash(file) }
      })
      const next = new URL(request.url ?? '', url)
      next.searchParams.set('cursor', String(from + 2))
      const more = from + 2 < model.files.length
      response.writeHead(200, {
        'content-type': 'application/json',
        ...(more && { link: `<${next.href}>; rel="next"` }),
      })
      return void response.end(JSON.stringify([...page, { type: 'directory', oid: '0', size: 0, path: 'sub' }]))
    }
    const file = model.files.find((one) => one.path === path.join('/'))
    if (file === undefined) return refuse(response, 404, 'EntryNotFound', 'Entry not found')
    response.setHeader('x-repo-commit', model.commit)
    if (file.lfs === true) {
      const headers = { 'x-linked-size': String(sizeOf(file.content)), 'x-linked-etag': `"${hash(file)}"` }
      response.writeHead(302, { ...headers, 'x-xet-hash': hash(file), location: `${storageUrl}/${hash(file)}?sig=x` })
      return void response.end()
    }
    const fileFault = takeFault(file.path)
    if (fileFault?.kind === 'status')
      return void response.writeHead(fileFault.status, fileFault.headers).end(fileFault.body)
    void sendFile(request, response, file, fileFault)
  })

  storageUrl = await listen(storage)
  url = await listen(hub)
  return {
    url,
    requests,
    sent,
    faults,
    reached: (path, bytes) =>
      new Promise((resolve) => {
        if ((sent.get(path) ?? 0) >= bytes) return resolve()
        const one = { path, bytes, done: () => resolve(void waiting.delete(one)) }
        waiting.add(one)
      }),
    stop: async () => {
      for (const server of [hub, storage]) server.closeAllConnections()
      await Promise.all([hub, storage].map((server) => new Promise((resolve) => server.close(resolve))))
    },
  }
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { 'x-error-code': code, 'x-error-message': message, 'content-type': 'application/json' })
  response.end(JSON.stringify({ error: message }))
}

/** Ends when the answer takes more, or nobody wants it any more. */
function roomIn(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
  })
}
