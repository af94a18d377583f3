import { existsSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import type { Performed, SharedFlags } from '../../base-command.js'
import { findConfig, type Config } from '../config/index.js'
import { everyPrice, priceAt, type PriceTable, type RegionPrices } from '../domain/price-table.js'
import { RampartError } from '../errors/rampart-error.js'
import { writeWhole } from '../init/disk.js'
import { askPrices, type AskedPrices } from '../operations/refresh-prices.js'
import { priceChanges, renewTable } from '../plan/renew-prices.js'
import type { PriceList } from '../ports/price-list.js'
import { refreshText, type RefreshedRegion } from '../report/prices-text.js'
import { clockFrom } from '../system/clock.js'
import { configure } from './configure.js'
import { streamPage } from './perform.js'
import { readTable, shippedTable } from './prices.js'

interface RefreshFlags extends SharedFlags {
  readonly region: readonly string[]
  readonly out?: string | undefined
  readonly partial: boolean
}

/** What `prices refresh --json` prints. */
interface RefreshResult {
  readonly v: 1
  readonly simulated: boolean
  readonly date: string
  /** Where the table is now: an absolute path. */
  readonly file: string
  readonly regions: readonly RefreshedRegion[]
}

/** `rampart prices refresh`. */
export async function runPricesRefresh(flags: RefreshFlags): Promise<Performed> {
  const config = await configOf(flags)
  const regions =
    flags.region.length > 0 ? [...new Set(flags.region)] : config === undefined ? [] : [config.environment.region]
  checkRegions(regions)
  const file = resolve(flags.out ?? config?.prices ?? 'prices.json')
  // Before anything is asked: a file that is no table is not to be written over.
  const before = await tableAt(file)
  const { createPriceList } = await import('../aws/price-list.js')
  const asked = await askAll(regions, createPriceList({ region: config?.environment.region ?? regions[0] ?? '' }))
  if (!flags.partial) refuseGaps(asked)
  const simulation = process.env['RAMPART_SIMULATION']
  const date = new Date(clockFrom(process.env['RAMPART_CLOCK']).now()).toISOString().slice(0, 10)
  const table = renewTable(before, {
    regions: Object.fromEntries([...asked].map(([region, { prices }]) => [region, prices])),
    date,
    what: `${simulation === undefined ? '' : 'SIMULATED, not of AWS: '}AWS's Price List, on demand, Linux`,
  })
  const used =
    before ??
    (config?.prices === undefined ? undefined : await tableAt(config.prices)) ??
    (await readTable(shippedTable()))
  const refreshed = [...asked].map(([region, one]) => summary(region, one, used.regions[region]))
  await writeWhole(file, `${JSON.stringify(table, undefined, 2)}\n`)
  if (!flags.json) {
    const shown = relative(process.cwd(), file)
    const next =
      config?.prices === file ? undefined : `rampart plan --prices ${shown}, or in rampart.yml: prices: ${shown}`
    process.stdout.write(
      `${refreshText({ file: shown, regions: refreshed, next, simulation }, streamPage(process.stdout, flags))}\n`,
    )
  }
  const result: RefreshResult = { v: 1, simulated: simulation !== undefined, date, file, regions: refreshed }
  return { exitCode: 0, result }
}

/** rampart.yml; it may be absent where regions are named. */
async function configOf(flags: RefreshFlags): Promise<Config | undefined> {
  if (flags.config === undefined && flags.region.length > 0) {
    try {
      findConfig(process.cwd())
    } catch (error) {
      if (error instanceof RampartError) return undefined
      throw error
    }
  }
  return configure(flags)
}

function checkRegions(regions: readonly string[]): void {
  for (const region of regions) {
    if (!/^[a-z]{2}(?:-[a-z]+)+-\d{1,2}$/.test(region)) {
      throw new RampartError('usage', `${region} is no AWS region.`, { next: ['write e.g. --region eu-central-1'] })
    }
    if (/^(?:cn|us-gov|us-iso|eu-isoe)-/.test(region)) {
      throw new RampartError(
        'usage',
        `AWS's price list has no prices of ${region} in US dollars for other partitions.`,
        {
          next: ['write a table of your own in the shape of templates/prices.json, and name it with --prices'],
        },
      )
    }
  }
}

const tableAt = async (file: string): Promise<PriceTable | undefined> =>
  existsSync(file) ? readTable(file) : undefined

async function askAll(regions: readonly string[], list: PriceList): Promise<ReadonlyMap<string, AskedPrices>> {
  const asked = new Map<string, AskedPrices>()
  for (const region of regions) asked.set(region, await askPrices(region, list))
  return asked
}

/** A table with holes that nobody asked for would make every bill with them unknown. */
function refuseGaps(asked: ReadonlyMap<string, AskedPrices>): void {
  const problems = [...asked].flatMap(([region, { missing }]) =>
    missing.map((what) => ({ message: `no price of ${what} in ${region}` })),
  )
  if (problems.length === 0) return
  throw new RampartError('preflight', "AWS's price list does not have every price; nothing was written.", {
    problems,
    next: ['write the table without them: rampart prices refresh --partial', 'check the names of the regions'],
  })
}

function summary(region: string, { prices, missing }: AskedPrices, before: RegionPrices | undefined): RefreshedRegion {
  return {
    region,
    instances: Object.keys(prices.instances).length,
    others: everyPrice.filter((name) => priceAt(prices, name) !== undefined).length,
    changes: priceChanges(before, prices),
    missing,
  }
}
