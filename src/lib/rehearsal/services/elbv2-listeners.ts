import type * as sdk from '@aws-sdk/client-elastic-load-balancing-v2'
import type { WorldState } from '../world/state.js'

/** A listener of the world's load balancer with its rules, the default one last. */
export interface DescribedListener {
  readonly listener: sdk.Listener
  readonly rules: readonly sdk.Rule[]
}

const redirect: sdk.Action = {
  Type: 'redirect',
  RedirectConfig: {
    Protocol: 'HTTPS',
    Port: '443',
    Host: '#{host}',
    Path: '/#{path}',
    Query: '#{query}',
    StatusCode: 'HTTP_301',
  },
}

/** The listeners that the balancer of the rehearsal answers as: HTTPS for all services, and HTTP that sends callers there. */
export function listenersOf({ loadBalancer, targetGroups, switches, setup }: WorldState): readonly DescribedListener[] {
  const id = loadBalancer.arn.slice(-16)
  const arn = (kind: string, suffix: string): string =>
    `arn:aws:elasticloadbalancing:${setup.region}:${setup.accountId}:${kind}/app/${loadBalancer.name}/${id}/${suffix}`
  const forward = (service: string | undefined): sdk.Action => {
    const group = targetGroups.find((one) => one.service === service) ?? targetGroups[0]
    return { Type: 'forward', ...(group !== undefined && { TargetGroupArn: group.arn }) }
  }
  // The service with the models answers under /api, the other one all the rest.
  const api = setup.services.find(({ base }) => (base?.models ?? []).length > 0) ?? setup.services[0]
  const page = setup.services.find((one) => one !== api) ?? api
  const describe = (port: number, actions: sdk.Action[], rest: Partial<sdk.Listener>): DescribedListener => {
    const suffix = port === 443 ? '50dc6c495c0c9188' : '0467ef3c8400ae65'
    const rule = (priority: string, condition: sdk.RuleCondition[], does: sdk.Action[]): sdk.Rule => ({
      RuleArn: arn('listener-rule', `${suffix}/${priority === 'default' ? '1291d13826f405c3' : '9683b2d02a6cabee'}`),
      Priority: priority,
      Conditions: condition,
      Actions: does,
      IsDefault: priority === 'default',
    })
    const paths: sdk.RuleCondition = {
      Field: 'path-pattern',
      Values: ['/api/*'],
      PathPatternConfig: { Values: ['/api/*'] },
    }
    const forwards = actions[0]?.Type === 'forward' && api !== page
    return {
      listener: {
        ListenerArn: arn('listener', suffix),
        LoadBalancerArn: loadBalancer.arn,
        Port: port,
        DefaultActions: actions,
        ...rest,
      },
      rules: [...(forwards ? [rule('1', [paths], [forward(api?.name)])] : []), rule('default', [], actions)],
    }
  }
  const certificate = `arn:aws:acm:${setup.region}:${setup.accountId}:certificate/0f0e0d0c-0000-4000-8000-000000000000`
  return [
    describe(443, [forward(page?.name)], {
      Protocol: 'HTTPS',
      SslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
      Certificates: [{ CertificateArn: certificate }],
    }),
    describe(80, switches.plainListener === 'serves' ? [forward(page?.name)] : [redirect], { Protocol: 'HTTP' }),
  ]
}
