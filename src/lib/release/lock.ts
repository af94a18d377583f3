import type { ProcessIdentity } from '../domain/process-identity.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Clock } from '../ports/clock.js'
import type { Parameter, Parameters } from '../ports/parameters.js'
import { lockPath, numbered, numberOf, type Place } from './paths.js'

/** Who may change an environment. */
export interface LockOwner {
  /** Unique to one run. */
  readonly id: string
  /** The identity that AWS knows. */
  readonly by: string
  readonly host: string
  readonly command: string
  /** The page of the CI run, where there is one. */
  readonly link?: string
  /** The process that holds it, for whoever can see whether it still lives. */
  readonly process?: ProcessIdentity
}

/** Tells whether the process of an owner has ended, as far as this machine can see it: false for any other's. */
export type IsGone = (process: ProcessIdentity) => boolean

/** A claim on an environment, as it stands in Parameter Store. Times in ISO 8601. */
export interface Claim {
  readonly owner: LockOwner
  readonly since: string
  /** What the owner is doing, e.g. `rollout of r-0123456789`. */
  readonly doing: string
  readonly expiresAt: string
  /** Set when it was given back, or taken away by force. */
  readonly released?: { readonly by: string; readonly at: string; readonly forced: boolean }
}

/** From the last heartbeat until the claim of an owner that is not heard of any more ends, in milliseconds. */
export const leaseTime = 120_000
/** Between two heartbeats. */
export const heartbeat = 30_000
/** Clocks of two machines differ; so much later does another one take over. */
const skew = 10_000

interface Numbered {
  readonly number: number
  readonly claim: Claim
}

/**
 * One lease for each environment. Parameter Store knows no compare-and-swap, but of several that create the same name
 * one succeeds: each claim is a parameter of its own with the next number, and that of the highest number holds the
 * lock while it lives. So nobody overwrites what somebody else wrote.
 */
export class Lock {
  readonly #parameters: Parameters
  readonly #clock: Clock
  readonly #path: string
  readonly #isGone: IsGone

  /** With `isGone`, what was claimed by a process of this machine that has ended is free at once. */
  constructor(parameters: Parameters, clock: Clock, place: Place, isGone: IsGone = () => false) {
    this.#parameters = parameters
    this.#clock = clock
    this.#path = lockPath(place)
    this.#isGone = isGone
  }

  /** Who holds it now; undefined when nobody does. */
  async holder(): Promise<Claim | undefined> {
    return this.#living(await this.#claims())?.claim
  }

