import type { Digest } from '../domain/digest.js'
import type { OpenPoint, Standing, StandingContainer, StandingService } from '../domain/standing.js'
import { RampartError } from '../errors/rampart-error.js'
import { containersOf } from '../init/adopt/user-data.js'
import type { AutoScalingGroup, LaunchTemplateVersion } from '../ports/auto-scaling.js'
import type { EstateTargetGroup } from '../ports/estate.js'
import { decodeUserData } from '../rollout/asg/user-data.js'
import { groupAdvice } from './adopt-advice.js'
import {
  entranceOf,
  homeOf,
  orOpen,
  ownContainers,
  serviceOf,
  servingAlarms,
  uniqueNames,
  type AdoptPorts,
  type AdoptStack,
} from './adopt-parts.js'

interface AdoptGroup {
  readonly from: string
  readonly region: string
  readonly ports: AdoptPorts
  readonly group: string
  readonly stack: AdoptStack
  readonly open: OpenPoint[]
}

/** Reads an Auto Scaling group: its launch template, what the user data starts, and what stands before it. */
export async function adoptGroup({ from, region, ports, group: name, stack, open }: AdoptGroup): Promise<Standing> {
  const group = await ports.autoScaling.describeGroup(name)
  if (group === undefined) {
    throw new RampartError('preflight', `There is no Auto Scaling group ${name} in ${region}.`)
  }
  const version = await versionOf(ports, group)
  const userData = decodeUserData(version.userData ?? '').text
  const { host, own, others } = ownContainers(containersOf(userData))
  if (own.length === 0) {
    throw new RampartError(
      'preflight',
      `The user data of ${version.templateName} version ${version.number} names no image of a registry: rampart can not tell what ${name} runs.`,
      {
        next: [
          'let the user data start the images by their full names, as HOST/REPOSITORY:TAG',
          `aws ec2 describe-launch-template-versions --region ${region} --launch-template-id ${version.templateId} --versions ${version.number}`,
        ],
      },
    )
  }
  const [home, targetGroups, alarms] = await Promise.all([
    homeOf(
      ports,
      host,
      own.map(({ repository }) => repository),
      open,
    ),
    orOpen(open, 'the target groups', [], () => ports.estate.targetGroups(group.targetGroupArns)),
    servingAlarms(ports, stack, open),
  ])
  const { serves, kept } = await entranceOf(ports, targetGroups, open)
  const services = uniqueNames(
    own.map((container) => serviceOf({ container, targetGroup: before(container, own, targetGroups) }, home.immutable)),
  )
  for (const service of services) {
    if (service.health === undefined) {
      open.push({
        what: `health of ${service.name}`,
        why: `no target group of ${name} asks port ${service.port ?? 'that it publishes, which is not known'}`,
      })
    }
  }
  const logGroup = logGroupOf(own, stack)
  if (logGroup === undefined) {
    open.push({
      what: 'logs: { group: NAME }',
      why: 'the user data names no log group, and the stack has not just one',
    })
  }
  const digests = home.registry === undefined ? await taggedDigests(ports, services, open) : new Map<string, Digest>()
  const advice = groupAdvice({ region, group, version, userData, host, services, stack, digests })
  return {
    from,
    region,
    target: { kind: 'asg', group: name },
    ...(home.registry !== undefined && { registry: home.registry }),
    services,
    rollout: {
      minHealthy: 100,
      maxHealthy: 200,
      ...(group.defaultInstanceWarmup !== undefined && { warmup: group.defaultInstanceWarmup }),
      alarms,
    },
    ...(logGroup !== undefined && { logGroup }),
    ...(serves !== undefined && { serves }),
    kept: [
      ...describeGroup(group, version),
      ...kept,
      ...others.map(({ name: other, image }) => `${other} runs ${image}, which is not released`),
    ],
    open,
    advice,
  }
}

/** What the tags of the images name in ECR by now. */
async function taggedDigests(
  { account }: AdoptPorts,
  services: readonly StandingService[],
  open: OpenPoint[],
): Promise<ReadonlyMap<string, Digest>> {
  const asked = services.flatMap(({ image, repository }) => {
    const tag = /:([\w.-]+)$/.exec(image.slice(image.lastIndexOf('/')))?.[1]
    return tag === undefined || image.includes('@') ? [] : [{ repository, tag }]
  })
  const found = await orOpen(open, 'what the tags name', [], () =>
    Promise.all(
      asked.map(async ({ repository, tag }) => [repository, await account.taggedImage(repository, tag)] as const),
    ),
  )
  return new Map(found.flatMap(([repository, digest]) => (digest === undefined ? [] : [[repository, digest] as const])))
}

async function versionOf(ports: AdoptPorts, group: AutoScalingGroup): Promise<LaunchTemplateVersion> {
  const template = group.launchTemplate
  if (template === undefined) {
    throw new RampartError(
      'preflight',
      `${group.name} has ${group.mixedInstances ? 'a mixed-instances policy' : 'no launch template'}, which rampart does not move.`,
      { next: ['give the group a launch template of its own, and run this again'] },
    )
  }
  const version = await ports.launchTemplates.describeVersion(template.id, template.version)
  if (version === undefined) {
    throw new RampartError(
      'preflight',
      `Version ${template.version} of ${template.id}, which ${group.name} has, is gone.`,
    )
  }
  return version
}

/** The target group that asks the container: by its port, by its name, or because there is no other. */
function before(
  container: StandingContainer,
  all: readonly StandingContainer[],
  groups: readonly EstateTargetGroup[],
): EstateTargetGroup | undefined {
  const byPort = groups.find(({ port }) => container.ports.some(({ host }) => host === port))
  const byName = groups.find(({ name }) => name.toLowerCase().includes(container.name))
  return byPort ?? byName ?? (all.length === 1 && groups.length === 1 ? groups[0] : undefined)
}

/** The one that the containers write to; else the only one that the stack has. */
function logGroupOf(own: readonly StandingContainer[], stack: AdoptStack): string | undefined {
  const named = [...new Set(own.flatMap(({ logGroup }) => logGroup ?? []))]
  const made = stack.resources.filter(({ type }) => type === 'AWS::Logs::LogGroup').map(({ physicalId }) => physicalId)
  return named[0] ?? (made.length === 1 ? made[0] : undefined)
}

function describeGroup(group: AutoScalingGroup, version: LaunchTemplateVersion): readonly string[] {
  const { IamInstanceProfile: profile } = version.whole as {
    readonly IamInstanceProfile?: { readonly Name?: string; readonly Arn?: string }
  }
  const role = profile?.Name ?? profile?.Arn
  return [
    `group ${group.name}: ${group.desiredCapacity} instances, of ${group.minSize} to ${group.maxSize}`,
    `launch template ${version.templateName} version ${group.launchTemplate?.version ?? ''}: ${version.instanceType ?? 'no instance type'}, ${version.imageId ?? 'no AMI'}`,
    ...(role === undefined ? [] : [`instance profile ${role}`]),
  ]
}
