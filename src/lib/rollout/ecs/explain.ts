import type { ModelLoad } from '../../domain/model-load.js'
import type { Cause } from '../../domain/outcome.js'
import { RampartError } from '../../errors/rampart-error.js'
import type { Alarms, AlarmState } from '../../ports/alarms.js'
import type { LogSource } from '../../ports/log-source.js'
import { logEvidence } from '../asg/log-evidence.js'
import type { FailedStart } from '../driver.js'
import { lastErrorIn, symptomOf } from '../symptom.js'
import { verdictOf, type TaskVerdict } from './causes.js'
import type { EcsFailedStarts } from './failed-starts.js'
import type { EcsRolloutOptions } from './options.js'
import type { EcsRecords } from './records.js'
import { pausesOf } from './say.js'
import type { ServiceSurvey } from './survey.js'
import type { LastLook } from './watch.js'

export interface ExplainSources {
  readonly options: EcsRolloutOptions
  readonly records: EcsRecords
  readonly alarms: Alarms
  readonly logs: LogSource
  readonly last: LastLook
  readonly starts: EcsFailedStarts
  readonly failedStarts: readonly FailedStart[]
  readonly startedAt: number
  /** The alarms that were in ALARM when this watcher looked, as they were then. */
  readonly loud: ReadonlyMap<string, AlarmState>
  /** What the tasks' own logs tell of their start. */
  readonly loads: ReadonlyMap<string, ModelLoad>
  /** Where the containers write, when their task definition does not say. */
  readonly logGroup: string | undefined
}

const logLines = 8
const eventLines = 3
/** ECS tells of every step; these words only choose what is shown. */
const trouble = /\b(?:unable|unhealthy|failed|error)\b/i

/** A witness that cannot be asked must not cost what the others say. */
async function ask<T>(otherwise: T, question: () => Promise<T>): Promise<T> {
  try {
    return await question()
  } catch (error) {
    if (!(error instanceof RampartError)) throw error
    return otherwise
  }
}

async function alarmCause({ last, alarms, loud }: ExplainSources): Promise<Cause | undefined> {
  const names = last.services.flatMap(({ forward }) => forward?.alarms.triggered ?? [])
  if (names.length === 0) return undefined
  const said = await ask([], async () => alarms.describeAlarms(names))
  return {
    code: 'alarm',
    summary: `CloudWatch alarm ${names.join(', ')} went to ALARM during the rollout.`,
    evidence: names
      .flatMap((name) => said.find((alarm) => alarm.name === name && alarm.state === 'ALARM') ?? loud.get(name) ?? [])
      .map((alarm) => `${alarm.name} is ${alarm.state}: ${alarm.reason}`),
    next: [`aws cloudwatch describe-alarm-history --alarm-name ${names[0] ?? ''}`],
  }
}

async function taskCause(sources: ExplainSources, one: ServiceSurvey): Promise<Cause | undefined> {
  const { failedStarts, records, options } = sources
  const ids = new Set(failedStarts.map(({ id }) => id))
  const task = one.tasks.findLast(({ id }) => ids.has(id))
  if (task === undefined) return undefined
  const definition = await ask(undefined, async () => records.definition(one.part))
  const { code, summary, next, log } = verdictOf(task, definition?.containers ?? [], options.cluster)
  const own = await linesOf(sources, task.id, log)
  const error = log === undefined ? undefined : lastErrorIn(own)
  const others = failedStarts.length - 1
  return {
    code,
    summary: error === undefined ? summary : `${summary.replace(/\.$/, '')}: ${error.replace(/\.$/, '')}.`,
    evidence: [
      ...logEvidence(own, logLines),
      ...(others > 0 ? [`${others} more ${others === 1 ? 'task' : 'tasks'} of the new revision failed`] : []),
    ],
    next: [...wayToLog(sources, task.id, log), ...next],
  }
}

type TaskLog = TaskVerdict['log']

/** What the task itself wrote, as far as anybody knows where. */
async function linesOf({ logs, logGroup, startedAt }: ExplainSources, id: string, log: TaskLog) {
  const group = log?.group ?? logGroup
  if (group === undefined) return []
  const streamPrefix = log === undefined ? {} : { streamPrefix: log.stream }
  const lines = await ask([], async () => logs.read(group, { since: startedAt, ...streamPrefix }))
  return lines.filter(({ stream }) => stream.includes(id))
}

function wayToLog({ logGroup }: ExplainSources, id: string, log: TaskLog): readonly string[] {
  if (log === undefined) return []
  return log.group === logGroup
    ? [`rampart logs --target ${id}`]
    : [`aws logs tail ${log.group} --log-stream-names ${log.stream}`]
}

