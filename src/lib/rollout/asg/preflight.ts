import type { Alarms } from '../../ports/alarms.js'
import type { AutoScalingGroup, LaunchTemplates, LaunchTemplateVersion } from '../../ports/auto-scaling.js'
import type { Check } from '../driver.js'
import type { AsgRolloutOptions } from './options.js'
import { decodeUserData, findReferences } from './user-data.js'

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

function userDataCheck(version: LaunchTemplateVersion, host: string, repositories: readonly string[]): Check {
  const name = 'user data'
  const text = decodeUserData(version.userData ?? '').text
  const missing = repositories.filter((repository) => findReferences(text, host, repository).length === 0)
  if (missing.length === 0) {
    return { name, result: 'ok', detail: `refers to ${repositories.join(', ')}` }
  }
  return {
    name,
    result: 'fail',
    detail: `version ${version.number} does not refer to ${missing.map((repository) => `${host}/${repository}`).join(', ')}`,
    remedy: `let the user data start ${host}/${missing[0] ?? ''}:latest; rampart replaces the tag by the released digest`,
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
  if (group.targetGroupArns.length > 0 && group.healthCheckType === 'EC2') {
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
    remedy: 'AWS starts a refresh only while every alarm is OK: mend what it shows, or treat missing data as "ignore"',
  }
}

/** The checks of a group: all that can be asked is asked, so that one run shows every obstacle. */
export async function preflightGroup(
  group: AutoScalingGroup,
  options: AsgRolloutOptions,
  ports: { readonly launchTemplates: LaunchTemplates; readonly alarms: Alarms },
  registryHost: string,
  repositories: readonly string[],
): Promise<readonly Check[]> {
  const checks: Check[] = [
    { name: 'group', result: 'ok', detail: `${group.name}, ${group.desiredCapacity} instances wanted` },
    launchTemplateCheck(group),
  ]
  const template = group.launchTemplate
  if (template !== undefined) {
    const version = await ports.launchTemplates.describeVersion(template.id, template.version)
    if (version === undefined) {
      checks.push({
        name: 'user data',
        result: 'fail',
        detail: `version ${template.version} of ${template.id} is gone`,
      })
    } else {
      checks.push(imageCheck(version), userDataCheck(version, registryHost, repositories))
    }
  }
  checks.push(surgeCheck(group, options), graceCheck(group, options), await alarmCheck(options.alarms, ports.alarms))
  return checks
}
