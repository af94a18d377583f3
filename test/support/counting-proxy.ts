import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A proxy in front of a registry that knows how many bytes of blobs were sent to it. */
export interface CountingProxy {
  readonly url: string
  /** Bytes of request bodies of at least a kilobyte since it was last asked: blobs, and neither manifests nor configurations. */
  takeUploaded(): number
  /** Bytes of each blob that was sent whole since this was last asked, by its digest; manifests are none. */
  takeBlobs(): ReadonlyMap<string, number>
  stop(): Promise<void>
}

/** Starts it on a free port of loopback. */
export async function startCountingProxy(target: string): Promise<CountingProxy> {
  let uploaded = 0
  let blobs = new Map<string, number>()
  const server = createServer((incoming, outgoing) => {
    const { host, port } = new URL(`http://${target}`)
    const { method, url: path, headers } = incoming
    const onward = request({ hostname: '127.0.0.1', port, method, path, headers: { ...headers, host } }, (answer) => {
      const location = answer.headers.location?.replace(`http://${host}`, '')
      outgoing.writeHead(answer.statusCode ?? 502, {
        ...answer.headers,
        ...(location !== undefined && { location }),
      })
      answer.pipe(outgoing)
    })
    let size = 0
    incoming.on('data', (piece: Buffer) => (size += piece.length))
    incoming.on('end', () => {
      if (size >= 1024) uploaded += size
      // One monolithic PUT a blob: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#post-then-put
      const digest = new URL(path ?? '', 'http://registry').searchParams.get('digest')
      if (method === 'PUT' && digest !== null) blobs.set(digest, size)
    })
    incoming.pipe(onward)
    onward.on('error', () => outgoing.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    takeUploaded: () => {
      const taken = uploaded
      uploaded = 0
      return taken
    },
    takeBlobs: () => {
      const taken = blobs
      blobs = new Map()
      return taken
    },
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
