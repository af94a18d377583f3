import type { InfraPlan } from '../domain/infra.js'
import { att, named, nowhere, ref, sub, type Resource, type Resources, type Value } from './template.js'

/** Where everything stands. */
export interface Network {
  readonly resources: Resources
  readonly vpc: Value
  readonly publicSubnets: readonly Value[]
  readonly privateSubnets: readonly Value[]
  /** Resources without which nothing in a private subnet reaches AWS. */
  readonly ways: readonly string[]
}

/** The network of a plan: its own, or the given one and nothing made. */
export function networkOf(plan: InfraPlan): Network {
  const { network } = plan
  if (network.kind === 'given') {
    const { vpc, publicSubnets, privateSubnets } = network
    return { resources: {}, vpc, publicSubnets, privateSubnets, ways: [] }
  }
  const zones = Array.from({ length: network.zones }, (_, index) => index + 1)
  const names = (prefix: string): readonly Value[] => zones.map((zone) => ref(`${prefix}${zone}`))
  const natZones = network.egress === 'nat' ? [1] : network.egress === 'nat-per-zone' ? zones : []
  return {
    resources: {
      ...vpcOf(plan, network.cidr),
      ...Object.fromEntries(zones.flatMap((zone) => subnetsOf(network, zone))),
      ...Object.assign({}, ...natZones.map((zone) => natOf(zone))),
      ...Object.fromEntries(
        zones.flatMap((zone) =>
          natZones.length === 0 ? [] : [privateRoute(zone, natZones.includes(zone) ? zone : 1)],
        ),
      ),
      ...(network.egress === 'endpoints' ? endpointsOf(plan, network.cidr, zones) : {}),
    },
    vpc: ref('Vpc'),
    publicSubnets: names('PublicSubnet'),
    privateSubnets: names('PrivateSubnet'),
    ways: natZones.length > 0 ? zones.map((zone) => `PrivateRoute${zone}`) : Object.keys(endpointNames(plan)),
  }
}

function vpcOf(plan: InfraPlan, cidr: string): Resources {
  return {
    Vpc: {
      note: 'A network of its own: the load balancer in public subnets, what serves in private ones.',
      Type: 'AWS::EC2::VPC',
      Properties: {
        CidrBlock: cidr,
        EnableDnsHostnames: true,
        EnableDnsSupport: true,
        Tags: named(plan.stack),
      },
    },
    InternetGateway: { Type: 'AWS::EC2::InternetGateway', Properties: { Tags: named(plan.stack) } },
    InternetGatewayAttachment: {
      Type: 'AWS::EC2::VPCGatewayAttachment',
      Properties: { VpcId: ref('Vpc'), InternetGatewayId: ref('InternetGateway') },
    },
    PublicRoutes: {
      Type: 'AWS::EC2::RouteTable',
      Properties: { VpcId: ref('Vpc'), Tags: named(sub('${AWS::StackName}-public')) },
    },
    PublicRoute: {
      Type: 'AWS::EC2::Route',
      DependsOn: 'InternetGatewayAttachment',
      Properties: {
        RouteTableId: ref('PublicRoutes'),
        DestinationCidrBlock: '0.0.0.0/0',
        GatewayId: ref('InternetGateway'),
      },
    },
  }
}

const joined = (name: string, table: string): Resource => ({
  Type: 'AWS::EC2::SubnetRouteTableAssociation',
  Properties: { SubnetId: ref(name), RouteTableId: ref(table) },
})

/** One of so many equal blocks of an IPv4 network: a power of two, counted from 0. */
export function blockOf(cidr: string, blocks: number, index: number): string {
  const [address = '', length = ''] = cidr.split('/')
  const size = 2 ** (32 - Number(length)) / blocks
  const first = address.split('.').reduce((all, part) => all * 256 + Number(part), 0) + index * size
  const parts = [24, 16, 8, 0].map((bits) => Math.floor(first / 2 ** bits) % 256)
  return `${parts.join('.')}/${32 - Math.log2(size)}`
}

