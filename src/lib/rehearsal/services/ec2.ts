import * as sdk from '@aws-sdk/client-ec2'
import { addVersion, findTemplate, findVersion, versionNotFound } from '../world/launch-templates.js'
import type { Instance, LaunchTemplate, TemplateVersion, WorldState } from '../world/state.js'
import type { World } from '../world/world.js'
import { paginate } from '../wire/pagination.js'
import { instanceTypeHandlers } from './ec2-instance-types.js'
import { type RequestContext, type Service, ServiceError } from '../wire/service.js'

const signingName = 'ec2'
const wire = { signingName, protocol: 'ec2Query' } as const
/** A terminated instance stays visible for a while: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/how-ec2-instance-termination-works.html */
const visibleAfterEnd = 3_600_000

/**
 * The part of EC2 that the world has: launch templates and the group's instances.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/OperationList-query-ec2.html
 */
export function createEc2Service(world: World): Service {
  const { state } = world
  const handlers = {
    DescribeLaunchTemplates: (
      input: sdk.DescribeLaunchTemplatesRequest,
      context: RequestContext,
    ): sdk.DescribeLaunchTemplatesResult => {
      world.advanceTo(context.now)
      const ids = input.LaunchTemplateIds ?? []
      const names = input.LaunchTemplateNames ?? []
      const asked = [
        ...ids.map((id) => findTemplate(state, { id })),
        ...names.map((name) => findTemplate(state, { name })),
      ]
      const all = asked.length > 0 ? asked : state.templates
      const page = paginate(wire, {
        operation: 'DescribeLaunchTemplates',
        items: all.filter((each) => matches(templateValues(each), input.Filters)),
        limit: input.MaxResults ?? 200,
        token: input.NextToken,
      })
      return { LaunchTemplates: page.items.map(describeTemplate), NextToken: page.nextToken }
    },

    DescribeLaunchTemplateVersions: (
      input: sdk.DescribeLaunchTemplateVersionsRequest,
      context: RequestContext,
    ): sdk.DescribeLaunchTemplateVersionsResult => {
      world.advanceTo(context.now)
      if (input.LaunchTemplateId === undefined && input.LaunchTemplateName === undefined) {
        return ofAllTemplates(state, input)
      }
      const template = findTemplate(state, { id: input.LaunchTemplateId, name: input.LaunchTemplateName })
      const page = paginate(wire, {
        operation: 'DescribeLaunchTemplateVersions',
        items: selectVersions(template, input),
        limit: input.MaxResults ?? 200,
        token: input.NextToken,
        keyOf: ({ number }) => String(number),
        boundTo: [template.id, input.Versions, input.MinVersion, input.MaxVersion],
      })
      return {
        LaunchTemplateVersions: page.items.map((version) => describeVersion(template, version)),
        NextToken: page.nextToken,
      }
    },

    CreateLaunchTemplateVersion: (
      input: sdk.CreateLaunchTemplateVersionRequest,
      context: RequestContext,
    ): sdk.CreateLaunchTemplateVersionResult => {
      world.advanceTo(context.now)
      const template = findTemplate(state, { id: input.LaunchTemplateId, name: input.LaunchTemplateName })
      const data = input.LaunchTemplateData ?? {}
      if (data.UserData !== undefined && Buffer.byteLength(data.UserData, 'base64') > 16_384) {
        throw new ServiceError('InvalidUserData.Malformed', 'User data is limited to 16384 bytes')
      }
      if (input.DryRun === true) {
        throw new ServiceError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', {
          status: 412,
        })
      }
      const version = addVersion(state, template, {
        source: input.SourceVersion,
        description: input.VersionDescription,
        data,
        token: input.ClientToken,
      })
      return { LaunchTemplateVersion: describeVersion(template, version) }
    },

    DescribeSubnets: (input: sdk.DescribeSubnetsRequest, context: RequestContext): sdk.DescribeSubnetsResult => {
      world.advanceTo(context.now)
      const all = state.group.zones.map((zone, index) => describeSubnet(state, zone, index))
      const unknown = input.SubnetIds?.find((id) => !all.some(({ SubnetId }) => SubnetId === id))
      if (unknown !== undefined) {
        throw new ServiceError('InvalidSubnetID.NotFound', `The subnet ID '${unknown}' does not exist`)
      }
      const asked = all.filter(
        ({ SubnetId = '' }) => input.SubnetIds === undefined || input.SubnetIds.includes(SubnetId),
      )
      const page = paginate(wire, {
        operation: 'DescribeSubnets',
        items: asked.filter((one) => matches(subnetValues(one), input.Filters)),
        limit: input.MaxResults ?? 1000,
        token: input.NextToken,
        keyOf: ({ SubnetId = '' }) => SubnetId,
        boundTo: [input.SubnetIds, input.Filters],
      })
      return { Subnets: [...page.items], NextToken: page.nextToken }
    },

    DescribeInstances: (input: sdk.DescribeInstancesRequest, context: RequestContext): sdk.DescribeInstancesResult => {
      world.advanceTo(context.now)
      const page = paginate(wire, {
        operation: 'DescribeInstances',
        items: selectInstances(state, input),
        limit: input.MaxResults ?? 1000,
        token: input.NextToken,
        keyOf: ({ id }) => id,
        boundTo: [input.InstanceIds, input.Filters],
      })
      return {
        Reservations: page.items.map((instance) => ({
          ReservationId: `r-0${instance.id.slice(-16)}`,
          OwnerId: context.accountId,
          Groups: [],
          Instances: [describeInstance(instance)],
        })),
        NextToken: page.nextToken,
      }
    },
  }
  return {
    signingName,
    protocol: 'ec2Query',
    target: '2016-11-15',
    sdk,
    handlers: { ...handlers, ...instanceTypeHandlers(wire) },
  }
}

