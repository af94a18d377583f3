import type * as sdk from '@aws-sdk/client-cloudwatch'
import { paginate } from '../wire/pagination.js'
import { type Handler, type RequestContext, ServiceError } from '../wire/service.js'
import { noteAlarm, setAlarmState } from '../world/alarms.js'
import { readAlarmRule } from '../world/monitoring/composite.js'
import { isStatistic } from '../world/monitoring/metrics.js'
import { isPeriod, metricOf, queryProblem } from '../world/monitoring/queries.js'
import type { Alarm } from '../world/state.js'
import type { World } from '../world/world.js'

const wire = { signingName: 'monitoring', protocol: 'awsJson1_0' } as const

const invalid = (message: string): ServiceError => new ServiceError('ValidationError', message)

/** The operations on alarms. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html */
export function alarmHandlers(world: World): Readonly<Record<string, Handler>> {
  const { state } = world
  const named = (name: string | undefined): Alarm => {
    const found = state.alarms.find((alarm) => alarm.name === name)
    if (found === undefined) throw new ServiceError('ResourceNotFound', 'Unknown alarm', { status: 404 })
    return found
  }

  function put(name: string, what: Pick<Alarm, 'definition' | 'rule'>, tags: sdk.Tag[] | undefined): void {
    const arn = `arn:aws:cloudwatch:${state.setup.region}:${state.setup.accountId}:alarm:${name}`
    const found = state.alarms.find((alarm) => alarm.name === name)
    if (found !== undefined && (found.rule === undefined) !== (what.rule === undefined)) {
      throw invalid(`An alarm of another type has the name ${name}`)
    }
    const alarm: Alarm = found ?? {
      name,
      arn,
      state: 'INSUFFICIENT_DATA',
      reason: 'Unchecked: Initial alarm creation',
      updatedAt: state.now,
      configuredAt: state.now,
      ...what,
      // Of an alarm that is there already, these stay as they are.
      tags: (tags ?? []).map(({ Key = '', Value = '' }) => ({ Key, Value })),
    }
    Object.assign(alarm, what)
    alarm.configuredAt = state.now
    if (found === undefined) state.alarms.push(alarm)
    const verb = found === undefined ? 'created' : 'updated'
    noteAlarm(state, alarm, 'ConfigurationUpdate', `Alarm "${name}" ${verb}`, { type: verb })
  }

  return {
    PutMetricAlarm: (input: sdk.PutMetricAlarmInput, context: RequestContext): void => {
      world.advanceTo(context.now)
      checkDefinition(input)
      const { AlarmName = '', Tags, ...definition } = input
      put(AlarmName, { definition: { ActionsEnabled: true, ...definition }, rule: undefined }, Tags)
    },

    PutCompositeAlarm: (input: sdk.PutCompositeAlarmInput, context: RequestContext): void => {
      world.advanceTo(context.now)
      const { AlarmName = '', AlarmRule = '', Tags, ...actions } = input
      const rule = readAlarmRule(AlarmRule)
      if (rule === undefined) throw invalid('AlarmRule must not contain syntax errors')
      const unknown = rule.names.find((name) => !state.alarms.some((alarm) => alarm.name === name))
      if (unknown !== undefined) throw invalid(`Could not save the composite alarm as alarm ${unknown} does not exist`)
      const { ActionsEnabled, AlarmActions, AlarmDescription, InsufficientDataActions, OKActions } = actions
      const definition = { ActionsEnabled, AlarmActions, AlarmDescription, InsufficientDataActions, OKActions }
      put(AlarmName, { definition, rule: AlarmRule }, Tags)
    },

    DescribeAlarms: (input: sdk.DescribeAlarmsInput, context: RequestContext): sdk.DescribeAlarmsOutput => {
      world.advanceTo(context.now)
      if (input.AlarmNames !== undefined && input.AlarmNamePrefix !== undefined) {
        throw invalid('AlarmNames and AlarmNamePrefix can not be specified together')
      }
      // Who asks for no types gets metric alarms alone.
      const types = input.AlarmTypes ?? ['MetricAlarm']
      const page = paginate(wire, {
        operation: 'DescribeAlarms',
        items: state.alarms
          .filter(({ name }) => input.AlarmNames?.includes(name) ?? name.startsWith(input.AlarmNamePrefix ?? ''))
          .filter(({ rule }) => types.includes(rule === undefined ? 'MetricAlarm' : 'CompositeAlarm'))
          .filter((alarm) => input.StateValue === undefined || input.StateValue === alarm.state),
        limit: input.MaxRecords ?? 50,
        token: input.NextToken,
        keyOf: ({ name }) => name,
        boundTo: [input.AlarmNames, input.AlarmNamePrefix, input.StateValue, input.AlarmTypes],
      })
      return {
        MetricAlarms: page.items.filter(({ rule }) => rule === undefined).map(describeAlarm),
        CompositeAlarms: page.items.filter(({ rule }) => rule !== undefined).map(describeComposite),
        NextToken: page.nextToken,
      }
    },

    DescribeAlarmsForMetric: (
      input: sdk.DescribeAlarmsForMetricInput,
      context: RequestContext,
    ): sdk.DescribeAlarmsForMetricOutput => {
      world.advanceTo(context.now)
      const wanted = JSON.stringify(metricOf(input))
      const found = state.alarms.filter(
        ({ definition }) =>
          definition?.MetricName !== undefined &&
          JSON.stringify(metricOf(definition)) === wanted &&
          (input.Period ?? definition.Period) === definition.Period &&
          (input.Statistic ?? definition.Statistic) === definition.Statistic,
      )
      return { MetricAlarms: found.map(describeAlarm) }
    },

    DescribeAlarmHistory: (
      input: sdk.DescribeAlarmHistoryInput,
      context: RequestContext,
    ): sdk.DescribeAlarmHistoryOutput => {
      world.advanceTo(context.now)
      const { AlarmName, HistoryItemType, StartDate, EndDate } = input
      const notes = state.alarmHistory
        .filter(({ name }) => name === (AlarmName ?? name))
        .filter(({ type }) => type === (HistoryItemType ?? type))
        .filter(({ at }) => at >= (StartDate?.getTime() ?? 0) && at <= (EndDate?.getTime() ?? Infinity))
      const page = paginate(wire, {
        operation: 'DescribeAlarmHistory',
        items: input.ScanBy === 'TimestampAscending' ? notes : notes.toReversed(),
        limit: input.MaxRecords ?? 50,
        token: input.NextToken,
        boundTo: [AlarmName, HistoryItemType, StartDate, EndDate, input.ScanBy],
      })
      const items = page.items.map(({ at, name, type, summary, data }) => ({
        AlarmName: name,
        AlarmType: 'MetricAlarm' as const,
        Timestamp: new Date(at),
        HistoryItemType: type,
        HistorySummary: summary,
        HistoryData: JSON.stringify({ version: '1.0', ...data }),
      }))
      return { AlarmHistoryItems: items, NextToken: page.nextToken }
    },

    DeleteAlarms: (input: sdk.DeleteAlarmsInput, context: RequestContext): void => {
      world.advanceTo(context.now)
      const names = input.AlarmNames ?? []
      const users = state.alarms.filter(({ name, rule }) => rule !== undefined && !names.includes(name))
      const used = names.find((name) => users.some(({ rule }) => readAlarmRule(rule ?? '')?.names.includes(name)))
      if (used !== undefined) throw invalid(`Alarm ${used} is used by a composite alarm`)
      // All of them or none.
      for (const name of names) named(name)
      for (const name of names) state.alarms.splice(state.alarms.indexOf(named(name)), 1)
    },

    SetAlarmState: (input: sdk.SetAlarmStateInput, context: RequestContext): void => {
      world.advanceTo(context.now)
      setAlarmState(state, named(input.AlarmName), input.StateValue ?? 'OK', input.StateReason ?? '')
      world.advanceTo(context.now)
    },

    ListTagsForResource: (input: sdk.ListTagsForResourceInput): sdk.ListTagsForResourceOutput => {
      const found = state.alarms.find(({ arn }) => arn === input.ResourceARN)
      if (found === undefined) throw new ServiceError('ResourceNotFoundException', 'Unknown resource', { status: 404 })
      return { Tags: [...found.tags] }
    },

    TagResource: (input: sdk.TagResourceInput): sdk.TagResourceOutput => {
      const found = state.alarms.find(({ arn }) => arn === input.ResourceARN)
      if (found === undefined) throw new ServiceError('ResourceNotFoundException', 'Unknown resource', { status: 404 })
      const given = (input.Tags ?? []).map(({ Key = '', Value = '' }) => ({ Key, Value }))
      const keys = new Set(given.map(({ Key }) => Key))
      found.tags = [...found.tags.filter(({ Key }) => !keys.has(Key)), ...given]
      return {}
    },
  }
}

