import { everyPrice, priceNames, type PriceName, type RegionPrices } from '../domain/price-table.js'
import type { ListedProduct, PriceList } from '../ports/price-list.js'

/** What AWS's list has for a region. */
export interface AskedPrices {
  readonly prices: RegionPrices
  /** What it has no price for, or several that differ, in the words for people. */
  readonly missing: readonly string[]
}

interface Question {
  readonly service: string
  readonly attributes: Readonly<Record<string, string>>
  /** By the usage type without its region, which of the products have which price. */
  readonly answers: readonly {
    readonly name: PriceName
    readonly usage: string
    readonly also?: Readonly<Record<string, string>>
  }[]
}

/**
 * What usage types of a region begin with, where they do (`EUC1-`, `EU-`, none in us-east-1). `TS-` and its likes are no
 * region: what they begin is something else.
 */
const regional = /^(?:(?:EU|[A-Z]{3}\d|[a-z]{2}(?:-[a-z]+)+-\d)-)?/

const usageOf = ({ attributes }: ListedProduct): string => (attributes['usagetype'] ?? '').replace(regional, '')

/** Usage types and attributes: https://docs.aws.amazon.com/cur/latest/userguide/product-columns.html, and the list itself. */
function questions(region: string): readonly Question[] {
  const of = { regionCode: region }
  return [
    {
      service: 'AmazonECS',
      attributes: of,
      answers: [
        { name: 'fargate.vcpu', usage: 'Fargate-vCPU-Hours:perCPU' },
        { name: 'fargate.memory', usage: 'Fargate-GB-Hours' },
      ],
    },
    {
      service: 'AmazonEC2',
      attributes: { ...of, productFamily: 'Storage', volumeApiName: 'gp3' },
      answers: [{ name: 'volume', usage: 'EBS:VolumeUsage.gp3' }],
    },
    {
      service: 'AmazonEC2',
      attributes: { ...of, productFamily: 'Storage Snapshot' },
      answers: [{ name: 'snapshot', usage: 'EBS:SnapshotUsage' }],
    },
    {
      service: 'AmazonEFS',
      attributes: of,
      answers: [
        { name: 'fileSystem.storage', usage: 'TimedStorage-ByteHrs' },
        { name: 'fileSystem.read', usage: 'ETDataAccess-Bytes', also: { accessType: 'Read' } },
      ],
    },
    {
      service: 'AmazonECR',
      attributes: of,
      answers: [{ name: 'registry', usage: 'TimedStorage-ByteHrs' }],
    },
    {
      service: 'AWSELB',
      attributes: { ...of, productFamily: 'Load Balancer-Application' },
      answers: [
        { name: 'loadBalancer.hour', usage: 'LoadBalancerUsage' },
        { name: 'loadBalancer.unit', usage: 'LCUUsage' },
      ],
    },
    {
      service: 'AmazonEC2',
      attributes: { ...of, productFamily: 'NAT Gateway' },
      answers: [
        { name: 'nat.hour', usage: 'NatGateway-Hours' },
        { name: 'nat.data', usage: 'NatGateway-Bytes' },
      ],
    },
    {
      service: 'AWSDataTransfer',
      attributes: { fromRegionCode: region, transferType: 'AWS Outbound', toLocation: 'External' },
      answers: [{ name: 'transferOut', usage: 'DataTransfer-Out-Bytes' }],
    },
  ]
}

/** What the first units cost that are not free; undefined where products differ in it, or none has a price. */
function priceOf(products: readonly ListedProduct[]): number | undefined {
  const prices = products.flatMap(({ tiers }) => tiers.find(({ price }) => price > 0)?.price ?? [])
  return new Set(prices).size === 1 ? prices[0] : undefined
}

/** On demand, under Linux, on shared machines: what a group's instances are. */
const instances = {
  operatingSystem: 'Linux',
  tenancy: 'Shared',
  preInstalledSw: 'NA',
  capacitystatus: 'Used',
}

/** Asks AWS's list for everything that plans have to know of a region. Nothing is guessed: what it does not have is missing. */
export async function askPrices(region: string, list: PriceList): Promise<AskedPrices> {
  const types = new Map<string, ListedProduct[]>()
  for (const product of await list.products('AmazonEC2', { regionCode: region, ...instances })) {
    const type = product.attributes['instanceType'] ?? ''
    if (usageOf(product) === `BoxUsage:${type}`) types.set(type, [...(types.get(type) ?? []), product])
  }
  const hours = [...types].flatMap(([type, products]): readonly (readonly [string, number])[] => {
    const price = priceOf(products)
    return price === undefined ? [] : [[type, price]]
  })
  const found = new Map<PriceName, number>()
  // One after the other: the list answers a few questions a second.
  for (const { service, attributes, answers } of questions(region)) {
    const products = await list.products(service, attributes)
    for (const { name, usage, also = {} } of answers) {
      const own = products.filter(
        (product) =>
          usageOf(product) === usage &&
          Object.entries(also).every(([key, value]) => product.attributes[key]?.toLowerCase() === value.toLowerCase()),
      )
      const price = priceOf(own)
      if (price !== undefined) found.set(name, price)
    }
  }
  return {
    prices: tabulate(hours, found),
    missing: [
      ...(hours.length === 0 ? ['instances'] : []),
      ...everyPrice.filter((name) => !found.has(name)).map((name) => priceNames[name]),
    ],
  }
}

function tabulate(hours: readonly (readonly [string, number])[], found: ReadonlyMap<PriceName, number>): RegionPrices {
  const at = <K extends string>(key: K, name: PriceName): Partial<Record<K, number>> => {
    const price = found.get(name)
    return price === undefined ? {} : ({ [key]: price } as Partial<Record<K, number>>)
  }
  return {
    instances: Object.fromEntries(hours.toSorted(([a], [b]) => (a < b ? -1 : 1))),
    fargate: { ...at('vcpu', 'fargate.vcpu'), ...at('memory', 'fargate.memory') },
    ...at('volume', 'volume'),
    ...at('snapshot', 'snapshot'),
    fileSystem: { ...at('storage', 'fileSystem.storage'), ...at('read', 'fileSystem.read') },
    ...at('registry', 'registry'),
    loadBalancer: { ...at('hour', 'loadBalancer.hour'), ...at('unit', 'loadBalancer.unit') },
    nat: { ...at('hour', 'nat.hour'), ...at('data', 'nat.data') },
    ...at('transferOut', 'transferOut'),
  }
}