function subnetsOf(
  { zones: count, cidr }: { readonly zones: number; readonly cidr: string },
  zone: number,
): readonly [string, Resource][] {
  // Equal blocks for public and private subnets of every zone.
  const blocks = count === 2 ? 4 : 8
  const subnet = (name: string, index: number): Resource => ({
    Type: 'AWS::EC2::Subnet',
    Properties: {
      VpcId: ref('Vpc'),
      AvailabilityZone: { 'Fn::Select': [zone - 1, { 'Fn::GetAZs': '' }] },
      CidrBlock: blockOf(cidr, blocks, index),
      MapPublicIpOnLaunch: false,
      Tags: named(sub(`\${AWS::StackName}-${name}-${zone}`)),
    },
  })
  return [
    [`PublicSubnet${zone}`, subnet('public', zone - 1)],
    [`PublicSubnet${zone}Routes`, joined(`PublicSubnet${zone}`, 'PublicRoutes')],
    [`PrivateSubnet${zone}`, subnet('private', blocks / 2 + zone - 1)],
    [
      `PrivateRoutes${zone}`,
      {
        Type: 'AWS::EC2::RouteTable',
        Properties: { VpcId: ref('Vpc'), Tags: named(sub(`\${AWS::StackName}-private-${zone}`)) },
      },
    ],
    [`PrivateSubnet${zone}Routes`, joined(`PrivateSubnet${zone}`, `PrivateRoutes${zone}`)],
  ]
}

function natOf(zone: number): Resources {
  return {
    [`NatAddress${zone}`]: {
      Type: 'AWS::EC2::EIP',
      DependsOn: 'InternetGatewayAttachment',
      Properties: { Domain: 'vpc', Tags: named(sub(`\${AWS::StackName}-nat-${zone}`)) },
    },
    [`NatGateway${zone}`]: {
      Type: 'AWS::EC2::NatGateway',
      Properties: {
        AllocationId: att(`NatAddress${zone}`, 'AllocationId'),
        SubnetId: ref(`PublicSubnet${zone}`),
        Tags: named(sub(`\${AWS::StackName}-nat-${zone}`)),
      },
    },
  }
}

const privateRoute = (zone: number, nat: number): [string, Resource] => [
  `PrivateRoute${zone}`,
  {
    Type: 'AWS::EC2::Route',
    Properties: {
      RouteTableId: ref(`PrivateRoutes${zone}`),
      DestinationCidrBlock: '0.0.0.0/0',
      NatGatewayId: ref(`NatGateway${nat}`),
    },
  },
]

/** The services of AWS that what serves asks, by the logical id of their endpoint. */
function endpointNames({ kind, modelCache }: InfraPlan): Readonly<Record<string, string>> {
  return {
    EcrApiEndpoint: 'ecr.api',
    EcrDockerEndpoint: 'ecr.dkr',
    LogsEndpoint: 'logs',
    SecretsEndpoint: 'secretsmanager',
    ...(modelCache !== undefined && { FileSystemEndpoint: 'elasticfilesystem' }),
    ...(kind === 'asg' && {
      AutoScalingEndpoint: 'autoscaling',
      SsmEndpoint: 'ssm',
      SsmMessagesEndpoint: 'ssmmessages',
    }),
  }
}

function endpointsOf(plan: InfraPlan, cidr: string, zones: readonly number[]): Resources {
  const endpoint = (service: string): Resource => ({
    Type: 'AWS::EC2::VPCEndpoint',
    Properties: {
      VpcId: ref('Vpc'),
      ServiceName: sub(`com.amazonaws.\${AWS::Region}.${service}`),
      VpcEndpointType: 'Interface',
      PrivateDnsEnabled: true,
      SubnetIds: zones.map((zone) => ref(`PrivateSubnet${zone}`)),
      SecurityGroupIds: [ref('EndpointSecurityGroup')],
    },
  })
  return {
    EndpointSecurityGroup: {
      note: 'No way into the world: what serves reaches AWS by endpoints of the network alone.',
      Type: 'AWS::EC2::SecurityGroup',
      Properties: {
        GroupDescription: 'Endpoints of AWS, for what serves',
        VpcId: ref('Vpc'),
        SecurityGroupIngress: [
          { Description: 'From this network', IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: cidr },
        ],
        SecurityGroupEgress: [nowhere],
      },
    },
    // Layers of images and packages of Amazon Linux come from S3.
    S3Endpoint: {
      Type: 'AWS::EC2::VPCEndpoint',
      Properties: {
        VpcId: ref('Vpc'),
        ServiceName: sub('com.amazonaws.${AWS::Region}.s3'),
        VpcEndpointType: 'Gateway',
        RouteTableIds: zones.map((zone) => ref(`PrivateRoutes${zone}`)),
      },
    },
    ...Object.fromEntries(Object.entries(endpointNames(plan)).map(([id, service]) => [id, endpoint(service)])),
  }
}
