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

/** Gibibytes of the burstable types by size. https://docs.aws.amazon.com/ec2/latest/instancetypes/gp.html */
const burstable: Readonly<Record<string, number>> = { nano: 0.5, micro: 1, small: 2, medium: 4, large: 8 }

/** Gibibytes for each virtual processor by the letter of the family: general purpose, for computing, for memory. */
const perProcessor: Readonly<Record<string, number>> = { m: 4, c: 2, r: 8 }

/** Bytes of memory of an instance type as AWS sells it; of a family that is not named here, as of a general one. */
export function memoryOfType(type: string): number {
  const [family = '', size = ''] = type.split('.')
  const bySize = family.startsWith('t') ? burstable[size] : undefined
  return (bySize ?? (perProcessor[family.charAt(0)] ?? 4) * vcpusOf(type)) * gibibyte
}

/** True for what is shaped as the name of one. */
export const isInstanceType = (type: string): boolean =>
  /^[a-z]+\d[a-z0-9-]*\.(?:nano|micro|small|medium|large|(?:\d+)?xlarge|metal(?:-\d+xl)?)$/.test(type)

/** What is told to somebody who asks for all of them: AWS has hundreds. */
export const commonTypes: readonly string[] = ['t3.medium', 't3.large', 't3.xlarge', 'm5.large', 'm5.xlarge']
