import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { pricesOf as knownPrices } from '../../src/lib/compose/prices.js'
import type { Config } from '../../src/lib/config/index.js'
import { readPrices } from '../../src/lib/config/prices.js'
import { RampartError } from '../../src/lib/errors/rampart-error.js'
import { everyPrice, priceAt, standingOf, type RegionPrices } from '../../src/lib/domain/price-table.js'
import { billOf, type Use } from '../../src/lib/plan/prices.js'

const text = readFileSync(new URL('../../templates/prices.json', import.meta.url), 'utf8')
const table = readPrices(text, 'templates/prices.json')

function pricesOf(region: string): RegionPrices {
  const prices = table.regions[region]
  if (prices === undefined) throw new Error(`the table has no ${region}`)
  return prices
}

test('four instances behind a load balancer in us-west-2', () => {
  const bill = billOf(
    [
      // 4 x 730 h x 0.0832 = 242.944
      { kind: 'instance', type: 't3.large', hours: 2920 },
      // 120 x 0.08 = 9.60
      { kind: 'volume', gigabytes: 120 },
      // 730 x 0.0225 + 730 x 1 x 0.008 = 16.425 + 5.84 = 22.265
      { kind: 'load-balancer', hours: 730, units: 1 },
      // 3 x 0.10 = 0.30
      { kind: 'registry', gigabytes: 3 },
    ],
    pricesOf('us-west-2'),
  )
  // 242.944 + 9.60 + 22.265 + 0.30 = 275.109
  expect(bill.total?.toFixed(2)).toBe('275.11')
})

test('four tasks on Fargate behind NAT in ap-south-1', () => {
  const bill = billOf(
    [
      // 4 x 730 h x (1 x 0.04257 + 4 x 0.004445) = 2920 x 0.06035 = 176.222
      { kind: 'task', vcpu: 1, memory: 4, hours: 2920 },
      // 730 x 0.056 + 50 x 0.056 = 40.88 + 2.80 = 43.68
      { kind: 'nat', hours: 730, gigabytes: 50 },
      // 730 x 0.0239 + 730 x 0.008 = 17.447 + 5.84 = 23.287
      { kind: 'load-balancer', hours: 730, units: 1 },
    ],
    pricesOf('ap-south-1'),
  )
  // 176.222 + 43.68 + 23.287 = 243.189
  expect(bill.total?.toFixed(2)).toBe('243.19')
})

test('a small fleet with a model cache and a machine image of its own in us-east-1', () => {
  const bill = billOf(
    [
      // 2 x 730 h x 0.0336 = 49.056
      { kind: 'instance', type: 't4g.medium', hours: 1460 },
      // 1.2 x 0.30 + 120 x 0.03 = 0.36 + 3.60 = 3.96
      { kind: 'file-system', gigabytes: 1.2, read: 120 },
      // 60 x 0.05 = 3.00
      { kind: 'snapshot', gigabytes: 60 },
      // 200 x 0.09 = 18.00
      { kind: 'transfer-out', gigabytes: 200 },
    ],
    pricesOf('us-east-1'),
  )
  // 49.056 + 3.96 + 3.00 + 18.00 = 74.016
  expect(bill.total?.toFixed(2)).toBe('74.02')
})

test('every price of the table says where it is from, and a larger instance costs as much as its parts', () => {
  const used = new Set<string>()
  for (const [region, prices] of Object.entries(table.regions)) {
    for (const name of everyPrice) {
      if (priceAt(prices, name) === undefined) continue
      const source = prices.from?.[name] ?? prices.from?.[name.split('.')[0] ?? '']
      expect({ region, name, source: table.sources?.[source ?? '']?.what }).toEqual({
        region,
        name,
        source: expect.any(String),
      })
    }
    for (const source of Object.values(prices.from ?? {})) used.add(source)
    const larger = Object.entries(prices.instances).filter(([type]) => type.endsWith('.xlarge'))
    for (const [type, price] of larger) {
      const half = prices.instances[type.replace('.xlarge', '.large')] ?? Number.NaN
      // AWS rounds to a hundredth of a cent.
      expect(Math.abs(price - 2 * half)).toBeLessThan(0.00011)
    }
  }
  expect([...used].toSorted()).toEqual(Object.keys(table.sources ?? {}).toSorted())
  expect(Object.keys(table.regions)).toHaveLength(14)
})

