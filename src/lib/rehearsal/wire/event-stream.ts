import type { ServerResponse } from 'node:http'
import { EventStreamCodec } from '@smithy/core/event-streams'
import { fromUtf8, toUtf8 } from '@smithy/core/serde'
import { jsonOutput } from './json-output.js'
import { membersOf, type Operation, type Schema, traitsOf } from './schema.js'
import type { EventStream, StreamEvent } from './service.js'

type Message = Parameters<EventStreamCodec['encode']>[0]

const codec = new EventStreamCodec(toUtf8, fromUtf8)

/** The events that an operation's answer is a stream of, by their names; undefined when its answer is one document. */
export function streamedEvents(operation: Operation): ReadonlyMap<string, Schema> | undefined {
  if (!operation.output.isStructSchema()) return undefined
  const union = membersOf(operation.output).find(({ schema }) => schema.isUnionSchema() && isStreaming(schema))
  return union === undefined
    ? undefined
    : new Map(membersOf(union.schema).map(({ name, schema }) => [name, schema] as const))
}

const isStreaming = (schema: Schema): boolean => traitsOf(schema).streaming !== undefined

/**
 * One event as `application/vnd.amazon.eventstream` frames it.
 * https://smithy.io/2.0/aws/amazon-eventstream.html
 */
function encodeEvent(events: ReadonlyMap<string, Schema>, { name, value, isError }: StreamEvent): Uint8Array {
  const schema = events.get(name)
  if (schema === undefined) throw new TypeError(`${name} is no event of this stream`)
  const headers: Message['headers'] = {
    ':message-type': { type: 'string', value: isError === true ? 'exception' : 'event' },
    [isError === true ? ':exception-type' : ':event-type']: { type: 'string', value: name },
    ':content-type': { type: 'string', value: 'application/json' },
  }
  return codec.encode({ headers, body: fromUtf8(JSON.stringify(jsonOutput(schema, value))) })
}

/** How often, in real milliseconds, a stream is asked for what is due by its virtual clock. */
const tick = 25

/** Sends a stream's events until it ends or the client is gone. `advance` brings the world to now, and says when that is. */
export function sendEventStream(
  response: ServerResponse,
  requestId: string,
  stream: EventStream,
  options: {
    readonly events: ReadonlyMap<string, Schema>
    readonly advance: () => number
    readonly onError: (error: unknown) => void
  },
): void {
  response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream', 'x-amzn-requestid': requestId })
  const step = (): void => {
    // A client that reads slower than it is written to: the stream itself holds back what is due.
    if (response.writableNeedDrain) return
    try {
      const due = stream.due(options.advance())
      for (const event of due.events) response.write(encodeEvent(options.events, event))
      if (!due.over) return
      clearInterval(timer)
      response.end()
    } catch (error) {
      clearInterval(timer)
      options.onError(error)
      response.destroy()
    }
  }
  const timer = setInterval(step, tick)
  timer.unref()
  response.on('close', () => clearInterval(timer))
  step()
}
