import * as sdk from '@aws-sdk/client-efs'
import {
  createAccessPoint,
  createFileSystem,
  createMountTarget,
  nameOf,
  requireFileSystem,
  stateOf,
  updateFileSystem,
  type FileSystem,
  type MountTarget,
} from '../world/efs.js'
import type { World } from '../world/world.js'
import { paginate } from '../wire/pagination.js'
import { type RequestContext, type Service, ServiceError } from '../wire/service.js'

const wire = { signingName: 'elasticfilesystem', protocol: 'restJson1' } as const

const problem = (code: string, message: string): ServiceError =>
  new ServiceError(code, message, { members: { ErrorCode: code } })

/**
 * Elastic File System over the world's file systems.
 * https://docs.aws.amazon.com/efs/latest/ug/API_Operations.html
 */
export function createEfsService(world: World): Service {
  const { state } = world
  const { efs, setup } = state
  const arn = (resource: string): string => `arn:aws:elasticfilesystem:${setup.region}:${setup.accountId}:${resource}`
  /** A handler that sees the world as it is now. */
  const now =
    <I, O>(handle: (input: I) => O) =>
    (input: I, context: RequestContext): O => {
      world.advanceTo(context.now)
      return handle(input)
    }

  const describe = (system: FileSystem): sdk.FileSystemDescription => ({
    OwnerId: setup.accountId,
    CreationToken: system.token,
    FileSystemId: system.id,
    FileSystemArn: arn(`file-system/${system.id}`),
    CreationTime: new Date(system.createdAt),
    LifeCycleState: stateOf(system, state.now),
    Name: nameOf(system),
    NumberOfMountTargets: efs.mountTargets.filter(({ fileSystem }) => fileSystem === system).length,
    SizeInBytes: { Value: system.bytes, Timestamp: new Date(state.now), ValueInStandard: system.bytes, ValueInIA: 0 },
    PerformanceMode: system.performance,
    Encrypted: system.encrypted,
    ThroughputMode: system.throughput,
    ...(system.provisioned !== undefined && { ProvisionedThroughputInMibps: system.provisioned }),
    Tags: [...system.tags],
    FileSystemProtection: { ReplicationOverwriteProtection: 'ENABLED' },
  })

  const describeMount = ({
    id,
    fileSystem,
    subnet,
    zone,
    address,
    readyAt,
  }: MountTarget): sdk.MountTargetDescription => ({
    OwnerId: setup.accountId,
    MountTargetId: id,
    FileSystemId: fileSystem.id,
    SubnetId: subnet,
    LifeCycleState: stateOf({ readyAt }, state.now),
    IpAddress: address,
    AvailabilityZoneName: zone,
  })

  const tagged = (resource: string | undefined): { tags: readonly sdk.Tag[]; set(tags: readonly sdk.Tag[]): void } => {
    const point = efs.accessPoints.find(({ AccessPointId }) => AccessPointId === resource)
    if (point !== undefined) {
      return { tags: point.Tags ?? [], set: (tags) => void (point.Tags = [...tags]) }
    }
    const system = requireFileSystem(efs, resource)
    return { tags: system.tags, set: (tags) => void (system.tags = tags) }
  }

  const handlers = {
    CreateFileSystem: now((input: sdk.CreateFileSystemRequest) => describe(createFileSystem(state, input))),
    UpdateFileSystem: now((input: sdk.UpdateFileSystemRequest) => describe(updateFileSystem(state, input))),
    DescribeFileSystems: now((input: sdk.DescribeFileSystemsRequest): sdk.DescribeFileSystemsResponse => {
      const asked = input.FileSystemId === undefined ? undefined : requireFileSystem(efs, input.FileSystemId)
      const page = paginate(wire, {
        operation: 'DescribeFileSystems',
        items: efs.fileSystems.filter(
          (one) =>
            (asked === undefined || one === asked) &&
            (input.CreationToken === undefined || one.token === input.CreationToken),
        ),
        limit: input.MaxItems ?? 100,
        token: input.Marker,
        keyOf: ({ id }) => id,
        boundTo: [input.FileSystemId, input.CreationToken],
      })
      return { FileSystems: page.items.map(describe), Marker: input.Marker, NextMarker: page.nextToken }
    }),
    DeleteFileSystem: now(({ FileSystemId }: sdk.DeleteFileSystemRequest): void => {
      const system = requireFileSystem(efs, FileSystemId)
      if (efs.mountTargets.some(({ fileSystem }) => fileSystem === system)) {
        throw problem('FileSystemInUse', `File system '${system.id}' has mount targets.`)
      }
      efs.fileSystems.splice(efs.fileSystems.indexOf(system), 1)
      const rest = efs.accessPoints.filter((one) => one.FileSystemId !== system.id)
      efs.accessPoints.splice(0, efs.accessPoints.length, ...rest)
    }),
    CreateMountTarget: now((input: sdk.CreateMountTargetRequest) => describeMount(createMountTarget(state, input))),
    DescribeMountTargets: now((input: sdk.DescribeMountTargetsRequest): sdk.DescribeMountTargetsResponse => {
      const { FileSystemId, MountTargetId, AccessPointId } = input
      const given = [FileSystemId, MountTargetId, AccessPointId].filter((one) => one !== undefined)
      if (given.length !== 1) {
        throw problem('BadRequest', 'Exactly one of FileSystemId, MountTargetId and AccessPointId must be given.')
      }
      const point = efs.accessPoints.find((one) => one.AccessPointId === AccessPointId)
      if (AccessPointId !== undefined && point === undefined) {
        throw problem('AccessPointNotFound', `Access point '${AccessPointId}' does not exist.`)
      }
      const system = FileSystemId ?? point?.FileSystemId
      const wanted = system === undefined ? undefined : requireFileSystem(efs, system)
      const items = efs.mountTargets.filter(({ id, fileSystem }) =>
        wanted === undefined ? id === MountTargetId : fileSystem === wanted,
      )
      if (MountTargetId !== undefined && items.length === 0) {
        throw problem('MountTargetNotFound', `Mount target '${MountTargetId}' does not exist.`)
      }
      const page = paginate(wire, {
        operation: 'DescribeMountTargets',
        items,
        limit: input.MaxItems ?? 100,
        token: input.Marker,
        keyOf: ({ id }) => id,
        boundTo: given,
      })
      return { MountTargets: page.items.map(describeMount), Marker: input.Marker, NextMarker: page.nextToken }
    }),
    DescribeMountTargetSecurityGroups: now(({ MountTargetId }: sdk.DescribeMountTargetSecurityGroupsRequest) => {
      const found = efs.mountTargets.find(({ id }) => id === MountTargetId)
      if (found === undefined) {
        throw problem('MountTargetNotFound', `Mount target '${MountTargetId}' does not exist.`)
      }
      return { SecurityGroups: [...found.securityGroups] }
    }),
    DeleteMountTarget: now(({ MountTargetId }: sdk.DeleteMountTargetRequest): void => {
      const index = efs.mountTargets.findIndex(({ id }) => id === MountTargetId)
      if (index < 0) throw problem('MountTargetNotFound', `Mount target '${MountTargetId}' does not exist.`)
      efs.mountTargets.splice(index, 1)
    }),
    CreateAccessPoint: now((input: sdk.CreateAccessPointRequest) => createAccessPoint(state, input)),
    DescribeAccessPoints: now((input: sdk.DescribeAccessPointsRequest): sdk.DescribeAccessPointsResponse => {
      const { AccessPointId, FileSystemId } = input
      if (AccessPointId !== undefined && !efs.accessPoints.some((one) => one.AccessPointId === AccessPointId)) {
        throw problem('AccessPointNotFound', `Access point '${AccessPointId}' does not exist.`)
      }
      const wanted = FileSystemId === undefined ? undefined : requireFileSystem(efs, FileSystemId).id
      const page = paginate(wire, {
        operation: 'DescribeAccessPoints',
        items: efs.accessPoints.filter(
          (one) =>
            (AccessPointId === undefined || one.AccessPointId === AccessPointId) &&
            (wanted === undefined || one.FileSystemId === wanted),
        ),
        limit: input.MaxResults ?? 100,
        token: input.NextToken,
        keyOf: (one) => one.AccessPointId ?? '',
        boundTo: [AccessPointId, FileSystemId],
      })
      return { AccessPoints: [...page.items], NextToken: page.nextToken }
    }),
    DeleteAccessPoint: now(({ AccessPointId }: sdk.DeleteAccessPointRequest): void => {
      const index = efs.accessPoints.findIndex((one) => one.AccessPointId === AccessPointId)
      if (index < 0) throw problem('AccessPointNotFound', `Access point '${AccessPointId}' does not exist.`)
      efs.accessPoints.splice(index, 1)
    }),
    PutFileSystemPolicy: now((input: sdk.PutFileSystemPolicyRequest): sdk.FileSystemPolicyDescription => {
      const system = requireFileSystem(efs, input.FileSystemId)
      if (!isJsonMap(input.Policy)) throw problem('InvalidPolicyException', 'The policy is no JSON document.')
      system.policy = input.Policy
      return { FileSystemId: system.id, Policy: system.policy }
    }),
    DescribeFileSystemPolicy: now((input: sdk.DescribeFileSystemPolicyRequest): sdk.FileSystemPolicyDescription => {
      const system = requireFileSystem(efs, input.FileSystemId)
      if (system.policy === undefined) throw problem('PolicyNotFound', `File system '${system.id}' has no policy.`)
      return { FileSystemId: system.id, Policy: system.policy }
    }),
    PutLifecycleConfiguration: now((input: sdk.PutLifecycleConfigurationRequest) => {
      const system = requireFileSystem(efs, input.FileSystemId)
      system.lifecycle = input.LifecyclePolicies ?? []
      return { LifecyclePolicies: [...system.lifecycle] }
    }),
    DescribeLifecycleConfiguration: now((input: sdk.DescribeLifecycleConfigurationRequest) => ({
      LifecyclePolicies: [...requireFileSystem(efs, input.FileSystemId).lifecycle],
    })),
    TagResource: now((input: sdk.TagResourceRequest): void => {
      const resource = tagged(input.ResourceId)
      const given = input.Tags ?? []
      resource.set([...resource.tags.filter(({ Key }) => !given.some((one) => one.Key === Key)), ...given])
    }),
    UntagResource: now((input: sdk.UntagResourceRequest): void => {
      const resource = tagged(input.ResourceId)
      resource.set(resource.tags.filter(({ Key }) => input.TagKeys?.includes(Key ?? '') !== true))
    }),
    ListTagsForResource: now((input: sdk.ListTagsForResourceRequest) => ({ Tags: [...tagged(input.ResourceId).tags] })),
  }
  return { ...wire, target: '2015-02-01', sdk, handlers }
}

function isJsonMap(text: string | undefined): boolean {
  try {
    const value: unknown = JSON.parse(text ?? '')
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}
