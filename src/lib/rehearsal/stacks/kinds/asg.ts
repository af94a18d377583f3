import type { RequestLaunchTemplateData } from '@aws-sdk/client-ec2'
import { createGroup, createTemplate, deleteTemplate, emptyGroup, groupIsGone } from '../../world/create.js'
import { updateGroup } from '../../world/group-requests.js'
import { addVersion, findTemplate } from '../../world/launch-templates.js'
import type { LaunchTemplate } from '../../world/state.js'
import { arnOf, count, generatedName, map, tagsOf, text, type Kind, type Place } from '../kind.js'
import { isObject, word, type Properties } from '../template.js'
import { remembered } from './network.js'

/** The account's own registry is the rehearsal's, wherever that listens. */
export function withOwnRegistry({ world }: Place, words: string): string {
  const { accountId, region } = world.setup
  return words.replaceAll(`${accountId}.dkr.ecr.${region}.amazonaws.com`, world.registryHost)
}

function dataOf(place: Place, properties: Properties): RequestLaunchTemplateData {
  const data = map(properties, 'LaunchTemplateData')
  const script = Buffer.from(text(data, 'UserData'), 'base64').toString()
  const userData = Buffer.from(withOwnRegistry(place, script)).toString('base64')
  const profile = map(data, 'IamInstanceProfile')
  return {
    // The template reference takes the same members as the EC2 API, by the same names.
    ...(data as RequestLaunchTemplateData),
    IamInstanceProfile: { ...profile },
    UserData: userData,
  }
}

const attributesOf = ({ id, versions, defaultVersion }: LaunchTemplate) => ({
  LaunchTemplateId: id,
  LatestVersionNumber: word(versions.at(-1)?.number ?? 1),
  DefaultVersionNumber: word(defaultVersion),
})

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-launchtemplate.html
const launchTemplate: Kind = {
  seconds: 6,
  replacedBy: ['LaunchTemplateName'],
  nameProperty: 'LaunchTemplateName',
  moving: ['LatestVersionNumber', 'DefaultVersionNumber'],
  find({ world }, name) {
    const found = world.templates.find((template) => template.name === name)
    return found && { physicalId: found.id, attributes: attributesOf(found) }
  },
  create(place, properties) {
    const template = createTemplate(place.world, {
      name: text(properties, 'LaunchTemplateName') || generatedName(place),
      description: text(properties, 'VersionDescription') || undefined,
      data: dataOf(place, properties),
      tags: place.tags.map(({ Key = '', Value = '' }) => ({ key: Key, value: Value })),
    })
    return { physicalId: template.id, attributes: attributesOf(template) }
  },
  update(place, { physicalId }, properties) {
    const template = findTemplate(place.world, { id: physicalId })
    addVersion(place.world, template, {
      source: undefined,
      description: text(properties, 'VersionDescription') || undefined,
      data: dataOf(place, properties),
      token: undefined,
    })
    return { physicalId, attributes: attributesOf(template) }
  },
  remove: ({ world }, { physicalId }) => deleteTemplate(world, physicalId),
}

function choiceOf(place: Place, properties: Properties) {
  const { LaunchTemplateId, LaunchTemplateName, Version } = map(properties, 'LaunchTemplate')
  const template = findTemplate(place.world, {
    ...(LaunchTemplateId !== undefined && { id: word(LaunchTemplateId) }),
    ...(LaunchTemplateName !== undefined && { name: word(LaunchTemplateName) }),
  })
  return { id: template.id, name: template.name, version: word(Version ?? '$Default') }
}

function policyOf(properties: Properties) {
  const policy = properties['InstanceMaintenancePolicy']
  return isObject(policy)
    ? {
        minimum: count(policy, 'MinHealthyPercentage') ?? 90,
        maximum: count(policy, 'MaxHealthyPercentage') ?? 100,
      }
    : undefined
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-autoscaling-autoscalinggroup.html
const group: Kind = {
  seconds: 16,
  replacedBy: ['AutoScalingGroupName', 'InstanceId'],
  nameProperty: 'AutoScalingGroupName',
  find({ world }, name) {
    return world.present.group && world.group.name === name ? { physicalId: name, attributes: {} } : undefined
  },
  create(place, properties) {
    const { name, arn } = createGroup(place.world, {
      name: text(properties, 'AutoScalingGroupName') || generatedName(place),
      minSize: count(properties, 'MinSize') ?? 0,
      maxSize: count(properties, 'MaxSize') ?? 0,
      template: choiceOf(place, properties),
      tags: tagsOf(place, properties),
      maintenancePolicy: policyOf(properties),
    })
    return { physicalId: name, attributes: { AutoScalingGroupARN: arn } }
  },
  update(place, { properties: before }, properties) {
    // Only what the stack changes: a release has moved the group to a template version of its own.
    const isMoved = JSON.stringify(before['LaunchTemplate']) !== JSON.stringify(properties['LaunchTemplate'])
    const { id, version } = choiceOf(place, properties)
    updateGroup(place.world, {
      minSize: count(properties, 'MinSize'),
      maxSize: count(properties, 'MaxSize'),
      desired: count(properties, 'DesiredCapacity'),
      template: isMoved ? { id, version } : undefined,
    })
    place.world.group.maintenancePolicy = policyOf(properties)
    return undefined
  },
  remove: ({ world }) => emptyGroup(world),
  gone: ({ world }) => groupIsGone(world),
}

export const asgKinds: Readonly<Record<string, Kind>> = {
  'AWS::EC2::LaunchTemplate': launchTemplate,
  'AWS::AutoScaling::AutoScalingGroup': group,
  'AWS::AutoScaling::ScalingPolicy': remembered(
    3,
    (place) => arnOf(place, 'autoscaling', `scalingPolicy:${place.world.random.uuid()}:policyName/${place.id}`),
    ['AutoScalingGroupName'],
  ),
  'AWS::AutoScaling::WarmPool': remembered(5, (_, properties) => text(properties, 'AutoScalingGroupName'), [
    'AutoScalingGroupName',
  ]),
}
