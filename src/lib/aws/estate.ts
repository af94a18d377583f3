import { CloudFormationClient, GetTemplateCommand, paginateListStackResources } from '@aws-sdk/client-cloudformation'
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch'
import {
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
  paginateDescribeListeners,
  paginateDescribeRules,
  type Rule,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Estate, EstateResource } from '../ports/estate.js'
import { call, errorCode } from './failure.js'
import { clientSettings, counted, type ClientOptions } from './options.js'

/** Stacks in stacks, deeper than which nobody builds; it also ends a circle that could not be. */
const deepest = 5

/** Names of hosts that a rule asks for; https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html */
const hostsOf = (rule: Rule): readonly string[] =>
  (rule.Conditions ?? [])
    .filter(({ Field }) => Field === 'host-header')
    .flatMap(({ HostHeaderConfig, Values }) => HostHeaderConfig?.Values ?? Values ?? [])
    .filter((host) => !/[*?]/.test(host))

/** CloudFormation has no code of its own for a stack that is not there: it calls the name invalid. */
async function ofStack<T>(operation: string, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (errorCode(error) === 'ValidationError') return undefined
    return call(operation, () => Promise.reject(error))
  }
}

/** The Estate port on the AWS SDK: it has no operation that changes anything. */
export function createEstate(options: ClientOptions): Estate {
  const cloudFormation = counted(new CloudFormationClient(clientSettings(options)), options)
  const elb = counted(new ElasticLoadBalancingV2Client(clientSettings(options)), options)
  const cloudWatch = counted(new CloudWatchClient(clientSettings(options)), options)

  async function resources(stack: string, depth: number): Promise<readonly EstateResource[]> {
    const found: EstateResource[] = []
    for await (const page of paginateListStackResources({ client: cloudFormation }, { StackName: stack })) {
      for (const one of page.StackResourceSummaries ?? []) {
        // What an update has taken out is still listed.
        if (one.ResourceStatus === 'DELETE_COMPLETE' || one.PhysicalResourceId === undefined) continue
        found.push({
          logicalId: one.LogicalResourceId ?? '',
          physicalId: one.PhysicalResourceId,
          type: one.ResourceType ?? '',
        })
      }
    }
    const nested = found.filter(({ type }) => type === 'AWS::CloudFormation::Stack')
    if (depth >= deepest || nested.length === 0) return found
    const inner = await Promise.all(nested.map(({ physicalId }) => resources(physicalId, depth + 1)))
    return [...found, ...inner.flat()]
  }

  return {
    resources: (stack) => ofStack('cloudformation:ListStackResources', () => resources(stack, 1)),

    template: (stack) =>
      ofStack('cloudformation:GetTemplate', async () => {
        const asked = new GetTemplateCommand({ StackName: stack, TemplateStage: 'Original' })
        return (await cloudFormation.send(asked)).TemplateBody
      }),

    async targetGroups(arns) {
      if (arns.length === 0) return []
      const answer = await call('elasticloadbalancing:DescribeTargetGroups', () =>
        elb.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [...arns] })),
      )
      return (answer.TargetGroups ?? []).map((one) => ({
        arn: one.TargetGroupArn ?? '',
        name: one.TargetGroupName ?? '',
        balancers: one.LoadBalancerArns ?? [],
        ...(one.Port !== undefined && { port: one.Port }),
        ...(one.HealthCheckPath !== undefined && { healthPath: one.HealthCheckPath }),
      }))
    },

    async balancers(arns) {
      if (arns.length === 0) return []
      const answer = await call('elasticloadbalancing:DescribeLoadBalancers', () =>
        elb.send(new DescribeLoadBalancersCommand({ LoadBalancerArns: [...arns] })),
      )
      return (answer.LoadBalancers ?? []).map((one) => ({
        arn: one.LoadBalancerArn ?? '',
        name: one.LoadBalancerName ?? '',
        dnsName: one.DNSName ?? '',
        isPublic: one.Scheme !== 'internal',
      }))
    },

    listeners: (balancer) =>
      call('elasticloadbalancing:DescribeListeners', async () => {
        const listeners = []
        for await (const page of paginateDescribeListeners({ client: elb }, { LoadBalancerArn: balancer })) {
          listeners.push(...(page.Listeners ?? []))
        }
        return Promise.all(
          listeners.map(async (one) => {
            const rules: Rule[] = []
            const asked = { ListenerArn: one.ListenerArn ?? '' }
            await call('elasticloadbalancing:DescribeRules', async () => {
              for await (const page of paginateDescribeRules({ client: elb }, asked)) rules.push(...(page.Rules ?? []))
            })
            return {
              protocol: one.Protocol ?? '',
              port: one.Port ?? 0,
              redirects: (one.DefaultActions ?? []).some(({ Type }) => Type === 'redirect'),
              hosts: [...new Set(rules.flatMap(hostsOf))],
            }
          }),
        )
      }),

    async alarms(names) {
      if (names.length === 0) return []
      const answer = await call('cloudwatch:DescribeAlarms', () =>
        cloudWatch.send(
          new DescribeAlarmsCommand({
            AlarmNames: names.slice(0, 100),
            AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
          }),
        ),
      )
      return [
        ...(answer.MetricAlarms ?? []).map((one) => ({
          name: one.AlarmName ?? '',
          // An alarm on an expression has its metrics in a list.
          metric: one.MetricName ?? (one.Metrics ?? []).map(({ MetricStat }) => MetricStat?.Metric?.MetricName).join(),
          state: one.StateValue ?? '',
        })),
        ...(answer.CompositeAlarms ?? []).map((one) => ({
          name: one.AlarmName ?? '',
          metric: '',
          state: one.StateValue ?? '',
        })),
      ]
    },
  }
}