type Values = Readonly<Record<string, readonly string[]>>

/** Addresses of a /24 that are anybody's: AWS keeps five. https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html */
const subnetAddresses = 251

/** The subnet of a zone, of which every target there has one address. */
function describeSubnet(world: WorldState, zone: string, index: number): sdk.Subnet {
  const { instances, zones } = world.group
  // Tasks are placed in the zones by turns.
  const tasks = world.ecs.tasks.filter(({ status }) => status !== 'STOPPED').length
  const used = instances.filter((each) => each.zone === zone).length + Math.ceil((tasks - index) / zones.length)
  return {
    SubnetId: `subnet-0${zone.slice(-1).repeat(16)}`,
    VpcId: `vpc-0${world.loadBalancer.arn.slice(-16)}`,
    AvailabilityZone: zone,
    CidrBlock: `10.0.${index + 1}.0/24`,
    AvailableIpAddressCount: subnetAddresses - used,
    State: 'available',
  }
}

const subnetValues = (subnet: sdk.Subnet): Values => ({
  'availability-zone': [subnet.AvailabilityZone ?? ''],
  'subnet-id': [subnet.SubnetId ?? ''],
  'vpc-id': [subnet.VpcId ?? ''],
})

// `*` and `?` are wildcards: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
function wildcard(text: string): RegExp {
  const pattern = text
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${pattern}$`, 's')
}

function matches(values: Values, filters: readonly sdk.Filter[] | undefined): boolean {
  return (filters ?? []).every(({ Name = '', Values: wanted = [] }) => {
    const have = values[Name]
    if (have === undefined && !Name.startsWith('tag:')) {
      throw new ServiceError('InvalidParameterValue', `The filter '${Name}' is invalid`)
    }
    return wanted.some((each) => (have ?? []).some((value) => wildcard(each).test(value)))
  })
}

type Tags = readonly { readonly key: string; readonly value: string }[]

function tagValues(tags: Tags): Values {
  const byKey = Object.fromEntries(tags.map(({ key, value }) => [`tag:${key}`, [value]]))
  return { ...byKey, 'tag-key': tags.map(({ key }) => key) }
}

const templateValues = (template: LaunchTemplate): Values => ({
  ...tagValues(template.tags),
  'launch-template-name': [template.name],
  'create-time': [new Date(template.createdAt).toISOString()],
})

const instanceValues = (instance: Instance): Values => ({
  ...tagValues(instance.tags),
  'instance-id': [instance.id],
  'instance-state-name': [instance.state],
  'instance-state-code': [String(stateCodes[instance.state])],
  'instance-type': [instance.instanceType],
  'image-id': [instance.imageId],
  'availability-zone': [instance.zone],
  'private-ip-address': [instance.privateAddress],
})

function selectInstances(world: WorldState, input: sdk.DescribeInstancesRequest): readonly Instance[] {
  const visible = world.instances.filter(
    ({ terminatedAt }) => terminatedAt === undefined || terminatedAt > world.now - visibleAfterEnd,
  )
  const ids = input.InstanceIds ?? []
  const missing = ids.filter((id) => !visible.some((each) => each.id === id))
  if (missing.length > 0) {
    const malformed = missing.find((id) => !/^i-[0-9a-f]{8,17}$/.test(id))
    if (malformed !== undefined) throw new ServiceError('InvalidInstanceID.Malformed', `Invalid id: "${malformed}"`)
    const [subject, verb] = missing.length === 1 ? ['ID', 'does'] : ['IDs', 'do']
    const list = missing.length === 1 ? `'${missing[0]}'` : `'${missing.join(', ')}'`
    throw new ServiceError('InvalidInstanceID.NotFound', `The instance ${subject} ${list} ${verb} not exist`)
  }
  return visible.filter(
    (each) => (ids.length === 0 || ids.includes(each.id)) && matches(instanceValues(each), input.Filters),
  )
}

// $Latest and $Default of every template: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplateVersions.html
function ofAllTemplates(
  world: WorldState,
  input: sdk.DescribeLaunchTemplateVersionsRequest,
): sdk.DescribeLaunchTemplateVersionsResult {
  const asked = input.Versions ?? []
  if (asked.length === 0 || asked.some((each) => each !== '$Latest' && each !== '$Default')) {
    throw new ServiceError(
      'MissingParameter',
      'The request must contain either LaunchTemplateId or LaunchTemplateName, or only the versions $Latest and $Default.',
    )
  }
  return {
    LaunchTemplateVersions: world.templates.flatMap((template) =>
      selectVersions(template, input).map((version) => describeVersion(template, version)),
    ),
  }
}

// Newest first, as the API lists them.
function selectVersions(
  template: LaunchTemplate,
  input: sdk.DescribeLaunchTemplateVersionsRequest,
): readonly TemplateVersion[] {
  const asked = input.Versions ?? []
  const named = new Set(
    asked.map((each) => {
      const version = findVersion(template, each)
      if (version === undefined) throw versionNotFound(template, each)
      return version.number
    }),
  )
  const [min, max] = [Number(input.MinVersion ?? 0), Number(input.MaxVersion ?? Infinity)]
  return template.versions
    .filter(({ number }) => (asked.length === 0 || named.has(number)) && number >= min && number <= max)
    .filter(({ data, number }) =>
      matches(
        {
          'image-id': data.ImageId === undefined ? [] : [data.ImageId],
          'instance-type': data.InstanceType === undefined ? [] : [data.InstanceType],
          'is-default-version': [String(number === template.defaultVersion)],
        },
        input.Filters,
      ),
    )
    .toReversed()
}

const describeTags = (tags: Tags): sdk.Tag[] => tags.map(({ key, value }) => ({ Key: key, Value: value }))

function describeTemplate(template: LaunchTemplate): sdk.LaunchTemplate {
  return {
    LaunchTemplateId: template.id,
    LaunchTemplateName: template.name,
    CreateTime: new Date(template.createdAt),
    CreatedBy: template.createdBy,
    DefaultVersionNumber: template.defaultVersion,
    LatestVersionNumber: template.versions.at(-1)?.number,
    Tags: describeTags(template.tags),
  }
}

function describeVersion(template: LaunchTemplate, version: TemplateVersion): sdk.LaunchTemplateVersion {
  return {
    LaunchTemplateId: template.id,
    LaunchTemplateName: template.name,
    VersionNumber: version.number,
    ...(version.description !== undefined && { VersionDescription: version.description }),
    CreateTime: new Date(version.createdAt),
    CreatedBy: template.createdBy,
    DefaultVersion: version.number === template.defaultVersion,
    LaunchTemplateData: version.data,
  }
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceState.html */
const stateCodes = { pending: 0, running: 16, 'shutting-down': 32, terminated: 48 } as const

function describeInstance(instance: Instance): sdk.Instance {
  const dns = `ip-${instance.privateAddress.replaceAll('.', '-')}.${instance.zone.slice(0, -1)}.compute.internal`
  const isGone = instance.state === 'terminated'
  return {
    InstanceId: instance.id,
    ImageId: instance.imageId,
    State: { Name: instance.state, Code: stateCodes[instance.state] },
    InstanceType: instance.instanceType as sdk._InstanceType,
    LaunchTime: new Date(instance.launchedAt),
    Placement: { AvailabilityZone: instance.zone, Tenancy: 'default' },
    ...(!isGone && { PrivateIpAddress: instance.privateAddress, PrivateDnsName: dns }),
    Architecture: 'x86_64',
    Tags: describeTags(instance.tags),
  }
}
