import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { runPricesRefresh } from '../../src/lib/compose/prices-refresh.js'
import { readPrices } from '../../src/lib/config/prices.js'
import type { PriceTable, RegionPrices } from '../../src/lib/domain/price-table.js'
import { RampartError } from '../../src/lib/errors/rampart-error.js'
import { startRehearsal } from '../../src/lib/rehearsal/cloud.js'
import type { Fault } from '../../src/lib/rehearsal/wire/faults.js'
import { withEnvironment } from '../doctor/support.js'
import { setupOf, start } from '../rehearsal/world/support.js'
import { cleanEnvironment, runCli } from '../support/cli.js'
import { startCloud } from '../support/rehearsal.js'
import { requires } from '../support/requires.js'

const shipped = readPrices(
  readFileSync(new URL('../../templates/prices.json', import.meta.url), 'utf8'),
  'templates/prices.json',
)

function withoutSources(prices: RegionPrices): RegionPrices {
  const { from: unused, ...rest } = prices
  void unused
  return rest
}

function pricesOf(table: PriceTable, region: string): RegionPrices {
  const prices = table.regions[region]
  if (prices === undefined) throw new Error(`the table has no ${region}`)
  return withoutSources(prices)
}

/** AWS's list with those prices, and a folder to write to. */
async function listOf({ prices = shipped, faults = [] }: { prices?: PriceTable; faults?: readonly Fault[] } = {}) {
  const calls: string[] = []
  const rehearsal = await startRehearsal({
    setup: { ...setupOf(), prices },
    scenario: 'healthy',
    now: () => start,
    faults,
    onCall: (_n, service, operation) => calls.push(`${service}:${operation}`),
  })
  const directory = await mkdtemp(join(tmpdir(), 'rampart-prices-'))
  onTestFinished(async () => {
    await rehearsal.close()
    await rm(directory, { recursive: true, force: true })
  })
  const file = join(directory, 'prices.json')
  const flags = { 'no-color': true, json: true, env: undefined, progress: undefined, out: file } as const
  const environment = cleanEnvironment({ ...rehearsal.environment, RAMPART_SIMULATION: 'a test' })
  return {
    calls,
    environment,
    file,
    files: () => readdir(directory),
    read: async (): Promise<PriceTable> => readPrices(await readFile(file, 'utf8'), file),
    refresh: (region: readonly string[], partial = false) =>
      withEnvironment(environment, () => runPricesRefresh({ ...flags, region, partial })),
  }
}

test('what AWS has is what the table has afterwards, page by page, and nothing that is only like it', async () => {
  const many = Array.from({ length: 250 }, (_, index) => [`m5.${index + 2}xlarge`, 0.1 * (index + 1)] as const)
  const oregon = { ...pricesOf(shipped, 'us-west-2'), instances: Object.fromEntries(many) }
  const prices = { ...shipped, regions: { ...shipped.regions, 'us-west-2': oregon } }
  // The second of three pages is throttled twice.
  const throttle = { match: { service: 'pricing' }, calls: [2, 3], effect: { kind: 'throttle' } } as const
  const list = await listOf({ prices, faults: [throttle] })
  expect((await list.refresh(['us-west-2'])).exitCode).toBe(0)
  const table = await list.read()
  const rounded = Object.fromEntries(many.map(([type, price]) => [type, Number(price.toFixed(10))]))
  expect(pricesOf(table, 'us-west-2')).toEqual({ ...oregon, instances: rounded })
  // Three pages of instances, two of them asked again, and eight questions.
  expect(list.calls).toEqual(Array.from({ length: 13 }, () => 'pricing:GetProducts'))
  expect(table.source).toMatch(/^SIMULATED, not of AWS: .*, asked on \d{4}-\d{2}-\d{2} for us-west-2$/)
})

test('every region that rampart brings is told as it is', async () => {
  const list = await listOf()
  const regions = Object.keys(shipped.regions)
  const { result } = await list.refresh(regions, true)
  const table = await list.read()
  for (const region of regions) expect(withoutEmpty(pricesOf(table, region))).toEqual(pricesOf(shipped, region))
  const told = result as {
    readonly regions: readonly { readonly region: string; readonly missing: readonly string[] }[]
  }
  expect(told.regions.find(({ region }) => region === 'eu-north-1')?.missing).toContain('hours of a load balancer')
  expect(told.regions.find(({ region }) => region === 'us-east-1')?.missing).toEqual([])
})

const withoutEmpty = (prices: RegionPrices): RegionPrices =>
  Object.fromEntries(
    Object.entries(prices).filter(([, value]) => typeof value === 'number' || Object.keys(value as object).length > 0),
  ) as unknown as RegionPrices

test('a failure half-way leaves the file as it is, and nothing beside it', async () => {
  const list = await listOf({ faults: [{ match: { service: 'pricing' }, calls: [5], effect: { kind: 'denied' } }] })
  const before = JSON.stringify({ ...shipped, regions: { 'us-east-1': shipped.regions['us-east-1'] } })
  await writeFile(list.file, before)
  const error: unknown = await list.refresh(['us-west-2', 'us-east-1']).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(RampartError)
  expect((error as RampartError).message).toContain('pricing:GetProducts is not permitted')
  expect((error as RampartError).exitCode).toBe(7)
  expect(await readFile(list.file, 'utf8')).toBe(before)
  expect(await list.files()).toEqual(['prices.json'])
  expect(list.calls).toHaveLength(5)
})

