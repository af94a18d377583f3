import type { ModelLoad } from '../../domain/model-load.js'
import type { Cause } from '../../domain/outcome.js'
import type { Target } from '../../domain/target.js'
import { RampartError } from '../../errors/rampart-error.js'
import type { Alarms, AlarmState } from '../../ports/alarms.js'
import type { AutoScaling, InstanceRefresh, LoadBalancing } from '../../ports/auto-scaling.js'
import type { LogSource } from '../../ports/log-source.js'
import type { FailedStart } from '../driver.js'
import { symptomOf } from '../symptom.js'
import { mostRestarts } from '../trouble.js'
import { blockedCause } from './blocked-cause.js'
import { launchCauseOf } from './launch-cause.js'
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
  /** What the targets' own logs tell of their start. */
  readonly loads: ReadonlyMap<string, ModelLoad>
  readonly restarts: ReadonlyMap<string, number>
  /** The alarms that were in ALARM when this watcher looked, as they were then. */
  readonly loud: ReadonlyMap<string, AlarmState>
  readonly protectedIds: readonly string[]
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

/** Those that are loud now, those that were when this watcher looked, and those that AWS itself blames. */
async function alarmCause(findings: Findings, { alarms }: ExplainPorts): Promise<Cause | undefined> {
  const { said } = await ask([], async () => alarms.describeAlarms(findings.alarms))
  const blames = (name: string): boolean => platformReason(findings)?.includes(`${name} went into`) === true
  const loud = findings.alarms.flatMap((name) => {
    const now = said.find((alarm) => alarm.name === name && alarm.state === 'ALARM') ?? findings.loud.get(name)
    if (now !== undefined) return [{ name, evidence: `${name} is ${now.state}: ${now.reason}` }]
    return blames(name) ? [{ name, evidence: platformReason(findings) ?? '' }] : []
  })
  if (loud.length === 0) return undefined
  return {
    code: 'alarm',
    summary: `CloudWatch alarm ${loud.map(({ name }) => name).join(', ')} went to ALARM during the rollout.`,
    evidence: loud.map(({ evidence }) => evidence),
    next: [`aws cloudwatch describe-alarm-history --alarm-name ${loud[0]?.name ?? ''}`],
  }
}

async function launchCause(findings: Findings, { autoScaling }: ExplainPorts): Promise<Cause | undefined> {
  const { group, startedAt, failedStarts } = findings
  const known = failedStarts.filter((one) => !one.launched).map((one) => one.message)
  if (known.length > 0) return launchCauseOf(group, known)
  const { said } = await ask([], async () => {
    const activities = await autoScaling.describeScalingActivities(group, startedAt)
    return activities
      .filter((activity) => activity.statusCode === 'Failed')
      .map((activity) => activity.statusMessage ?? activity.description)
      .toReversed()
  })
  return launchCauseOf(group, said)
}

/** Of several that fail the one whose own log says most; the last to fail otherwise. */
function worstTarget({ complaints, failedStarts, targets, loads, restarts }: Findings): string | undefined {
  const candidates = [
    ...targets.filter(({ id, isNew }) => isNew && (restarts.get(id) ?? 0) >= mostRestarts).map(({ id }) => id),
    ...complaints.keys(),
    ...targets.filter((one) => one.isNew && one.health === 'unhealthy').map(({ id }) => id),
    ...failedStarts.filter((one) => one.launched).map(({ id }) => id),
  ]
  return candidates.findLast((id) => loads.get(id)?.killed !== undefined) ?? candidates.at(-1)
}

/** A target that has not been found ill, and yet is not there: it still loads, or was killed. */
function slowTarget({ targets, loads }: Findings): string | undefined {
  return targets.find(({ id, isNew, lifecycle }) => {
    const state = loads.get(id)?.state
    return isNew && !lifecycle.startsWith('Terminat') && state !== undefined && state !== 'ready'
  })?.id
}

async function targetCause(
  findings: Findings,
  target: string | undefined,
  { loadBalancing, logs }: ExplainPorts,
): Promise<Cause | undefined> {
  const { logGroup, startedAt, complaints, loads } = findings
  if (target === undefined) return undefined
  const { reason, targetGroupArn } = complaints.get(target) ?? {}
  const groups = await ask([], async () =>
    loadBalancing.describeTargetGroups(targetGroupArn === undefined ? [] : [targetGroupArn]),
  )
  const lines = await ask([], async () =>
    logGroup === undefined ? [] : logs.read(logGroup, { since: startedAt, streamPrefix: target }),
  )
  const symptom = symptomOf({
    lines: lines.said,
    load: loads.get(target),
    reason,
    restarts: findings.restarts.get(target) ?? 0,
  })
  const path = groups.said[0]?.healthCheckPath ?? ''
  const at = path === '' ? '' : ` at ${path}`
  const said =
    reason === undefined ? '' : ` ${targetGroupArn === undefined ? 'AWS' : 'The load balancer'} says: ${reason}.`
  const what = symptom === undefined || symptom.code === 'never-ready' ? `never became healthy${at}` : symptom.what
  return {
    code: symptom?.code ?? 'target-unhealthy',
    summary: `New target ${target} ${what}.${said}`,
    evidence:
      lines.silence === undefined ? logEvidence(lines.said, logLines) : [`its log was not read: ${lines.silence}`],
    next: [
      ...(symptom?.next ?? []),
      logGroup === undefined
        ? 'set logs.group in rampart.yml to see what the target itself says'
        : `rampart logs --target ${target}`,
    ],
  }
}

const platformReason = ({ refresh }: Findings): string | undefined => refresh?.rollbackReason ?? refresh?.statusReason

function platformCause(findings: Findings): Cause | undefined {
  const { group } = findings
  const reason = platformReason(findings)
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
 * The likeliest cause, and after it what else was found: an alarm, which ends a refresh at once; what a person keeps
 * out of its reach; then launches or targets, whichever failed more often; the platform's own reason only where nobody
 * else says anything.
 */
export async function explain(findings: Findings, ports: ExplainPorts): Promise<Cause | undefined> {
  const [alarm, launch, target] = await Promise.all([
    alarmCause(findings, ports),
    launchCause(findings, ports),
    targetCause(findings, worstTarget(findings), ports),
  ])
  const { group, refresh, protectedIds, targets } = findings
  const blocked = blockedCause({ group, reason: refresh?.statusReason, protectedIds, targets })
  const dead = findings.failedStarts.filter((one) => one.launched).length
  const launchesFirst = dead < findings.failedStarts.length - dead
  const found = [alarm, blocked, ...(launchesFirst ? [launch, target] : [target, launch])].filter(
    (one) => one !== undefined,
  )
  // One that is merely slow is no cause beside another.
  const slow = found.length === 0 ? await targetCause(findings, slowTarget(findings), ports) : undefined
  if (slow !== undefined) return slow
  const platform = platformCause(findings)
  if (found.length === 0 || platform === undefined) return combined(found) ?? platform
  // That a target is unwell does not say who ended the rollout: the platform does.
  return combined(found[0] === target ? [...found, platform] : found)
}
