import type { Cause } from '../../domain/outcome.js'
import type { Target } from '../../domain/target.js'
import { RampartError } from '../../errors/rampart-error.js'
import type { Alarms } from '../../ports/alarms.js'
import type { AutoScaling, InstanceRefresh, LoadBalancing } from '../../ports/auto-scaling.js'
import type { LogSource } from '../../ports/log-source.js'
import type { FailedStart } from '../driver.js'
import { logEvidence } from './log-evidence.js'

/** What was last known of a rollout that goes wrong. */
export interface Findings {
  readonly group: string
  readonly refresh: InstanceRefresh | undefined
  readonly targets: readonly Target[]
  readonly failedStarts: readonly FailedStart[]
  readonly startedAt: number
  readonly alarms: readonly string[]
  readonly logGroup: string | undefined
  /** The last complaint about each new target that has not been healthy since, also for those that are gone. */
  readonly complaints: ReadonlyMap<string, Complaint>
}

/** Why a target is unhealthy, and which target group finds so; none when the group's own checks do. */
export interface Complaint {
  readonly reason: string
  readonly targetGroupArn?: string
}

export interface ExplainPorts {
  readonly autoScaling: AutoScaling
  readonly loadBalancing: LoadBalancing
  readonly alarms: Alarms
  readonly logs: LogSource
}

/** As many lines of a failing target's own log as fit on a screen beside the rest. */
const logLines = 8

/** What one witness says, or why it could not be asked. */
interface Testimony<T> {
  readonly said: T
  readonly silence?: string
}

/** A witness that cannot be asked must not cost what the others say, still less the rollout's outcome. */
async function ask<T>(otherwise: T, question: () => Promise<T>): Promise<Testimony<T>> {
  try {
    return { said: await question() }
  } catch (error) {
    if (!(error instanceof RampartError)) throw error
    return { said: otherwise, silence: error.message }
  }
}

async function alarmCause({ alarms: names }: Findings, { alarms }: ExplainPorts): Promise<Cause | undefined> {
  const { said } = await ask([], async () => alarms.describeAlarms(names))
  const loud = said.filter((alarm) => alarm.state === 'ALARM')
  if (loud.length === 0) return undefined
  return {
    code: 'alarm',
    summary: `CloudWatch alarm ${loud.map((alarm) => alarm.name).join(', ')} went to ALARM during the rollout.`,
    evidence: loud.map((alarm) => `${alarm.name} is ${alarm.state}: ${alarm.reason}`),
    next: [`aws cloudwatch describe-alarm-history --alarm-name ${loud[0]?.name ?? ''}`],
  }
}

async function launchCause(findings: Findings, { autoScaling }: ExplainPorts): Promise<Cause | undefined> {
  const { group, startedAt, failedStarts } = findings
  const known = failedStarts.filter((one) => !one.launched).map((one) => one.message)
  const { said } = await ask(known, async () => {
    const activities = await autoScaling.describeScalingActivities(group, startedAt)
    return activities
      .filter((activity) => activity.statusCode === 'Failed')
      .map((activity) => activity.statusMessage ?? activity.description)
  })
  if (said.length === 0) return undefined
  return {
    code: 'launch-failed',
    summary: `EC2 could not launch ${said.length === 1 ? 'an instance' : `instances, ${said.length} attempts`}.`,
    evidence: [...new Set(said)].slice(0, 3),
    next: [
      `aws autoscaling describe-scaling-activities --auto-scaling-group-name ${group}`,
      'add an Availability Zone or another instance type to the group, or try again later',
    ],
  }
}

async function targetCause(findings: Findings, { loadBalancing, logs }: ExplainPorts): Promise<Cause | undefined> {
  const { logGroup, startedAt, complaints, failedStarts, targets } = findings
  const target =
    failedStarts.findLast((one) => one.launched)?.id ??
    targets.find((one) => one.isNew && one.health === 'unhealthy')?.id ??
    [...complaints.keys()].at(-1)
  if (target === undefined) return undefined
  const { reason, targetGroupArn } = complaints.get(target) ?? {}
  const groups = await ask([], async () =>
    loadBalancing.describeTargetGroups(targetGroupArn === undefined ? [] : [targetGroupArn]),
  )
  const lines = await ask([], async () =>
    logGroup === undefined ? [] : logs.read(logGroup, { since: startedAt, streamPrefix: target }),
  )
  const path = groups.said[0]?.healthCheckPath ?? ''
  const said =
    reason === undefined ? '' : ` ${targetGroupArn === undefined ? 'AWS' : 'The load balancer'} says: ${reason}.`
  return {
    code: 'target-unhealthy',
    summary: `New target ${target} never became healthy${path === '' ? '' : ` at ${path}`}.${said}`,
    evidence:
      lines.silence === undefined ? logEvidence(lines.said, logLines) : [`its log was not read: ${lines.silence}`],
    next: [
      logGroup === undefined
        ? 'set logs.group in rampart.yml to see what the target itself says'
        : `aws logs tail ${logGroup} --log-stream-name-prefix ${target} --since 1h`,
    ],
  }
}

function platformCause({ group, refresh }: Findings): Cause | undefined {
  const reason = refresh?.rollbackReason ?? refresh?.statusReason
  if (reason === undefined) return undefined
  return {
    code: 'platform',
    summary: reason,
    evidence: [],
    next: [`aws autoscaling describe-instance-refreshes --auto-scaling-group-name ${group}`],
  }
}

/** The first cause, with what the others have to show: an alarm, say, often follows from targets that fail. */
function combined([first, ...others]: readonly Cause[]): Cause | undefined {
  if (first === undefined) return undefined
  return {
    ...first,
    evidence: [...first.evidence, ...others.flatMap((other) => [other.summary, ...other.evidence])],
    next: [...new Set([...first.next, ...others.flatMap((other) => other.next)])],
  }
}

/**
 * The likeliest cause, and after it what else was found: an alarm, which ends a refresh at once; then launches or
 * targets, whichever failed more often; the platform's own reason only where nobody else says anything.
 */
export async function explain(findings: Findings, ports: ExplainPorts): Promise<Cause | undefined> {
  const [alarm, launch, target] = await Promise.all([
    alarmCause(findings, ports),
    launchCause(findings, ports),
    targetCause(findings, ports),
  ])
  const dead = findings.failedStarts.filter((one) => one.launched).length
  const launchesFirst = dead < findings.failedStarts.length - dead
  const found = [alarm, ...(launchesFirst ? [launch, target] : [target, launch])].filter((one) => one !== undefined)
  const platform = platformCause(findings)
  if (found.length === 0 || platform === undefined) return combined(found) ?? platform
  // That a target is unwell does not say who ended the rollout: the platform does.
  return combined(found[0] === target ? [...found, platform] : found)
}