/** New tasks that run and are refused by the load balancer, while nothing has been stopped yet. */
async function healthCause(sources: ExplainSources, one: ServiceSurvey): Promise<Cause | undefined> {
  const { options, starts, logGroup } = sources
  const ill = one.targets.find(
    ({ id, isNew, health }) => isNew && (health === 'unhealthy' || starts.complaint(id) !== undefined),
  )
  if (ill === undefined) return undefined
  const lines = await linesOf(sources, ill.id, undefined)
  const reason = ill.reason ?? starts.complaint(ill.id)
  const symptom = symptomOf({ lines, load: sources.loads.get(ill.id), reason })
  const what = symptom === undefined || symptom.code === 'never-ready' ? 'is not healthy' : symptom.what
  return {
    code: symptom?.code ?? 'never-ready',
    summary: `New task ${ill.id} of ${one.service.name} ${what}: ${reason ?? ill.health}.`,
    evidence: logEvidence(lines, logLines),
    next: [
      ...(symptom?.next ?? []),
      ...(logGroup === undefined ? [] : [`rampart logs --target ${ill.id}`]),
      `aws ecs describe-tasks --cluster ${options.cluster} --tasks ${ill.id}`,
    ],
  }
}

function pauseCause(one: ServiceSurvey): Cause | undefined {
  const [pause] = pausesOf(one.forward)
  if (pause === undefined) return undefined
  return {
    code: 'paused',
    summary: `${one.service.name} waits for somebody to let it go on${one.forward?.stage === undefined ? '' : ` (${one.forward.stage})`}.`,
    evidence:
      pause.expiresAt === undefined ? [] : [`without an answer it ends at ${new Date(pause.expiresAt).toISOString()}`],
    next: ['rampart deploy --continue'],
  }
}

/** What ECS itself writes down: it repeats itself, and the newest is what holds. */
function platformCause({ options }: ExplainSources, { service, forward }: ServiceSurvey): Cause | undefined {
  const events = service.events.filter(({ at }) => forward === undefined || at >= forward.createdAt)
  const reason = forward?.rollback?.reason ?? forward?.statusReason
  const summary = reason === undefined || reason === '' ? events[0]?.message : reason
  if (summary === undefined || forward === undefined) return undefined
  const { breaker } = forward
  return {
    code: 'platform',
    summary,
    evidence: [
      ...(breaker.failures > 0 ? [`circuit breaker: ${breaker.failures} of ${breaker.threshold} failures`] : []),
      ...events
        .map(({ message }) => message)
        .filter((message) => message !== summary && trouble.test(message))
        .slice(0, eventLines),
    ],
    next: [`aws ecs describe-services --cluster ${options.cluster} --services ${service.name}`],
  }
}

/** A task that could not be placed never was one: only ECS's events tell of it. */
function capacityCause(one: ServiceSurvey): Cause | undefined {
  const { forward, service, tasks } = one
  if (forward === undefined || forward.running + forward.pending > 0 || tasks.length > service.desiredCount)
    return undefined
  const event = service.events.find(
    ({ at, message }) => at >= forward.createdAt && message.includes('unable to place a task'),
  )
  return (
    event && {
      code: 'no-capacity',
      summary: `ECS finds no place for a new task of ${service.name}: ${event.message}`,
      evidence: [],
      next: ['add subnets in another Availability Zone or a capacity provider, or try again later'],
    }
  )
}

/**
 * The likeliest cause, and after it what else was found: an alarm ends a deployment at once; then tasks that died, tasks
 * that are ill, a pause; what ECS itself says closes.
 */
export async function explainServices(sources: ExplainSources): Promise<Cause | undefined> {
  const { last } = sources
  const one = last.standing.leading
  if (one === undefined) return undefined
  const [alarm, task] = await Promise.all([alarmCause(sources), taskCause(sources, one)])
  const found = [
    alarm,
    task,
    task === undefined ? await healthCause(sources, one) : undefined,
    capacityCause(one),
    pauseCause(one),
  ].filter((cause) => cause !== undefined)
  const wrong = found.length > 0 || last.standing.kind === 'ended' || one.forward?.rollback !== undefined
  const platform = wrong ? platformCause(sources, one) : undefined
  const [first, ...others] = [...found, ...(platform === undefined ? [] : [platform])]
  if (first === undefined) return undefined
  return {
    ...first,
    evidence: [...new Set([...first.evidence, ...others.flatMap((other) => [other.summary, ...other.evidence])])],
    next: [...new Set([...first.next, ...others.flatMap((other) => other.next)])],
  }
}
