import { DescribeInstanceTypesCommand, EC2Client, type _InstanceType } from '@aws-sdk/client-ec2'
import { GetServiceQuotaCommand, ServiceQuotasClient, type ServiceQuota } from '@aws-sdk/client-service-quotas'
import type { QuotaName } from '../domain/vcpu-quota.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Quota, Quotas } from '../ports/quotas.js'
import { attempt } from './failure.js'
import { clientSettings, counted, type ClientOptions } from './options.js'

/** The Quotas port on the AWS SDK. */
export function createQuotas(options: ClientOptions): Quotas {
  const client = counted(new ServiceQuotasClient(clientSettings(options)), options)
  const ec2 = counted(new EC2Client(clientSettings(options)), options)
  return {
    async quota({ service, code }: QuotaName) {
      const found = await attempt('servicequotas:GetServiceQuota', () =>
        client.send(new GetServiceQuotaCommand({ ServiceCode: service, QuotaCode: code })),
      )
      if (!('refused' in found)) return quotaOf(found.Quota)
      if (found.refused.code === 'NoSuchResource') return undefined
      throw new RampartError('unreachable', `servicequotas:GetServiceQuota was refused: ${found.refused.message}`)
    },

    async vcpusOf(instanceType) {
      // AWS has types that this version of the SDK does not know.
      const InstanceTypes = [instanceType as _InstanceType]
      const found = await attempt('ec2:DescribeInstanceTypes', () =>
        ec2.send(new DescribeInstanceTypesCommand({ InstanceTypes })),
      )
      return 'refused' in found ? undefined : found.InstanceTypes?.[0]?.VCpuInfo?.DefaultVCpus
    },
  }
}

function quotaOf(quota: ServiceQuota | undefined): Quota | undefined {
  if (quota?.Value === undefined) return undefined
  const { MetricNamespace: namespace, MetricName: name, MetricDimensions: dimensions } = quota.UsageMetric ?? {}
  return {
    name: quota.QuotaName ?? '',
    limit: quota.Value,
    usage:
      namespace === undefined || name === undefined ? undefined : { namespace, name, dimensions: { ...dimensions } },
  }
}
