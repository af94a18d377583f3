import { randomUUID } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { type Answer, errorAnswer, successAnswer } from './answer.js'
import { readBody } from './body.js'
import { commonError, isJson, unknownOperation } from './common-errors.js'
import { sendEventStream, streamedEvents } from './event-stream.js'
import { type Fault, type FaultEffect, createFaults } from './faults.js'
import { jsonInput } from './json-input.js'
import { queryInput } from './query-input.js'
import { type Route, route, routeOfPath, routesOf } from './route.js'
import { restInput } from './rest-json.js'
import { operationOf, type Schema } from './schema.js'
import { type EventStream, type RequestContext, type Service, ServiceError } from './service.js'
import { type SignatureReading, readSignature } from './signature.js'

/** What a wire is made of. Times are virtual milliseconds since 1970; only bodies carry them, the Date header is real. */
export interface WireOptions {
  readonly services: readonly Service[]
  readonly accountId: string
  readonly now: () => number
  readonly faults?: readonly Fault[]
  /** Seeds the faults that come by a rate. */
  readonly seed?: number
  /** Gets every request that is not AWS's, such as the image registry's; true when it took it. */
  readonly fallback?: (request: IncomingMessage, response: ServerResponse) => Promise<boolean>
  /** Runs before each AWS request, so that the world can advance to now. */
  readonly onRequest?: (now: number) => void
  /** Runs when the nth AWS call (from 1) has arrived, before its handler. */
  readonly onCall?: (n: number, service: string, operation: string) => void
  /** Runs when the nth AWS call has been handled or refused, before its answer is sent. */
  readonly onAnswer?: (n: number, service: string, operation: string) => void
  /** Hears of mistakes of the rehearsal itself, which the client sees as an internal failure. */
  readonly onError?: (error: unknown) => void
}

/** The listener of an HTTP server that answers as AWS does, for the services given. */
export function createWire(options: WireOptions): RequestListener {
  const routes = routesOf(options.services)
  const nextFault = createFaults(options.faults ?? [], options.seed ?? 1)
  let calls = 0

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const rest = routeOfPath(routes, request.method ?? '', url)
    const isAws = url.pathname === '/' && (request.method === 'POST' || url.searchParams.has('Action'))
    if (!isAws && rest === undefined) {
      const taken = (await options.fallback?.(request, response)) ?? false
      if (!taken) send(response, { status: 404, headers: { 'content-type': 'text/plain' }, body: 'Not Found\n' })
      return
    }
    const reading = await readBody(request)
    // From here to the answer nothing waits: one request sees one state of the world.
    const body = 'text' in reading ? reading.text : ''
    const signed = readSignature(request.headers, url.searchParams)
    const signature = signed.kind === 'signed' ? signed.signature : undefined
    const routed = rest ?? route(routes, request.headers, url.searchParams, body, signature)
    calls += 1
    const n = calls
    const { service, operation } = routed
    options.onCall?.(n, service.signingName, operation)
    const requestId = randomUUID()
    const queryMode = request.headers['x-amzn-query-mode'] === 'true'
    const caught = (make: () => Prepared | undefined): Prepared | undefined => {
      try {
        return make()
      } catch (error) {
        return errorAnswer(service, asServiceError(service, error), requestId, queryMode)
      }
    }
    const advance = (): number => {
      const now = options.now()
      options.onRequest?.(now)
      return now
    }
    const answer = caught(() => {
      advance()
      if ('problem' in reading) throw unreadableBody(service, reading.problem)
      const context = contextOf(routed, signed, request, requestId)
      return underFault(service, nextFault(service.signingName, operation), () =>
        caught(() => perform(routed, body, context)),
      )
    })
    options.onAnswer?.(n, service.signingName, operation)
    if (answer === undefined) request.socket.destroy()
    else if ('stream' in answer) {
      const onError = (error: unknown): void => options.onError?.(error)
      sendEventStream(response, requestId, answer.stream, { events: answer.events, advance, onError })
    } else send(response, answer)
  }

  function contextOf(
    { service, known, operation }: Route,
    signed: SignatureReading,
    request: IncomingMessage,
    requestId: string,
  ): RequestContext {
    const { protocol, signingName } = service
    if (operation === '' && !isJson(protocol))
      throw new ServiceError('MissingAction', 'The request is missing an action or a required parameter.')
    if (signed.kind === 'missing') throw commonError(protocol, 'missing-token')
    if (signed.kind === 'malformed') throw commonError(protocol, 'incomplete-signature', signed.message)
    const { region, accessKeyId, signingName: scope } = signed.signature
    if (known && scope !== signingName)
      throw commonError(protocol, 'wrong-scope', `Credential should be scoped to correct service: '${signingName}'.`)
    return {
      now: options.now(),
      accountId: options.accountId,
      region,
      requestId,
      endpoint: `http://${request.headers.host ?? 'localhost'}`,
      accessKeyId,
    }
  }

  function asServiceError(service: Service, error: unknown): ServiceError {
    if (error instanceof ServiceError) return error
    options.onError?.(error)
    const words = error instanceof Error ? error.message : String(error)
    return commonError(service.protocol, 'internal', `The rehearsal cloud itself failed: ${words}`)
  }

  return (request, response) => {
    handle(request, response).catch((error: unknown) => {
      // A client that went away in the middle of its request is no mistake of ours.
      if (request.destroyed && !request.complete) return
      options.onError?.(error)
      if (response.headersSent) response.destroy()
      else send(response, { status: 500, headers: { 'content-type': 'text/plain' }, body: 'Internal Server Error\n' })
    })
  }
}

/** An answer that is whole, or one that goes on as the world does. */
type Prepared = Answer | { readonly stream: EventStream; readonly events: ReadonlyMap<string, Schema> }

function perform(
  { service, operation: name, parameters, labels }: Route,
  body: string,
  context: RequestContext,
): Prepared {
  const operation = operationOf(service.sdk, name)
  const handler = Object.hasOwn(service.handlers, name) ? service.handlers[name] : undefined
  if (operation === undefined || handler === undefined) throw unknownOperation(service, name, operation !== undefined)
  const input =
    labels !== undefined
      ? restInput(service, operation, labels, parameters, body)
      : isJson(service.protocol)
        ? jsonInput(service, operation, body)
        : queryInput(service, operation, parameters)
  const output = handler(input, context)
  const events = streamedEvents(operation)
  if (events !== undefined) return { stream: output as EventStream, events }
  return successAnswer(service, operation, output, context.requestId)
}

/** The answer of a call that something may go wrong with; undefined when the connection is to drop instead. */
function underFault(
  service: Service,
  effect: FaultEffect | undefined,
  make: () => Prepared | undefined,
): Prepared | undefined {
  switch (effect?.kind) {
    case undefined:
      return make()
    case 'throttle':
      throw commonError(service.protocol, 'throttled')
    case 'expired-credentials':
      throw commonError(service.protocol, 'expired')
    case 'denied':
      throw commonError(service.protocol, 'denied')
    case 'status':
      if (effect.when === 'after') make()
      throw commonError(service.protocol, effect.status === 500 ? 'internal' : 'unavailable')
    case 'drop':
      if (effect.when === 'after') make()
      return undefined
  }
}

function unreadableBody(service: Service, problem: 'too-large' | 'unreadable'): ServiceError {
  if (problem === 'too-large') return commonError(service.protocol, 'too-large')
  const code = isJson(service.protocol) ? 'SerializationException' : 'MalformedInput'
  return new ServiceError(code, 'The content encoding of the request can not be undone.')
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, 'content-length': String(Buffer.byteLength(body)) })
  response.end(body)
}
