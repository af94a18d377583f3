import { fargateQuota, instanceQuota, type QuotaName } from '../domain/vcpu-quota.js'
import type { Metrics } from '../ports/metrics.js'
import type { Quotas } from '../ports/quotas.js'
import type { Surroundings } from '../rollout/surroundings.js'

/** What is left of the account's quota on vCPUs for more targets of a fleet. */
export interface VcpuRoom {
  readonly quota: QuotaName
  readonly name: string
  readonly limit: number
  /** In use in the whole account; at least what the fleet's own targets have. */
  readonly inUse: number
  /** False where AWS has measured nothing yet, so that only the fleet's own targets are counted. */
  readonly isMeasured: boolean
  /** Of one target. */
  readonly each: number
}

export interface VcpuPorts {
  readonly quotas: Quotas
  readonly metrics: Metrics
  readonly now: () => number
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Usage-Metrics.html: some are told every five minutes.
const lookBack = 20 * 60_000
const minute = 60_000

/**
 * What is left for targets of that kind; the reason where that can not be told. A quota is the last thing that a
 * rollout runs into, half-way: AWS refuses the launch with VcpuLimitExceeded.
 */
export async function vcpuRoom(
  { rented, parts }: Pick<Surroundings, 'rented' | 'parts'>,
  { quotas, metrics, now }: VcpuPorts,
): Promise<VcpuRoom | { readonly unknown: string }> {
  if (rented === undefined) return { unknown: 'nobody can tell what its targets are' }
  if (rented.kind === 'task' && !rented.isFargate) return { unknown: 'its tasks run on instances of the cluster' }
  const name = rented.kind === 'task' ? fargateQuota : instanceQuota(rented.type)
  const type = rented.kind === 'task' ? 'tasks' : rented.type
  if (name === undefined) return { unknown: `which quota ${type} counts for is not known` }
  const each = rented.kind === 'task' ? rented.vcpu : await quotas.vcpusOf(rented.type)
  if (each === undefined) return { unknown: `how many vCPUs ${type} has is not known` }
  const quota = await quotas.quota(name)
  if (quota === undefined) return { unknown: `AWS has no quota ${name.code} in this region` }
  const to = Math.floor(now() / minute) * minute
  const measured = quota.usage === undefined ? [] : await metrics.greatest(quota.usage, to - lookBack, to)
  const own = each * parts.reduce((all, { desired }) => all + desired, 0)
  return {
    quota: name,
    name: quota.name,
    limit: quota.limit,
    inUse: Math.max(own, ...measured),
    isMeasured: measured.length > 0,
    each,
  }
}
