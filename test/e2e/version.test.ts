import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BatchGetImageCommand, ECRClient, PutImageCommand } from '@aws-sdk/client-ecr'
import { expect, test } from 'vitest'
import { bin, runCli, type Finished } from '../support/cli.js'
import { formatClock } from '../../src/lib/system/clock.js'
import { withOrigin, type Repository } from '../support/origin.js'
import { changesOf, exampleGroup, historyOf, startCloud, type Cloud } from '../support/rehearsal.js'
import { requires } from '../support/requires.js'

const policy = "release: { tags: ['v{version}', prod, latest] }\n    logs: { group"

async function start(): Promise<{ readonly cloud: Cloud; readonly repository: Repository }> {
  const cloud = await startCloud({ speed: 2400 })
  await cloud.project.edit('rampart.yml', 'logs: { group', policy)
  return { cloud, repository: await withOrigin(cloud.project.directory) }
}

const deploy = (cloud: Cloud, version: string, ...more: readonly string[]): Promise<Finished> =>
  runCli(['deploy', '-c', cloud.project.config, '--version', version, ...more], { env: cloud.client() })

async function withEcr<T>({ rehearsal }: Cloud, ask: (client: ECRClient) => Promise<T>): Promise<T> {
  const client = new ECRClient({
    endpoint: rehearsal.environment['AWS_ENDPOINT_URL'] ?? '',
    region: 'us-west-2',
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'not-a-secret' },
  })
  try {
    return await ask(client)
  } finally {
    client.destroy()
  }
}

/** The digest of a tag, as ECR tells anybody. */
async function digestAt(cloud: Cloud, repositoryName: string, imageTag: string): Promise<string | null> {
  const command = new BatchGetImageCommand({ repositoryName, imageIds: [{ imageTag }] })
  const { images = [] } = await withEcr(cloud, (client) => client.send(command))
  return images[0]?.imageId?.imageDigest ?? null
}

/** Gives the image of a tag another one. */
async function putTag(cloud: Cloud, repositoryName: string, from: string, imageTag: string): Promise<void> {
  await withEcr(cloud, async (client) => {
    const asked = new BatchGetImageCommand({ repositoryName, imageIds: [{ imageTag: from }] })
    const imageManifest = (await client.send(asked)).images?.[0]?.imageManifest
    await client.send(new PutImageCommand({ repositoryName, imageManifest, imageTag }))
  })
}

/** Makes all tags of the apps immutable but these. */
function keepTags({ rehearsal }: Cloud, ...exclusions: readonly string[]): void {
  for (const name of ['rampart-backend', 'rampart-frontend']) {
    const repository = rehearsal.registry.store.repositories.find(name)
    if (repository === undefined) throw new Error(`no repository ${name}`)
    repository.tagMutability = { mode: 'IMMUTABLE_WITH_EXCLUSION', exclusions }
  }
}

