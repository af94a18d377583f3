import { priceAt, type PriceName, type RegionPrices } from '../../domain/price-table.js'
import { locationOf, usageOf } from './regions.js'
import type { Product, Tier } from './product.js'
import { vcpusOf } from '../world/instance-types.js'

/** What is dearer or cheaper than what a table has, so that whoever asks for the wrong thing sees it. */
const dedicated = 1.06
const windows = 1.55
const arm = 0.8

const scaled = (price: number | undefined, by: number): number | undefined => price && price * by

/**
 * What AWS's list has of one region: everything that a table of prices knows, and beside it what is like it and is
 * something else, as it is there (other systems and tenancies, other classes of storage, reservations that cost nothing).
 */
export function productsOf(region: string, prices: RegionPrices): readonly Product[] {
  const at = (name: PriceName): number | undefined => priceAt(prices, name)
  const one: One = (
    service,
    usage,
    price,
    { family, unit, ...attributes },
    description = `$ per ${unit} of ${usage}`,
  ) =>
    price === undefined
      ? []
      : [
          {
            service,
            ...(family !== undefined && { family }),
            unit,
            description,
            tiers: [{ from: 0, price }],
            attributes: {
              servicecode: service,
              location: locationOf(region),
              locationType: 'AWS Region',
              regionCode: region,
              usagetype: usageOf(region, service, usage),
              operation: '',
              ...attributes,
            },
          },
        ]
  const instances = Object.entries(prices.instances).flatMap(([type, price]) => instancesOf(one, type, price))
  const fargate = (kind: 'vCPU-Hours:perCPU' | 'GB-Hours', price: number | undefined): readonly Product[] => {
    const more = { family: 'Compute', unit: 'hours', tenancy: 'Shared' }
    return [
      ...one('AmazonECS', `Fargate-${kind}`, price, more),
      ...one('AmazonECS', `Fargate-ARM-${kind}`, scaled(price, arm), { ...more, cpuArchitecture: 'ARM' }),
      ...one('AmazonECS', `Fargate-Windows-${kind}`, scaled(price, windows), { ...more, operatingSystem: 'Windows' }),
    ]
  }
  const storage = { family: 'Storage', unit: 'GB-Mo' }
  const snapshots = { family: 'Storage Snapshot', unit: 'GB-Mo' }
  const balancer = { family: 'Load Balancer-Application', operation: 'LoadBalancing:Application' }
  const network = { family: 'Load Balancer-Network', operation: 'LoadBalancing:Network' }
  const gateway = { family: 'NAT Gateway', operation: 'NatGateway' }
  return [
    ...instances,
    ...fargate('vCPU-Hours:perCPU', at('fargate.vcpu')),
    ...fargate('GB-Hours', at('fargate.memory')),
    ...one('AmazonEC2', 'EBS:VolumeUsage.gp3', at('volume'), { ...storage, volumeApiName: 'gp3' }),
    ...one('AmazonEC2', 'EBS:VolumeUsage.gp2', scaled(at('volume'), 1.25), { ...storage, volumeApiName: 'gp2' }),
    ...one('AmazonEC2', 'EBS:SnapshotUsage', at('snapshot'), snapshots),
    ...one('AmazonEC2', 'EBS:SnapshotArchiveStorage', scaled(at('snapshot'), 0.25), snapshots),
    ...one('AmazonEFS', 'TimedStorage-ByteHrs', at('fileSystem.storage'), {
      ...storage,
      storageClass: 'General Purpose',
    }),
    ...one('AmazonEFS', 'TimedStorage-Z-ByteHrs', scaled(at('fileSystem.storage'), 0.5), {
      ...storage,
      storageClass: 'One Zone-General Purpose',
    }),
    ...one('AmazonEFS', 'ETDataAccess-Bytes', at('fileSystem.read'), { unit: 'GB', accessType: 'Read' }),
    ...one('AmazonEFS', 'ETDataAccess-Bytes', scaled(at('fileSystem.read'), 2), { unit: 'GB', accessType: 'Write' }),
    ...one('AmazonECR', 'TimedStorage-ByteHrs', at('registry'), { family: 'EC2 Container Registry', unit: 'GB-Mo' }),
    ...one('AWSELB', 'LoadBalancerUsage', at('loadBalancer.hour'), { ...balancer, unit: 'Hrs' }),
    ...one('AWSELB', 'LCUUsage', at('loadBalancer.unit'), { ...balancer, unit: 'LCU-Hrs' }),
    ...one('AWSELB', 'TS-LoadBalancerUsage', scaled(at('loadBalancer.hour'), 0.25), { ...balancer, unit: 'Hrs' }),
    ...one('AWSELB', 'LoadBalancerUsage', scaled(at('loadBalancer.hour'), 1.1), { ...network, unit: 'Hrs' }),
    ...one('AmazonEC2', 'NatGateway-Hours', at('nat.hour'), { ...gateway, unit: 'Hrs' }, '$ per NAT Gateway Hour'),
    ...one('AmazonEC2', 'NatGateway-Bytes', at('nat.data'), { ...gateway, unit: 'GB' }),
    ...one('AmazonEC2', 'RegionalNatGateway-Hours', scaled(at('nat.hour'), 1.2), {
      ...gateway,
      operation: 'RegionalNatGateway',
      unit: 'Hrs',
    }),
    ...transfers(region, at('transferOut')),
  ]
}

