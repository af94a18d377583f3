import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runCli, type Finished } from '../support/cli.js'
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

/** The digest of a tag, as the registry tells anybody. */
async function digestAt({ rehearsal }: Cloud, repository: string, tag: string): Promise<string | null> {
  const authorization = rehearsal.environment['AWS_ENDPOINT_URL'] === undefined ? '' : await basic(rehearsal)
  const { status, headers } = await fetch(`http://${rehearsal.registryHost}/v2/${repository}/manifests/${tag}`, {
    method: 'HEAD',
    headers: { authorization, accept: 'application/vnd.oci.image.manifest.v1+json' },
  })
  return status === 200 ? headers.get('docker-content-digest') : null
}

async function basic({ environment }: Cloud['rehearsal']): Promise<string> {
  const { createAws } = await import('../../src/lib/aws/index.js')
  const before = { ...process.env }
  Object.assign(process.env, environment)
  try {
    const { username, password } = await createAws({ region: 'us-west-2' }).account.registryAuthorization()
    return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  } finally {
    process.env = before
  }
}

requires('git').describe('deploy --version', () => {
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
})
