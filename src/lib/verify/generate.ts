import type { LoadPlan } from '../domain/verify-plan.js'
import type { Clock } from '../ports/clock.js'

/** What one request of a load came to. */
interface Answered {
  /** Why it is no success; undefined for one that is. */
  readonly problem?: string
}

/** What is known of a load when it is over. Times are milliseconds. */
export interface Generated {
  /** From the moment each request was due to its end; also of those that were given up. */
  readonly latencies: readonly number[]
  /** From the moment each was sent to its end. */
  readonly services: readonly number[]
  readonly succeeded: number
  /** How often each problem was met. */
  readonly problems: ReadonlyMap<string, number>
  readonly peak: number
  readonly elapsed: number
  readonly lag: number
  /** True when it was given up early, because everything failed. */
  readonly stopped: boolean
}

export interface GeneratorPorts {
  /** Milliseconds of a clock that only goes forwards, with fractions. */
  readonly now: () => number
  /** Real time: a server does not answer faster because a rehearsal's clock does. */
  readonly clock: Clock
  readonly send: (n: number, signal: AbortSignal) => Promise<Answered>
}

/** So many failures one after the other end a load: what is down must not be kept down by it. */
const hopeless = 10

/**
 * Sends load. With a rate, a request is due at each beat whatever became of those before it, waits for a connection when
 * all are taken, and is timed from the moment at which it was due: a server that stalls is charged with everybody who
 * waited (coordinated omission). Without a rate every connection sends as soon as it has its answer.
 */
export async function generate(plan: LoadPlan, ports: GeneratorPorts, signal: AbortSignal): Promise<Generated> {
  const { now, clock, send } = ports
  const start = now()
  const over = start + plan.duration
  // Those that are due shortly before the end still get their answer.
  const patience = over + plan.endpoint.timeout
  const latencies: number[] = []
  const services: number[] = []
  const problems = new Map<string, number>()
  const underWay = new Set<Promise<void>>()
  const waiting: number[] = []
  let sent = 0
  let succeeded = 0
  let inARow = 0
  let peak = 0
  let lag = 0
  let last = start

  const isHopeless = (): boolean => inARow >= hopeless
  const count = (problem: string): void => void problems.set(problem, (problems.get(problem) ?? 0) + 1)

  async function one(due: number): Promise<void> {
    sent += 1
    const began = now()
    const { problem } = await send(sent, signal)
    last = now()
    latencies.push(last - due)
    services.push(last - began)
    if (problem === undefined) {
      succeeded += 1
      inARow = 0
    } else {
      inARow += 1
      count(problem)
    }
  }
  /** Sends what is due as far as there are connections. */
  function dispatch(): void {
    while (underWay.size < plan.concurrency && waiting.length > 0 && !isHopeless() && now() < patience) {
      const due = waiting.shift() ?? now()
      const going = one(due).finally(() => {
        underWay.delete(going)
        dispatch()
      })
      // Rejections are the signal's, and everything is waited for below.
      going.catch(() => undefined)
      underWay.add(going)
      peak = Math.max(peak, underWay.size)
    }
  }

  async function atRate(rate: number): Promise<void> {
    const beat = 1000 / rate
    for (let index = 0; index < plan.requests && index * beat < plan.duration && !isHopeless(); index += 1) {
      const due = start + index * beat
      const wait = due - now()
      if (wait > 0.5) await clock.sleep(wait, signal)
      // What this machine's timers add is not the server's doing; what the server adds does not move the next beat.
      const woke = now()
      lag = Math.max(lag, woke - due)
      waiting.push(woke)
      dispatch()
    }
  }
  async function worker(): Promise<void> {
    while (sent < plan.requests && now() < over && !isHopeless()) {
      peak = Math.max(peak, Math.min(plan.concurrency, plan.requests))
      await one(now())
    }
  }

  if (plan.rate === undefined) await Promise.all(Array.from({ length: plan.concurrency }, worker))
  else {
    await atRate(plan.rate)
    while (underWay.size > 0) await Promise.all(underWay)
  }
  signal.throwIfAborted()
  const end = now()
  for (const due of waiting) {
    latencies.push(end - due)
    count('was never sent: all connections were taken')
  }
  const beats = plan.rate === undefined ? 0 : ((sent + waiting.length) * 1000) / plan.rate
  return {
    latencies,
    services,
    succeeded,
    problems,
    peak,
    elapsed: Math.max(last - start, beats),
    lag,
    stopped: isHopeless(),
  }
}