type One = (
  service: string,
  usage: string,
  price: number | undefined,
  attributes: { readonly family?: string; readonly unit: string } & Readonly<Record<string, string>>,
  description?: string,
) => readonly Product[]

/** An instance type as it is sold: by system, tenancy, what is installed, and whether it is reserved. */
function instancesOf(one: One, type: string, price: number): readonly Product[] {
  const common = {
    family: 'Compute Instance',
    unit: 'Hrs',
    instanceType: type,
    vcpu: String(vcpusOf(type)),
    operatingSystem: 'Linux',
    licenseModel: 'No License required',
    tenancy: 'Shared',
    preInstalledSw: 'NA',
    capacitystatus: 'Used',
    marketoption: 'OnDemand',
    currentGeneration: 'Yes',
    operation: 'RunInstances',
  }
  const described = (kind: string): string => `$ per ${kind} ${type} Instance Hour`
  return [
    ...one('AmazonEC2', `BoxUsage:${type}`, price, common, described('On Demand Linux')),
    ...one('AmazonEC2', `BoxUsage:${type}`, price * windows, {
      ...common,
      operatingSystem: 'Windows',
      operation: 'RunInstances:0002',
    }),
    ...one('AmazonEC2', `BoxUsage:${type}`, price + 0.48, {
      ...common,
      preInstalledSw: 'SQL Std',
      operation: 'RunInstances:0004',
    }),
    ...one('AmazonEC2', `DedicatedUsage:${type}`, price * dedicated, { ...common, tenancy: 'Dedicated' }),
    // An hour of a reservation that is used costs nothing beside the reservation.
    ...one('AmazonEC2', `Reservation:${type}`, 0, { ...common, capacitystatus: 'AllocatedCapacityReservation' }),
    ...one('AmazonEC2', `UnusedBox:${type}`, price, { ...common, capacitystatus: 'UnusedCapacityReservation' }),
  ]
}

/** https://aws.amazon.com/ec2/pricing/on-demand/#Data_Transfer: the more goes out, the less a GB costs. */
function transfers(region: string, price: number | undefined): readonly Product[] {
  if (price === undefined) return []
  const service = 'AWSDataTransfer'
  const product = (usage: string, to: Readonly<Record<string, string>>, tiers: readonly Tier[]): Product => ({
    service,
    family: 'Data Transfer',
    unit: 'GB',
    description: `$ per GB - ${locationOf(region)} ${usage}`,
    tiers,
    attributes: {
      servicecode: service,
      fromLocation: locationOf(region),
      fromLocationType: 'AWS Region',
      fromRegionCode: region,
      usagetype: usageOf(region, service, usage),
      operation: '',
      ...to,
    },
  })
  const external = { transferType: 'AWS Outbound', toLocation: 'External', toLocationType: 'Other' }
  const tiers = [
    { from: 0, price },
    { from: 10_240, price: price * 0.95 },
    { from: 51_200, price: price * 0.8 },
  ]
  const other = region === 'us-east-1' ? 'us-east-2' : 'us-east-1'
  const elsewhere = {
    transferType: 'InterRegion Outbound',
    toLocation: locationOf(other),
    toLocationType: 'AWS Region',
    toRegionCode: other,
  }
  return [
    product('DataTransfer-Out-Bytes', external, tiers),
    product('AWS-Out-Bytes', elsewhere, [{ from: 0, price: price / 4 }]),
  ]
}
