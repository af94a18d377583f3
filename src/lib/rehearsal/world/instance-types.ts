/** Virtual processors by the size of an instance: https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-types.html */
const small: Readonly<Record<string, number>> = { nano: 2, micro: 2, small: 2, medium: 2, large: 2, xlarge: 4 }

/** The virtual processors of an instance type as AWS sells it. */
export function vcpusOf(type: string): number {
  const [family = '', size = ''] = type.split('.')
  // Beside the burstable ones, and before the larger sizes, there is one.
  if (size === 'medium' && !/^t[34]/.test(family)) return 1
  const times = /^(\d+)xlarge$/.exec(size)?.[1]
  return times === undefined ? (small[size] ?? 96) : 4 * Number(times)
}
