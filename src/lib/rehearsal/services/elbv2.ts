import { isIPv4 } from 'node:net'
import * as sdk from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Target, TargetGroup, WorldState } from '../world/state.js'
import type { World } from '../world/world.js'
import { paginate } from '../wire/pagination.js'
import { listenersOf } from './elbv2-listeners.js'
import { type RequestContext, type Service, ServiceError } from '../wire/service.js'

const signingName = 'elasticloadbalancing'
const wire = { signingName, protocol: 'awsQuery' } as const

/**
 * The world's load balancer and its target groups.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Operations.html
 */
export function createElbv2Service(world: World): Service {
  const { state } = world
  const handlers = {
    DescribeTargetGroups: (
      input: sdk.DescribeTargetGroupsInput,
      context: RequestContext,
    ): sdk.DescribeTargetGroupsOutput => {
      world.advanceTo(context.now)
      const page = paginate(wire, {
        operation: 'DescribeTargetGroups',
        items: selectGroups(state, input),
        limit: input.PageSize ?? 400,
        token: input.Marker,
        boundTo: [input.LoadBalancerArn, input.TargetGroupArns, input.Names],
      })
      return { TargetGroups: page.items.map((group) => describeGroup(state, group)), NextMarker: page.nextToken }
    },

    DescribeTargetGroupAttributes: (
      input: sdk.DescribeTargetGroupAttributesInput,
      context: RequestContext,
    ): sdk.DescribeTargetGroupAttributesOutput => {
      world.advanceTo(context.now)
      if (!state.targetGroups.some(({ arn }) => arn === input.TargetGroupArn)) throw groupNotFound()
      return {
        Attributes: [
          {
            Key: 'deregistration_delay.timeout_seconds',
            Value: String(state.switches.deregistrationDelaySeconds),
          },
          { Key: 'slow_start.duration_seconds', Value: '0' },
          { Key: 'stickiness.enabled', Value: 'false' },
          { Key: 'load_balancing.algorithm.type', Value: 'round_robin' },
        ],
      }
    },

    DescribeTargetHealth: (
      input: sdk.DescribeTargetHealthInput,
      context: RequestContext,
    ): sdk.DescribeTargetHealthOutput => {
      world.advanceTo(context.now)
      const group = state.targetGroups.find(({ arn }) => arn === input.TargetGroupArn)
      if (group === undefined) throw groupNotFound()
      const asked = input.Targets?.map(({ Id }) => Id ?? '')
      const described = (asked ?? [...group.targets.keys()]).map((id) => describeHealth(state, group, id))
      return { TargetHealthDescriptions: described }
    },

    DescribeLoadBalancers: (
      input: sdk.DescribeLoadBalancersInput,
      context: RequestContext,
    ): sdk.DescribeLoadBalancersOutput => {
      world.advanceTo(context.now)
      const { loadBalancer } = state
      const isOther = (value: string, own: string): boolean => !state.present.loadBalancer || value !== own
      const isUnknown =
        (input.LoadBalancerArns ?? []).some((arn) => isOther(arn, loadBalancer.arn)) ||
        (input.Names ?? []).some((name) => isOther(name, loadBalancer.name))
      if (isUnknown) throw balancerNotFound()
      return { LoadBalancers: state.present.loadBalancer ? [describeBalancer(state)] : [] }
    },

    DescribeListeners: (input: sdk.DescribeListenersInput, context: RequestContext): sdk.DescribeListenersOutput => {
      world.advanceTo(context.now)
      if (input.LoadBalancerArn !== undefined && input.LoadBalancerArn !== state.loadBalancer.arn) {
        throw balancerNotFound()
      }
      const listeners = listenersOf(state).map(({ listener }) => listener)
      const { ListenerArns: asked = [] } = input
      if (!asked.every((arn) => listeners.some(({ ListenerArn }) => ListenerArn === arn))) throw listenerNotFound()
      const page = paginate(wire, {
        operation: 'DescribeListeners',
        items: listeners.filter(({ ListenerArn }) => asked.length === 0 || asked.includes(ListenerArn ?? '')),
        limit: input.PageSize ?? 400,
        token: input.Marker,
        boundTo: [input.LoadBalancerArn, input.ListenerArns],
      })
      return { Listeners: [...page.items], NextMarker: page.nextToken }
    },

    DescribeRules: (input: sdk.DescribeRulesInput, context: RequestContext): sdk.DescribeRulesOutput => {
      world.advanceTo(context.now)
      const all = listenersOf(state)
      const { ListenerArn: of, RuleArns: asked = [] } = input
      if (of !== undefined && !all.some(({ listener }) => listener.ListenerArn === of)) throw listenerNotFound()
      const rules = all
        .filter(({ listener }) => of === undefined || listener.ListenerArn === of)
        .flatMap((one) => one.rules)
        .filter(({ RuleArn }) => asked.length === 0 || asked.includes(RuleArn ?? ''))
      const page = paginate(wire, {
        operation: 'DescribeRules',
        items: rules,
        limit: input.PageSize ?? 400,
        token: input.Marker,
        boundTo: [of, input.RuleArns],
      })
      return { Rules: [...page.items], NextMarker: page.nextToken }
    },
  }
  return { signingName, protocol: 'awsQuery', target: '2015-12-01', sdk, handlers }
}

