import type * as sdk from '@aws-sdk/client-ec2'
import { commonTypes, isInstanceType, memoryOfType, vcpusOf } from '../world/instance-types.js'
import { paginate } from '../wire/pagination.js'
import { type Handler, ServiceError } from '../wire/service.js'

/** What instance types are: of those that are asked for by name, by a filter of names, or else of the common ones. */
export const instanceTypeHandlers = (wire: Parameters<typeof paginate>[0]): Readonly<Record<string, Handler>> => ({
  DescribeInstanceTypes: (input: sdk.DescribeInstanceTypesRequest): sdk.DescribeInstanceTypesResult => {
    const named = input.InstanceTypes ?? []
    const unknown = named.filter((type) => !isInstanceType(type))
    if (unknown.length > 0) {
      const message = `The following supplied instance types do not exist: [${unknown.join(', ')}]`
      throw new ServiceError('InvalidInstanceType', message)
    }
    const filtered = (input.Filters ?? []).find(({ Name }) => Name === 'instance-type')?.Values
    const known = filtered?.filter(isInstanceType) ?? commonTypes
    const page = paginate(wire, {
      operation: 'DescribeInstanceTypes',
      items: named.length === 0 ? known : named.filter((type) => filtered?.includes(type) ?? true),
      limit: input.MaxResults ?? 100,
      token: input.NextToken,
    })
    return { InstanceTypes: page.items.map(describe), NextToken: page.nextToken }
  },
})

function describe(type: string): sdk.InstanceTypeInfo {
  const vcpus = vcpusOf(type)
  const threads = Math.min(2, vcpus)
  return {
    // The SDK lists those that it knew when it was made.
    InstanceType: type as sdk._InstanceType,
    CurrentGeneration: true,
    VCpuInfo: { DefaultVCpus: vcpus, DefaultCores: vcpus / threads, DefaultThreadsPerCore: threads },
    MemoryInfo: { SizeInMiB: memoryOfType(type) / 2 ** 20 },
  }
}