test('what AWS has no price for is named, and nothing is written but when it is told to', async () => {
  const list = await listOf()
  const error: unknown = await list
    .refresh(['us-west-2', 'eu-north-1', 'xx-north-9'])
    .catch((reason: unknown) => reason)
  const { exitCode, problems } = error as RampartError
  expect(exitCode).toBe(3)
  const messages = problems.map(({ message }) => message)
  expect(messages).toContain('no price of hours of a load balancer in eu-north-1')
  expect(messages).toContain('no price of instances in xx-north-9')
  expect(messages.filter((message) => message.endsWith('us-west-2'))).toEqual([])
  expect(await list.files()).toEqual([])
  await expect(list.refresh(['cn-north-1'])).rejects.toThrow('no prices of cn-north-1')
  await expect(list.refresh(['Frankfurt'])).rejects.toThrow('Frankfurt is no AWS region')
})

test('two prices for the same thing are none', async () => {
  const twice = { ...pricesOf(shipped, 'us-west-2'), instances: { 't3.large': 0.0832 } }
  const list = await listOf({ prices: { ...shipped, regions: { 'us-west-2': twice } } })
  const { askPrices } = await import('../../src/lib/operations/refresh-prices.js')
  const { createPriceList } = await import('../../src/lib/aws/price-list.js')
  const asked = await withEnvironment(list.environment, async () => {
    const port = createPriceList({ region: 'us-west-2' })
    return askPrices('us-west-2', {
      products: async (service, attributes) => {
        const found = await port.products(service, attributes)
        const dearer = found.filter(({ attributes: { usagetype = '' } }) => usagetype.endsWith('NatGateway-Bytes'))
        return [...found, ...dearer.map((one) => ({ ...one, tiers: [{ from: 0, price: 1 }] }))]
      },
    })
  })
  expect(asked.missing).toEqual(['data through a NAT gateway'])
  expect(asked.prices.nat).toEqual({ hour: 0.045 })
})

test('other regions of the file stay with where they were from; a file that is no table stays as it is', async () => {
  const list = await listOf()
  const old = { ...pricesOf(shipped, 'us-east-1'), volume: 0.07 }
  const kept = pricesOf(shipped, 'ap-south-1')
  const source = 'a look at the console'
  const before = { date: '2026-01-02', source, currency: 'USD', regions: { 'us-east-1': old, 'ap-south-1': kept } }
  await writeFile(list.file, JSON.stringify(before))
  const { result } = await list.refresh(['us-east-1'])
  const table = await list.read()
  expect(pricesOf(table, 'ap-south-1')).toEqual(kept)
  expect(table.sources?.[table.regions['ap-south-1']?.from?.['volume'] ?? '']).toEqual({
    what: source,
    date: '2026-01-02',
  })
  expect(table.sources?.[table.regions['us-east-1']?.from?.['volume'] ?? '']?.date).toBe(table.date)
  expect(table.source).toContain('ap-south-1 as they were before')
  const told = result as { readonly regions: readonly { readonly changes: unknown }[] }
  expect(told.regions[0]?.changes).toEqual([{ what: 'gp3 volumes', from: 0.07, to: 0.08 }])
  await writeFile(list.file, 'my notes')
  await expect(list.refresh(['us-east-1'])).rejects.toThrow('is not JSON')
  expect(await readFile(list.file, 'utf8')).toBe('my notes')
})

test('the command writes the file of rampart.yml, and plans count with it', async () => {
  const cloud = await startCloud({ prepare: (project) => project.edit('rampart.yml', /^/, 'prices: costs/aws.json\n') })
  const { project } = cloud
  const environment = cloud.client()
  const none = await runCli(['plan', '--strategies', '-c', project.config], { env: environment })
  expect(none.stderr).toContain('costs/aws.json can not be read')
  expect(none.stderr).toContain('rampart prices refresh makes such a file')
  const refreshed = await runCli(['prices', 'refresh', '-c', project.config], { env: environment })
  expect(refreshed.stderr).toBe('')
  expect(refreshed.stdout).toMatch(
    /^SIMULATED: .*\n.*us-west-2: 26 instance types and 12 other prices\nWritten to .*costs\/aws.json\n$/,
  )
  const planned = await runCli(['plan', '--strategies', '-c', project.config], { env: environment })
  expect(planned.code).toBe(0)
  expect(planned.stdout).toMatch(/prices of us-west-2, \S+: SIMULATED, not of AWS: AWS's Price List/)
})

requires('aws').describe("AWS's own client", () => {
  test('reads the same list', async () => {
    const list = await listOf()
    const asked = 'pricing get-products --region us-east-1 --service-code AmazonECR --output json --filters'
    const filter = 'Type=TERM_MATCH,Field=regionCode,Value=eu-central-1'
    const endpoint = list.environment['AWS_ENDPOINT_URL'] ?? ''
    const { stdout } = await promisify(execFile)(
      '/usr/bin/aws',
      [...asked.split(' '), filter, '--endpoint-url', endpoint],
      {
        env: list.environment,
      },
    )
    const { PriceList } = JSON.parse(stdout) as { readonly PriceList: readonly string[] }
    expect(PriceList).toHaveLength(1)
    const entry = JSON.parse(PriceList[0] ?? '') as { readonly product: { readonly attributes: object } }
    const { attributes } = entry.product
    expect(attributes).toMatchObject({ usagetype: 'EUC1-TimedStorage-ByteHrs', location: 'EU (Frankfurt)' })
  })
})