const groupNotFound = (): ServiceError => new ServiceError('TargetGroupNotFound', 'One or more target groups not found')

const listenerNotFound = (): ServiceError => new ServiceError('ListenerNotFound', 'One or more listeners not found')

const balancerNotFound = (): ServiceError =>
  new ServiceError('LoadBalancerNotFound', 'One or more load balancers not found')

function selectGroups(world: WorldState, input: sdk.DescribeTargetGroupsInput): readonly TargetGroup[] {
  const arns = input.TargetGroupArns ?? []
  const names = input.Names ?? []
  if (input.LoadBalancerArn !== undefined && input.LoadBalancerArn !== world.loadBalancer.arn) throw balancerNotFound()
  const known = (key: 'arn' | 'name', value: string): boolean =>
    world.targetGroups.some((group) => group[key] === value)
  if (!arns.every((arn) => known('arn', arn)) || !names.every((name) => known('name', name))) throw groupNotFound()
  return world.targetGroups.filter(
    ({ arn, name }) => (arns.length === 0 && names.length === 0) || arns.includes(arn) || names.includes(name),
  )
}

const vpc = (world: WorldState): string => `vpc-0${world.loadBalancer.arn.slice(-16)}`

function describeGroup(world: WorldState, group: TargetGroup): sdk.TargetGroup {
  return {
    TargetGroupArn: group.arn,
    TargetGroupName: group.name,
    Protocol: 'HTTP',
    Port: group.port,
    VpcId: vpc(world),
    HealthCheckProtocol: 'HTTP',
    HealthCheckPort: 'traffic-port',
    HealthCheckEnabled: true,
    HealthCheckIntervalSeconds: group.interval,
    HealthCheckTimeoutSeconds: group.timeout,
    HealthyThresholdCount: group.healthyThreshold,
    UnhealthyThresholdCount: group.unhealthyThreshold,
    HealthCheckPath: group.path,
    Matcher: { HttpCode: group.matcher },
    LoadBalancerArns: [world.loadBalancer.arn],
    TargetType: group.targetType,
    ProtocolVersion: 'HTTP1',
    IpAddressType: 'ipv4',
  }
}

function describeHealth(world: WorldState, group: TargetGroup, id: string): sdk.TargetHealthDescription {
  const target = group.targets.get(id)
  const isTarget = group.targetType === 'ip' ? isIPv4(id) : world.instances.some((each) => each.id === id)
  if (target === undefined && !isTarget) {
    const kind = group.targetType === 'ip' ? 'IP addresses' : 'instances'
    throw new ServiceError('InvalidTarget', `The following targets are not valid ${kind}: '${id}'`)
  }
  return {
    Target: { Id: id, Port: group.port },
    HealthCheckPort: String(group.port),
    TargetHealth: target === undefined ? notRegistered : targetHealth(target),
  }
}

const notRegistered: sdk.TargetHealth = {
  State: 'unused',
  Reason: 'Target.NotRegistered',
  Description: 'Target is not registered to the target group',
}

function targetHealth({ state, reason, description }: Target): sdk.TargetHealth {
  return {
    State: state,
    ...(reason !== undefined && { Reason: reason as sdk.TargetHealthReasonEnum }),
    ...(description !== undefined && { Description: description }),
  }
}

function describeBalancer(world: WorldState): sdk.LoadBalancer {
  const { arn, name, dnsName, createdAt } = world.loadBalancer
  return {
    LoadBalancerArn: arn,
    LoadBalancerName: name,
    DNSName: dnsName,
    CanonicalHostedZoneId: 'Z1H1FL5HABSF5',
    CreatedTime: new Date(createdAt),
    Scheme: 'internet-facing',
    VpcId: vpc(world),
    State: { Code: 'active' },
    Type: 'application',
    AvailabilityZones: world.group.zones.map((zone) => ({
      ZoneName: zone,
      SubnetId: `subnet-0${zone.slice(-1).repeat(16)}`,
      LoadBalancerAddresses: [],
    })),
    SecurityGroups: [],
    IpAddressType: 'ipv4',
  }
}
