import { arnOf, text, type Kind, type Place } from '../kind.js'
import type { Properties } from '../template.js'

/** A kind that this world only remembers: its id, and what others ask of it. */
export function remembered(
  seconds: number,
  physicalId: (place: Place, properties: Properties) => string,
  replacedBy: readonly string[] = [],
  attributes: (
    place: Place,
    properties: Properties,
    physicalId: string,
  ) => Readonly<Record<string, string>> = () => ({}),
): Kind {
  return {
    seconds,
    replacedBy,
    create: (place, properties) => {
      const id = physicalId(place, properties)
      return { physicalId: id, attributes: attributes(place, properties, id) }
    },
  }
}

const hex = (prefix: string) => (place: Place) => `${prefix}-0${place.world.random.hex(16)}`

/** What the network of a stack is made of. Times are those that AWS usually takes. */
export const networkKinds: Readonly<Record<string, Kind>> = {
  'AWS::EC2::VPC': remembered(12, hex('vpc'), ['CidrBlock'], (place, properties, id) => ({
    VpcId: id,
    CidrBlock: text(properties, 'CidrBlock'),
    DefaultSecurityGroup: hex('sg')(place),
  })),
  'AWS::EC2::InternetGateway': remembered(17, hex('igw'), [], (_, __, id) => ({ InternetGatewayId: id })),
  'AWS::EC2::VPCGatewayAttachment': remembered(3, ({ id }) => `IGW|${id}`, ['VpcId']),
  'AWS::EC2::Subnet': remembered(5, hex('subnet'), ['VpcId', 'AvailabilityZone', 'CidrBlock'], (_, properties, id) => ({
    SubnetId: id,
    VpcId: text(properties, 'VpcId'),
    AvailabilityZone: text(properties, 'AvailabilityZone'),
    CidrBlock: text(properties, 'CidrBlock'),
  })),
  'AWS::EC2::RouteTable': remembered(12, hex('rtb'), ['VpcId'], (_, __, id) => ({ RouteTableId: id })),
  'AWS::EC2::Route': remembered(
    3,
    (_, properties) => `${text(properties, 'RouteTableId')}|${text(properties, 'DestinationCidrBlock')}`,
    ['RouteTableId', 'DestinationCidrBlock'],
  ),
  'AWS::EC2::SubnetRouteTableAssociation': remembered(3, hex('rtbassoc'), ['SubnetId'], (_, __, id) => ({ Id: id })),
  'AWS::EC2::EIP': remembered(
    16,
    ({ world }) => `203.0.113.${Math.floor(world.random.between(1, 255))}`,
    [],
    (place, _, id) => ({ PublicIp: id, AllocationId: hex('eipalloc')(place) }),
  ),
  'AWS::EC2::NatGateway': remembered(104, hex('nat'), ['AllocationId', 'SubnetId'], (_, __, id) => ({
    NatGatewayId: id,
  })),
  'AWS::EC2::VPCEndpoint': remembered(62, hex('vpce'), ['ServiceName', 'VpcEndpointType', 'VpcId'], (_, __, id) => ({
    Id: id,
  })),
  'AWS::EC2::SecurityGroup': remembered(
    7,
    hex('sg'),
    ['GroupDescription', 'GroupName', 'VpcId'],
    (_, properties, id) => ({ GroupId: id, Id: id, VpcId: text(properties, 'VpcId') }),
  ),
  'AWS::EC2::SecurityGroupIngress': remembered(2, hex('sgr'), [
    'GroupId',
    'IpProtocol',
    'FromPort',
    'ToPort',
    'CidrIp',
    'SourceSecurityGroupId',
  ]),
  'AWS::EC2::SecurityGroupEgress': remembered(2, hex('sgr'), [
    'GroupId',
    'IpProtocol',
    'FromPort',
    'ToPort',
    'CidrIp',
    'DestinationSecurityGroupId',
  ]),
  'AWS::CertificateManager::Certificate': remembered(
    95,
    (place) => arnOf(place, 'acm', `certificate/${place.world.random.uuid()}`),
    ['DomainName', 'SubjectAlternativeNames', 'ValidationMethod', 'DomainValidationOptions', 'KeyAlgorithm'],
  ),
  'AWS::Route53::RecordSet': remembered(35, (_, properties) => text(properties, 'Name'), [
    'HostedZoneId',
    'Name',
    'SetIdentifier',
  ]),
}
