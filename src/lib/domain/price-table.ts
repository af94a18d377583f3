type Price = number | undefined

/** What things cost in one region, in US dollars before tax. What has no price in it is not known. */
export interface RegionPrices {
  /** An hour of an instance under Linux, on demand, by its type. */
  readonly instances: Readonly<Record<string, number>>
  /** An hour of one vCPU, and of one GB of memory, Linux on x86. */
  readonly fargate?: { readonly vcpu?: Price; readonly memory?: Price } | undefined
  /** A GB of a gp3 volume for a month. */
  readonly volume?: Price
  /** A GB of a snapshot for a month: what a machine image of one's own is stored as. */
  readonly snapshot?: Price
  /** A GB of EFS standard storage for a month, and of data read with elastic throughput. */
  readonly fileSystem?: { readonly storage?: Price; readonly read?: Price } | undefined
  /** A GB in ECR for a month. */
  readonly registry?: Price
  /** An hour of an Application Load Balancer, and of one of its capacity units. */
  readonly loadBalancer?: { readonly hour?: Price; readonly unit?: Price } | undefined
  /** An hour of a NAT gateway, and a GB through it. */
  readonly nat?: { readonly hour?: Price; readonly data?: Price } | undefined
  /** A GB out to the internet, the first 10 TB of a month after the free ones. */
  readonly transferOut?: Price
  /** Which of the table's sources has them: by item (`nat.hour`), or by all items of a kind (`nat`, `instances`). */
  readonly from?: Readonly<Record<string, string>> | undefined
}

/** Where prices are from. */
export interface PriceSource {
  readonly what: string
  /** When it was looked up there: a year, a month or a day. */
  readonly date?: string | undefined
  /** False where nobody has looked it up for that very region. */
  readonly checked?: boolean | undefined
}

/** A dated table of prices. */
export interface PriceTable {
  /** When the table was made, e.g. `2026-11-22`. */
  readonly date: string
  readonly source: string
  readonly currency: 'USD'
  readonly sources?: Readonly<Record<string, PriceSource>> | undefined
  readonly regions: Readonly<Record<string, RegionPrices>>
}

/** What the prices of a table are called for people, the instances apart, which are called by their types. */
export const priceNames = {
  'fargate.vcpu': 'vCPU of Fargate',
  'fargate.memory': 'memory of Fargate',
  volume: 'gp3 volumes',
  snapshot: 'snapshots',
  'fileSystem.storage': 'storage in EFS',
  'fileSystem.read': 'reads from EFS',
  registry: 'storage in ECR',
  'loadBalancer.hour': 'hours of a load balancer',
  'loadBalancer.unit': 'capacity units of a load balancer',
  'nat.hour': 'hours of a NAT gateway',
  'nat.data': 'data through a NAT gateway',
  transferOut: 'data out to the internet',
} as const

/** A price of a table, by its place there. */
export type PriceName = keyof typeof priceNames

/** Every price that a region should have beside those of its instances. */
export const everyPrice = Object.keys(priceNames) as readonly PriceName[]

/** A price of a region; undefined where it is not known. */
export function priceAt(prices: RegionPrices, name: PriceName): number | undefined {
  const { fargate, fileSystem, loadBalancer, nat } = prices
  switch (name) {
    case 'volume':
    case 'snapshot':
    case 'registry':
    case 'transferOut':
      return prices[name]
    case 'fargate.vcpu':
      return fargate?.vcpu
    case 'fargate.memory':
      return fargate?.memory
    case 'fileSystem.storage':
      return fileSystem?.storage
    case 'fileSystem.read':
      return fileSystem?.read
    case 'loadBalancer.hour':
      return loadBalancer?.hour
    case 'loadBalancer.unit':
      return loadBalancer?.unit
    case 'nat.hour':
      return nat?.hour
    case 'nat.data':
      return nat?.data
  }
}

/** What is to be known of the prices of a region before one relies on them, by the words for people. */
export interface PriceStanding {
  readonly missing: readonly string[]
  /** There, and not looked up for that region. */
  readonly unchecked: readonly string[]
}

/** Which prices of a region are missing, and which nobody has looked up. */
export function standingOf({ sources = {} }: PriceTable, prices: RegionPrices): PriceStanding {
  const sourceOf = (place: string): PriceSource | undefined =>
    sources[prices.from?.[place] ?? prices.from?.[place.split('.')[0] ?? ''] ?? '']
  const missing = everyPrice.filter((name) => priceAt(prices, name) === undefined)
  const unchecked = everyPrice.filter((name) => !missing.includes(name) && sourceOf(name)?.checked === false)
  return {
    missing: missing.map((name) => priceNames[name]),
    unchecked: [
      ...(sourceOf('instances')?.checked === false ? ['instances'] : []),
      ...unchecked.map((name) => priceNames[name]),
    ],
  }
}

/**
 * The nearest of the places where AWS answers for the prices of every region:
 * https://docs.aws.amazon.com/general/latest/gr/billing.html
 */
export function priceListRegion(region: string): string {
  if (region.startsWith('ap-')) return 'ap-south-1'
  return /^(?:eu|me|af|il)-/.test(region) ? 'eu-central-1' : 'us-east-1'
}
