import {
  CreateLaunchTemplateVersionCommand,
  DescribeLaunchTemplateVersionsCommand,
  EC2Client,
  paginateDescribeInstances,
  paginateDescribeInstanceTypes,
  paginateDescribeLaunchTemplateVersions,
  type LaunchTemplateTagSpecification,
  type LaunchTemplateVersion as SdkVersion,
  type RequestLaunchTemplateData,
  type ResourceType,
  type Tag,
} from '@aws-sdk/client-ec2'
import { RampartError } from '../errors/rampart-error.js'
import type { CreateLaunchTemplateVersion, LaunchTemplates, LaunchTemplateVersion } from '../ports/auto-scaling.js'
import { call, errorCode } from './failure.js'
import { clientSettings, counted, type ClientOptions } from './options.js'

function tagRecord(tags: readonly Tag[] | undefined): Record<string, string> {
  return Object.fromEntries((tags ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? '']))
}

function tagList(tags: Readonly<Record<string, string>>): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
}

function version(from: SdkVersion): LaunchTemplateVersion {
  const data = from.LaunchTemplateData
  const specifications: readonly LaunchTemplateTagSpecification[] = data?.TagSpecifications ?? []
  return {
    templateId: from.LaunchTemplateId ?? '',
    templateName: from.LaunchTemplateName ?? '',
    number: from.VersionNumber ?? 0,
    description: from.VersionDescription ?? '',
    createdAt: from.CreateTime?.getTime() ?? 0,
    ...(data?.ImageId !== undefined && { imageId: data.ImageId }),
    ...(data?.InstanceType !== undefined && { instanceType: data.InstanceType }),
    ...(data?.UserData !== undefined && { userData: data.UserData }),
    instanceTags: tagRecord(specifications.find((one) => one.ResourceType === 'instance')?.Tags),
    otherTagSpecifications: specifications
      .filter((one) => one.ResourceType !== 'instance')
      .map((one) => ({ resourceType: one.ResourceType ?? '', tags: tagRecord(one.Tags) })),
    whole: data ?? {},
  }
}

/** What a version made from another one says anew; tag specifications replace the source's as a whole. */
function dataOf(request: CreateLaunchTemplateVersion): RequestLaunchTemplateData {
  return {
    UserData: request.userData,
    TagSpecifications: [
      ...request.otherTagSpecifications.map((one) => ({
        ResourceType: one.resourceType as ResourceType,
        Tags: tagList(one.tags),
      })),
      { ResourceType: 'instance', Tags: tagList(request.instanceTags) },
    ],
  }
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html: of each filter. */
const mostFilterValues = 200

/** The LaunchTemplates port on the AWS SDK. */
export function createLaunchTemplates(options: ClientOptions): LaunchTemplates {
  const client = counted(new EC2Client(clientSettings(options)), options)
  return {
    async describeAddresses(instances) {
      if (instances.length === 0) return new Map()
      return call('ec2:DescribeInstances', async () => {
        const found = new Map<string, { readonly host: string }>()
        // By a filter: an id that is gone would be an error for all.
        const Filters = [{ Name: 'instance-id', Values: instances.slice(0, mostFilterValues) }]
        for await (const { Reservations = [] } of paginateDescribeInstances({ client }, { Filters })) {
          for (const { InstanceId, PrivateIpAddress } of Reservations.flatMap(({ Instances = [] }) => Instances)) {
            if (InstanceId !== undefined && PrivateIpAddress !== undefined)
              found.set(InstanceId, { host: PrivateIpAddress })
          }
        }
        return found
      })
    },
    async memoryOf(types) {
      return call('ec2:DescribeInstanceTypes', async () => {
        const found = new Map<string, number>()
        // By a filter: a type that there is not would be an error for all.
        const Filters = [{ Name: 'instance-type', Values: [...types] }]
        for await (const { InstanceTypes = [] } of paginateDescribeInstanceTypes({ client }, { Filters })) {
          for (const { InstanceType, MemoryInfo } of InstanceTypes) {
            if (InstanceType !== undefined && MemoryInfo?.SizeInMiB !== undefined)
              found.set(InstanceType, MemoryInfo.SizeInMiB * 2 ** 20)
          }
        }
        return found
      })
    },
    async describeVersion(templateId, number) {
      try {
        const answer = await client.send(
          new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: templateId, Versions: [number] }),
        )
        const found = answer.LaunchTemplateVersions?.[0]
        return found === undefined ? undefined : version(found)
      } catch (error) {
        if (errorCode(error)?.startsWith('InvalidLaunchTemplate') === true) return undefined
        return call('ec2:DescribeLaunchTemplateVersions', () => Promise.reject(error))
      }
    },

    async listVersions(templateId, above) {
      return call('ec2:DescribeLaunchTemplateVersions', async () => {
        const found: LaunchTemplateVersion[] = []
        const pages = paginateDescribeLaunchTemplateVersions(
          { client, pageSize: 200 },
          { LaunchTemplateId: templateId, MinVersion: String(above + 1) },
        )
        for await (const page of pages) found.push(...(page.LaunchTemplateVersions ?? []).map(version))
        return found.sort((a, b) => b.number - a.number)
      })
    },

    async mayCreateVersion(templateId, sourceVersion) {
      try {
        await client.send(
          new CreateLaunchTemplateVersionCommand({
            DryRun: true,
            LaunchTemplateId: templateId,
            SourceVersion: sourceVersion,
            // The API wants some; nothing is made of it.
            LaunchTemplateData: { UserData: 'Cg==' },
          }),
        )
      } catch (error) {
        // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html: this error is the yes.
        if (errorCode(error) !== 'DryRunOperation') {
          await call('ec2:CreateLaunchTemplateVersion', () => Promise.reject(error))
        }
      }
    },

    foresee: ({ whole }, request) => ({ ...whole, ...dataOf(request) }),

    async createVersion(request) {
      const answer = await call('ec2:CreateLaunchTemplateVersion', () =>
        client.send(
          new CreateLaunchTemplateVersionCommand({
            LaunchTemplateId: request.templateId,
            SourceVersion: String(request.sourceVersion),
            VersionDescription: request.description,
            ClientToken: request.clientToken,
            LaunchTemplateData: dataOf(request),
          }),
        ),
      )
      if (answer.LaunchTemplateVersion === undefined) {
        throw new RampartError('unreachable', 'ec2:CreateLaunchTemplateVersion answered without a version')
      }
      return version(answer.LaunchTemplateVersion)
    },
  }
}
