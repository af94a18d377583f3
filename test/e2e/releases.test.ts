import { execFileSync } from 'node:child_process'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { DeleteParameterCommand, GetParametersByPathCommand, SSMClient } from '@aws-sdk/client-ssm'
import { CreateLaunchTemplateVersionCommand, EC2Client } from '@aws-sdk/client-ec2'
import { UpdateAutoScalingGroupCommand, AutoScalingClient } from '@aws-sdk/client-auto-scaling'
import { expect, onTestFinished, test } from 'vitest'
import type { ReleaseRow } from '../../src/lib/domain/release-row.js'
import { runCli, startCli } from '../support/cli.js'
import { temporaryDirectory } from '../support/project.js'
import { exampleGroup, startCloud, startHeldCloud, type Cloud } from '../support/rehearsal.js'

interface Listed {
  readonly releases: readonly ReleaseRow[]
  readonly serving: { readonly release: string | null }
}

const settings = (cloud: Cloud) => {
  const env = cloud.client()
  return {
    endpoint: env['AWS_ENDPOINT_URL'] ?? '',
    region: env['AWS_REGION'] ?? '',
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'not-a-secret' },
  }
}

async function list(cloud: Cloud, config: string): Promise<Listed> {
  const { code, stdout, stderr } = await runCli(['releases', '-c', config, '--json'], { env: cloud.client() })
  expect([code, stderr]).toEqual([0, ''])
  return JSON.parse(stdout) as Listed
}

/** Deploys, and fails with what it said when it ends otherwise. */
async function deploy(cloud: Cloud, expected = 0): Promise<void> {
  const { code, stderr } = await runCli(['deploy', '-c', cloud.project.config], { env: cloud.client() })
  expect({ code, stderr: code === expected ? '' : stderr }).toEqual({ code: expected, stderr: '' })
}

/** A git repository around the example, as people have one. */
function commit(cloud: Cloud, subject: string): void {
  const git = (...words: readonly string[]): void => {
    const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'commit.gpgsign=false']
    execFileSync('git', [...identity, ...words], { cwd: cloud.project.directory, stdio: 'ignore' })
  }
  git('init', '-q')
  git('add', '-A')
  git('commit', '-q', '-m', subject)
}

