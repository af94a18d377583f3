import { setAlarmState } from '../alarms.js'
import type { Alarm, WorldState } from '../state.js'
import { readAlarmRule } from './composite.js'
import { answerQuery, metricOf, periodOf } from './queries.js'

type Definition = NonNullable<Alarm['definition']>

/** Has every alarm that watches something look at it; true when one has changed its state. */
export function evaluateAlarms(world: WorldState): boolean {
  const before = world.alarms.map(({ state }) => state)
  // With the trouble `trips-at-half` the first alarm goes by the trouble and by nothing else.
  const led = world.switches.alarm === 'quiet' ? undefined : world.alarms[0]
  for (const alarm of world.alarms) if (alarm !== led && alarm.definition !== undefined) evaluate(world, alarm)
  // A composite alarm may watch another one: as many rounds as there are alarms settle every chain.
  for (let round = 0; round < world.alarms.length; round++) {
    if (!world.alarms.map((alarm) => settleComposite(world, alarm)).includes(true)) break
  }
  return world.alarms.some(({ state }, index) => state !== before[index])
}

function settleComposite(world: WorldState, alarm: Alarm): boolean {
  const rule = alarm.rule === undefined ? undefined : readAlarmRule(alarm.rule)
  if (rule === undefined) return false
  const state = rule.holds((name) => world.alarms.find((one) => one.name === name)?.state) ? 'ALARM' : 'OK'
  const changed = state !== alarm.state
  setAlarmState(world, alarm, state, `${alarm.name} transitioned to ${state}: its rule ${alarm.rule ?? ''}`)
  return changed
}

const comparisons: Readonly<Record<string, readonly [words: string, (value: number, threshold: number) => boolean]>> = {
  GreaterThanThreshold: ['greater than', (value, threshold) => value > threshold],
  GreaterThanOrEqualToThreshold: ['greater than or equal to', (value, threshold) => value >= threshold],
  LessThanThreshold: ['less than', (value, threshold) => value < threshold],
  LessThanOrEqualToThreshold: ['less than or equal to', (value, threshold) => value <= threshold],
}

/** How long one data point of an alarm is, in milliseconds. */
function periodOfAlarm({ Metrics, Period = 60 }: Definition): number {
  return Metrics === undefined ? Period * 1000 : periodOf(Metrics)
}

function valuesOf(world: WorldState, asked: Definition, from: number, to: number): ReadonlyMap<number, number> {
  const { Metrics, Statistic, ExtendedStatistic } = asked
  if (Metrics === undefined) {
    const statistic = Statistic ?? ExtendedStatistic ?? 'Average'
    return world.metrics.series(metricOf(asked), statistic, periodOfAlarm(asked), from, to)
  }
  const shown = Metrics.find(({ ReturnData }) => ReturnData !== false)
  return answerQuery(world.metrics, Metrics, shown?.Id ?? '', { from, to })
}

/**
 * An alarm looks at its last data points; what is missing counts as it was told.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
function evaluate(world: WorldState, alarm: Alarm): void {
  const { definition } = alarm
  if (definition === undefined) return
  const { EvaluationPeriods: periods = 1, Threshold: threshold = 0, TreatMissingData: missing = 'missing' } = definition
  const needed = definition.DatapointsToAlarm ?? periods
  const [words, isBeyond] = comparisons[definition.ComparisonOperator ?? ''] ?? ['', () => false]
  const period = periodOfAlarm(definition)
  const to = Math.floor(world.now / period) * period
  const from = to - periods * period
  const found = [...valuesOf(world, definition, from, to).values()]
  const lacking = periods - found.length
  const beyond = found.filter((value) => isBeyond(value, threshold)).length
  const within = found.length - beyond
  const said = (count: number, verb: string): string =>
    `Threshold Crossed: ${count} out of the last ${periods} datapoints [${found.map((value) => Number(value.toFixed(3))).join(', ')}] ${verb} ${words} the threshold (${threshold}).`
  if (beyond + (missing === 'breaching' ? lacking : 0) >= needed) {
    return setAlarmState(world, alarm, 'ALARM', said(beyond, 'were'))
  }
  if (missing === 'ignore' && lacking > 0 && within <= periods - needed) return
  if (missing === 'missing' && found.length === 0) {
    const reason = `Insufficient Data: ${periods} datapoints were unknown.`
    return setAlarmState(world, alarm, 'INSUFFICIENT_DATA', reason)
  }
  setAlarmState(world, alarm, 'OK', said(Math.max(within, found.length === 0 ? 0 : 1), 'were not'))
}
