import {
  CreateLaunchTemplateVersionCommand,
  DescribeLaunchTemplateVersionsCommand,
  type LaunchTemplateVersion,
  type RequestLaunchTemplateData,
} from '@aws-sdk/client-ec2'
import { UpdateAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling'
import { expect, test } from 'vitest'
import { releaseTags } from '../../src/lib/rollout/release-tags.js'
import { digestsOf, groupName, startFleet, type Fleet } from './support/fleet.js'

/** A version with everything in it that teams put there, and in which nothing may be lost. */
const rich = (fleet: Fleet): RequestLaunchTemplateData => ({
  UserData: Buffer.from(
    `#!/bin/bash\n# caf\u00e9 \ud83d\ude80\nexport A='$B "c"'\ndocker run ${fleet.cloud.registryHost}/rampart-backend:latest\n` +
      `docker run ${fleet.cloud.registryHost}/rampart-frontend@sha256:${'0'.repeat(64)}\n`,
  ).toString('base64'),
  EbsOptimized: true,
  KeyName: 'operators',
  BlockDeviceMappings: [
    {
      DeviceName: '/dev/xvda',
      Ebs: {
        VolumeSize: 80,
        VolumeType: 'gp3',
        Iops: 6000,
        Throughput: 500,
        Encrypted: true,
        DeleteOnTermination: true,
      },
    },
    { DeviceName: '/dev/xvdb', VirtualName: 'ephemeral0' },
  ],
  NetworkInterfaces: [
    {
      DeviceIndex: 0,
      AssociatePublicIpAddress: false,
      Groups: ['sg-0123456789abcdef0', 'sg-0123456789abcdef1'],
      DeleteOnTermination: true,
    },
  ],
  IamInstanceProfile: { Arn: 'arn:aws:iam::123456789012:instance-profile/backend' },
  MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 2, InstanceMetadataTags: 'enabled' },
  Monitoring: { Enabled: true },
  Placement: { Tenancy: 'default', GroupName: 'spread' },
  CreditSpecification: { CpuCredits: 'unlimited' },
  CapacityReservationSpecification: { CapacityReservationPreference: 'open' },
  TagSpecifications: [
    {
      ResourceType: 'instance',
      Tags: [
        { Key: 'Name', Value: 'backend' },
        { Key: 'Team', Value: 'risk & models' },
      ],
    },
    {
      ResourceType: 'volume',
      Tags: [
        { Key: 'Name', Value: 'backend' },
        { Key: 'Backup', Value: 'daily' },
      ],
    },
    { ResourceType: 'network-interface', Tags: [{ Key: 'Name', Value: 'backend' }] },
  ],
})

async function versionOf(fleet: Fleet, number: string): Promise<LaunchTemplateVersion> {
  const answer = await fleet.console.ec2.send(
    new DescribeLaunchTemplateVersionsCommand({
      LaunchTemplateId: fleet.cloud.world.state.group.template.id,
      Versions: [number],
    }),
  )
  const [found] = answer.LaunchTemplateVersions ?? []
  if (found === undefined) throw new Error(`no version ${number}`)
  return found
}

async function adopt(fleet: Fleet, data: RequestLaunchTemplateData): Promise<string> {
  const { id } = fleet.cloud.world.state.group.template
  const { LaunchTemplateVersion: made } = await fleet.console.ec2.send(
    new CreateLaunchTemplateVersionCommand({ LaunchTemplateId: id, SourceVersion: '7', LaunchTemplateData: data }),
  )
  const version = String(made?.VersionNumber)
  await fleet.console.autoScaling.send(
    new UpdateAutoScalingGroupCommand({
      AutoScalingGroupName: groupName,
      LaunchTemplate: { LaunchTemplateId: id, Version: version },
    }),
  )
  return version
}

const decode = (data: LaunchTemplateVersion): string =>
  Buffer.from(data.LaunchTemplateData?.UserData ?? '', 'base64').toString('utf8')

test('all of the source version survives, on the wire, but the references and our own tags', async () => {
  const fleet = await startFleet()
  const source = await versionOf(fleet, await adopt(fleet, rich(fleet)))
  const release = fleet.release('next')
  const { number } = await fleet.driver().record(release)
  const made = await versionOf(fleet, number)

  const { UserData: _before, TagSpecifications: tagsBefore = [], ...before } = source.LaunchTemplateData ?? {}
  const { UserData: _after, TagSpecifications: tagsAfter = [], ...after } = made.LaunchTemplateData ?? {}
  expect(after).toEqual(before)
  expect(Object.keys(after).length).toBeGreaterThan(10)

  const ours = new Set<string | undefined>(Object.values(releaseTags))
  const sorted = (specifications: typeof tagsBefore) =>
    specifications
      .map((one) => ({ ...one, Tags: one.Tags?.filter(({ Key }) => !ours.has(Key)) }))
      .sort((a, b) => String(a.ResourceType).localeCompare(String(b.ResourceType)))
  expect(sorted(tagsAfter)).toEqual(sorted(tagsBefore))
  const instance = tagsAfter.find(({ ResourceType }) => ResourceType === 'instance')?.Tags ?? []
  expect(Object.fromEntries(instance.map(({ Key, Value }) => [Key, Value]))).toMatchObject({
    'rampart:release': release.id,
    'rampart:app': 'rampart-ai',
    'rampart:environment': 'production',
    'rampart:source-version': String(source.VersionNumber),
  })

  const digests = digestsOf(release)
  expect(decode(made)).toBe(
    decode(source)
      .replace('rampart-backend:latest', `rampart-backend@${digests['rampart-backend']}`)
      .replace(/rampart-frontend@sha256:0+/, `rampart-frontend@${digests['rampart-frontend']}`),
  )
  expect(made.VersionDescription).toMatch(/^rampart r-[0-9a-f]{10}: backend@[0-9a-f]{12}, frontend@[0-9a-f]{12}$/)
  expect(made.DefaultVersion).toBe(false)
})

test('the same record twice is the same version; for another environment it is another', async () => {
  const fleet = await startFleet()
  const release = fleet.release('next')
  const [one, two] = await Promise.all([fleet.driver().record(release), fleet.driver().record(release)])
  expect(one).toEqual(two)
  const staging = { ...release, environment: 'staging' }
  expect((await fleet.driver().find(staging))?.number).toBeUndefined()
  expect((await fleet.driver().record(staging)).number).toBe('9')
})

test('a version that somebody edited by hand is not taken for the release', async () => {
  const fleet = await startFleet()
  const release = fleet.release('next')
  const { number, name } = await fleet.driver().record(release)
  const made = await versionOf(fleet, number)
  // Keeps our tags, as a copy in the console does, and starts something else.
  await fleet.console.ec2.send(
    new CreateLaunchTemplateVersionCommand({
      LaunchTemplateId: name,
      SourceVersion: number,
      LaunchTemplateData: {
        UserData: Buffer.from(decode(made).replace(/@sha256:\w+/, ':debug')).toString('base64'),
      },
    }),
  )
  expect((await fleet.driver().find(release))?.number).toBe(number)
})
