import { isHealthyTask } from './ecs/task-state.js'
import { isHealthyTarget } from './load-balancer.js'
import { tell } from './monitoring/topics.js'
import type { Alarm, WorldState } from './state.js'

/** Sets an alarm as an evaluation of its metric would, and tells whoever is to be told. */
export function setAlarmState(world: WorldState, alarm: Alarm, state: Alarm['state'], reason: string): void {
  if (alarm.state === state) return
  const old = alarm.state
  alarm.state = state
  alarm.reason = reason
  alarm.updatedAt = world.now
  const summary = `Alarm updated from ${old} to ${state}`
  noteAlarm(world, alarm, 'StateUpdate', summary, { oldState: old, newState: state, reason })
  const { definition } = alarm
  if (definition?.ActionsEnabled === false) return
  const actions = {
    ALARM: definition?.AlarmActions,
    OK: definition?.OKActions,
    INSUFFICIENT_DATA: definition?.InsufficientDataActions,
  }[state]
  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
  const body = JSON.stringify({
    AlarmName: alarm.name,
    AlarmDescription: definition?.AlarmDescription ?? null,
    AWSAccountId: world.setup.accountId,
    NewStateValue: state,
    NewStateReason: reason,
    StateChangeTime: new Date(world.now).toISOString(),
    Region: world.setup.region,
    AlarmArn: alarm.arn,
    OldStateValue: old,
  })
  const subject = `${state}: "${alarm.name}" in ${world.setup.region}`
  for (const action of actions ?? []) tell(world, 'cloudwatch', action, { subject, body })
}

/** Takes note of what became of an alarm. */
export function noteAlarm(
  world: WorldState,
  { name }: Alarm,
  type: 'StateUpdate' | 'ConfigurationUpdate',
  summary: string,
  data: Readonly<Record<string, unknown>>,
): void {
  world.alarmHistory.push({ at: world.now, name, type, summary, data })
}

/** With the trouble `trips-at-half`: the first alarm follows how much of the fleet serves a new release. */
export function watchAlarms(world: WorldState): void {
  const [alarm] = world.alarms
  if (world.switches.alarm === 'quiet' || alarm === undefined) return
  const trips = servesNewRelease(world)
  if (trips === (alarm.state === 'ALARM') || world.alarmPending) return
  world.alarmPending = true
  // One evaluation period of a minute goes by before the metric shows in the alarm.
  world.agenda.add(world.now + 60_000, () => {
    world.alarmPending = false
    const points = trips ? '[41.0, 37.0, 44.0]' : '[0.0, 1.0, 0.0]'
    const [state, relation] = trips ? (['ALARM', 'were greater'] as const) : (['OK', 'were not greater'] as const)
    setAlarmState(
      world,
      alarm,
      state,
      `Threshold Crossed: 3 datapoints ${points} ${relation} than the threshold (10.0).`,
    )
  })
}

const isHalf = (serving: readonly unknown[], desired: number): boolean =>
  serving.length > 0 && serving.length * 2 >= desired

// Of the instances of the group, or of the tasks of any one service.
function servesNewRelease(world: WorldState): boolean {
  const { group, ecs } = world
  const instances = group.instances.filter(
    (instance) =>
      instance.lifecycle === 'InService' && instance.changedService !== undefined && isHealthyTarget(world, instance),
  )
  return (
    isHalf(instances, group.desired) ||
    ecs.services.some((service) =>
      isHalf(
        ecs.tasks.filter(
          (task) => task.service === service && task.changedService !== undefined && isHealthyTask(world, task),
        ),
        service.desired,
      ),
    )
  )
}
