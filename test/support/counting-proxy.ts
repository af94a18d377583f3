import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A proxy in front of a registry that knows how many bytes of blobs were sent to it. */
export interface CountingProxy {
  readonly url: string
  /** Bytes of request bodies of at least a kilobyte since it was last asked: blobs, and neither manifests nor configurations. */
  takeUploaded(): number
  stop(): Promise<void>
}

/** Starts it on a free port of loopback. */
export async function startCountingProxy(target: string): Promise<CountingProxy> {
  let uploaded = 0
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
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