requires('git').describe('deploy --version', () => {
  test('a release that serves gets a name and nothing else: the same images, and no rollout', async () => {
    const { cloud, repository } = await start()
    const plain = await runCli(['deploy', '-c', cloud.project.config], { env: cloud.client() })
    expect({ code: plain.code, stderr: plain.code === 0 ? '' : plain.stderr }).toEqual({ code: 0, stderr: '' })
    const names = ['rampart-backend', 'rampart-frontend']
    const served = await Promise.all(names.map((name) => digestAt(cloud, name, 'latest')))
    const before = await historyOf(cloud.client(), exampleGroup)

    const named = await deploy(cloud, 'v2.0.0')
    expect({ code: named.code, stderr: named.code === 0 ? '' : named.stderr }).toEqual({ code: 0, stderr: '' })
    expect(named.stdout).toMatch(/Nothing to do: .* serves on 4 of 4 targets already, as v2\.0\.0/)
    for (const tag of ['v2.0.0', 'prod', 'latest']) {
      expect(await Promise.all(names.map((name) => digestAt(cloud, name, tag)))).toEqual(served)
    }
    expect(await historyOf(cloud.client(), exampleGroup)).toEqual(before)
    expect(repository.atOrigin('rev-parse', 'v2.0.0^{commit}')).toBe(repository.git('rev-parse', 'HEAD'))
    const releases = await runCli(['releases', '-c', cloud.project.config, '--json'], { env: cloud.client() })
    expect(JSON.parse(releases.stdout)).toMatchObject({ releases: [{ number: 1, source: { version: 'v2.0.0' } }] })
    const tags = await runCli(['registry', 'verify', '-c', cloud.project.config, '--json'], { env: cloud.client() })
    expect({ code: tags.code, stdout: tags.code === 0 ? '' : tags.stdout }).toEqual({ code: 0, stdout: '' })
  })

  test('a proved release gets its tags; the same command again changes nothing', async () => {
    const { cloud, repository } = await start()
    const first = await deploy(cloud, 'v2.0.0')
    expect({ code: first.code, stderr: first.code === 0 ? '' : first.stderr }).toEqual({ code: 0, stderr: '' })
    expect(first.stdout).toContain('serves on 4 of 4 targets, as v2.0.0')
    const tags = ['v2.0.0', 'prod', 'latest']
    const digests: string[] = []
    for (const name of ['rampart-backend', 'rampart-frontend']) {
      const found = await Promise.all(tags.map((tag) => digestAt(cloud, name, tag)))
      expect(new Set(found).size).toBe(1)
      digests.push(found[0] ?? '')
    }
    expect(digests).toEqual([expect.stringMatching(/^sha256:/), expect.stringMatching(/^sha256:/)])
    expect(repository.atOrigin('cat-file', '-t', 'v2.0.0')).toBe('tag')
    expect(repository.atOrigin('rev-parse', 'v2.0.0^{commit}')).toBe(repository.git('rev-parse', 'HEAD'))
    const message = repository.atOrigin('tag', '-l', '--format=%(contents)', 'v2.0.0')
    expect(message).toMatch(/^rampart-ai v2\.0\.0\n\nSimulated: .+\nRelease: r-\w{10}\nEnvironment: production\n/)
    expect(message).toContain('Proved: 4 of 4 targets\nPhases: preflight ')
    expect(message).toMatch(/rollout \d+\.\ds, proof /)
    expect(message).toContain(`  backend rampart-backend@${digests[0]}\n  frontend rampart-frontend@${digests[1]}`)
    expect(message).not.toContain(cloud.rehearsal.registryHost)

    // Uploads that were opened ahead of need are given back; nothing else is no GET or HEAD.
    const changes = (): readonly string[] =>
      changesOf(cloud).filter((change) => !/^(?:POST|DELETE) .*uploads/.test(change))
    const before = changes().length
    const again = await deploy(cloud, 'v2.0.0')
    expect({ code: again.code, stderr: again.code === 0 ? '' : again.stderr }).toEqual({ code: 0, stderr: '' })
    expect(again.stdout).toContain('Nothing to do')
    // Nor does the tag, now that there is one, make other images of the same commit.
    const plain = await runCli(['deploy', '-c', cloud.project.config], { env: cloud.client() })
    expect(plain.stdout).toContain('Nothing to do')
    expect((await historyOf(cloud.client(), exampleGroup)).refreshes).toHaveLength(1)
    expect(changes().slice(before)).toEqual([])
    const releases = await runCli(['releases', '-c', cloud.project.config, '--json'], { env: cloud.client() })
    expect(JSON.parse(releases.stdout)).toMatchObject({
      releases: [{ outcome: 'done', source: { version: 'v2.0.0', subject: 'Serve the policy model' } }],
    })
  })

  test.each<readonly [string, (repository: Repository, cloud: Cloud) => Promise<void> | void, RegExp]>([
    ['a file that is in no commit', (_, { project }) => project.write('backend/new.py', '1'), /\?\? backend\/new\.py/],
    ['an edited file elsewhere', (_, { project }) => project.edit('README.md', /^/, 'x'), /M README\.md/],
    [
      'an unpushed commit',
      ({ git }) => void git('commit', '-q', '--allow-empty', '-m', 'x'),
      /no branch of origin has/,
    ],
    ['no origin', ({ git }) => void git('remote', 'remove', 'origin'), /no remote named origin/],
    [
      'an origin that is gone',
      ({ git }) => void git('remote', 'set-url', 'origin', '/nowhere'),
      /could not ask origin/,
    ],
    [
      'a tag of another commit at origin',
      (repository) => {
        repository.git('push', '-q', 'origin', 'HEAD:refs/tags/v2.0.0')
        repository.git('commit', '-q', '--allow-empty', '-m', 'x')
        repository.git('push', '-q', 'origin', 'main')
      },
      /v2\.0\.0 is [0-9a-f]{12} at origin, not/,
    ],
    [
      'a tag of another commit here',
      (repository) => {
        repository.git('tag', 'v2.0.0')
        repository.git('commit', '-q', '--allow-empty', '-m', 'x')
        repository.git('push', '-q', 'origin', 'main')
      },
      /v2\.0\.0 is [0-9a-f]{12} here, not/,
    ],
    [
      'nobody who makes the tag',
      ({ git }) => {
        git('config', 'user.useConfigOnly', 'true')
        git('config', '--unset', 'user.email')
      },
      /could not say who/,
    ],
  ])('%s: exit 3, and nothing is done', async (_name, prepare, why) => {
    const { cloud, repository } = await start()
    await prepare(repository, cloud)
    const { code, stderr } = await deploy(cloud, 'v2.0.0')
    expect({ code, stderr: code === 3 ? '' : stderr }).toEqual({ code: 3, stderr: '' })
    expect(stderr).toMatch(why)
    expect(stderr).toContain('nothing was changed')
    expect(changesOf(cloud)).toEqual([])
  })

  test.each(['two', 'v1..2', '1.2.3+x', '-1', 'v1.0.0-a.lock'])('%s is no version: exit 2', async (version) => {
    const { cloud } = await start()
    const { code, stderr } = await runCli(['deploy', '-c', cloud.project.config, `--version=${version}`], {
      env: cloud.client(),
    })
    expect([code, stderr]).toEqual([2, expect.stringContaining('--version must be a version such as v2.0.0')])
    expect(cloud.calls).toEqual([])
  })

  test('an origin that refuses the tag: the rollout is told as it is, exit 9, and the same command completes it', async () => {
    const { cloud, repository } = await start()
    const hook = join(repository.origin, 'hooks/pre-receive')
    await writeFile(hook, '#!/bin/sh\necho "not today" >&2\nexit 1\n')
    await chmod(hook, 0o755)
    const { code, stderr } = await deploy(cloud, 'v2.0.0')
    expect(code).toBe(9)
    expect(stderr).toMatch(/serves on 4 of 4 targets, but it is not v2\.0\.0 everywhere yet/)
    expect(stderr).toContain('could not push the tag v2.0.0 to origin')
    expect(stderr).toContain('--version v2.0.0')
    expect(repository.atOrigin('tag')).toBe('')
    const releases = await runCli(['releases', '-c', cloud.project.config, '--json'], { env: cloud.client() })
    expect(JSON.parse(releases.stdout)).toMatchObject({
      releases: [{ outcome: 'done', proof: { proved: 4, total: 4 } }],
    })
    await chmod(hook, 0o644)
    const again = await deploy(cloud, 'v2.0.0')
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('Nothing to do')])
    expect(repository.atOrigin('tag')).toBe('v2.0.0')
    expect((await historyOf(cloud.client(), exampleGroup)).refreshes).toHaveLength(1)
  })

  test('a lock that is taken by force between the tag and its push: the tag stays here, and the same command pushes it', async () => {
    const { cloud, repository } = await start()
    // Git itself calls this when the tag is there, and before anybody pushes it.
    const hook = join(cloud.project.directory, '.git/hooks/reference-transaction')
    const release = [process.execPath, bin, 'lock', 'release', '--force', '--yes', '-c', cloud.project.config]
    const plain = await runCli(['deploy', '-c', cloud.project.config], { env: cloud.client() })
    expect({ code: plain.code, stderr: plain.code === 0 ? '' : plain.stderr }).toEqual({ code: 0, stderr: '' })
    const before = (await historyOf(cloud.client(), exampleGroup)).refreshes.length
    // Slow enough that nobody's lease runs out while another process starts.
    const calm = cloud.client({ RAMPART_CLOCK: formatClock(1, Date.now()) })
    const slowly = () => runCli(['deploy', '-c', cloud.project.config, '--version', 'v2.0.0'], { env: calm })
    const environment = Object.entries(calm).map(([name, value]) => `export ${name}='${value}'`)
    const body = `[ "$1" = committed ] && grep -q refs/tags/v2.0.0 || exit 0\n${release.join(' ')} >"$0.said" 2>&1\nexit 0\n`
    await writeFile(hook, ['#!/bin/sh', ...environment, body].join('\n'))
    await chmod(hook, 0o755)
    const { code, stderr } = await slowly()
    expect({ code, stderr }).toEqual({
      code: 9,
      stderr: expect.stringMatching(/not v2\.0\.0 everywhere yet[^]*lock was lost: .* took it away/),
    })
    expect([repository.git('tag'), repository.atOrigin('tag')]).toEqual(['v2.0.0', ''])
    await chmod(hook, 0o644)
    const again = await slowly()
    expect({ code: again.code, stderr: again.code === 0 ? '' : again.stderr }).toEqual({ code: 0, stderr: '' })
    expect(repository.atOrigin('tag')).toBe('v2.0.0')
    expect((await historyOf(cloud.client(), exampleGroup)).refreshes).toHaveLength(before)
  })

  test('what serves already is given a version without a rollout, in the ledger too', async () => {
    const { cloud, repository } = await start()
    await cloud.project.write('NOTES.md', 'no image has this')
    repository.commit('Write notes')
    const plain = await runCli(['deploy', '-c', cloud.project.config], { env: cloud.client() })
    expect({ code: plain.code, stderr: plain.code === 0 ? '' : plain.stderr }).toEqual({ code: 0, stderr: '' })
    const { code, stdout, stderr } = await deploy(cloud, 'v2.0.0')
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('Nothing to do')
    expect((await historyOf(cloud.client(), exampleGroup)).refreshes).toHaveLength(1)
    expect(repository.atOrigin('rev-parse', 'v2.0.0^{commit}')).toBe(repository.git('rev-parse', 'HEAD'))
    expect(await digestAt(cloud, 'rampart-backend', 'v2.0.0')).toBe(await digestAt(cloud, 'rampart-backend', 'prod'))
    const releases = await runCli(['releases', '-c', cloud.project.config, '--json'], { env: cloud.client() })
    expect(JSON.parse(releases.stdout)).toMatchObject({
      releases: [{ number: 1, outcome: 'done', source: { version: 'v2.0.0' }, proof: { proved: 4, total: 4 } }],
    })
    const lock = await runCli(['lock', 'status', '-c', cloud.project.config, '--json'], { env: cloud.client() })
    expect(JSON.parse(lock.stdout)).toMatchObject({
      holder: null,
      last: { doing: expect.stringMatching(/^naming r-\w+ v2\.0\.0$/) },
    })
  })

  test('a version that other images have is refused before anything is pushed', async () => {
    const { cloud } = await start()
    const taken = await digestAt(cloud, 'rampart-frontend', 'latest')
    await putTag(cloud, 'rampart-frontend', 'latest', 'v2.0.0')
    const { code, stderr } = await deploy(cloud, 'v2.0.0')
    expect({ code, stderr: code === 3 ? '' : stderr }).toEqual({ code: 3, stderr: '' })
    expect(stderr).toContain('v2.0.0 is taken; nothing was changed')
    expect(stderr).toContain(`rampart-frontend:v2.0.0 is ${taken ?? ''} already`)
    // But for what this test did itself.
    expect(changesOf(cloud).filter((change) => !/uploads/.test(change))).toEqual(['ecr:PutImage'])
  })

  test('where tags are immutable what can not be moved is told with 9, and moved when it may be', async () => {
    const { cloud, repository } = await start()
    keepTags(cloud, 'latest')
    const first = await deploy(cloud, 'v2.0.0')
    expect({ code: first.code, stderr: first.code === 0 ? '' : first.stderr }).toEqual({ code: 0, stderr: '' })
    await cloud.project.edit('backend/app/main.py', /^/, '# the next change\n')
    repository.commit('Answer faster')
    const second = await deploy(cloud, 'v2.1.0')
    expect(second.code).toBe(9)
    expect(second.stderr).toMatch(/serves on 4 of 4 targets, but it is not v2\.1\.0 everywhere yet/)
    expect(second.stderr).toMatch(/rampart-backend:prod is sha256:\w+, not sha256:\w+: .*TAG_INVALID/)
    expect(second.stderr).toContain('the git tag v2.1.0 waits for the tags of the images')
    expect(await digestAt(cloud, 'rampart-backend', 'v2.1.0')).toBe(await digestAt(cloud, 'rampart-backend', 'latest'))
    expect(repository.atOrigin('tag')).toBe('v2.0.0')
    keepTags(cloud, 'latest', 'prod')
    const third = await deploy(cloud, 'v2.1.0')
    expect({ code: third.code, stderr: third.code === 0 ? '' : third.stderr }).toEqual({ code: 0, stderr: '' })
    expect(third.stdout).toContain('Nothing to do')
    expect(repository.atOrigin('tag')).toBe('v2.0.0\nv2.1.0')
    expect(await digestAt(cloud, 'rampart-backend', 'prod')).toBe(await digestAt(cloud, 'rampart-backend', 'v2.1.0'))
    expect((await historyOf(cloud.client(), exampleGroup)).refreshes).toHaveLength(2)
  })
})
