/** How AWS's price list calls a region: its location, and what its usage types begin with. */
interface Place {
  readonly location: string
  /** Without the hyphen; '' where most services have none. */
  readonly prefix: string
}

/** https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html, and the usage types of its bills. */
const places: Readonly<Record<string, Place>> = {
  'ap-northeast-1': { location: 'Asia Pacific (Tokyo)', prefix: 'APN1' },
  'ap-northeast-2': { location: 'Asia Pacific (Seoul)', prefix: 'APN2' },
  'ap-south-1': { location: 'Asia Pacific (Mumbai)', prefix: 'APS3' },
  'ap-southeast-1': { location: 'Asia Pacific (Singapore)', prefix: 'APS1' },
  'ap-southeast-2': { location: 'Asia Pacific (Sydney)', prefix: 'APS2' },
  'ca-central-1': { location: 'Canada (Central)', prefix: 'CAN1' },
  'eu-central-1': { location: 'EU (Frankfurt)', prefix: 'EUC1' },
  'eu-north-1': { location: 'EU (Stockholm)', prefix: 'EUN1' },
  'eu-west-1': { location: 'EU (Ireland)', prefix: 'EU' },
  'eu-west-2': { location: 'EU (London)', prefix: 'EUW2' },
  'eu-west-3': { location: 'EU (Paris)', prefix: 'EUW3' },
  'sa-east-1': { location: 'South America (Sao Paulo)', prefix: 'SAE1' },
  'us-east-1': { location: 'US East (N. Virginia)', prefix: '' },
  'us-east-2': { location: 'US East (Ohio)', prefix: 'USE2' },
  'us-west-1': { location: 'US West (N. California)', prefix: 'USW1' },
  'us-west-2': { location: 'US West (Oregon)', prefix: 'USW2' },
}

/** The location of a region; the region itself where none is known. */
export const locationOf = (region: string): string => places[region]?.location ?? region

/** A usage type of a region, e.g. `EUC1-NatGateway-Hours`. ECS says `USE1-` where others say nothing. */
export function usageOf(region: string, service: string, usage: string): string {
  const prefix = places[region]?.prefix ?? region
  const told = prefix === '' && service === 'AmazonECS' ? 'USE1' : prefix
  return told === '' ? usage : `${told}-${usage}`
}
