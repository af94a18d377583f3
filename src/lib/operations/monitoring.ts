import type { MonitoringItem, MonitoringPlan } from '../domain/monitoring.js'
import { RampartError } from '../errors/rampart-error.js'
import { driftOf, driftOfJson } from '../monitoring/differences.js'
import { ruleDescription, ruleName, ruleTarget, topicName, type AlarmRule } from '../monitoring/rules.js'
import type { AlarmRecord, Monitoring, Tags } from '../ports/monitoring.js'

export interface MonitoringRequest {
  readonly plan: MonitoringPlan
  readonly monitoring: Monitoring
  readonly rules: readonly AlarmRule<string>[]
  /** What rollouts watch. */
  readonly guards: readonly string[]
  /** Who is told, and of what; undefined when nobody is. */
  readonly told?: {
    readonly topic: string
    /** Event pattern and policy of the topic, as JSON texts. */
    readonly pattern: string
    readonly policy: string
  }
}

/** Something that watches, and what makes it as it should be. */
export interface Finding {
  readonly item: MonitoringItem
  /** The ARN, of what is there. */
  readonly arn?: string
  mend?(): Promise<void>
}

const plain = { drift: [], state: null, reason: null, since: null, guards: false } as const

/** The tags by which everything of an environment is known to be ours. */
const ownTags = ({ app, environment }: Pick<MonitoringPlan, 'app' | 'environment'>): Tags => ({
  'rampart:app': app,
  'rampart:environment': environment,
})

const isOwn = (tags: Tags, plan: MonitoringPlan): boolean =>
  Object.entries(ownTags(plan)).every(([key, value]) => tags[key] === value)

/** Looks at everything that watches an environment, and changes nothing. */
export async function lookAtMonitoring(request: MonitoringRequest): Promise<readonly Finding[]> {
  // One after the other: what AWS lists in one call needs no more, and its limits for these calls are low.
  const alarms = await lookAtAlarms(request)
  // The topic and the rule of a stack are for the stack to keep.
  if (request.plan.stack !== undefined) return alarms
  return [...alarms, ...(await lookAtTopic(request)), ...(await lookAtRule(request))]
}

async function lookAtAlarms({ plan, monitoring, rules, guards }: MonitoringRequest): Promise<readonly Finding[]> {
  const there = await monitoring.alarms(`${plan.prefix}-`)
  const findings: Finding[] = []
  for (const { properties } of rules) {
    const name = properties.AlarmName
    const found = there.find((alarm) => alarm.name === name)
    const item = { ...plain, kind: 'alarm', name, guards: guards.includes(name) } as const
    const put = (): Promise<void> => monitoring.putAlarm(properties, ownTags(plan))
    if (found === undefined) findings.push({ item: { ...item, action: 'create' }, mend: put })
    else if (!isOwn(await monitoring.alarmTags(found.arn), plan)) {
      findings.push({ item: { ...item, ...stateOf(found), action: 'foreign' }, arn: found.arn })
    } else {
      const drift = driftOf(found.properties, properties)
      const action = drift.length === 0 ? 'none' : 'change'
      findings.push({ item: { ...item, ...stateOf(found), action, drift }, arn: found.arn, mend: put })
    }
  }
  const wanted = new Set(rules.map(({ properties }) => properties.AlarmName))
  for (const alarm of there) {
    // Others may have names that begin like ours.
    if (wanted.has(alarm.name) || !isOwn(await monitoring.alarmTags(alarm.arn), plan)) continue
    const item = { ...plain, ...stateOf(alarm), kind: 'alarm', name: alarm.name, action: 'remove' } as const
    findings.push({ item, arn: alarm.arn, mend: () => monitoring.deleteAlarms([alarm.name]) })
  }
  return findings
}

const stateOf = ({ state, reason, since }: AlarmRecord): Pick<MonitoringItem, 'state' | 'reason' | 'since'> => ({
  state,
  reason,
  since: new Date(since).toISOString(),
})

