import {
  everyPrice,
  priceAt,
  priceNames,
  type PriceSource,
  type PriceTable,
  type RegionPrices,
} from '../domain/price-table.js'

/** Fresh prices by region, and where they are from. */
export interface FreshPrices {
  readonly regions: Readonly<Record<string, RegionPrices>>
  /** A day, e.g. `2026-11-22`. */
  readonly date: string
  readonly what: string
}

const kinds = ['instances', ...new Set(everyPrice.map((name) => name.split('.')[0] ?? name))]

const allFrom = (source: string): Readonly<Record<string, string>> =>
  Object.fromEntries(kinds.map((kind) => [kind, source]))

/** A table with the fresh prices of some regions; the other regions of the one before stay with where they were from. */
export function renewTable(before: PriceTable | undefined, { regions, date, what }: FreshPrices): PriceTable {
  const kept = Object.entries(before?.regions ?? {}).filter(([region]) => !(region in regions))
  const fresh = `price-list-${date}`
  const all: Readonly<Record<string, PriceSource>> = {
    ...before?.sources,
    ...(before !== undefined && { [`table-${before.date}`]: { what: before.source, date: before.date } }),
    [fresh]: { what, date },
  }
  const merged: Readonly<Record<string, RegionPrices>> = Object.fromEntries([
    // A table that has one source for all says of no region where it is from.
    ...kept.map(([region, prices]) => [
      region,
      { ...prices, from: prices.from ?? allFrom(`table-${before?.date ?? ''}`) },
    ]),
    ...Object.entries(regions).map(([region, prices]) => [region, { ...prices, from: allFrom(fresh) }]),
  ])
  const used = new Set(Object.values(merged).flatMap((prices) => Object.values(prices.from ?? {})))
  const asked = `${what}, asked on ${date} for ${Object.keys(regions).join(', ')}`
  return {
    date,
    source: kept.length === 0 ? asked : `${asked}; ${kept.map(([region]) => region).join(', ')} as they were before`,
    currency: 'USD',
    sources: Object.fromEntries(Object.entries(all).filter(([name]) => used.has(name))),
    regions: merged,
  }
}

/** A price that is another one than before; null where there is none. */
export interface PriceChange {
  readonly what: string
  readonly from: number | null
  readonly to: number | null
}

/** What differs between the prices of a region before and now, of what was known before. */
export function priceChanges(before: RegionPrices | undefined, now: RegionPrices): readonly PriceChange[] {
  if (before === undefined) return []
  const all = [
    ...Object.entries(before.instances).map(([type, from]) => ({ what: type, from, to: now.instances[type] })),
    ...everyPrice.map((name) => ({ what: priceNames[name], from: priceAt(before, name), to: priceAt(now, name) })),
  ]
  return all.filter(({ from, to }) => from !== to).map(({ what, from = null, to = null }) => ({ what, from, to }))
}
