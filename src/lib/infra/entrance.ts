import type { InfraPlan, InfraService } from '../domain/infra.js'
import type { Network } from './network.js'
import { att, logical, nowhere, ref, sub, type Resource, type Resources, type Value } from './template.js'

/** The logical id of a service's target group. */
export const targetGroup = (service: Pick<InfraService, 'name'>): string => `${logical(service.name)}TargetGroup`

const open = (port: number, description: string): Value => ({
  Description: description,
  IpProtocol: 'tcp',
  FromPort: port,
  ToPort: port,
  CidrIp: '0.0.0.0/0',
})

/** The load balancer: HTTPS for everything, and a way from HTTP to it on every path. */
export function entranceOf(plan: InfraPlan, network: Network): Resources {
  const fallback = plan.services.find(({ paths }) => paths.length === 0)
  const ports = [...new Set(plan.services.map(({ port }) => port))]
  return {
    LoadBalancerSecurityGroup: {
      note: 'The only thing that the world may reach.',
      Type: 'AWS::EC2::SecurityGroup',
      Properties: {
        GroupDescription: 'The load balancer: HTTPS, and HTTP for the way to it',
        VpcId: network.vpc,
        SecurityGroupIngress: [open(443, 'HTTPS'), open(80, 'HTTP, answered by a redirect')],
        // Left out, CloudFormation would open every way out.
        SecurityGroupEgress: [nowhere],
      },
    },
    ServingSecurityGroup: {
      note: 'What serves: reached by the load balancer alone.',
      Type: 'AWS::EC2::SecurityGroup',
      Properties: {
        GroupDescription: 'What serves, behind the load balancer',
        VpcId: network.vpc,
        SecurityGroupEgress: plan.outbound.map((port) => open(port, 'AWS and what the app needs')),
      },
    },
    ...Object.fromEntries(ports.flatMap((port) => doorsOf(port))),
    LoadBalancer: {
      Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer',
      ...(network.ways.length > 0 && { DependsOn: 'PublicRoute' }),
      Properties: {
        Type: 'application',
        Scheme: 'internet-facing',
        Subnets: network.publicSubnets,
        SecurityGroups: [ref('LoadBalancerSecurityGroup')],
        LoadBalancerAttributes: [
          { Key: 'routing.http.drop_invalid_header_fields.enabled', Value: 'true' },
          { Key: 'idle_timeout.timeout_seconds', Value: '60' },
        ],
      },
    },
    ...Object.fromEntries(
      plan.services.map((service) => [targetGroup(service), targetGroupOf(plan, network, service)]),
    ),
    ...certificateOf(plan),
    HttpsListener: {
      Type: 'AWS::ElasticLoadBalancingV2::Listener',
      Properties: {
        LoadBalancerArn: ref('LoadBalancer'),
        Port: 443,
        Protocol: 'HTTPS',
        SslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
        Certificates: [{ CertificateArn: plan.https.certificate ?? ref('Certificate') }],
        DefaultActions: fallback === undefined ? [] : [{ Type: 'forward', TargetGroupArn: ref(targetGroup(fallback)) }],
      },
    },
    HttpListener: {
      note: 'Every path, those of the API too: nothing is answered without TLS.',
      Type: 'AWS::ElasticLoadBalancingV2::Listener',
      Properties: {
        LoadBalancerArn: ref('LoadBalancer'),
        Port: 80,
        Protocol: 'HTTP',
        DefaultActions: [
          { Type: 'redirect', RedirectConfig: { Protocol: 'HTTPS', Port: '443', StatusCode: 'HTTP_301' } },
        ],
      },
    },
    ...Object.fromEntries(
      plan.services
        .filter(({ paths }) => paths.length > 0)
        .map((service, index) => [`${logical(service.name)}Rule`, ruleOf(service, 10 * (index + 1))]),
    ),
  }
}

/** A port that the load balancer reaches. Rules of their own, because the two groups name each other. */
function doorsOf(port: number): readonly [string, Resource][] {
  const rule = { IpProtocol: 'tcp', FromPort: port, ToPort: port } as const
  return [
    [
      `FromLoadBalancer${port}`,
      {
        Type: 'AWS::EC2::SecurityGroupIngress',
        Properties: {
          Description: 'From the load balancer',
          GroupId: att('ServingSecurityGroup', 'GroupId'),
          ...rule,
          SourceSecurityGroupId: att('LoadBalancerSecurityGroup', 'GroupId'),
        },
      },
    ],
    [
      `ToServing${port}`,
      {
        Type: 'AWS::EC2::SecurityGroupEgress',
        Properties: {
          Description: 'To what serves',
          GroupId: att('LoadBalancerSecurityGroup', 'GroupId'),
          ...rule,
          DestinationSecurityGroupId: att('ServingSecurityGroup', 'GroupId'),
        },
      },
    ],
  ]
}

function targetGroupOf(plan: InfraPlan, network: Network, { port, ready }: InfraService): Resource {
  return {
    note: 'Readiness, not life: a target counts when its models are loaded. Fast, but one slow answer does not end it.',
    Type: 'AWS::ElasticLoadBalancingV2::TargetGroup',
    Properties: {
      VpcId: network.vpc,
      TargetType: plan.kind === 'ecs' ? 'ip' : 'instance',
      Port: port,
      Protocol: 'HTTP',
      HealthCheckPath: ready,
      HealthCheckIntervalSeconds: 10,
      HealthCheckTimeoutSeconds: 5,
      HealthyThresholdCount: 2,
      UnhealthyThresholdCount: 3,
      Matcher: { HttpCode: '200' },
      TargetGroupAttributes: [
        // AWS's own 300 seconds are most of a rollout; requests here end within the idle timeout.
        { Key: 'deregistration_delay.timeout_seconds', Value: '60' },
        { Key: 'load_balancing.algorithm.type', Value: 'least_outstanding_requests' },
      ],
    },
  }
}

const ruleOf = (service: InfraService, priority: number): Resource => ({
  Type: 'AWS::ElasticLoadBalancingV2::ListenerRule',
  Properties: {
    ListenerArn: ref('HttpsListener'),
    Priority: priority,
    Conditions: [{ Field: 'path-pattern', PathPatternConfig: { Values: service.paths } }],
    Actions: [{ Type: 'forward', TargetGroupArn: ref(targetGroup(service)) }],
  },
})

function certificateOf({ https }: InfraPlan): Resources {
  const { certificate, domain, zone } = https
  if (domain === undefined || zone === undefined) return {}
  const record = (type: string): Resource => ({
    Type: 'AWS::Route53::RecordSet',
    Properties: {
      HostedZoneId: zone,
      Name: domain,
      Type: type,
      AliasTarget: {
        DNSName: att('LoadBalancer', 'DNSName'),
        HostedZoneId: att('LoadBalancer', 'CanonicalHostedZoneID'),
      },
    },
  })
  return {
    ...(certificate === undefined && {
      Certificate: {
        Type: 'AWS::CertificateManager::Certificate',
        Properties: {
          DomainName: domain,
          ValidationMethod: 'DNS',
          DomainValidationOptions: [{ DomainName: domain, HostedZoneId: zone }],
        },
      },
    }),
    DomainRecord: record('A'),
  }
}

/** Where users reach it. */
export const addressOf = ({ https }: InfraPlan): Value =>
  https.domain === undefined ? sub('https://${LoadBalancer.DNSName}') : `https://${https.domain}`
