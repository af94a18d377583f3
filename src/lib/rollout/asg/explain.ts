import type { Cause } from '../../domain/outcome.js'
import type { Alarms } from '../../ports/alarms.js'
import type {
  AutoScaling,
  InstanceRefresh,
  LoadBalancing,
  ScalingActivity,
  TargetGroup,
} from '../../ports/auto-scaling.js'
import type { LogLine, LogSource } from '../../ports/log-source.js'
import type { Target } from '../../domain/target.js'
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
  readonly targetGroupArns: readonly string[]
  /** The last reason that was seen for each target, also for those that are gone. */
  readonly reasons: ReadonlyMap<string, string>
}

export interface ExplainPorts {
  readonly autoScaling: AutoScaling
  readonly loadBalancing: LoadBalancing
  readonly alarms: Alarms
  readonly logs: LogSource
}

/** As many lines of a failing target's own log as fit on a screen beside the rest. */
const logLines = 8

function alarmCause(names: readonly { name: string; state: string; reason: string }[]): Cause {
  return {
    code: 'alarm',
    summary: `CloudWatch alarm ${names.map((alarm) => alarm.name).join(', ')} went to ALARM during the rollout.`,
    evidence: names.map((alarm) => `${alarm.name} is ${alarm.state}: ${alarm.reason}`),
    next: [`aws cloudwatch describe-alarm-history --alarm-name ${names[0]?.name ?? ''}`],
  }
}

function launchCause(group: string, failed: readonly ScalingActivity[]): Cause {
  const said = [...new Set(failed.map((activity) => activity.statusMessage ?? activity.description))]
  return {
    code: 'launch-failed',
    summary: `EC2 could not launch ${failed.length === 1 ? 'an instance' : `instances, ${failed.length} attempts`}.`,
    evidence: said.slice(0, 3),
    next: [
      `aws autoscaling describe-scaling-activities --auto-scaling-group-name ${group}`,
      'add an Availability Zone or another instance type to the group, or try again later',
    ],
  }
}

function targetCause(
  target: string,
  reason: string | undefined,
  lines: readonly LogLine[],
  groups: readonly TargetGroup[],
  logGroup: string | undefined,
): Cause {
  const path = groups[0]?.healthCheckPath
  const said = reason === undefined ? '' : ` The load balancer says: ${reason}.`
  return {
    code: 'target-unhealthy',
    summary: `New target ${target} never became healthy${path === undefined ? '' : ` at ${path}`}.${said}`,
    evidence: logEvidence(lines, logLines),
    next: [
      logGroup === undefined
        ? 'set logs.group in rampart.yml to see what the target itself says'
        : `aws logs tail ${logGroup} --log-stream-name-prefix ${target} --since 1h`,
    ],
  }
}

/** The likeliest cause, from the loudest witness to the quietest: alarm, EC2, the target's own log, the platform's reason. */
export async function explain(findings: Findings, ports: ExplainPorts): Promise<Cause | undefined> {
  const alarms = (await ports.alarms.describeAlarms(findings.alarms)).filter((alarm) => alarm.state === 'ALARM')
  if (alarms.length > 0) return alarmCause(alarms)

  const activities = await ports.autoScaling.describeScalingActivities(findings.group, findings.startedAt)
  const failedLaunches = activities.filter((activity) => activity.statusCode === 'Failed')
  if (failedLaunches.length > 0) return launchCause(findings.group, failedLaunches)

  const unhealthy = findings.targets.find((target) => target.isNew && target.health === 'unhealthy')
  const target = findings.failedStarts.at(-1)?.id ?? unhealthy?.id
  if (target !== undefined) {
    const lines =
      findings.logGroup === undefined
        ? []
        : await ports.logs.read(findings.logGroup, { since: findings.startedAt, streamPrefix: target })
    const groups = await ports.loadBalancing.describeTargetGroups(findings.targetGroupArns)
    return targetCause(target, findings.reasons.get(target), lines, groups, findings.logGroup)
  }

  const reason = findings.refresh?.rollbackReason ?? findings.refresh?.statusReason
  if (reason === undefined) return undefined
  return {
    code: 'platform',
    summary: reason,
    evidence: [],
    next: [`aws autoscaling describe-instance-refreshes --auto-scaling-group-name ${findings.group}`],
  }
}
