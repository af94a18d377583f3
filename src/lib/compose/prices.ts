import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readPrices } from '../config/prices.js'
import { RampartError } from '../errors/rampart-error.js'
import type { PriceTable, RegionPrices } from '../plan/prices.js'
import { packageRoot } from '../system/package-root.js'

/** The prices of a region, and what is to be said of them. */
export interface KnownPrices {
  /** Undefined where the table has none for the region. */
  readonly prices: RegionPrices | undefined
  /** Where they are from, for people. */
  readonly about: string
}

/** The prices of a region from the given file, or from the table that rampart brings. @throws RampartError `usage`. */
export async function pricesOf(region: string, file: string | undefined): Promise<KnownPrices> {
  const path = file ?? join(packageRoot(import.meta.url), 'templates/prices.json')
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new RampartError('usage', `The prices in ${path} can not be read.`, {
      next: ['name a file in the shape of templates/prices.json with --prices'],
      cause: error,
    })
  })
  const table: PriceTable = readPrices(text, path)
  const prices = table.regions[region]
  const known = Object.keys(table.regions).join(', ')
  return {
    prices,
    about:
      prices === undefined
        ? `no prices of ${region}: the table of ${table.date} has ${known}; name your own with --prices`
        : `prices of ${region}, ${table.date}: ${table.source}`,
  }
}
