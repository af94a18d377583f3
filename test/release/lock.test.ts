import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Parameters } from '../../src/lib/ports/parameters.js'
import { heartbeat, holderWords, Lease, leaseTime, Lock, type LockOwner } from '../../src/lib/release/lock.js'
import { lockPath } from '../../src/lib/release/paths.js'
import { failureOf } from '../aws/support.js'
import { parameterStore, place } from './support.js'

const owner = (id: string): LockOwner => ({
  id,
  by: `arn:aws:iam::123456789012:user/${id}`,
  host: id,
  command: 'deploy',
})

async function taken(lock: Lock, id: string): Promise<Lease> {
  const lease = await lock.take(owner(id), 'rollout of r-1')
  if (lease instanceof Lease) return lease
  throw new Error(`held by ${lease.heldBy.owner.id}`)
}

describe('the lock of an environment', () => {
  test('is given to one, and to the next when it is given back', async () => {
    const { parameters, clock } = await parameterStore()
    const lock = new Lock(parameters, clock, place)
    expect(await lock.holder()).toBeUndefined()
    const lease = await taken(lock, 'one')
    const other = await lock.take(owner('two'), 'preflight')
    expect(other).toMatchObject({ heldBy: { owner: owner('one'), doing: 'rollout of r-1' } })
    if (other instanceof Lease) throw new Error('two have it')
    expect(holderWords(other.heldBy)).toBe(
      'arn:aws:iam::123456789012:user/one on one has it since 2026-01-15T12:00:00.000Z (deploy: rollout of r-1)',
    )
    await lease.check()
    await lease.release()
    expect(await lock.holder()).toBeUndefined()
    await (await taken(lock, 'two')).check()
    expect((await parameters.list(lockPath(place))).length).toBe(1)
  })

  test('is free again when its holder is not heard of any more', async () => {
    const { parameters, clock } = await parameterStore()
    const lock = new Lock(parameters, clock, place)
    const lost = await taken(lock, 'one')
    await clock.sleep(leaseTime)
    expect(await lock.take(owner('two'), 'preflight')).not.toBeInstanceOf(Lease)
    await clock.sleep(leaseTime)
    await taken(lock, 'two')
    const failure = await failureOf(lost.check())
    expect(failure.kind).toBe('conflict')
    expect(failure.message).toContain('user/two on two has it since')
    // What is lost must not be given back over the head of who has it.
    await lost.release()
    expect((await lock.holder())?.owner.id).toBe('two')
  })

  test('stays with a holder that slept when nobody took it meanwhile', async () => {
    const { parameters, clock } = await parameterStore()
    const lock = new Lock(parameters, clock, place)
    const lease = await taken(lock, 'one')
    await clock.sleep(10 * leaseTime)
    expect(await lock.holder()).toBeUndefined()
    await lease.check()
    expect((await lock.holder())?.owner.id).toBe('one')
  })

  test('is kept by heartbeats that say what is being done', async () => {
    const { parameters } = await parameterStore()
    const { promise: stopped, resolve: stop } = Promise.withResolvers<void>()
    let now = Date.UTC(2026, 0, 15, 12)
    let beats = 0
    const clock = {
      now: () => now,
      sleep: async (milliseconds: number, signal?: AbortSignal): Promise<void> => {
        signal?.throwIfAborted()
        now += milliseconds
        beats += 1
        if (beats > 20) {
          stop()
          await new Promise((_resolve, reject) => {
            signal?.addEventListener('abort', () => reject(new Error('stopped')))
          })
        }
      },
    }
    const lock = new Lock(parameters, clock, place)
    const lease = await taken(lock, 'one')
    lease.doing('proof of r-1')
    lease.keep()
    await stopped
    expect(20 * heartbeat).toBeGreaterThan(3 * leaseTime)
    expect(await lock.holder()).toMatchObject({ owner: owner('one'), doing: 'proof of r-1' })
    await lease.release()
    expect(await lock.holder()).toBeUndefined()
  })

  test('can be taken away by force, and does not come back with a heartbeat', async () => {
    const { parameters, clock } = await parameterStore()
    const lock = new Lock(parameters, clock, place)
    const lease = await taken(lock, 'one')
    expect((await lock.force('someone'))?.owner.id).toBe('one')
    expect(await lock.last()).toMatchObject({ owner: owner('one'), released: { by: 'someone', forced: true } })
    expect((await failureOf(lease.check())).kind).toBe('conflict')
    await clock.sleep(leaseTime)
    expect((await failureOf(lease.check())).message).toContain('someone took it away at ')
    expect(await lock.force('someone')).toBeUndefined()
    await taken(lock, 'two')
  })

  test('stays away from whom it was taken, also when a heartbeat falls together with that', async () => {
    const { parameters, clock } = await parameterStore()
    const lock = new Lock(parameters, clock, place)
    const lease = await taken(lock, 'one')
    const [claim] = await parameters.list(lockPath(place))
    await lock.force('someone')
    // What the heartbeat had read before writes it as it was.
    await parameters.put(claim?.name ?? '', claim?.value ?? '')
    expect(await lock.holder()).toBeUndefined()
    expect((await failureOf(lease.check())).kind).toBe('conflict')
    await (await taken(lock, 'two')).check()
  })

  test('does not mind what else lies there', async () => {
    const { parameters, clock } = await parameterStore()
    await parameters.put(`${lockPath(place)}/note`, 'by hand')
    await parameters.put(`${lockPath(place)}/00000009`, '{"owner": 1}')
    const lock = new Lock(parameters, clock, place)
    await taken(lock, 'one')
    expect((await lock.holder())?.owner.id).toBe('one')
  })

  test('never lets two change something at once, however their calls fall together', async () => {
    const { parameters, clock } = await parameterStore()
    let runs = 0
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.array(fc.constantFrom(0, 2), { maxLength: 3 }), { minLength: 2, maxLength: 3 }),
        async (scheduler, workers) => {
          const inOrder: Parameters = {
            ...parameters,
            get: scheduler.scheduleFunction((name) => parameters.get(name)),
            list: scheduler.scheduleFunction((path) => parameters.list(path)),
            create: scheduler.scheduleFunction((name, value) => parameters.create(name, value)),
            put: scheduler.scheduleFunction((name, value) => parameters.put(name, value)),
            remove: scheduler.scheduleFunction((name) => parameters.remove(name)),
          }
          runs += 1
          const lock = new Lock(inOrder, clock, { ...place, environment: `run-${runs}` })
          /** In the order in which they got the lock; nobody may change anything after one who came later. */
          const changed: number[] = []
          let generation = 0
          const changing = new Set<Promise<void>>()
          const change = async (by: number): Promise<void> => {
            await scheduler.schedule(Promise.resolve())
            changed.push(by)
          }
          const work = async (naps: readonly number[], index: number): Promise<void> => {
            const lease = await lock.take(owner(`worker-${index}`), 'a change')
            if (!(lease instanceof Lease)) return
            generation += 1
            const mine = generation
            for (const nap of naps) {
              // A change is over long before a lease: that much is left to the clock.
              if (nap > 0) await Promise.all(changing)
              await clock.sleep(nap * leaseTime)
              try {
                await lease.check()
              } catch {
                return
              }
              const underWay = change(mine)
              changing.add(underWay)
              await underWay
              changing.delete(underWay)
            }
            await lease.release()
          }
          await scheduler.waitFor(Promise.all(workers.map(work)))
          expect(changed).toEqual(changed.toSorted((a, b) => a - b))
        },
      ),
      { numRuns: 300 },
    )
  }, 60_000)
})
