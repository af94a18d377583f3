import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { DescribeSecurityGroupsCommand, DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2'
import {
  CreateAccessPointCommand,
  CreateFileSystemCommand,
  CreateMountTargetCommand,
  DeleteFileSystemCommand,
  DeleteMountTargetCommand,
  DescribeAccessPointsCommand,
  DescribeFileSystemPolicyCommand,
  DescribeFileSystemsCommand,
  DescribeLifecycleConfigurationCommand,
  DescribeMountTargetsCommand,
  DescribeMountTargetSecurityGroupsCommand,
  EFSClient,
  ListTagsForResourceCommand,
  PutFileSystemPolicyCommand,
  PutLifecycleConfigurationCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateFileSystemCommand,
} from '@aws-sdk/client-efs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startRehearsal } from '../../../src/lib/rehearsal/cloud.js'
import { cleanEnvironment } from '../../support/cli.js'
import { startMoto } from '../../support/moto.js'
import { requires } from '../../support/requires.js'
import { setupOf, start } from '../world/support.js'

const execute = promisify(execFile)

const clientOf = (endpoint: string): EFSClient => {
  const client = new EFSClient({
    endpoint,
    region: 'us-west-2',
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'not-a-secret' },
    maxAttempts: 1,
  })
  onTestFinished(() => client.destroy())
  return client
}

async function cloud() {
  let now = start
  const rehearsal = await startRehearsal({ setup: setupOf(), scenario: 'healthy', now: () => now })
  onTestFinished(() => rehearsal.close())
  return { rehearsal, client: clientOf(rehearsal.url), wait: (milliseconds: number) => (now += milliseconds) }
}

const Tags = [{ Key: 'Name', Value: 'shop-models' }]

/** A file system with everything that a model cache has. */
async function modelCache(
  client: EFSClient,
  wait: () => void,
  subnets = ['subnet-1', 'subnet-2'],
  group = 'sg-0123456789abcdef0',
) {
  const made = await client.send(
    new CreateFileSystemCommand({ CreationToken: 'one', Encrypted: true, ThroughputMode: 'elastic', Tags }),
  )
  wait()
  const FileSystemId = made.FileSystemId ?? ''
  for (const SubnetId of subnets) {
    await client.send(new CreateMountTargetCommand({ FileSystemId, SubnetId, SecurityGroups: [group] }))
  }
  const point = await client.send(
    new CreateAccessPointCommand({
      ClientToken: 'two',
      FileSystemId,
      PosixUser: { Uid: 1000, Gid: 1000 },
      RootDirectory: { Path: '/models', CreationInfo: { OwnerUid: 1000, OwnerGid: 1000, Permissions: '0755' } },
    }),
  )
  return { made, FileSystemId, point }
}

const refusal = async (sent: Promise<unknown>): Promise<unknown> =>
  sent.then(
    () => 'taken',
    (error: { name: string; ErrorCode?: string; $metadata: { httpStatusCode?: number } }) =>
      `${error.name} ${error.ErrorCode} ${error.$metadata.httpStatusCode}`,
  )

