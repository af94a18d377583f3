import type {
  CreateAccessPointRequest,
  CreateFileSystemRequest,
  CreateMountTargetRequest,
  PosixUser,
  RootDirectory,
  Tag,
  UpdateFileSystemRequest,
} from '@aws-sdk/client-efs'
import { arnOf, count, list, map, text, type Kind, type Place } from '../kind.js'
import { isObject, word, type Properties } from '../template.js'

const efs = 'elasticfilesystem'

/** The tags of the resource itself, over those of the stack. */
function tags(place: Place, properties: Properties, name: string): Tag[] {
  const own = list(properties, name).flatMap((tag) =>
    isObject(tag) ? [{ Key: text(tag, 'Key'), Value: text(tag, 'Value') }] : [],
  )
  const others = place.tags.filter(({ Key }) => !own.some((tag) => tag.Key === Key))
  return [...others.map(({ Key, Value }) => ({ Key, Value })), ...own]
}

const throughput = (properties: Properties): Omit<UpdateFileSystemRequest, 'FileSystemId'> => {
  const ThroughputMode = text(properties, 'ThroughputMode') as CreateFileSystemRequest['ThroughputMode'] | ''
  const ProvisionedThroughputInMibps = count(properties, 'ProvisionedThroughputInMibps')
  return {
    ...(ThroughputMode !== '' && { ThroughputMode }),
    ...(ProvisionedThroughputInMibps !== undefined && { ProvisionedThroughputInMibps }),
  }
}

function putPolicy(place: Place, FileSystemId: string, properties: Properties): void {
  const policy = properties['FileSystemPolicy']
  if (policy !== undefined) {
    place.call(efs, 'PutFileSystemPolicy', { FileSystemId, Policy: JSON.stringify(policy) })
  }
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-efs-filesystem.html
const fileSystem: Kind = {
  seconds: 14,
  replacedBy: ['AvailabilityZoneName', 'Encrypted', 'KmsKeyId', 'PerformanceMode'],
  create(place, properties) {
    const mode = text(properties, 'PerformanceMode') as CreateFileSystemRequest['PerformanceMode'] | ''
    const request: CreateFileSystemRequest = {
      CreationToken: place.world.random.uuid(),
      ...(mode !== '' && { PerformanceMode: mode }),
      Encrypted: text(properties, 'Encrypted') === 'true',
      ...throughput(properties),
      Tags: tags(place, properties, 'FileSystemTags'),
    }
    const { FileSystemId: id } = place.call(efs, 'CreateFileSystem', request) as { readonly FileSystemId: string }
    putPolicy(place, id, properties)
    return { physicalId: id, attributes: { FileSystemId: id, Arn: arnOf(place, efs, `file-system/${id}`) } }
  },
  update(place, { physicalId, properties: before }, properties) {
    const wanted = throughput(properties)
    if (JSON.stringify(wanted) !== JSON.stringify(throughput(before))) {
      place.call(efs, 'UpdateFileSystem', { FileSystemId: physicalId, ...wanted })
    }
    putPolicy(place, physicalId, properties)
    return undefined
  },
  remove: (place, { physicalId }) => void place.call(efs, 'DeleteFileSystem', { FileSystemId: physicalId }),
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-efs-accesspoint.html
const accessPoint: Kind = {
  seconds: 6,
  replacedBy: ['ClientToken', 'FileSystemId', 'PosixUser', 'RootDirectory'],
  create(place, properties) {
    const user = map(properties, 'PosixUser')
    const root = map(properties, 'RootDirectory')
    const info = map(root, 'CreationInfo')
    const PosixUser: PosixUser = { Uid: count(user, 'Uid'), Gid: count(user, 'Gid') }
    const RootDirectory: RootDirectory = {
      Path: text(root, 'Path') || '/',
      ...(root['CreationInfo'] !== undefined && {
        CreationInfo: {
          OwnerUid: count(info, 'OwnerUid'),
          OwnerGid: count(info, 'OwnerGid'),
          Permissions: text(info, 'Permissions'),
        },
      }),
    }
    const request: CreateAccessPointRequest = {
      ClientToken: text(properties, 'ClientToken') || place.world.random.uuid(),
      FileSystemId: text(properties, 'FileSystemId'),
      ...(properties['PosixUser'] !== undefined && { PosixUser }),
      RootDirectory,
      Tags: tags(place, properties, 'AccessPointTags'),
    }
    const { AccessPointId: id } = place.call(efs, 'CreateAccessPoint', request) as { readonly AccessPointId: string }
    return { physicalId: id, attributes: { AccessPointId: id, Arn: arnOf(place, efs, `access-point/${id}`) } }
  },
  remove: (place, { physicalId }) => void place.call(efs, 'DeleteAccessPoint', { AccessPointId: physicalId }),
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-efs-mounttarget.html
const mountTarget: Kind = {
  seconds: 92,
  replacedBy: ['FileSystemId', 'SubnetId', 'IpAddress'],
  create(place, properties) {
    const address = text(properties, 'IpAddress')
    const request: CreateMountTargetRequest = {
      FileSystemId: text(properties, 'FileSystemId'),
      SubnetId: text(properties, 'SubnetId'),
      SecurityGroups: list(properties, 'SecurityGroups').map(word),
      ...(address !== '' && { IpAddress: address }),
    }
    const { MountTargetId, IpAddress } = place.call(efs, 'CreateMountTarget', request) as {
      readonly MountTargetId: string
      readonly IpAddress: string
    }
    return { physicalId: MountTargetId, attributes: { Id: MountTargetId, IpAddress } }
  },
  remove: (place, { physicalId }) => void place.call(efs, 'DeleteMountTarget', { MountTargetId: physicalId }),
}

/** The model cache, in the file systems of this cloud. */
export const efsKinds: Readonly<Record<string, Kind>> = {
  'AWS::EFS::FileSystem': fileSystem,
  'AWS::EFS::AccessPoint': accessPoint,
  'AWS::EFS::MountTarget': mountTarget,
}