test('the list is the same from an empty HOME and another checkout: what, by whom, how it went, what serves', async () => {
  const cloud = await startCloud({ speed: 1200 })
  commit(cloud, 'Serve the policy model\u001b[31m')
  await deploy(cloud)
  await cloud.project.edit('backend/app/main.py', /^/, '# the next change\n')
  commit(cloud, 'Answer faster')
  await deploy(cloud)
  const elsewhere = await temporaryDirectory('checkout')
  await cp(cloud.project.directory, elsewhere, { recursive: true, filter: (path) => !path.includes('/.git') })
  const { releases } = await list(cloud, join(elsewhere, 'rampart.yml'))
  expect(releases).toEqual((await list(cloud, cloud.project.config)).releases)
  expect(releases).toMatchObject([
    { number: 2, kind: 'deploy', outcome: 'done', serving: true, source: { subject: 'Answer faster', dirty: false } },
    { number: 1, kind: 'deploy', outcome: 'done', serving: false, proof: { proved: 4, total: 4 } },
  ])
  const [newest] = releases
  expect(newest).toMatchObject({
    outcomeBy: 'run',
    revision: { number: '9' },
    images: [
      { service: 'backend', digest: expect.stringMatching(/^sha256:/) },
      { service: 'frontend', digest: expect.stringMatching(/^sha256:/) },
    ],
    bases: {
      backend: {
        digest: expect.stringMatching(/^sha256:/),
        models: expect.arrayContaining([expect.stringMatching(/^protectai\/deberta\S+@[0-9a-f]{40}$/)]),
      },
    },
    by: 'arn:aws:iam::123456789012:user/rehearsal',
    rollout: expect.stringMatching(/^[0-9a-f-]{36}$/),
  })
  expect(newest?.phases.map(({ phase }) => phase)).toEqual([
    'preflight',
    'build',
    'push',
    'release',
    'rollout',
    'proof',
    'verify',
  ])
  const { stdout } = await runCli(['releases', '-c', cloud.project.config, '--limit', '1'], { env: cloud.client() })
  expect(stdout).toMatch(/✓ #2 {2}r-\w{10} {2}serves now/)
  expect(stdout).not.toContain('#1')
  const all = await runCli(['releases', '-c', cloud.project.config], { env: cloud.client() })
  expect(all.stdout).not.toContain('\u001b')
  expect(all.stdout).toContain('Serve the policy model')
})

test('a run that was lost: the platform says how it went on, and the next deploy of it ends its record', async () => {
  const cloud = await startHeldCloud({ speed: 600 })
  const first = startCli(['deploy', '-c', cloud.project.config, '--progress', 'plain'], { env: cloud.client() })
  await first.waitFor('InProgress')
  first.process.kill('SIGKILL')
  await first.finished
  expect((await list(cloud, cloud.project.config)).releases).toMatchObject([
    { number: 1, outcome: 'running', outcomeBy: 'platform', proof: null, serving: false },
  ])
  cloud.resume()
  await deploy(cloud)
  const { releases } = await list(cloud, cloud.project.config)
  expect(releases).toMatchObject([
    { number: 1, outcome: 'done', outcomeBy: 'run', proof: { proved: 4, total: 4 }, serving: true },
  ])
})

test('one that failed is listed as such, and what served before is what serves now', async () => {
  const cloud = await startCloud({ speed: 1200, scenario: 'bad-image' })
  await deploy(cloud, 4)
  const { releases, serving } = await list(cloud, cloud.project.config)
  expect(releases).toMatchObject([{ number: 1, outcome: 'rolledBack', serving: false }])
  expect(serving.release).toBeNull()
})

test('what is older than the ledger is known by the template versions that rampart made', async () => {
  const cloud = await startCloud({ speed: 1200 })
  await deploy(cloud)
  const before = (await list(cloud, cloud.project.config)).releases[0]
  const client = new SSMClient(settings(cloud))
  onTestFinished(() => client.destroy())
  const path = '/rampart/rampart-ai/production/releases'
  const { Parameters: records = [] } = await client.send(new GetParametersByPathCommand({ Path: path }))
  for (const { Name } of records) await client.send(new DeleteParameterCommand({ Name }))
  const { releases } = await list(cloud, cloud.project.config)
  expect(releases).toMatchObject([
    { number: null, release: before?.release, outcome: 'recorded', serving: true, revision: before?.revision },
  ])
  expect(releases[0]?.images.map(({ digest }) => digest)).toEqual(before?.images.map(({ digest }) => digest))
})

test('the difference of two releases: images, fields of the template, and no secret', async () => {
  const cloud = await startCloud({ speed: 1200 })
  await deploy(cloud)
  const { template } = cloud.rehearsal.world.state.group
  const version = cloud.rehearsal.world.state.templates[0]?.versions.find(
    ({ number }) => number === Number(template.version),
  )
  const text = Buffer.from(version?.data.UserData ?? '', 'base64').toString('utf8')
  const userData = `${text}\nexport DB_PASSWORD=hunter2swordfish\ndocker login -u app -p correcthorse registry\nexport LOG_LEVEL=debug\n`
  const ec2 = new EC2Client(settings(cloud))
  const autoScaling = new AutoScalingClient(settings(cloud))
  onTestFinished(() => {
    ec2.destroy()
    autoScaling.destroy()
  })
  const made = await ec2.send(
    new CreateLaunchTemplateVersionCommand({
      LaunchTemplateId: template.id,
      SourceVersion: template.version,
      LaunchTemplateData: { InstanceType: 't3.2xlarge', UserData: Buffer.from(userData).toString('base64') },
    }),
  )
  await autoScaling.send(
    new UpdateAutoScalingGroupCommand({
      AutoScalingGroupName: exampleGroup,
      LaunchTemplate: {
        LaunchTemplateId: template.id,
        Version: String(made.LaunchTemplateVersion?.VersionNumber),
      },
    }),
  )
  await cloud.project.edit('backend/app/main.py', /^/, '# the next change\n')
  await deploy(cloud)
  const diff = async (...more: readonly string[]): Promise<string> => {
    const run = await runCli(['releases', 'diff', '1', '2', '-c', cloud.project.config, ...more], {
      env: cloud.client(),
    })
    expect([run.code, run.stderr]).toEqual([0, ''])
    return run.stdout
  }
  const json = await diff('--json')
  expect(JSON.parse(json)).toMatchObject({
    v: 1,
    from: { number: 1 },
    to: { number: 2 },
    images: [{ path: 'rampart-backend', masked: false }],
    bases: [],
    models: [],
    configuration: expect.arrayContaining([
      { path: 'InstanceType', from: version?.data.InstanceType, to: 't3.2xlarge', masked: false },
      { path: 'UserData', from: null, to: 'export DB_PASSWORD=***', masked: true },
      { path: 'UserData', from: null, to: '*** docker login ***', masked: true },
      { path: 'UserData', from: null, to: 'export LOG_LEVEL=debug', masked: false },
    ]),
  })
  const words = await diff()
  expect(words).toContain('+ export LOG_LEVEL=debug')
  for (const secret of ['hunter2swordfish', 'correcthorse']) expect(json + words).not.toContain(secret)
  const unknown = await runCli(['releases', 'diff', '1', '77', '-c', cloud.project.config], { env: cloud.client() })
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('There is no release 77')])
})