test('what a region has no price for is told, and what nobody has looked up', () => {
  const standing = standingOf(table, pricesOf('eu-north-1'))
  expect(standing.missing).toContain('capacity units of a load balancer')
  expect(standing.unchecked).toEqual(['storage in ECR'])
  const bill = billOf(
    [
      { kind: 'load-balancer', hours: 730, units: 1 },
      { kind: 'nat', hours: 730, gigabytes: 0 },
    ],
    pricesOf('eu-north-1'),
  )
  expect(bill.missing).toEqual(['hours of a load balancer', 'capacity units of a load balancer'])
  // 730 x 0.046; nothing went through it.
  expect(bill.lines.map(({ amount }) => amount.toFixed(2))).toEqual(['33.58'])
})

test('a region that the table does not have is said to be missing, with what brings it', async () => {
  const { prices, about } = await knownPrices(
    { environment: { region: 'eu-south-2' } as Config['environment'] },
    undefined,
  )
  expect(prices).toBeUndefined()
  expect(about).toMatch(/^no prices of eu-south-2: .*us-east-1.*; rampart prices refresh --region eu-south-2 asks AWS/)
  const oregon = await knownPrices({ environment: { region: 'us-west-2' } as Config['environment'] }, undefined)
  expect(oregon.about).toMatch(/^prices of us-west-2, .*; not looked up for this region: snapshots, reads from EFS$/)
})

test('a bill with something that has no price has no total, and names it', () => {
  const unknown: Use = { kind: 'instance', type: 'u-24tb1.metal', hours: 1 }
  const bill = billOf([unknown, { kind: 'registry', gigabytes: 1 }], pricesOf('us-east-1'))
  expect(bill.total).toBeUndefined()
  expect(bill.unpriced).toEqual([unknown])
  expect(bill.lines).toHaveLength(1)
})

const amount = fc.double({ min: 0, max: 10_000, noNaN: true })
const use: fc.Arbitrary<Use> = fc.oneof(
  fc.record({ kind: fc.constant('instance' as const), type: fc.constantFrom('t3.large', 'm5.large'), hours: amount }),
  fc.record({ kind: fc.constant('task' as const), vcpu: amount, memory: amount, hours: amount }),
  fc.record({ kind: fc.constant('nat' as const), hours: amount, gigabytes: amount }),
  fc.record({ kind: fc.constant('registry' as const), gigabytes: amount }),
)

test('two bills cost as much as one over both', () => {
  const prices = pricesOf('ap-south-1')
  fc.assert(
    fc.property(fc.array(use), fc.array(use), (one, other) => {
      const apart = (billOf(one, prices).total ?? 0) + (billOf(other, prices).total ?? 0)
      expect(billOf([...one, ...other], prices).total).toBeCloseTo(apart, 4)
    }),
  )
})

test('a table that is none is told value by value', () => {
  const broken = { ...table, regions: { 'us-west-2': { ...pricesOf('us-west-2'), nat: { hour: 'much', data: -1 } } } }
  const problems = (): readonly string[] => {
    try {
      readPrices(JSON.stringify(broken), 'mine.json')
      return []
    } catch (error) {
      return error instanceof RampartError ? error.problems.map(({ message }) => message.split(':')[0] ?? '') : []
    }
  }
  expect(problems()).toEqual(['regions.us-west-2.nat.hour', 'regions.us-west-2.nat.data'])
  expect(() => readPrices('{', 'mine.json')).toThrow(/mine\.json is not JSON/)
})
