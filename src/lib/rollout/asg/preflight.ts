import { createHash } from 'node:crypto'
import type { Alarms } from '../../ports/alarms.js'
import type {
  AutoScalingGroup,
  LaunchTemplates,
  LaunchTemplateSpecification,
  LaunchTemplateVersion,
} from '../../ports/auto-scaling.js'
import type { Check } from '../driver.js'
import type { AsgRolloutOptions } from './options.js'
import { decodeUserData, encodeUserData, findReferences, pinReferences, userDataLimit } from './user-data.js'

const numeric = /^\d+$/

function launchTemplateCheck(group: AutoScalingGroup): Check {
  const name = 'launch template'
  const template = group.launchTemplate
  if (group.mixedInstances) {
    return {
      name,
      result: 'fail',
      detail: `${group.name} uses a mixed-instances policy, which rampart does not move yet`,
      remedy: 'give the group a launch template of its own',
    }
  }
  if (template === undefined) {
    return {
      name,
      result: 'fail',
      detail: `${group.name} has no launch template`,
      remedy: 'replace its launch configuration by a launch template',
    }
  }
  if (!numeric.test(template.version)) {
    return {
      name,
      result: 'fail',
      detail: `${group.name} follows ${template.version} of ${template.id}: AWS can roll back to a numbered version only`,
      remedy: `aws autoscaling update-auto-scaling-group --auto-scaling-group-name ${group.name} --launch-template LaunchTemplateId=${template.id},Version=<number>`,
    }
  }
  return { name, result: 'ok', detail: `${template.name} version ${template.version}` }
}

function imageCheck(version: LaunchTemplateVersion): Check {
  const alias = version.imageId?.startsWith('resolve:') === true
  return alias
    ? {
        name: 'AMI',
        result: 'fail',
        detail: `version ${version.number} takes its AMI from ${version.imageId}: AWS then refuses a desired configuration`,
        remedy: 'write the AMI id itself into the launch template',
      }
    : { name: 'AMI', result: 'ok', detail: version.imageId ?? 'from the group' }
}

/** Whether the user data still fits with digests in it; any digests will do, all are as long and as hard to compress. */
function sizeCheck(version: LaunchTemplateVersion, host: string, repositories: readonly string[]): Check {
  const name = 'user data'
  const data = decodeUserData(version.userData ?? '')
  const pins = repositories.map((repository) => ({
    repository,
    digest: `sha256:${createHash('sha256').update(repository).digest('hex')}` as const,
  }))
  const { bytes } = encodeUserData({ ...data, text: pinReferences(data.text, host, pins).text })
  if (bytes <= userDataLimit) {
    return { name, result: 'ok', detail: `refers to ${repositories.join(', ')}; ${bytes} bytes with digests` }
  }
  return {
    name,
    result: 'fail',
    detail: `version ${version.number} would have ${bytes} bytes with digests in it; EC2 takes ${userDataLimit}`,
    remedy: data.gzip
      ? 'shorten the user data'
      : 'shorten the user data, or compress it with gzip (cloud-init reads both)',
  }
}

function userDataCheck(version: LaunchTemplateVersion, host: string, repositories: readonly string[]): Check {
  const name = 'user data'
  const text = decodeUserData(version.userData ?? '').text
  const missing = repositories.filter((repository) => findReferences(text, host, repository).length === 0)
  if (missing.length === 0) {
    return sizeCheck(version, host, repositories)
  }
  return {
    name,
    result: 'fail',
    detail: `version ${version.number} does not refer to ${missing.map((repository) => `${host}/${repository}`).join(', ')}`,
    remedy: `let the user data start ${host}/${missing[0] ?? ''}:latest; rampart replaces the tag by the released digest`,
  }
}

function groupCheck(group: AutoScalingGroup): Check {
  const name = 'group'
  const stopped = group.suspendedProcesses.filter((one) => needed.has(one))
  if (stopped.length > 0) {
    return {
      name,
      result: 'fail',
      detail: `${group.name} has ${stopped.join(', ')} suspended: no instance can be replaced and serve`,
      remedy: `aws autoscaling resume-processes --auto-scaling-group-name ${group.name} --scaling-processes ${stopped.join(' ')}`,
    }
  }
  if (group.desiredCapacity === 0) {
    return {
      name,
      result: 'fail',
      detail: `${group.name} wants no instances: there is nothing that could serve, or be proved to`,
      remedy: `aws autoscaling set-desired-capacity --auto-scaling-group-name ${group.name} --desired-capacity 1`,
    }
  }
  return { name, result: 'ok', detail: `${group.name}, ${group.desiredCapacity} instances wanted` }
}

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html
const needed: ReadonlySet<string> = new Set(['Launch', 'Terminate', 'AddToLoadBalancer'])

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RefreshPreferences.html: by default a refresh waits for
// them, for an hour, and then fails.
function heldCheck(group: AutoScalingGroup): Check {
  const name = 'held instances'
  const held = group.instances.filter((one) => one.protectedFromScaleIn).map((one) => one.id)
  const standby = group.instances.filter((one) => one.lifecycleState.endsWith('Standby')).map((one) => one.id)
  if (held.length === 0 && standby.length === 0)
    return { name, result: 'ok', detail: 'none protected, none in standby' }
  const [what, ids] = held.length > 0 ? ['protected from scale-in', held] : ['in standby', standby]
  const command = held.length > 0 ? 'set-instance-protection --no-protected-from-scale-in' : 'exit-standby'
  return {
    name,
    result: 'warn',
    detail: `${ids.join(', ')} ${ids.length === 1 ? 'is' : 'are'} ${what}: a refresh that has to replace them waits an hour for that to end, then fails`,
    remedy: `aws autoscaling ${command} --auto-scaling-group-name ${group.name} --instance-ids ${ids.join(' ')}`,
  }
}

