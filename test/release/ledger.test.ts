import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ReleaseRecord } from '../../src/lib/domain/release-record.js'
import { audit, readAudit } from '../../src/lib/release/audit.js'
import { hold, readHold, releaseHold } from '../../src/lib/release/hold.js'
import { Ledger } from '../../src/lib/release/ledger.js'
import { makeRelease } from '../../src/lib/release/make-release.js'
import { holdName, ledgerPath } from '../../src/lib/release/paths.js'
import { parameterStore, place } from './support.js'

function fields(n: number, services = 1): Omit<ReleaseRecord, 'v' | 'number'> {
  const images = Array.from({ length: services }, (_, index) => ({
    service: `service-${index}`,
    repository: `123456789012.dkr.ecr.us-west-2.amazonaws.com/service-${index}`,
    digest: `sha256:${String(n).padStart(64, '0')}` as const,
  }))
  return {
    kind: 'deploy',
    release: makeRelease(place.app, place.environment, images),
    revision: { name: 'lt-1', number: String(n + 1) },
    from: { name: 'lt-1', number: String(n) },
    source: { commit: 'c'.repeat(40), subject: 'Mend the scoring', dirty: false, version: 'v1.2.0' },
    bases: Object.fromEntries(
      images.map(({ service }) => [
        service,
        { reference: `${service}-base:latest`, models: [`acme/model@${'a'.repeat(40)}`] },
      ]),
    ),
    by: 'arn:aws:iam::123456789012:user/ci',
    host: 'build-7',
    startedAt: '2026-01-15T12:00:00.000Z',
  }
}

describe('the ledger', () => {
  test('counts the releases of an environment and says what became of them', async () => {
    const { parameters } = await parameterStore()
    const ledger = new Ledger(parameters, place)
    expect(await ledger.list()).toEqual([])
    const first = await ledger.begin(fields(1))
    expect(first).toMatchObject({ number: 1, v: 1 })
    await ledger.update({
      ...first,
      ending: 'done',
      endedAt: '2026-01-15T12:09:00.000Z',
      proof: { proved: 4, total: 4 },
    })
    expect(await ledger.begin(fields(2))).toMatchObject({ number: 2 })
    expect((await ledger.list()).map(({ number, ending }) => [number, ending])).toEqual([
      [2, undefined],
      [1, 'done'],
    ])
    expect(await new Ledger(parameters, { ...place, environment: 'staging' }).list()).toEqual([])
  })

  test('goes on with the record of a run that was lost, and begins a new one where one has ended', async () => {
    const { parameters } = await parameterStore()
    const ledger = new Ledger(parameters, place)
    const lost = await ledger.begin(fields(1))
    expect(await ledger.begin({ ...fields(1), host: 'another' })).toEqual(lost)
    await ledger.update({ ...lost, ending: 'rolledBack' })
    expect((await ledger.begin(fields(1))).number).toBe(2)
    expect((await ledger.begin({ ...fields(1), kind: 'rollback' })).number).toBe(3)
  })

  test('gives a number once, however many begin at the same time', async () => {
    const { parameters } = await parameterStore()
    const ledger = new Ledger(parameters, place)
    const begun = await Promise.all(Array.from({ length: 6 }, (_, n) => ledger.begin(fields(n + 1))))
    expect(begun.map(({ number }) => number).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('keeps the last hundred, and counts on', async () => {
    const { parameters } = await parameterStore()
    const ledger = new Ledger(parameters, place)
    for (let n = 1; n <= 102; n += 1) await ledger.begin(fields(n))
    const numbers = (await ledger.list()).map(({ number }) => number)
    expect([numbers.length, numbers[0], numbers.at(-1)]).toEqual([100, 102, 3])
  })

  test('shortens what is too large for Parameter Store, and never what rollback needs', async () => {
    const { parameters } = await parameterStore()
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 14 }),
        fc.string({ unit: 'binary', maxLength: 5000 }),
        async (services, subject) => {
          const ledger = new Ledger(parameters, { app: `app-${services}`, environment: `e${subject.length}` })
          const given = fields(services, services)
          const { number } = await ledger.begin({
            ...given,
            source: { commit: 'c'.repeat(40), subject, dirty: true },
          })
          const [record] = await ledger.list()
          expect(record).toMatchObject({ number, release: given.release, revision: given.revision, from: given.from })
        },
      ),
      { numRuns: 30 },
    )
  })

  test('leaves out what it can not read', async () => {
    const { parameters } = await parameterStore()
    const ledger = new Ledger(parameters, place)
    await ledger.begin(fields(1))
    for (const [name, value] of [
      ['00000002', 'by hand'],
      ['00000003', '{"v": 2}'],
      ['00000004', 'null'],
      ['note', JSON.stringify({ v: 1, ...fields(5) })],
    ]) {
      await parameters.put(`${ledgerPath(place)}/${name}`, value ?? '')
    }
    expect((await ledger.list()).map(({ number }) => number)).toEqual([1])
    expect((await ledger.begin(fields(9))).number).toBe(5)
  })
})

describe('a hold', () => {
  test('holds until it is released, and whatever was written', async () => {
    const { parameters } = await parameterStore()
    expect(await readHold(parameters, place)).toBeUndefined()
    await hold(parameters, place, { reason: 'rolled back to r-1', by: 'someone', at: '2026-01-15T12:00:00.000Z' })
    expect(await readHold(parameters, place)).toMatchObject({ reason: 'rolled back to r-1', by: 'someone' })
    await parameters.put(holdName(place), 'no deploys on Fridays')
    expect(await readHold(parameters, place)).toMatchObject({ reason: 'no deploys on Fridays', by: 'unknown' })
    await releaseHold(parameters, place)
    expect(await readHold(parameters, place)).toBeUndefined()
    await releaseHold(parameters, place)
  })
})

test('what is done by force is written down, with the identity that AWS saw', async () => {
  const { parameters } = await parameterStore()
  expect(await readAudit(parameters, place)).toEqual([])
  const at = '2026-01-15T12:00:00.000Z'
  await audit(parameters, place, { what: 'lock released by force', by: 'me', host: 'laptop', at })
  await audit(parameters, place, { what: 'hold released', by: 'me', host: 'laptop', at })
  expect(await readAudit(parameters, place)).toEqual([
    { what: 'lock released by force', by: 'arn:aws:iam::123456789012:user/rehearsal', host: 'laptop', at },
    { what: 'hold released', by: 'arn:aws:iam::123456789012:user/rehearsal', host: 'laptop', at },
  ])
})
