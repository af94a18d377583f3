import { createServer, request } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A real proxy on loopback to which every name is this machine. */
export interface ConnectProxy {
  readonly port: number
  /** What it was asked for, e.g. `CONNECT rag.test:443` and `GET http://rag.test/`, with the login that it was shown. */
  readonly asked: { readonly what: string; readonly login: string | undefined }[]
}

/** Starts one that ends with the test; with a status it lets nobody through. */
export async function serveProxy(refuses?: number): Promise<ConnectProxy> {
  const asked: ConnectProxy['asked'] = []
  const sockets = new Set<Socket>()
  const server = createServer((incoming, outgoing) => {
    asked.push({ what: `${incoming.method} ${incoming.url}`, login: incoming.headers['proxy-authorization'] })
    if (refuses !== undefined) {
      outgoing.writeHead(refuses).end()
      return
    }
    const { port, pathname, search } = new URL(incoming.url ?? '')
    const { headers, method } = incoming
    const onward = request({ host: '127.0.0.1', port, method, path: pathname + search, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    onward.on('error', () => outgoing.destroy())
    incoming.pipe(onward)
  })
  server.on('connection', (socket) => sockets.add(socket))
  server.on('connect', (incoming, socket) => {
    asked.push({ what: `CONNECT ${incoming.url}`, login: incoming.headers['proxy-authorization'] })
    if (refuses !== undefined) {
      socket.end(`HTTP/1.1 ${refuses} No\r\ncontent-length: 0\r\n\r\n`)
      return
    }
    const { port } = new URL(`http://${incoming.url}`)
    const onward = connect({ host: '127.0.0.1', port: Number(port) }, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    sockets.add(onward)
    onward.on('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'))
    socket.on('error', () => onward.destroy())
    socket.on('close', () => onward.destroy())
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve())
  })
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => {
      server.close(resolve)
    })
  })
  return { port: (server.address() as AddressInfo).port, asked }
}