describe('a file system', () => {
  test('is created, then available; its mount targets take longer', async () => {
    const { client, wait } = await cloud()
    const { made, FileSystemId } = await modelCache(client, () => wait(5_000))
    expect(made).toMatchObject({
      LifeCycleState: 'creating',
      Encrypted: true,
      ThroughputMode: 'elastic',
      Name: 'shop-models',
    })
    const mounts = async () =>
      (await client.send(new DescribeMountTargetsCommand({ FileSystemId }))).MountTargets?.map(
        ({ SubnetId, AvailabilityZoneName, LifeCycleState }) => [SubnetId, AvailabilityZoneName, LifeCycleState],
      )
    expect(await mounts()).toEqual([
      ['subnet-1', 'us-west-2a', 'creating'],
      ['subnet-2', 'us-west-2b', 'creating'],
    ])
    wait(60_000)
    expect((await mounts())?.map((one) => one[2])).toEqual(['available', 'available'])
    const { FileSystems = [] } = await client.send(new DescribeFileSystemsCommand({ FileSystemId }))
    expect(FileSystems).toMatchObject([
      { FileSystemId, LifeCycleState: 'available', NumberOfMountTargets: 2, SizeInBytes: { Value: 6144 } },
    ])
    const { AccessPoints = [] } = await client.send(new DescribeAccessPointsCommand({ FileSystemId }))
    expect(AccessPoints).toMatchObject([{ PosixUser: { Uid: 1000 }, RootDirectory: { Path: '/models' } }])
  })

  test('refuses as EFS does', async () => {
    const { client, wait } = await cloud()
    const { FileSystemId, point } = await modelCache(client, () => wait(5_000))
    const twice = new CreateFileSystemCommand({ CreationToken: 'one' })
    expect(await refusal(client.send(twice))).toBe('FileSystemAlreadyExists FileSystemAlreadyExists 409')
    const other = { FileSystemId, SubnetId: 'subnet-1' }
    expect(await refusal(client.send(new CreateMountTargetCommand(other)))).toBe(
      'MountTargetConflict MountTargetConflict 409',
    )
    const unknown = { FileSystemId: 'fs-00000000' }
    expect(await refusal(client.send(new DescribeFileSystemsCommand(unknown)))).toBe(
      'FileSystemNotFound FileSystemNotFound 404',
    )
    expect(await refusal(client.send(new DescribeFileSystemPolicyCommand({ FileSystemId })))).toBe(
      'PolicyNotFound PolicyNotFound 404',
    )
    expect(await refusal(client.send(new DescribeMountTargetsCommand({})))).toBe('BadRequest BadRequest 400')
    expect(await refusal(client.send(new DeleteFileSystemCommand({ FileSystemId })))).toBe(
      'FileSystemInUse FileSystemInUse 409',
    )
    const update = (ThroughputMode: 'bursting' | 'elastic' | 'provisioned') =>
      refusal(client.send(new UpdateFileSystemCommand({ FileSystemId, ThroughputMode })))
    expect(await update('provisioned')).toBe('BadRequest BadRequest 400')
    expect(await update('bursting')).toBe('taken')
    expect(await update('elastic')).toBe('TooManyRequests TooManyRequests 429')
    wait(86_400_000)
    expect(await update('elastic')).toBe('taken')
    expect(point.AccessPointId).toMatch(/^fsap-[0-9a-f]{17}$/)
  })

  test('keeps its policy, life cycle and tags', async () => {
    const { client, wait } = await cloud()
    const { FileSystemId } = await modelCache(client, () => wait(5_000))
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [] })
    await client.send(new PutFileSystemPolicyCommand({ FileSystemId, Policy }))
    expect(await client.send(new DescribeFileSystemPolicyCommand({ FileSystemId }))).toMatchObject({ Policy })
    const LifecyclePolicies = [{ TransitionToIA: 'AFTER_30_DAYS' as const }]
    await client.send(new PutLifecycleConfigurationCommand({ FileSystemId, LifecyclePolicies }))
    expect(await client.send(new DescribeLifecycleConfigurationCommand({ FileSystemId }))).toMatchObject({
      LifecyclePolicies,
    })
    const more = [{ Key: 'a b/c', Value: 'd' }]
    await client.send(new TagResourceCommand({ ResourceId: FileSystemId, Tags: more }))
    await client.send(new UntagResourceCommand({ ResourceId: FileSystemId, TagKeys: ['Name'] }))
    expect(await client.send(new ListTagsForResourceCommand({ ResourceId: FileSystemId }))).toMatchObject({
      Tags: more,
    })
    const { MountTargets = [] } = await client.send(new DescribeMountTargetsCommand({ FileSystemId }))
    for (const { MountTargetId } of MountTargets) {
      const groups = await client.send(new DescribeMountTargetSecurityGroupsCommand({ MountTargetId }))
      expect(groups.SecurityGroups).toEqual(['sg-0123456789abcdef0'])
      await client.send(new DeleteMountTargetCommand({ MountTargetId }))
    }
    await client.send(new DeleteFileSystemCommand({ FileSystemId }))
    expect((await client.send(new DescribeFileSystemsCommand({}))).FileSystems).toEqual([])
  })

  test('is listed page by page', async () => {
    const { client } = await cloud()
    for (const CreationToken of ['a', 'b', 'c']) await client.send(new CreateFileSystemCommand({ CreationToken }))
    const first = await client.send(new DescribeFileSystemsCommand({ MaxItems: 2 }))
    const rest = await client.send(new DescribeFileSystemsCommand({ MaxItems: 2, Marker: first.NextMarker }))
    expect([...(first.FileSystems ?? []), ...(rest.FileSystems ?? [])].map((one) => one.CreationToken)).toEqual([
      'a',
      'b',
      'c',
    ])
    expect(rest.NextMarker).toBeUndefined()
  })
})

