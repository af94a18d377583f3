import { DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2'
import type { Network } from '../ports/network.js'
import { call } from './failure.js'
import { clientSettings, counted, type ClientOptions } from './options.js'

/** The Network port on the AWS SDK. */
export function createNetwork(options: ClientOptions): Network {
  const client = counted(new EC2Client(clientSettings(options)), options)
  return {
    async describeSubnets(ids) {
      if (ids.length === 0) return []
      const answer = await call('ec2:DescribeSubnets', () =>
        client.send(new DescribeSubnetsCommand({ SubnetIds: [...ids] })),
      )
      return (answer.Subnets ?? []).map((one) => ({
        id: one.SubnetId ?? '',
        zone: one.AvailabilityZone ?? '',
        free: one.AvailableIpAddressCount ?? 0,
      }))
    },
  }
}
