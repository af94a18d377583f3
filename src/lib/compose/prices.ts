import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../config/index.js'
import { readPrices } from '../config/prices.js'
import { RampartError } from '../errors/rampart-error.js'
import { standingOf, type PriceTable, type RegionPrices } from '../domain/price-table.js'
import { packageRoot } from '../system/package-root.js'

/** The prices of a region, and what is to be said of them. */
export interface KnownPrices {
  /** Undefined where the table has none for the region. */
  readonly prices: RegionPrices | undefined
  /** Where they are from, what of them is missing and what nobody has looked up, for people. */
  readonly about: string
}

/** The prices of the environment's region, from the file of that name, of rampart.yml, or the table that rampart brings. @throws RampartError `usage`. */
export async function pricesOf(
  config: Pick<Config, 'environment' | 'prices'>,
  file: string | undefined,
): Promise<KnownPrices> {
  const { region } = config.environment
  const table = await readTable(file ?? config.prices ?? shippedTable())
  const prices = table.regions[region]
  const refresh = `rampart prices refresh --region ${region}`
  if (prices === undefined) {
    const known = Object.keys(table.regions).join(', ')
    return {
      prices,
      about: `no prices of ${region}: the table of ${table.date} has ${known}; ${refresh} asks AWS for them`,
    }
  }
  const { missing, unchecked } = standingOf(table, prices)
  const said = [
    `prices of ${region}, ${table.date}: ${table.source}`,
    ...(unchecked.length > 0 ? [`not looked up for this region: ${unchecked.join(', ')}`] : []),
    ...(missing.length > 0 ? [`no price of ${missing.join(', ')}: ${refresh} asks AWS for them`] : []),
  ]
  return { prices, about: said.join('; ') }
}

/** Where the table is that rampart brings. */
export const shippedTable = (): string => join(packageRoot(import.meta.url), 'templates/prices.json')

/** A table of prices from a file. @throws RampartError `usage` when it can not be read, or is none. */
export async function readTable(path: string): Promise<PriceTable> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new RampartError('usage', `The prices in ${path} can not be read.`, {
      next: [
        'rampart prices refresh makes such a file',
        'name a file in the shape of templates/prices.json with --prices',
      ],
      cause: error,
    })
  })
  return readPrices(text, path)
}
