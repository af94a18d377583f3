import * as sdk from '@aws-sdk/client-service-quotas'
import { type RequestContext, type Service, ServiceError } from '../wire/service.js'
import { vcpuUsage } from '../world/monitoring/usage.js'
import type { World } from '../world/world.js'

/** The quotas on vCPUs: https://docs.aws.amazon.com/general/latest/gr/ec2-service.html and ecs-service.html there. */
const known = [
  {
    ServiceCode: 'ec2',
    ServiceName: 'Amazon Elastic Compute Cloud (Amazon EC2)',
    QuotaCode: 'L-1216C47A',
    QuotaName: 'Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances',
    service: 'EC2',
    usual: 5,
  },
  {
    ServiceCode: 'fargate',
    ServiceName: 'AWS Fargate',
    QuotaCode: 'L-3032A538',
    QuotaName: 'Fargate On-Demand vCPU resource count',
    service: 'Fargate',
    usual: 6,
  },
] as const

/** https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_Operations.html */
export function createServiceQuotas(world: World): Service {
  const { setup, switches } = world.state
  const quotaOf = (
    { ServiceCode: code, QuotaCode: quota }: sdk.GetServiceQuotaRequest,
    value: (usual: number) => number,
  ): sdk.GetServiceQuotaResponse => {
    const found = known.find((one) => one.ServiceCode === code && one.QuotaCode === quota)
    if (found === undefined) {
      throw new ServiceError(
        'NoSuchResourceException',
        'The request failed because the specified service or quota does not exist.',
      )
    }
    const { service, usual, ...names } = found
    const { namespace, name, dimensions } = vcpuUsage(service)
    return {
      Quota: {
        ...names,
        QuotaArn: `arn:aws:servicequotas:${setup.region}:${setup.accountId}:${names.ServiceCode}/${names.QuotaCode}`,
        Value: value(usual),
        Unit: 'None',
        Adjustable: true,
        GlobalQuota: false,
        QuotaAppliedAtLevel: 'ACCOUNT',
        UsageMetric: {
          MetricNamespace: namespace,
          MetricName: name,
          MetricDimensions: dimensions,
          MetricStatisticRecommendation: 'Maximum',
        },
      },
    }
  }
  const handlers = {
    GetServiceQuota: (input: sdk.GetServiceQuotaRequest, context: RequestContext): sdk.GetServiceQuotaResponse => {
      world.advanceTo(context.now)
      return quotaOf(input, () => switches.vcpuQuota)
    },
    GetAWSDefaultServiceQuota: (input: sdk.GetAWSDefaultServiceQuotaRequest): sdk.GetAWSDefaultServiceQuotaResponse =>
      quotaOf(input, (usual) => usual),
  }
  return { signingName: 'servicequotas', protocol: 'awsJson1_1', target: 'ServiceQuotasV20190624', sdk, handlers }
}
