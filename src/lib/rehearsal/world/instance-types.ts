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

const gibibyte = 2 ** 30

/** Bytes of memory of the types that the rehearsal can be asked about. https://docs.aws.amazon.com/ec2/latest/instancetypes/gp.html */
const memories: Readonly<Record<string, number>> = {
  't3.medium': 4 * gibibyte,
  't3.large': 8 * gibibyte,
  't3.xlarge': 16 * gibibyte,
  'm5.large': 8 * gibibyte,
  'm5.xlarge': 16 * gibibyte,
}

/** Those types. */
export const describedTypes = Object.keys(memories)

/** Bytes of memory of an instance type; 8 GiB for one of which the rehearsal does not know. */
export const memoryOfType = (type: string): number => memories[type] ?? 8 * gibibyte
