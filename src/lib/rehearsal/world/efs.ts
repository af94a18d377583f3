import type {
  AccessPointDescription,
  CreateAccessPointRequest,
  CreateFileSystemRequest,
  CreateMountTargetRequest,
  Tag,
  UpdateFileSystemRequest,
} from '@aws-sdk/client-efs'
import { ServiceError } from '../wire/service.js'
import type { WorldState } from './state.js'

/** How far a thing of EFS has come; in its own words. */
export type EfsState = 'creating' | 'available' | 'updating' | 'deleting' | 'deleted'

export interface MountTarget {
  readonly id: string
  readonly fileSystem: FileSystem
  readonly subnet: string
  readonly zone: string
  readonly address: string
  readonly securityGroups: readonly string[]
  readonly readyAt: number
}

export interface FileSystem {
  readonly id: string
  readonly token: string
  readonly createdAt: number
  readonly readyAt: number
  readonly encrypted: boolean
  readonly performance: 'generalPurpose' | 'maxIO'
  throughput: 'bursting' | 'provisioned' | 'elastic'
  provisioned: number | undefined
  /** When the throughput was last changed: it may be lowered once in a day. */
  changedAt: number
  bytes: number
  /** Models that somebody put there, as `id@revision`. */
  readonly holds: Set<string>
  /** What is left of the credits of a bursting one, in bytes. */
  credits: number
  tags: readonly Tag[]
  policy: string | undefined
  lifecycle: readonly object[]
}

export interface EfsWorld {
  readonly fileSystems: FileSystem[]
  readonly mountTargets: MountTarget[]
  readonly accessPoints: (AccessPointDescription & { readonly FileSystemId: string })[]
}

/** Nothing yet. */
export const emptyEfs = (): EfsWorld => ({ fileSystems: [], mountTargets: [], accessPoints: [] })

/** From created to available, in milliseconds; AWS says some seconds, and up to 90 for a mount target's name. */
const creation = 5_000
const mounting = 60_000
const day = 86_400_000
/** What every new file system has, 2.1 TiB: https://docs.aws.amazon.com/efs/latest/ug/performance.html#bursting */
const firstCredits = 2.1 * 2 ** 40

const fail = (code: string, message: string, members: Record<string, unknown> = {}): ServiceError =>
  new ServiceError(code, message, { members: { ErrorCode: code, ...members } })

/** The file system of that id. @throws ServiceError FileSystemNotFound. */
export function requireFileSystem(efs: EfsWorld, id: string | undefined): FileSystem {
  const name = /(fs-[0-9a-f]+)$/.exec(id ?? '')?.[1]
  const found = efs.fileSystems.find((one) => one.id === name)
  if (found === undefined) throw fail('FileSystemNotFound', `File system '${id}' does not exist.`)
  return found
}

/** Whether it can be used at that time. */
export const stateOf = ({ readyAt }: { readonly readyAt: number }, now: number): EfsState =>
  now < readyAt ? 'creating' : 'available'

/** Of a file system by its tag. */
export const nameOf = ({ tags }: Pick<FileSystem, 'tags'>): string | undefined =>
  tags.find(({ Key }) => Key === 'Name')?.Value

/** @throws ServiceError FileSystemAlreadyExists for a token that was used. */
export function createFileSystem(world: WorldState, request: CreateFileSystemRequest): FileSystem {
  const { efs, now, random } = world
  const token = request.CreationToken ?? random.uuid()
  const known = efs.fileSystems.find((one) => one.token === token)
  if (known !== undefined) {
    throw fail('FileSystemAlreadyExists', `File system '${known.id}' already exists with creation token '${token}'`, {
      FileSystemId: known.id,
    })
  }
  const made: FileSystem = {
    id: `fs-${random.hex(17)}`,
    token,
    createdAt: now,
    readyAt: now + creation,
    encrypted: request.Encrypted ?? false,
    performance: request.PerformanceMode ?? 'generalPurpose',
    throughput: 'bursting',
    provisioned: undefined,
    changedAt: -Infinity,
    bytes: 6144,
    holds: new Set(),
    credits: firstCredits,
    tags: request.Tags ?? [],
    policy: undefined,
    lifecycle: [],
  }
  setThroughput(made, request)
  efs.fileSystems.push(made)
  return made
}

