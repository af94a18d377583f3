import { eventVersion, type Emit, type Event, type EventBody } from './event.js'

/** Takes every event of a run in order, e.g. a reporter. */
type EventSink = (event: Event) => void

export interface EventStreamOptions {
  /** The run's clock, in milliseconds since 1970. */
  readonly now: () => number
  readonly sinks?: readonly EventSink[]
}

/**
 * The events of one run. Iterating it gives those emitted after the iterator was made, until {@link EventStream.end};
 * a slow reader keeps its events in memory, the run does not wait for it.
 */
export interface EventStream extends AsyncIterable<Event> {
  readonly emit: Emit
  /** Ends every iteration once it has given what was emitted; what is emitted later is dropped. */
  readonly end: () => void
}

interface Mailbox {
  readonly put: (event: Event) => void
  readonly close: () => void
}

/** Numbers and dates what is emitted and hands it to the sinks at once. A sink that throws is left out from then on. */
export function createEventStream({ now, sinks = [] }: EventStreamOptions): EventStream {
  const listening = new Set(sinks)
  const mailboxes = new Set<Mailbox>()
  const waiting: EventBody[] = []
  let seq = 0
  let ended = false
  let delivering = false

  function deliver(event: Event): void {
    for (const sink of listening) {
      try {
        sink(event)
      } catch (error) {
        listening.delete(sink)
        waiting.push({ type: 'warning', message: `a reporter failed and was switched off: ${String(error)}` })
      }
    }
    for (const mailbox of mailboxes) mailbox.put(event)
  }

  // A sink may emit too: what it emits comes after the event that it is being given, for every sink alike.
  function emit(body: EventBody): void {
    if (ended) return
    waiting.push(body)
    if (delivering) return
    delivering = true
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      seq += 1
      deliver({ v: eventVersion, seq, at: new Date(now()).toISOString(), ...next })
    }
    delivering = false
  }

  return {
    emit,
    end() {
      ended = true
      for (const mailbox of mailboxes) mailbox.close()
    },
    [Symbol.asyncIterator]: () => iterate(mailboxes, () => ended),
  }
}

function iterate(mailboxes: Set<Mailbox>, ended: () => boolean): AsyncIterator<Event> {
  const kept: Event[] = []
  const readers: ((result: IteratorResult<Event>) => void)[] = []
  let closed = ended()
  const mailbox: Mailbox = {
    put(event) {
      const reader = readers.shift()
      if (reader === undefined) kept.push(event)
      else reader({ done: false, value: event })
    },
    close() {
      closed = true
      mailboxes.delete(mailbox)
      for (const reader of readers.splice(0)) reader({ done: true, value: undefined })
    },
  }
  if (!closed) mailboxes.add(mailbox)
  return {
    next() {
      const event = kept.shift()
      if (event !== undefined) return Promise.resolve({ done: false, value: event })
      if (closed) return Promise.resolve({ done: true, value: undefined })
      return new Promise((resolve) => readers.push(resolve))
    },
    return() {
      kept.length = 0
      mailbox.close()
      return Promise.resolve({ done: true, value: undefined })
    },
  }
}