function checkDefinition(input: sdk.PutMetricAlarmInput): void {
  const { Metrics, MetricName, Statistic, ExtendedStatistic, Period, EvaluationPeriods = 0, DatapointsToAlarm } = input
  if (!/^[^\p{Cc}]{1,255}$/u.test(input.AlarmName ?? '')) throw invalid('The parameter AlarmName is invalid')
  if (EvaluationPeriods < 1) throw invalid('The parameter EvaluationPeriods must be greater than 0')
  if ((DatapointsToAlarm ?? 1) > EvaluationPeriods) {
    throw invalid('DatapointsToAlarm must be less than or equal to EvaluationPeriods')
  }
  if (!/^(?:breaching|notBreaching|ignore|missing)$/.test(input.TreatMissingData ?? 'missing')) {
    throw invalid(`Option ${input.TreatMissingData ?? ''} is not supported for TreatMissingData`)
  }
  if (input.Threshold === undefined) throw invalid('The parameter Threshold is required')
  if (!/^(?:Greater|Less)Than(?:OrEqualTo)?Threshold$/.test(input.ComparisonOperator ?? '')) {
    throw invalid(`The rehearsal has no alarms with the comparison ${input.ComparisonOperator ?? ''}`)
  }
  if (Metrics !== undefined) {
    if (MetricName !== undefined) throw invalid('Metrics list and MetricName can not be specified together')
    const problem = queryProblem(Metrics)
    if (problem !== undefined) throw invalid(problem)
    const shown = Metrics.filter(({ ReturnData }) => ReturnData !== false)
    if (shown.length !== 1) throw invalid('Exactly one element of the metrics list should return data.')
    return
  }
  if (MetricName === undefined || input.Namespace === undefined) {
    throw invalid('MetricName and Namespace, or a metrics list, must be given')
  }
  if ((Statistic === undefined) === (ExtendedStatistic === undefined)) {
    throw invalid('Exactly one of Statistic and ExtendedStatistic must be specified')
  }
  if (!isStatistic(Statistic ?? ExtendedStatistic ?? '')) throw invalid(`Invalid statistic ${ExtendedStatistic ?? ''}`)
  if (!isPeriod(Period)) throw invalid('The parameter Period must be 10, 20, 30 or a multiple of 60')
}