async function lookAtTopic({ plan, monitoring, told }: MonitoringRequest): Promise<readonly Finding[]> {
  if (told === undefined) return []
  const { topic, policy } = told
  const name = topic.slice(topic.lastIndexOf(':') + 1)
  const found = await monitoring.topic(topic)
  const { email } = plan
  if (email === undefined) {
    // Somebody else's, and named in rampart.yml: that it is there is all that is asked of it.
    if (found !== undefined) return [{ item: { ...plain, kind: 'topic', name, action: 'none' }, arn: topic }]
    throw new RampartError('preflight', `There is no topic ${topic}.`, {
      next: ['name one that is there, or give `email`'],
    })
  }
  const subscribe: Finding = {
    item: { ...plain, kind: 'subscription', name: email, action: 'create' },
    mend: () => monitoring.subscribe(topic, email),
  }
  if (found === undefined) {
    const create = (): Promise<void> => monitoring.createTopic(topicName(plan), policy, ownTags(plan))
    return [{ item: { ...plain, kind: 'topic', name, action: 'create' }, mend: create }, subscribe]
  }
  if (!isOwn(await monitoring.topicTags(topic), plan)) {
    return [{ item: { ...plain, kind: 'topic', name, action: 'foreign' }, arn: topic }]
  }
  const drift = driftOfJson('Policy', found.policy, policy)
  const action = drift.length === 0 ? 'none' : 'change'
  const isSubscribed = found.subscriptions.some((one) => one.protocol === 'email' && one.endpoint === email)
  return [
    {
      item: { ...plain, kind: 'topic', name, action, drift },
      arn: topic,
      mend: () => monitoring.setTopicPolicy(topic, policy),
    },
    isSubscribed ? { item: { ...subscribe.item, action: 'none' } } : subscribe,
  ]
}

async function lookAtRule({ plan, monitoring, told }: MonitoringRequest): Promise<readonly Finding[]> {
  const name = ruleName(plan)
  const found = await monitoring.rule(name)
  if (found === undefined && told === undefined) return []
  const item = { ...plain, kind: 'rule', name } as const
  const own = found !== undefined && isOwn(await monitoring.ruleTags(found.arn), plan)
  if (found !== undefined && !own) {
    return told === undefined ? [] : [{ item: { ...item, action: 'foreign' }, arn: found.arn }]
  }
  if (told === undefined) {
    const targets = (found?.targets ?? []).map(({ id }) => id)
    return [{ item: { ...item, action: 'remove' }, mend: () => monitoring.deleteRule(name, targets) }]
  }
  const description = ruleDescription(plan)
  const put = async (): Promise<void> => {
    // A rule that is there keeps its tags; AWS refuses others in the same call.
    await monitoring.putRule(name, told.pattern, description, found === undefined ? ownTags(plan) : undefined)
    await monitoring.putTarget(name, ruleTarget, told.topic)
  }
  if (found === undefined) return [{ item: { ...item, action: 'create' }, mend: put }]
  const drift = [
    ...driftOfJson('EventPattern', found.pattern, told.pattern),
    ...driftOf(
      {
        Description: found.description,
        State: found.isEnabled ? 'ENABLED' : 'DISABLED',
        Target: found.targets.find(({ id }) => id === ruleTarget)?.arn ?? null,
      },
      { Description: description, State: 'ENABLED', Target: told.topic },
    ),
  ]
  return [{ item: { ...item, action: drift.length === 0 ? 'none' : 'change', drift }, arn: found.arn, mend: put }]
}

/** What of findings was done, and what waits for a yes. */
export interface Mended {
  readonly done: readonly MonitoringItem[]
  readonly left: readonly MonitoringItem[]
}

/** Makes everything as it should be. What is not ours stops it before anything is changed; what goes, goes with a yes. */
export async function mend(findings: readonly Finding[], plan: MonitoringPlan, yes: boolean): Promise<Mended> {
  const foreign = findings.find(({ item }) => item.action === 'foreign')
  if (foreign !== undefined) throw notOurs(foreign, plan)
  const due = findings.filter(({ item }) => item.action !== 'none')
  const [done, left] = [due, due].map((all, index) =>
    all.filter(({ item }) => (item.action === 'remove' && !yes) === (index === 1)),
  )
  // The topic first: alarms and the rule write to it.
  const order = ['topic', 'subscription', 'alarm', 'rule', 'dashboard']
  const ordered = (done ?? []).toSorted((a, b) => order.indexOf(a.item.kind) - order.indexOf(b.item.kind))
  for (const finding of ordered) await finding.mend?.()
  return { done: ordered.map(({ item }) => item), left: (left ?? []).map(({ item }) => item) }
}

function notOurs({ item, arn = '' }: Finding, plan: MonitoringPlan): RampartError {
  const tags = Object.entries(ownTags(plan)).map(([key, value]) => `Key=${key},Value=${value}`)
  const program = { alarm: 'cloudwatch', topic: 'sns', rule: 'events' }[item.kind as string] ?? 'cloudwatch'
  return new RampartError(
    'preflight',
    `The ${item.kind} ${item.name} is there and has not the tags of this environment: nothing was changed.`,
    {
      next: [
        `when it is this environment's: aws ${program} tag-resource --resource-arn ${arn} --tags ${tags.join(' ')}`,
        'else give it another name',
      ],
    },
  )
}
