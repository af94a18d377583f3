import { ECR } from '@aws-sdk/client-ecr'
import { SSM } from '@aws-sdk/client-ssm'
import { expect, onTestFinished, test } from 'vitest'
import type { Digest } from '../../src/lib/domain/digest.js'
import { formatClock } from '../../src/lib/system/clock.js'
import { runCli, startCli, type Finished } from '../support/cli.js'
import { changesOf, startCloud, startHeldCloud, type Cloud } from '../support/rehearsal.js'

const day = 86_400_000

interface Listed {
  readonly images: number
  readonly bytes: number
  readonly repositories: readonly {
    readonly repository: string
    readonly images: readonly { readonly digest: string }[]
  }[]
  readonly reclaimed: { readonly images: number; readonly bytes: number; readonly keptBack: readonly unknown[] } | null
}

/** By a clock that is days ahead, so that nothing of today is too young any more. */
const reclaim = (cloud: Cloud, ...flags: readonly string[]): Promise<Finished> =>
  runCli(['plan', '-c', cloud.project.config, '--reclaim', ...flags], {
    env: cloud.client({ RAMPART_CLOCK: formatClock(1200, Date.now() - 600_000) }),
  })

async function listed(cloud: Cloud, ...flags: readonly string[]): Promise<Listed> {
  const { code, stdout, stderr } = await reclaim(cloud, '--json', ...flags)
  expect({ code, stderr, stdout: code === 0 ? '' : stdout }).toEqual({ code: 0, stderr: '', stdout: '' })
  return JSON.parse(stdout) as Listed
}

/** An image without a tag, of two layers that no other has. */
function orphan(cloud: Cloud, name: string, pushedAt: number): Digest {
  return cloud.rehearsal.registry.storeImage({
    repository: 'rampart-backend',
    layers: [1, 2].map((layer) => ({ phantom: { name: `${name} ${layer}`, size: 100_000_000 }, createdBy: 'test' })),
    labels: {},
    config: {},
    created: pushedAt,
    pushedAt,
  }).digest
}

function ecrOf(cloud: Cloud): ECR {
  const env = cloud.client()
  const client = new ECR({
    endpoint: env['AWS_ENDPOINT_URL'] ?? '',
    region: env['AWS_REGION'] ?? '',
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'not-a-secret' },
  })
  onTestFinished(() => client.destroy())
  return client
}

async function digestsOf(cloud: Cloud): Promise<readonly (string | undefined)[]> {
  const { imageDetails = [] } = await ecrOf(cloud).describeImages({ repositoryName: 'rampart-backend' })
  return imageDetails.map(({ imageDigest }) => imageDigest)
}

async function deploy(cloud: Cloud): Promise<void> {
  const { code, stderr } = await runCli(['deploy', '-c', cloud.project.config], { env: cloud.client() })
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
}

test('what no release needs is listed and, when asked to, deleted; releases stay, and can be gone back to', async () => {
  const cloud = await startCloud()
  await deploy(cloud)
  await cloud.project.edit('backend/app/main.py', /^/, '# the next change\n')
  // Each deploy takes the tag `latest` from the one before, which then has none.
  await deploy(cloud)
  const released = await digestsOf(cloud)
  expect((await listed(cloud)).images).toBe(0)

  const lost = orphan(cloud, 'lost', Date.now() - 3 * day)
  const changes = changesOf(cloud).length
  const found = await listed(cloud)
  expect(found).toMatchObject({
    images: 1,
    repositories: [{ repository: 'rampart-backend', images: [{ digest: lost }] }],
    reclaimed: null,
  })
  expect(found.bytes).toBeGreaterThan(200_000_000)
  const text = await reclaim(cloud)
  expect(text.stdout).toContain('1 image that no release needs, 200 MB')
  expect(text.stdout).toContain('--reclaim --yes')
  expect(changesOf(cloud)).toHaveLength(changes)

  const { reclaimed } = await listed(cloud, '--yes')
  expect(reclaimed).toMatchObject({ images: 1, keptBack: [] })
  expect(reclaimed?.bytes).toBe(found.bytes)
  expect(new Set(await digestsOf(cloud))).toEqual(new Set(released))
  expect(cloud.calls.filter((call) => call === 'ecr:BatchDeleteImage')).toHaveLength(1)
  const back = await runCli(['rollback', '-c', cloud.project.config, '--yes'], { env: cloud.client() })
  expect(back.code).toBe(0)
}, 120_000)