function describeAlarm(alarm: Alarm): sdk.MetricAlarm {
  return {
    Dimensions: [],
    OKActions: [],
    AlarmActions: [],
    InsufficientDataActions: [],
    ActionsEnabled: true,
    ...alarm.definition,
    AlarmName: alarm.name,
    AlarmArn: alarm.arn,
    AlarmConfigurationUpdatedTimestamp: new Date(alarm.configuredAt),
    StateValue: alarm.state,
    StateReason: alarm.reason,
    StateUpdatedTimestamp: new Date(alarm.updatedAt),
    StateTransitionedTimestamp: new Date(alarm.updatedAt),
  }
}

function describeComposite(alarm: Alarm): sdk.CompositeAlarm {
  const { ActionsEnabled, AlarmActions, AlarmDescription, InsufficientDataActions, OKActions } = alarm.definition ?? {}
  return {
    AlarmName: alarm.name,
    AlarmArn: alarm.arn,
    AlarmRule: alarm.rule,
    AlarmDescription,
    ActionsEnabled: ActionsEnabled ?? true,
    AlarmActions: AlarmActions ?? [],
    InsufficientDataActions: InsufficientDataActions ?? [],
    OKActions: OKActions ?? [],
    AlarmConfigurationUpdatedTimestamp: new Date(alarm.configuredAt),
    StateValue: alarm.state,
    StateReason: alarm.reason,
    StateUpdatedTimestamp: new Date(alarm.updatedAt),
  }
}
