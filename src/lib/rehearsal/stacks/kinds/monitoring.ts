import { arnOf, list, named, tagsOf, text, type Kind, type Place } from '../kind.js'
import type { Made } from '../stack.js'
import { isObject, type Properties } from '../template.js'
import { remembered } from './network.js'

const apiTags = (place: Place, properties: Properties) =>
  tagsOf(place, properties).map(({ key, value }) => ({ Key: key, Value: value }))

function putAlarm(place: Place, name: string, properties: Properties): Made {
  const Tags = apiTags(place, properties)
  place.call('monitoring', 'PutMetricAlarm', { ...properties, AlarmName: name, Tags })
  return { physicalId: name, attributes: { Arn: arnOf(place, 'cloudwatch', `alarm:${name}`) } }
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-alarm.html
const alarm: Kind = {
  seconds: 4,
  replacedBy: ['AlarmName'],
  nameProperty: 'AlarmName',
  find(place, name) {
    const found = place.world.alarms.find((each) => each.name === name)
    return found && { physicalId: name, attributes: { Arn: found.arn } }
  },
  create: (place, properties) => putAlarm(place, named('AlarmName')(place, properties), properties),
  update: (place, { physicalId }, properties) => putAlarm(place, physicalId, properties),
  remove: (place, { physicalId }) => void place.call('monitoring', 'DeleteAlarms', { AlarmNames: [physicalId] }),
}

function putDashboard(place: Place, name: string, properties: Properties): Made {
  const DashboardBody = text(properties, 'DashboardBody')
  place.call('monitoring', 'PutDashboard', { DashboardName: name, DashboardBody })
  return { physicalId: name, attributes: {} }
}

const dashboard: Kind = {
  seconds: 4,
  replacedBy: ['DashboardName'],
  create: (place, properties) => putDashboard(place, named('DashboardName')(place, properties), properties),
  update: (place, { physicalId }, properties) => putDashboard(place, physicalId, properties),
  remove: (place, { physicalId }) =>
    void place.call('monitoring', 'DeleteDashboards', { DashboardNames: [physicalId] }),
}

function putRule(place: Place, name: string, properties: Properties): Made {
  const pattern = properties['EventPattern']
  const { RuleArn } = place.call('events', 'PutRule', {
    Name: name,
    Description: text(properties, 'Description'),
    State: text(properties, 'State') || 'ENABLED',
    ...(pattern !== undefined && { EventPattern: JSON.stringify(pattern) }),
  }) as { readonly RuleArn: string }
  const Targets = list(properties, 'Targets')
  if (Targets.length > 0) place.call('events', 'PutTargets', { Rule: name, Targets })
  return { physicalId: name, attributes: { Arn: RuleArn } }
}

const idsOf = (properties: Properties): readonly string[] =>
  list(properties, 'Targets').flatMap((target) => (isObject(target) ? [text(target, 'Id')] : []))

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html
const rule: Kind = {
  seconds: 62,
  replacedBy: ['Name', 'EventBusName'],
  create: (place, properties) => putRule(place, named('Name')(place, properties), properties),
  update: (place, { physicalId }, properties) => putRule(place, physicalId, properties),
  remove(place, { physicalId, properties }) {
    const Ids = idsOf(properties)
    if (Ids.length > 0) place.call('events', 'RemoveTargets', { Rule: physicalId, Ids })
    place.call('events', 'DeleteRule', { Name: physicalId })
  },
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topic.html
const topic: Kind = {
  seconds: 12,
  replacedBy: ['TopicName', 'FifoTopic'],
  create(place, properties) {
    const Name = named('TopicName')(place, properties)
    const { TopicArn } = place.call('sns', 'CreateTopic', { Name, Tags: apiTags(place, properties) }) as {
      readonly TopicArn: string
    }
    for (const one of list(properties, 'Subscription')) {
      if (isObject(one)) place.call('sns', 'Subscribe', { TopicArn, ...one })
    }
    return { physicalId: TopicArn, attributes: { TopicArn, TopicName: Name } }
  },
  remove: (place, { physicalId }) => void place.call('sns', 'DeleteTopic', { TopicArn: physicalId }),
}

/** What watches a stack, and who is told. */
export const monitoringKinds: Readonly<Record<string, Kind>> = {
  'AWS::CloudWatch::Alarm': alarm,
  'AWS::CloudWatch::Dashboard': dashboard,
  'AWS::Events::Rule': rule,
  'AWS::SNS::Topic': topic,
  'AWS::SNS::TopicPolicy': remembered(12, (place) => `${place.stack}-${place.id}`),
}
