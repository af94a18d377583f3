import { RampartError } from '../../errors/rampart-error.js'
import type { AutoScaling, LaunchTemplates, LoadBalancing } from '../../ports/auto-scaling.js'
import type { Surroundings } from '../surroundings.js'

interface Ports {
  readonly autoScaling: AutoScaling
  readonly launchTemplates: LaunchTemplates
  readonly loadBalancing: LoadBalancing
}

/** What surrounds an Auto Scaling group. @throws RampartError `preflight` when there is none of that name. */
export async function surroundGroup(name: string, ports: Ports): Promise<Surroundings> {
  const group = await ports.autoScaling.describeGroup(name)
  if (group === undefined) throw new RampartError('preflight', `There is no Auto Scaling group ${name}.`)
  const { launchTemplate, defaultInstanceWarmup, healthCheckGracePeriod, targetGroupArns } = group
  const [version, targetGroups] = await Promise.all([
    launchTemplate && ports.launchTemplates.describeVersion(launchTemplate.id, launchTemplate.version),
    ports.loadBalancing.describeTargetGroups(targetGroupArns),
  ])
  const interval = Math.max(0, ...targetGroups.map(({ healthCheckInterval }) => healthCheckInterval))
  return {
    parts: [{ name, desired: group.desiredCapacity }],
    most: group.maxSize,
    subnets: group.subnets,
    hasWarmPool: group.hasWarmPool,
    ...(version?.instanceType !== undefined && { rented: { kind: 'instance', type: version.instanceType } }),
    // https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RefreshPreferences.html: in this order.
    warmup: 1000 * (defaultInstanceWarmup ?? healthCheckGracePeriod),
    ...(interval > 0 && { healthCheckInterval: 1000 * interval }),
    targetGroups: targetGroupArns,
  }
}