function setThroughput(system: FileSystem, request: UpdateFileSystemRequest | CreateFileSystemRequest): void {
  const { ThroughputMode: mode = system.throughput, ProvisionedThroughputInMibps: provisioned } = request
  if (mode === 'provisioned' && provisioned === undefined && system.provisioned === undefined) {
    throw fail('BadRequest', 'ProvisionedThroughputInMibps must be given for the throughput mode provisioned.')
  }
  if (mode !== 'provisioned' && provisioned !== undefined) {
    throw fail('BadRequest', `ProvisionedThroughputInMibps does not go with the throughput mode ${mode}.`)
  }
  system.throughput = mode
  system.provisioned = mode === 'provisioned' ? (provisioned ?? system.provisioned) : undefined
}

/** https://docs.aws.amazon.com/efs/latest/ug/API_UpdateFileSystem.html */
export function updateFileSystem({ efs, now }: WorldState, request: UpdateFileSystemRequest): FileSystem {
  const system = requireFileSystem(efs, request.FileSystemId)
  if (stateOf(system, now) !== 'available') {
    throw fail('IncorrectFileSystemLifeCycleState', `File system '${system.id}' is not available.`)
  }
  if (now - system.changedAt < day && system.throughput !== request.ThroughputMode) {
    throw fail('TooManyRequests', 'The throughput mode can be changed once in 24 hours.')
  }
  setThroughput(system, request)
  system.changedAt = now
  return system
}

/** One in each zone. @throws ServiceError MountTargetConflict, IncorrectFileSystemLifeCycleState. */
export function createMountTarget(world: WorldState, request: CreateMountTargetRequest): MountTarget {
  const { efs, now, random, setup } = world
  const fileSystem = requireFileSystem(efs, request.FileSystemId)
  if (stateOf(fileSystem, now) !== 'available') {
    throw fail('IncorrectFileSystemLifeCycleState', `File system '${fileSystem.id}' is not available.`)
  }
  const subnet = request.SubnetId ?? ''
  const others = efs.mountTargets.filter((one) => one.fileSystem === fileSystem)
  if (others.some((one) => one.subnet === subnet)) {
    throw fail('MountTargetConflict', 'mount target already exists in this AZ')
  }
  // Subnets are names alone here: each new one is in the next zone.
  const made: MountTarget = {
    id: `fsmt-${random.hex(17)}`,
    fileSystem,
    subnet,
    zone: `${setup.region}${'abcdef'[others.length % 6]}`,
    address: request.IpAddress ?? `10.0.${others.length}.${10 + (efs.mountTargets.length % 240)}`,
    securityGroups: request.SecurityGroups ?? [],
    readyAt: now + mounting,
  }
  efs.mountTargets.push(made)
  return made
}

/** @throws ServiceError AccessPointAlreadyExists for a token that was used. */
export function createAccessPoint(world: WorldState, request: CreateAccessPointRequest): AccessPointDescription {
  const { efs, random, setup } = world
  const fileSystem = requireFileSystem(efs, request.FileSystemId)
  const token = request.ClientToken ?? random.uuid()
  const known = efs.accessPoints.find(({ ClientToken }) => ClientToken === token)
  if (known !== undefined) {
    throw fail('AccessPointAlreadyExists', `Access point already exists with client token '${token}'`, {
      AccessPointId: known.AccessPointId,
    })
  }
  const id = `fsap-${random.hex(17)}`
  const made = {
    ClientToken: token,
    Name: nameOf({ tags: request.Tags ?? [] }),
    Tags: request.Tags ?? [],
    AccessPointId: id,
    AccessPointArn: `arn:aws:elasticfilesystem:${setup.region}:${setup.accountId}:access-point/${id}`,
    FileSystemId: fileSystem.id,
    PosixUser: request.PosixUser,
    RootDirectory: request.RootDirectory ?? { Path: '/' },
    OwnerId: setup.accountId,
    LifeCycleState: 'available' as const,
  }
  efs.accessPoints.push(made)
  return made
}
