/** What things cost in one region, in US dollars before tax. */
export interface RegionPrices {
  /** An hour of an instance under Linux, on demand, by its type. */
  readonly instances: Readonly<Record<string, number>>
  /** An hour of one vCPU, and of one GB of memory, Linux on x86. */
  readonly fargate: { readonly vcpu: number; readonly memory: number }
  /** A GB of a gp3 volume for a month. */
  readonly volume: number
  /** A GB of a snapshot for a month: what a machine image of one's own is stored as. */
  readonly snapshot: number
  /** A GB of EFS standard storage for a month, and of data read with elastic throughput. */
  readonly fileSystem: { readonly storage: number; readonly read: number }
  /** A GB in ECR for a month. */
  readonly registry: number
  /** An hour of an Application Load Balancer, and of one of its capacity units. */
  readonly loadBalancer: { readonly hour: number; readonly unit: number }
  /** An hour of a NAT gateway, and a GB through it. */
  readonly nat: { readonly hour: number; readonly data: number }
  /** A GB out to the internet, the first 10 TB of a month after the free ones. */
  readonly transferOut: number
}

/** A dated table of prices. */
export interface PriceTable {
  /** When the prices were looked up, e.g. `2026-11-22`. */
  readonly date: string
  readonly source: string
  readonly currency: 'USD'
  readonly regions: Readonly<Record<string, RegionPrices>>
}

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

function priceOf(use: Use, prices: RegionPrices): number | undefined {
  switch (use.kind) {
    case 'instance': {
      const hour = prices.instances[use.type]
      return hour === undefined ? undefined : hour * use.hours
    }
    case 'task':
      return (prices.fargate.vcpu * use.vcpu + prices.fargate.memory * use.memory) * use.hours
    case 'volume':
      return prices.volume * use.gigabytes
    case 'snapshot':
      return prices.snapshot * use.gigabytes
    case 'file-system':
      return prices.fileSystem.storage * use.gigabytes + prices.fileSystem.read * use.read
    case 'registry':
      return prices.registry * use.gigabytes
    case 'load-balancer':
      return prices.loadBalancer.hour * use.hours + prices.loadBalancer.unit * use.units * use.hours
    case 'nat':
      return prices.nat.hour * use.hours + prices.nat.data * use.gigabytes
    case 'transfer-out':
      return prices.transferOut * use.gigabytes
  }
}

/** A bill; undefined in `total` when a price is not known, and the uses without one by themselves. */
export interface Bill {
  readonly lines: readonly BillLine[]
  readonly unpriced: readonly Use[]
  readonly total: number | undefined
}

/** What a month costs, line by line. */
export function billOf(uses: readonly Use[], prices: RegionPrices): Bill {
  const priced = uses.map((use) => ({ use, amount: priceOf(use, prices) }))
  const lines = priced.flatMap(({ use, amount }) => (amount === undefined ? [] : [{ use, amount }]))
  const unpriced = priced.filter(({ amount }) => amount === undefined).map(({ use }) => use)
  return {
    lines,
    unpriced,
    total: unpriced.length > 0 ? undefined : lines.reduce((all, { amount }) => all + amount, 0),
  }
}
