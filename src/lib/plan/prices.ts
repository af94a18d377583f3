import { priceAt, priceNames, type PriceName, type RegionPrices } from '../domain/price-table.js'

/** One thing on a bill: how much there is of it in a month. */
export type Use =
  | { readonly kind: 'instance'; readonly type: string; readonly hours: number }
  /** GB and hours are those of one size; the hours of all tasks together. */
  | { readonly kind: 'task'; readonly vcpu: number; readonly memory: number; readonly hours: number }
  | { readonly kind: 'volume'; readonly gigabytes: number }
  | { readonly kind: 'snapshot'; readonly gigabytes: number }
  | { readonly kind: 'file-system'; readonly gigabytes: number; readonly read: number }
  | { readonly kind: 'registry'; readonly gigabytes: number }
  | { readonly kind: 'load-balancer'; readonly hours: number; readonly units: number }
  | { readonly kind: 'nat'; readonly hours: number; readonly gigabytes: number }
  | { readonly kind: 'transfer-out'; readonly gigabytes: number }

export interface BillLine {
  readonly use: Use
  /** Dollars, unrounded. */
  readonly amount: number
}

/** Hours in a month as AWS's own calculator counts them. */
export const monthHours = 730

/** So much of what has a price of its own. */
type Quantity = readonly [PriceName, number]

function quantitiesOf(use: Exclude<Use, { readonly kind: 'instance' }>): readonly Quantity[] {
  switch (use.kind) {
    case 'task':
      return [
        ['fargate.vcpu', use.vcpu * use.hours],
        ['fargate.memory', use.memory * use.hours],
      ]
    case 'volume':
      return [['volume', use.gigabytes]]
    case 'snapshot':
      return [['snapshot', use.gigabytes]]
    case 'file-system':
      return [
        ['fileSystem.storage', use.gigabytes],
        ['fileSystem.read', use.read],
      ]
    case 'registry':
      return [['registry', use.gigabytes]]
    case 'load-balancer':
      return [
        ['loadBalancer.hour', use.hours],
        ['loadBalancer.unit', use.units * use.hours],
      ]
    case 'nat':
      return [
        ['nat.hour', use.hours],
        ['nat.data', use.gigabytes],
      ]
    case 'transfer-out':
      return [['transferOut', use.gigabytes]]
  }
}

/** What a use is made of: its prices where they are known, by the names for people. Nothing of a thing costs nothing. */
function partsOf(use: Use, prices: RegionPrices): readonly { name: string; price: number | undefined; much: number }[] {
  if (use.kind === 'instance') return [{ name: use.type, price: prices.instances[use.type], much: use.hours }]
  return quantitiesOf(use)
    .filter(([, much]) => much !== 0)
    .map(([name, much]) => ({ name: priceNames[name], price: priceAt(prices, name), much }))
}

/** A bill; undefined in `total` when a price is not known, and the uses without one by themselves. */
export interface Bill {
  readonly lines: readonly BillLine[]
  readonly unpriced: readonly Use[]
  /** What has no price, each once, in the words for people. */
  readonly missing: readonly string[]
  readonly total: number | undefined
}

const isPriced = (parts: ReturnType<typeof partsOf>): boolean => parts.every(({ price }) => price !== undefined)

/** What a month costs, line by line. */
export function billOf(uses: readonly Use[], prices: RegionPrices): Bill {
  const all = uses.map((use) => ({ use, parts: partsOf(use, prices) }))
  const missing = all.flatMap(({ parts }) => parts.flatMap(({ name, price }) => (price === undefined ? [name] : [])))
  const lines = all
    .filter(({ parts }) => isPriced(parts))
    .map(({ use, parts }) => ({ use, amount: parts.reduce((sum, { price = 0, much }) => sum + price * much, 0) }))
  const unpriced = all.filter(({ parts }) => !isPriced(parts)).map(({ use }) => use)
  return {
    lines,
    unpriced,
    missing: [...new Set(missing)],
    total: unpriced.length > 0 ? undefined : lines.reduce((sum, { amount }) => sum + amount, 0),
  }
}
