import { type RequestListener, type Server, createServer } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/** A server that runs. `url` has no slash at its end. */
export interface RunningServer {
  readonly url: string
  readonly port: number
  /** Stops listening and ends every connection, also those in the middle of a request. */
  close(): Promise<void>
}

/** Starts an HTTP server, on a free port of the loopback interface unless told otherwise; rejects as `listen` does (EADDRINUSE). */
export async function startServer(options: {
  readonly listener: RequestListener
  readonly port?: number
  readonly host?: string
}): Promise<RunningServer> {
  // Clients keep connections for longer than Node's 5 s, and an image of some gigabytes may take longer than its 300 s.
  return listen(createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, options.listener), options)
}

/** Lets a server listen, on a free port of the loopback interface unless told otherwise; rejects as `listen` does. */
export async function listen(
  server: Server | SecureServer,
  { port = 0, host = '127.0.0.1' }: { readonly port?: number; readonly host?: string },
): Promise<RunningServer> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const address = server.address() as AddressInfo
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return {
    url: `http://${name}:${address.port}`,
    port: address.port,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => {
          // Closing twice is closing once.
          if (error === undefined || (error as NodeJS.ErrnoException).code === 'ERR_SERVER_NOT_RUNNING') resolve()
          else reject(error)
        })
        server.closeAllConnections()
      }),
  }
}
