import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { accessLine, runsOnNode } from '../world/access-line.js'
import { createRandom, type Random } from '../world/random.js'
import type { Serving } from '../world/serving.js'
import type { Host } from '../world/state.js'
import type { World } from '../world/world.js'
import { readBody } from '../wire/body.js'
import { listen } from '../wire/server.js'
import { answerOf, type AppAnswer, isModelPath } from './application.js'
import { createCertificate } from './certificate.js'
import { createLatencies, type Latencies } from './latency.js'
import { routeTo, serviceOf } from './route.js'

export interface BalancerOptions {
  readonly world: World
  /** The virtual clock, milliseconds since 1970. */
  readonly now: () => number
  readonly seed: number
  /** How many real milliseconds one of the answers' takes: 1 for answers as slow as real ones, 0 for none. */
  readonly pace: number
  readonly host: string
}

/** The load balancer's two listeners on loopback; what answers behind them is simulated. */
export interface Balancer {
  /** HTTPS, with a certificate that only this balancer has; without a slash at its end. */
  readonly url: string
  /** The port of plain HTTP. */
  readonly plainPort: number
  /** PEM: whoever is to trust the listener needs it. */
  readonly certificate: string
  close(): Promise<void>
}

/** Starts the listeners. HTTPS serves; plain HTTP redirects, or serves what the world's switches let it serve. */
export async function startBalancer(options: BalancerOptions): Promise<Balancer> {
  const { world, host } = options
  const { certificate, key } = createCertificate(['localhost', '127.0.0.1', world.state.loadBalancer.dnsName])
  const random = createRandom(options.seed + 7919)
  const latencies = createLatencies(random)
  const serve: RequestListener = (request, response) => {
    handle(request, response, options, { random, latencies }).catch(() => response.destroy())
  }
  const secure = await listen(
    createSecureServer({ cert: certificate, key, minVersion: 'TLSv1.2', keepAliveTimeout: 60_000 }, serve),
    { host },
  )
  const port = secure.port
  const plain = await listen(
    createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      const { pathname, search } = new URL(request.url ?? '/', 'http://localhost')
      // What the first seed's template does: a rule for /api on port 80 that no condition holds back.
      const leaks =
        world.state.switches.plainListener === 'serves' && (pathname.startsWith('/api/') || isModelPath(pathname))
      if (leaks) return serve(request, response)
      const name = (request.headers.host ?? 'localhost').replace(/:\d+$/, '')
      response.writeHead(301, { server: 'awselb/2.0', location: `https://${name}:${port}${pathname}${search}` }).end()
    }),
    { host },
  )
  return {
    url: `https://localhost:${port}`,
    plainPort: plain.port,
    certificate,
    close: async () => {
      await Promise.all([secure.close(), plain.close()])
    },
  }
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  { world, now, pace }: BalancerOptions,
  { random, latencies }: { readonly random: Random; readonly latencies: Latencies },
): Promise<void> {
  const body = await readBody(request)
  const method = request.method ?? 'GET'
  const path = new URL(request.url ?? '/', 'http://localhost').pathname
  world.advanceTo(now())
  const { state } = world
  const routed = routeTo(state, serviceOf(state, path), random)
  if (routed.kind === 'balancer') {
    const { status, reason } = routed
    // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
    response.writeHead(status, { server: 'awselb/2.0', 'content-type': 'text/html' })
    response.end(
      `<html><head><title>${status} ${reason}</title></head><body><h1>${status} ${reason}</h1></body></html>`,
    )
    return
  }
  const { host, serving } = routed
  const answer = answerOf(serving, state.switches, { method, path, body: 'text' in body ? body.text : '' })
  const taken = latencies({
    work: answer.work,
    first: !serving.asked,
    fetched: serving.fetched.size > 0,
    tailFactor: serving.troubled ? state.switches.tailFactor : 1,
  })
  if (answer.work !== 'none' && answer.work !== 'page') serving.asked = true
  await pass(response, taken * pace)
  if (response.destroyed) return
  log(world, serving, host, { method, path, status: answer.status })
  send(response, answer, { serving, host, taken })
}

/** Waits for that many real milliseconds, or until the client is gone. */
async function pass(response: ServerResponse, milliseconds: number): Promise<void> {
  if (milliseconds < 1) return
  await new Promise<void>((resolve) => {
    const timer = setTimeout(end, milliseconds)
    function end(): void {
      clearTimeout(timer)
      response.off('close', end)
      resolve()
    }
    response.once('close', end)
  })
}

function log(
  { state }: World,
  { stream, service, models }: Serving,
  host: Host,
  request: { readonly method: string; readonly path: string; readonly status: number },
): void {
  if (stream === undefined || !host.serving.has(service.port)) return
  const node = runsOnNode(service, models)
  state.logs.append(stream, state.now, accessLine({ node, client: '10.0.1.41:41000', ...request }))
}

function send(
  response: ServerResponse,
  { status, type, body }: AppAnswer,
  { serving, host, taken }: { readonly serving: Serving; readonly host: Host; readonly taken: number },
): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': String(Buffer.byteLength(body)),
    'x-simulated': 'rampart rehearsal',
    // In the answers' own time, whatever of it really passed: https://www.w3.org/TR/server-timing/
    'server-timing': `total;dur=${taken.toFixed(3)}`,
    'x-rehearsal-image': serving.image,
    'x-rehearsal-target': host.id,
  })
  response.end(body)
}
