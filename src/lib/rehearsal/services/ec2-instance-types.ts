import type * as sdk from '@aws-sdk/client-ec2'
import { vcpusOf } from '../world/instance-types.js'
import { type Handler, ServiceError } from '../wire/service.js'

const isType = (type: string): boolean =>
  /^[a-z]+\d[a-z0-9-]*\.(?:nano|micro|small|medium|large|(?:\d+)?xlarge|metal(?:-\d+xl)?)$/.test(type)

/** What instance types are. Only those that are asked for by name: the world has no list of them all. */
export const instanceTypeHandlers: Readonly<Record<string, Handler>> = {
  DescribeInstanceTypes: (input: sdk.DescribeInstanceTypesRequest): sdk.DescribeInstanceTypesResult => {
    const types = input.InstanceTypes ?? []
    if (types.length === 0) {
      throw new ServiceError(
        'InvalidParameterValue',
        'The rehearsal cloud tells of instance types by their names alone.',
      )
    }
    const unknown = types.filter((type) => !isType(type))
    if (unknown.length > 0) {
      const message = `The following supplied instance types do not exist: [${unknown.join(', ')}]`
      throw new ServiceError('InvalidInstanceType', message)
    }
    return {
      InstanceTypes: types.map((InstanceType) => {
        const vcpus = vcpusOf(InstanceType)
        const threads = Math.min(2, vcpus)
        return {
          InstanceType,
          CurrentGeneration: true,
          VCpuInfo: { DefaultVCpus: vcpus, DefaultCores: vcpus / threads, DefaultThreadsPerCore: threads },
        }
      }),
    }
  },
}