requires('aws').describe('a file system of the AWS command line', () => {
  test('is made, tagged and described', async () => {
    const { rehearsal, wait } = await cloud()
    const env = cleanEnvironment(rehearsal.environment)
    const aws = async (...args: readonly string[]): Promise<Record<string, unknown>> => {
      const { stdout } = await execute(
        '/usr/bin/aws',
        ['--endpoint-url', rehearsal.url, '--output', 'json', 'efs', ...args],
        { env },
      )
      return stdout === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>)
    }
    const made = await aws(
      'create-file-system',
      '--encrypted',
      '--throughput-mode',
      'elastic',
      '--tags',
      'Key=Name,Value=models',
    )
    wait(5_000)
    const id = String(made['FileSystemId'])
    await aws('create-mount-target', '--file-system-id', id, '--subnet-id', 'subnet-0123456789abcdef0')
    await aws('tag-resource', '--resource-id', id, '--tags', 'Key=team,Value=search')
    expect(await aws('describe-file-systems', '--file-system-id', id)).toMatchObject({
      FileSystems: [{ Name: 'models', NumberOfMountTargets: 1, Tags: [{ Key: 'Name' }, { Key: 'team' }] }],
    })
    await expect(aws('describe-file-systems', '--file-system-id', 'fs-00000000')).rejects.toThrow(/FileSystemNotFound/)
  })
})

requires('moto').describe('a file system of moto', () => {
  test('has the members that ours has', async () => {
    const moto = await startMoto()
    onTestFinished(() => moto.close())
    const [subnet, group] = await networkOf(moto.url)
    const ours = await cloud()
    const shapes = async (client: EFSClient, wait: () => void): Promise<readonly unknown[]> => {
      const { made, FileSystemId, point } = await modelCache(client, wait, [subnet], group)
      const mounts = await client.send(new DescribeMountTargetsCommand({ FileSystemId }))
      return [made, point, mounts.MountTargets?.[0]].map((one) => {
        const { $metadata: _, ...members } = { $metadata: undefined, ...one }
        return Object.entries(members).map(([name, value]) => `${name}: ${typeof value}`)
      })
    }
    const [file, point, mount] = (await shapes(ours.client, () => ours.wait(5_000))) as string[][]
    const [motoFile, motoPoint, motoMount] = (await shapes(clientOf(moto.url), () => undefined)) as string[][]
    // What moto adds is optional by the documentation: networks, which are names alone here.
    const networks = /^(?:VpcId|NetworkInterfaceId|AvailabilityZoneId|AvailabilityZoneName)/
    expect(motoFile?.filter((one) => !file?.includes(one))).toEqual([])
    expect(motoPoint?.filter((one) => !point?.includes(one))).toEqual([])
    expect(motoMount?.filter((one) => !mount?.includes(one) && !networks.test(one))).toEqual([])
  })
})

/** A subnet and a security group that moto begins with. */
async function networkOf(endpoint: string): Promise<readonly [subnet: string, group: string]> {
  const ec2 = new EC2Client({
    endpoint,
    region: 'us-west-2',
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'not-a-secret' },
  })
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}))
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({}))
  ec2.destroy()
  return [Subnets[0]?.SubnetId ?? '', SecurityGroups[0]?.GroupId ?? '']
}