function surgeCheck(group: AutoScalingGroup, options: AsgRolloutOptions): Check {
  const name = 'room to launch first'
  const surge = Math.floor((group.desiredCapacity * options.maxHealthyPercentage) / 100)
  const above = Math.max(surge, group.desiredCapacity + 1)
  if (options.minHealthyPercentage < 100 || group.maxSize >= above) {
    return { name, result: 'ok', detail: `desired ${group.desiredCapacity}, maximum ${group.maxSize}` }
  }
  return {
    name,
    result: 'warn',
    detail: `the group may hold ${group.maxSize} instances, launching before terminating takes up to ${above}; AWS does not say whether a refresh may exceed the maximum`,
    remedy: `aws autoscaling update-auto-scaling-group --auto-scaling-group-name ${group.name} --max-size ${above}`,
  }
}

function graceCheck(group: AutoScalingGroup, options: AsgRolloutOptions): Check {
  const name = 'health check'
  if (group.targetGroupArns.length > 0 && !group.healthCheckType.includes('ELB')) {
    return {
      name,
      result: 'warn',
      detail: 'the group asks EC2 alone: a new instance whose service fails is kept and counts as healthy',
      remedy: `aws autoscaling update-auto-scaling-group --auto-scaling-group-name ${group.name} --health-check-type ELB --health-check-grace-period ${options.warmup ?? 300}`,
    }
  }
  return { name, result: 'ok', detail: `${group.healthCheckType}, grace period ${group.healthCheckGracePeriod} s` }
}

async function alarmCheck(names: readonly string[], alarms: Alarms): Promise<Check> {
  const name = 'alarms'
  if (names.length === 0) return { name, result: 'skip', detail: 'none configured' }
  const seen = await alarms.describeAlarms(names)
  const missing = names.filter((one) => !seen.some((alarm) => alarm.name === one))
  const bad = seen.filter((alarm) => alarm.state !== 'OK')
  if (missing.length === 0 && bad.length === 0) return { name, result: 'ok', detail: `${names.length} OK` }
  return {
    name,
    result: 'fail',
    detail: [
      ...missing.map((one) => `${one} does not exist`),
      ...bad.map((alarm) => `${alarm.name} is ${alarm.state}: ${alarm.reason}`),
    ].join('; '),
    remedy:
      missing.length > 0
        ? 'rampart alarms apply makes those of rampart.yml; AWS starts no refresh with an alarm that is not there'
        : 'AWS starts a refresh only while every alarm is OK: mend what it shows, or treat missing data as "ignore"',
  }
}

function versionChecks(
  template: LaunchTemplateSpecification,
  version: LaunchTemplateVersion | undefined,
  registryHost: string,
  repositories: readonly string[],
): readonly Check[] {
  if (version !== undefined) return [imageCheck(version), userDataCheck(version, registryHost, repositories)]
  return [
    {
      name: 'user data',
      result: 'fail',
      detail: `version ${template.version} of ${template.id} is gone`,
      remedy: `aws ec2 describe-launch-template-versions --launch-template-id ${template.id}`,
    },
  ]
}

/** The checks of a group: all that can be asked is asked, so that one run shows every obstacle. */
export async function preflightGroup(
  group: AutoScalingGroup,
  options: AsgRolloutOptions,
  ports: { readonly launchTemplates: LaunchTemplates; readonly alarms: Alarms },
  registryHost: string,
  repositories: readonly string[],
): Promise<readonly Check[]> {
  const template = group.launchTemplate
  const [version, alarms] = await Promise.all([
    template && ports.launchTemplates.describeVersion(template.id, template.version),
    alarmCheck(options.alarms, ports.alarms),
  ])
  return [
    groupCheck(group),
    launchTemplateCheck(group),
    ...(template === undefined ? [] : versionChecks(template, version, registryHost, repositories)),
    heldCheck(group),
    surgeCheck(group, options),
    graceCheck(group, options),
    alarms,
  ]
}
