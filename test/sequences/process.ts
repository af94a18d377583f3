import type { Clock } from '../../src/lib/ports/clock.js'
import type { EventClock } from './event-clock.js'

/** When a process dies: with its nth call, which AWS then performs or not. */
export interface Death {
  readonly call: number
  readonly performed: boolean
}

type Call = (...args: readonly unknown[]) => Promise<unknown>

/**
 * One run of rampart, as far as the world sees it: its calls and its sleeps. One that has died makes no call any more and
 * never wakes, whatever its promises still hold.
 */
export class Process {
  readonly #clock: EventClock
  readonly #death: Death | undefined
  readonly #died = Promise.withResolvers<'died'>()
  readonly #watchers: ((n: number) => void)[] = []
  readonly made: string[] = []
  #isDead = false

  constructor(clock: EventClock, death?: Death) {
    this.#clock = clock
    this.#death = death
  }

  /** Resolves when it dies. */
  get died(): Promise<'died'> {
    return this.#died.promise
  }

  readonly clock: Clock = {
    now: () => this.#clock.now(),
    sleep: async (milliseconds, signal) => {
      if (this.#isDead) return never()
      await this.#clock.sleep(milliseconds, signal)
      if (this.#isDead) return never()
    },
  }

  /** Runs with its nth call (from 1), before it is made. */
  onCall(watch: (n: number) => void): void {
    this.#watchers.push(watch)
  }

  /** The ports as this process has them. */
  own<T extends object>(ports: T): T {
    return new Proxy(ports, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name)
        if (typeof member === 'object' && member !== null) return this.own(member)
        if (typeof member !== 'function') return member
        return (...args: readonly unknown[]) =>
          this.#call(String(name), () => (member as Call).apply(target, [...args]))
      },
    })
  }

  async #call(name: string, perform: () => Promise<unknown>): Promise<unknown> {
    if (this.#isDead) return never()
    const n = this.made.push(name)
    for (const watch of this.#watchers) watch(n)
    const dies = n === this.#death?.call
    if (dies && !this.#death?.performed) return this.#die()
    try {
      // A call can hang on another one of its own: that of the lock that is asked before a change.
      return await this.#clock.during(() => Promise.race([perform(), this.died]))
    } finally {
      if (dies) await this.#die()
      if (this.#isDead) await never()
    }
  }

  #die(): Promise<never> {
    this.#isDead = true
    this.#died.resolve('died')
    return never()
  }
}

const never = (): Promise<never> => new Promise(() => undefined)
