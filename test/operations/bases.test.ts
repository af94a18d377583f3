import { DescribeRepositoriesCommand, ECRClient, GetLifecyclePolicyCommand } from '@aws-sdk/client-ecr'
import { expect, test } from 'vitest'
import { runCli } from '../support/cli.js'
import { ageBase, changesOf, startCloud } from '../support/rehearsal.js'

interface Result {
  readonly outcome: string
  readonly failedChecks: readonly { readonly name: string; readonly detail: string; readonly remedy: string | null }[]
}

test('deploy refuses a base that was built from other sources or is too old, unless it is allowed', async () => {
  const cloud = await startCloud({ speed: 3600 })
  await cloud.project.edit('backend/requirements.txt', /$/, '\nnumpy==2.3.4\n')
  const args = ['-c', cloud.project.config, '--json']
  const refused = await runCli(['deploy', ...args], { env: cloud.client() })
  const { outcome, failedChecks } = JSON.parse(refused.stdout) as Result
  expect([refused.code, outcome]).toEqual([3, 'preflight'])
  expect(failedChecks).toEqual([
    {
      name: 'base of backend',
      detail: expect.stringContaining('was built from other sources than these'),
      remedy: 'rampart base build --service backend',
    },
  ])
  expect(changesOf(cloud)).toEqual([])
  const allowed = await runCli(['deploy', ...args, '--allow-stale-base'], { env: cloud.client() })
  expect([allowed.code, (JSON.parse(allowed.stdout) as Result).outcome]).toEqual([0, 'done'])

  await ageBase(cloud)
  const old = await runCli(['deploy', ...args], { env: cloud.client() })
  expect(old.code).toBe(3)
  expect((JSON.parse(old.stdout) as Result).failedChecks).toEqual([
    {
      name: 'base of backend',
      detail: expect.stringContaining('is older than the maxAge of its configuration allows'),
      remedy: 'rampart base build --service backend',
    },
  ])
})

test('base status tells what changed, and which releases stand on it, also those that serve no more', async () => {
  const cloud = await startCloud({ speed: 3600 })
  const releases: string[] = []
  for (const text of ['# one\n', '# another\n']) {
    await cloud.project.edit('backend/app/main.py', /$/, text)
    const { code, stdout } = await runCli(['deploy', '-c', cloud.project.config, '--json'], { env: cloud.client() })
    expect(code).toBe(0)
    releases.push((JSON.parse(stdout) as { release: string }).release)
  }
  const status = async (...args: string[]) =>
    runCli(['base', 'status', '-c', cloud.project.config, ...args], { env: cloud.client() })
  const fresh = await status('--json', '--check')
  expect(fresh.code).toBe(0)
  expect(JSON.parse(fresh.stdout)).toMatchObject({
    v: 1,
    simulated: true,
    bases: [
      {
        service: 'backend',
        state: 'fresh',
        usedBy: expect.arrayContaining(
          releases.map((release) => ({ name: `release ${release}`, digest: expect.any(String) })),
        ),
      },
      { service: 'frontend', state: 'fresh' },
    ],
  })
  await cloud.project.edit('backend/requirements.txt', /$/, '\nnumpy==2.3.4\n')
  const stale = await status('--check', '--service', 'backend')
  expect(stale.code).toBe(3)
  expect(stale.stdout).toContain('SIMULATED')
  expect(stale.stdout).toContain('file requirements.txt changed')
  expect(stale.stdout).toMatch(/^✗ stale: it was built from other sources than these$/m)
})

test('a repository that is missing is made when somebody agrees, and else named with the command', async () => {
  const cloud = await startCloud()
  await cloud.project.edit('rampart.yml', 'repository: rampart-backend-base', 'repository: brand-new-base')
  const env = cloud.client({ DOCKER_HOST: 'unix:///nowhere/docker.sock' })
  const args = ['base', 'build', '-c', cloud.project.config, '--service', 'backend']
  const refused = await runCli(args, { env })
  expect(refused.code).toBe(3)
  expect(refused.stderr).toContain('ECR has no repository brand-new-base; nothing was changed.')
  expect(refused.stderr).toContain('rampart base build --yes')
  expect(changesOf(cloud)).toEqual([])
  // There is no engine to go on with; the repository comes before.
  expect((await runCli([...args, '--yes'], { env })).code).toBe(7)
  const ecr = new ECRClient({
    endpoint: env['AWS_ENDPOINT_URL'] ?? '',
    region: env['AWS_REGION'] ?? '',
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'not-a-secret' },
  })
  const { repositories } = await ecr.send(new DescribeRepositoriesCommand({ repositoryNames: ['brand-new-base'] }))
  expect(repositories?.[0]).toMatchObject({
    imageScanningConfiguration: { scanOnPush: true },
    encryptionConfiguration: { encryptionType: 'AES256' },
    imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
    imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD', filter: 'latest' }],
  })
  const { lifecyclePolicyText } = await ecr.send(new GetLifecyclePolicyCommand({ repositoryName: 'brand-new-base' }))
  expect(JSON.parse(lifecyclePolicyText ?? '')).toMatchObject({
    rules: [
      { selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: 50 }, action: { type: 'expire' } },
    ],
  })
})