  /** Who holds it now, and who had it last. */
  async standing(): Promise<{ readonly holder: Claim | undefined; readonly last: Claim | undefined }> {
    const claims = await this.#claims()
    return { holder: this.#living(claims)?.claim, last: claims.at(-1)?.claim }
  }

  /** The claim of the highest number, living or not: who had it last. */
  async last(): Promise<Claim | undefined> {
    return (await this.#claims()).at(-1)?.claim
  }

  /** Takes the lock, or gives who has it. */
  async take(owner: LockOwner, doing: string): Promise<Lease | { readonly heldBy: Claim }> {
    for (;;) {
      const claims = await this.#claims()
      const held = this.#living(claims)
      if (held !== undefined) return { heldBy: held.claim }
      const number = 1 + (claims.at(-1)?.number ?? 0)
      const now = this.#clock.now()
      const claim: Claim = { owner, since: iso(now), doing, expiresAt: iso(now + leaseTime) }
      const name = numbered(this.#path, number)
      if (!(await this.#parameters.create(name, JSON.stringify(claim)))) continue
      const others = (await this.#claims()).filter((one) => one.number !== number)
      // Others came and went between the look and the claim, which took a number that was used before: not a claim.
      if (others.some((one) => one.number > number)) {
        await this.#parameters.remove(name)
        continue
      }
      // Who was only late may have been heard of between the look and the claim: then it keeps what it has.
      const late = this.#living(others)
      if (late !== undefined) {
        await this.#parameters.remove(name)
        return { heldBy: late.claim }
      }
      for (const one of claims) await this.#parameters.remove(numbered(this.#path, one.number))
      return new Lease(this, this.#parameters, this.#clock, name, claim)
    }
  }

  /** Takes the lock away from whoever has it, or from that owner only; gives whose it was. */
  async force(by: string, from?: string): Promise<Claim | undefined> {
    for (;;) {
      const held = this.#living(await this.#claims())
      if (held === undefined || (from !== undefined && held.claim.owner.id !== from)) return undefined
      const released = { by, at: iso(this.#clock.now()), forced: true }
      // A number of its own: what is written over the claim, a heartbeat may write over again.
      const name = numbered(this.#path, held.number + 1)
      if (await this.#parameters.create(name, JSON.stringify({ ...held.claim, released }))) return held.claim
    }
  }

  /** Every claim, the oldest first. */
  async #claims(): Promise<readonly Numbered[]> {
    return (await this.#parameters.list(this.#path))
      .flatMap((parameter) => readClaim(parameter) ?? [])
      .toSorted((a, b) => a.number - b.number)
  }

  /** The last one, if it is alive: whatever stands before it has had its turn. */
  #living(claims: readonly Numbered[]): Numbered | undefined {
    const last = claims.at(-1)
    if (last === undefined) return undefined
    const { released, expiresAt, owner } = last.claim
    const ended = released !== undefined || Date.parse(expiresAt) + skew <= this.#clock.now()
    return ended || (owner.process !== undefined && this.#isGone(owner.process)) ? undefined : last
  }
}

/** The lock while it is ours. */
export class Lease {
  readonly #lock: Lock
  readonly #parameters: Parameters
  readonly #clock: Clock
  readonly #name: string
  readonly #ended = new AbortController()
  #claim: Claim
  #beating: Promise<void> = Promise.resolve()

  constructor(lock: Lock, parameters: Parameters, clock: Clock, name: string, claim: Claim) {
    this.#lock = lock
    this.#parameters = parameters
    this.#clock = clock
    this.#name = name
    this.#claim = claim
  }

  /** Keeps the claim alive until it is released. A heartbeat that fails is tried again at the next one. */
  keep(): void {
    this.#beating = this.#beat()
  }

  async #beat(): Promise<void> {
    const { signal } = this.#ended
    while (!signal.aborted) {
      try {
        await this.#clock.sleep(heartbeat, signal)
        // One that was lost stays lost: writing it again would only hide who has it now.
        if (this.#expiry() > this.#clock.now()) await this.#renew()
      } catch (error) {
        if (!signal.aborted && !(error instanceof RampartError)) throw error
      }
    }
  }

  /** Says what is being done now, to whoever waits for the lock. */
  doing(what: string): void {
    this.#claim = { ...this.#claim, doing: what }
  }

  /**
   * To be asked before every change: ends well while the lock is ours, and rejects with kind `conflict` when another
   * has it. A lease that ran out, as of a machine that slept, is renewed when nobody took it meanwhile.
   */
  async check(): Promise<void> {
    if (this.#expiry() - this.#clock.now() < leaseTime / 2) await this.#renew()
    // Whoever came later has had its turn, even if nobody hears of it now: what it found must stay as it left it.
    const last = await this.#lock.last()
    if (last?.owner.id === this.#claim.owner.id && last.released === undefined) return
    throw new RampartError('conflict', `The lock was lost: ${lossWords(last)}. Nothing was changed since.`, {
      next: ['rampart lock status', 'run the same command again to go on where this one stopped'],
    })
  }

  /** Gives the lock back. */
  async release(): Promise<void> {
    this.#ended.abort()
    await this.#beating
    const { by } = this.#claim.owner
    const holder = await this.#lock.holder()
    if (holder?.owner.id !== this.#claim.owner.id) return
    const released = { by, at: iso(this.#clock.now()), forced: false }
    await this.#parameters.put(this.#name, JSON.stringify({ ...this.#claim, released }))
  }

  #expiry(): number {
    return Date.parse(this.#claim.expiresAt)
  }

  async #renew(): Promise<void> {
    // What was taken away by force must not come back with a heartbeat.
    const there = await this.#parameters.get(this.#name)
    const now = there && readClaim(there)?.claim
    if (now === undefined || now.released !== undefined) return
    this.#claim = { ...this.#claim, expiresAt: iso(this.#clock.now() + leaseTime) }
    await this.#parameters.put(this.#name, JSON.stringify(this.#claim))
  }
}

const iso = (time: number): string => new Date(time).toISOString()

/** `ci@build-7 has it since 10:00:00 (rollout of r-1)`, for who has to wait. */
export function holderWords({ owner, since, doing }: Claim): string {
  const link = owner.link === undefined ? '' : `, ${owner.link}`
  return `${owner.by} on ${owner.host} has it since ${since} (${owner.command}: ${doing}${link})`
}

function lossWords(last: Claim | undefined): string {
  if (last?.released?.forced === true) return `${last.released.by} took it away at ${last.released.at}`
  return last === undefined ? 'its claim is gone' : holderWords(last)
}

function readClaim({ name, value }: Parameter): Numbered | undefined {
  const number = numberOf(name)
  try {
    const claim: unknown = JSON.parse(value)
    return number !== undefined && isClaim(claim) ? { number, claim } : undefined
  } catch {
    return undefined
  }
}

function isClaim(value: unknown): value is Claim {
  if (typeof value !== 'object' || value === null) return false
  const { owner, expiresAt } = value as Partial<Claim>
  return typeof owner?.id === 'string' && !Number.isNaN(Date.parse(expiresAt ?? ''))
}