test('a young image may be of a deploy that is not recorded yet: it stays', async () => {
  const cloud = await startCloud()
  const young = orphan(cloud, 'young', Date.now() + 20 * day)
  const old = orphan(cloud, 'old', Date.now() - 3 * day)
  const { repositories, reclaimed } = await listed(cloud, '--yes')
  expect(repositories.flatMap(({ images }) => images.map(({ digest }) => digest))).toEqual([old])
  expect(reclaimed?.images).toBe(1)
  expect(await digestsOf(cloud)).toContain(young)
})

const staging = (target: string): string =>
  `environments:\n  staging:\n    region: us-west-2\n    target: { kind: asg, group: ${target} }\n`

/** A second environment on the same registry, which is not there yet. */
async function addStaging(cloud: Cloud, target: string): Promise<void> {
  const { project } = cloud
  await project.edit('rampart.yml', /environments:\n/, staging(target))
  await project.edit('rampart.yml', /production:\n/, 'production:\n    default: true\n')
}

test('what a release of another environment needs stays, too', async () => {
  const cloud = await startCloud()
  await addStaging(cloud, 'rampart-staging-asg')
  const [theirs, nobodys] = [
    orphan(cloud, 'theirs', Date.now() - 3 * day),
    orphan(cloud, 'nobodys', Date.now() - 3 * day),
  ]
  const env = cloud.client()
  const ssm = new SSM({
    endpoint: env['AWS_ENDPOINT_URL'] ?? '',
    region: env['AWS_REGION'] ?? '',
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'not-a-secret' },
  })
  onTestFinished(() => ssm.destroy())
  const images = [{ service: 'backend', repository: `${cloud.rehearsal.registryHost}/rampart-backend`, digest: theirs }]
  await ssm.putParameter({
    Name: '/rampart/rampart-ai/staging/releases/00000001',
    Type: 'String',
    Value: JSON.stringify({
      v: 1,
      kind: 'deploy',
      release: { id: 'r-0123456789', app: 'rampart-ai', environment: 'staging', images },
      revision: { name: 'lt-1', number: '2' },
      from: { name: 'lt-1', number: '1' },
      by: 'somebody',
      host: 'a machine',
      startedAt: new Date().toISOString(),
    }),
  })
  const { repositories } = await listed(cloud, '--yes')
  expect(repositories.flatMap((one) => one.images.map(({ digest }) => digest))).toEqual([nobodys])
  expect(await digestsOf(cloud)).toContain(theirs)
})

test('an environment that can not be asked may need anything: then nothing is deleted', async () => {
  const cloud = await startCloud()
  orphan(cloud, 'old', Date.now() - 3 * day)
  await addStaging(cloud, '"${STAGING_GROUP}"')
  const { code, stderr } = await reclaim(cloud, '--yes')
  expect([code, stderr]).toEqual([2, expect.stringContaining('STAGING_GROUP')])
  expect(cloud.calls).not.toContain('ecr:BatchDeleteImage')
})

test('while a rollout is under way nothing is deleted', async () => {
  const cloud = await startHeldCloud({ speed: 600 })
  const lost = orphan(cloud, 'lost', Date.now() - 3 * day)
  const first = startCli(['deploy', '-c', cloud.project.config, '--progress', 'plain'], { env: cloud.client() })
  await first.waitFor('InProgress')
  const { code, stderr } = await reclaim(cloud, '--yes')
  expect([code, stderr]).toEqual([6, expect.stringContaining('Nothing was deleted.')])
  expect(await digestsOf(cloud)).toContain(lost)
  first.process.kill('SIGKILL')
  await first.finished
})
