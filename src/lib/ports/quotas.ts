import type { QuotaName } from '../domain/vcpu-quota.js'
import type { MetricName } from './metrics.js'

/** What an account may use of something in a region. */
export interface Quota {
  readonly name: string
  readonly limit: number
  /** What tells how much of it is in use; undefined where AWS measures none. */
  readonly usage: MetricName | undefined
}

/** The quotas of the account, and what counts against them. Rejects with RampartErrors. */
export interface Quotas {
  /** What the account has; undefined where AWS has none of that name. */
  quota(name: QuotaName): Promise<Quota | undefined>
  /** The virtual processors of an instance type; undefined where there is none of that name. */
  vcpusOf(instanceType: string): Promise<number | undefined>
}
