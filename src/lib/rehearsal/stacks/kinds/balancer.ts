import { createLoadBalancer, createTargetGroup, deleteTargetGroup, updateTargetGroup } from '../../world/create.js'
import type { TargetGroup } from '../../world/state.js'
import { count, generatedName, map, text, type Kind, type Place } from '../kind.js'
import type { Properties } from '../template.js'
import { remembered } from './network.js'

const fullName = (arn: string): string => arn.slice(arn.indexOf('app/'))

const loadBalancer: Kind = {
  seconds: 126,
  replacedBy: ['Name', 'Scheme', 'Type'],
  create(place, properties) {
    const name = text(properties, 'Name') || generatedName(place, 32)
    const { arn, dnsName } = createLoadBalancer(place.world, name)
    return {
      physicalId: arn,
      attributes: {
        LoadBalancerArn: arn,
        LoadBalancerName: name,
        LoadBalancerFullName: fullName(arn),
        DNSName: dnsName,
        CanonicalHostedZoneID: 'Z1H1FL5HABSF5',
      },
    }
  },
  remove({ world }) {
    world.present.loadBalancer = false
  },
}

function checksOf(
  properties: Properties,
): Pick<TargetGroup, 'path' | 'matcher' | 'interval' | 'timeout' | 'healthyThreshold' | 'unhealthyThreshold'> {
  return {
    path: text(properties, 'HealthCheckPath') || '/',
    matcher: text(map(properties, 'Matcher'), 'HttpCode') || '200',
    interval: count(properties, 'HealthCheckIntervalSeconds') ?? 30,
    timeout: count(properties, 'HealthCheckTimeoutSeconds') ?? 5,
    healthyThreshold: count(properties, 'HealthyThresholdCount') ?? 5,
    unhealthyThreshold: count(properties, 'UnhealthyThresholdCount') ?? 2,
  }
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticloadbalancingv2-targetgroup.html
const targetGroup: Kind = {
  seconds: 16,
  replacedBy: ['Name', 'Port', 'Protocol', 'TargetType', 'VpcId', 'IpAddressType', 'ProtocolVersion'],
  create(place, properties) {
    const name = text(properties, 'Name') || generatedName(place, 32)
    const { arn } = createTargetGroup(place.world, {
      name,
      targetType: text(properties, 'TargetType') === 'ip' ? 'ip' : 'instance',
      port: count(properties, 'Port') ?? 80,
      ...checksOf(properties),
    })
    return {
      physicalId: arn,
      attributes: {
        TargetGroupArn: arn,
        TargetGroupName: name,
        TargetGroupFullName: arn.slice(arn.indexOf('targetgroup/')),
      },
    }
  },
  update({ world }, { physicalId }, properties) {
    updateTargetGroup(world, physicalId, checksOf(properties))
    return undefined
  },
  remove: ({ world }, { physicalId }) => deleteTargetGroup(world, physicalId),
}

const listenerArn = (place: Place, what: string): string =>
  `${place.world.loadBalancer.arn.replace(':loadbalancer/', `:${what}/`)}/${place.world.random.hex(16)}`

export const balancerKinds: Readonly<Record<string, Kind>> = {
  'AWS::ElasticLoadBalancingV2::LoadBalancer': loadBalancer,
  'AWS::ElasticLoadBalancingV2::TargetGroup': targetGroup,
  'AWS::ElasticLoadBalancingV2::Listener': remembered(
    3,
    (place) => listenerArn(place, 'listener'),
    ['LoadBalancerArn'],
    (_, __, id) => ({ ListenerArn: id }),
  ),
  'AWS::ElasticLoadBalancingV2::ListenerRule': remembered(
    3,
    (place) => listenerArn(place, 'listener-rule'),
    ['ListenerArn'],
    (_, __, id) => ({ RuleArn: id }),
  ),
}
