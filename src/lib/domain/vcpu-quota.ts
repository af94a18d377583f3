/** A quota of AWS as Service Quotas names it. */
export interface QuotaName {
  readonly service: 'ec2' | 'fargate'
  readonly code: string
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html: Fargate On-Demand vCPU resource count. */
export const fargateQuota: QuotaName = { service: 'fargate', code: 'L-3032A538' }

/** https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html: by the letters that types begin with. */
const families: readonly (readonly [RegExp, string])[] = [
  // Standard: A, C, D, H, I, M, R, T, Z; `im` and `is` are of I, and `hpc` is not of H.
  [/^(?:[acdhimrtz]|im|is)$/, 'L-1216C47A'],
  [/^(?:g|gr|vt)$/, 'L-DB2E81BA'],
  [/^p$/, 'L-417A185B'],
  [/^dl$/, 'L-6E869C2A'],
]

/** The quota on vCPUs that on-demand instances of a type count for; undefined where it is another one. */
export function instanceQuota(type: string): QuotaName | undefined {
  const letters = /^[a-z]+/.exec(type)?.[0] ?? ''
  const code = families.find(([family]) => family.test(letters))?.[1]
  return code === undefined ? undefined : { service: 'ec2', code }
}
