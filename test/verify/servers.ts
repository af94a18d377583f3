import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer, type ServerOptions } from 'node:https'
import {
  createServer as createSocketServer,
  type AddressInfo,
  type Server as SocketServer,
  type Socket,
} from 'node:net'
import { onTestFinished } from 'vitest'

async function listen(server: Server | SocketServer): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
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
  return (server.address() as AddressInfo).port
}

/** A real HTTP server on loopback that ends with the test; gives its port. */
export const serveHttp = (listener: RequestListener): Promise<number> => listen(createServer(listener))

/** The same with TLS. */
export const serveHttps = (options: ServerOptions, listener: RequestListener): Promise<number> =>
  listen(createSecureServer(options, listener))

/** A server of bare connections. */
export const serveSockets = (listener: (socket: Socket) => void): Promise<number> =>
  listen(createSocketServer(listener))

/** A port at which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = createSocketServer()
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve())
  })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => {
    server.close(resolve)
  })
  return port
}

/** An HTTP server that gets the whole body of each request. */
export const serveBodies = (
  listener: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<number> =>
  serveHttp((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (part: string) => {
      body += part
    })
    request.on('end', () => listener(request, response, body))
  })
