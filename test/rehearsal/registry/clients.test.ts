import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { dockerProgram, requires } from '../../support/requires.js'
import { attempt, run, startRegistry, temporaryDirectory, type TestRegistry } from './support.js'

const aws = '/usr/bin/aws'
const awsEnvironment = {
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_DEFAULT_REGION: 'us-west-2',
  AWS_EC2_METADATA_DISABLED: 'true',
}

interface Stage {
  readonly server: TestRegistry
  readonly home: string
  readonly password: string
}

/** A registry as ECR, a password for it, and an empty home for the client. */
async function stage(options: { createOnPush?: boolean } = {}): Promise<Stage> {
  const server = await startRegistry({ uploads: 'ecr', createOnPush: true, ...options })
  const home = await temporaryDirectory()
  const { password } = server.registry.authorization.issue(server.clock.now)
  return { server, home, password }
}

/** A tar with one file of those bytes, made by the system's own tar. */
async function layerTar(home: string, name: string, content: Uint8Array | string): Promise<string> {
  await mkdir(join(home, 'tree'), { recursive: true })
  await writeFile(join(home, 'tree', name), content)
  const tar = join(home, `${name}.tar`)
  await run('tar', ['-C', join(home, 'tree'), '-cf', tar, name], { home })
  return tar
}

const incompressible = Buffer.from(Array.from({ length: 6_000_000 }, (_, n) => (Math.imul(n, 2654435761) >>> 13) & 255))

requires('crane', 'tar').describe('crane', () => {
  test('logs in, appends, lists, copies, validates, pulls and deletes', async () => {
    const { server, home, password } = await stage()
    const options = { home }
    const image = `${server.host}/team/app`
    await run('crane', ['auth', 'login', server.host, '-u', 'AWS', '--password-stdin'], { home, input: password })
    const tar = await layerTar(home, 'weights.bin', incompressible)
    const pushed = await run('crane', ['append', '-f', tar, '-t', `${image}:v1`], options)
    expect(pushed).toContain(await run('crane', ['digest', `${image}:v1`], options))
    await run('crane', ['copy', `${image}:v1`, `${server.host}/other:v1`], options)
    await run('crane', ['tag', `${image}:v1`, 'latest'], options)
    expect(await run('crane', ['ls', image], options)).toBe('latest\nv1')
    expect(await run('crane', ['catalog', server.host], options)).toBe('other\nteam/app')
    const validated = await attempt('crane', ['validate', '--remote', `${server.host}/other:v1`], options)
    expect([validated.code, validated.stdout]).toEqual([0, expect.stringContaining('PASS')])
    await run('crane', ['export', `${image}:latest`, join(home, 'exported.tar')], options)
    const listed = await run('tar', ['-xOf', join(home, 'exported.tar'), 'weights.bin'], options)
    expect(listed.length).toBeGreaterThan(0)
    await run('crane', ['delete', `${image}:latest`], options)
    expect(await run('crane', ['ls', image], options)).toBe('v1')
  })

  test('is told what ECR tells: no repository, no login, an expired one', async () => {
    const { server, home, password } = await stage({ createOnPush: false })
    const tar = await layerTar(home, 'file', 'content')
    const push = () => attempt('crane', ['append', '-f', tar, '-t', `${server.host}/app:v1`], { home })
    expect((await push()).stderr).toContain('401 Unauthorized')
    await run('crane', ['auth', 'login', server.host, '-u', 'AWS', '--password-stdin'], { home, input: password })
    expect((await push()).stderr).toContain("The repository with name 'app' does not exist")
    server.clock.now += 13 * 60 * 60 * 1000
    expect((await push()).stderr).toContain('403 Forbidden')
  })
})

requires('skopeo', 'tar').describe('skopeo', () => {
  test('logs in, pulls a seeded image, and pushes it in every form', async () => {
    const { server, home, password } = await stage()
    const options = { home }
    const layer = await readFile(await layerTar(home, 'app.py', 'print("hello")'))
    const seeded = server.registry.storeImage({
      repository: 'seed',
      tag: 'v1',
      layers: [{ bytes: layer }],
      labels: { 'rampart.service': 'backend' },
    })
    await run('skopeo', ['login', '--tls-verify=false', '-u', 'AWS', '--password-stdin', server.host], {
      ...options,
      input: password,
    })
    const docker = (reference: string) => `docker://${server.host}/${reference}`
    const inspected = JSON.parse(
      await run('skopeo', ['inspect', '--tls-verify=false', docker('seed:v1')], options),
    ) as {
      Digest: string
      Labels: Record<string, string>
    }
    expect([inspected.Digest, inspected.Labels]).toEqual([seeded.digest, { 'rampart.service': 'backend' }])
    const copy = (...args: string[]) => run('skopeo', ['--insecure-policy', 'copy', '-q', ...args], options)
    await copy('--src-tls-verify=false', docker('seed:v1'), `oci:${home}/layout:v1`)
    await copy('--dest-tls-verify=false', `oci:${home}/layout:v1`, docker('oci:v1'))
    await copy('--dest-tls-verify=false', '--format', 'v2s2', `oci:${home}/layout:v1`, docker('docker:v1'))
    await copy('--src-tls-verify=false', '--dest-tls-verify=false', docker('docker:v1'), docker('again/copy:v1'))
    const { catalog } = server.registry
    expect(catalog.find('oci', 'v1')?.labels).toEqual({ 'rampart.service': 'backend' })
    expect(catalog.find('again/copy', 'v1')).toEqual(catalog.find('docker', 'v1'))
    expect(await run('skopeo', ['list-tags', '--tls-verify=false', docker('docker')], options)).toContain('"v1"')
    await run('skopeo', ['delete', '--tls-verify=false', docker('docker:v1')], options)
    expect(catalog.find('docker', 'v1')).toBeUndefined()
  })
})

/** Takes all images of that registry from the Docker engine when the test ends, also those without a tag. */
function forgetImages(server: TestRegistry, home: string): void {
  onTestFinished(async () => {
    const listed = await run(dockerProgram, ['images', '--format', '{{.Repository}} {{.ID}}'], { home })
    const ids = listed
      .split('\n')
      .flatMap((line) => (line.startsWith(`${server.host}/`) ? [line.split(' ')[1] ?? ''] : []))
    if (ids.length > 0) await run(dockerProgram, ['image', 'rm', '--force', ...new Set(ids)], { home })
  })
}

requires('docker', 'tar').describe('a Docker engine', () => {
  test('logs in, builds, pushes, pulls again, and finds its layers there the second time', async () => {
    const { server, home, password } = await stage()
    const options = { home }
    const image = `${server.host}/team/docker:v1`
    const imported = `${server.host}/team/docker:base`
    forgetImages(server, home)
    await run(dockerProgram, ['login', '-u', 'AWS', '--password-stdin', server.host], { home, input: password })
    const tar = await layerTar(home, 'weights.bin', incompressible)
    await run(dockerProgram, ['import', tar, imported], options)
    await writeFile(
      join(home, 'tree', 'Dockerfile'),
      `FROM ${imported}\nCOPY weights.bin /copy\nLABEL a=b\nUSER 1000\n`,
    )
    await run(dockerProgram, ['build', '-q', '-t', image, join(home, 'tree')], options)
    const pushed = await run(dockerProgram, ['push', image], options)
    const digest = /digest: (sha256:\w+)/.exec(pushed)?.[1]
    expect(server.registry.catalog.find('team/docker', 'v1')).toMatchObject({
      digest,
      labels: { a: 'b' },
      user: '1000',
      layers: [expect.anything(), expect.anything()],
    })
    expect(await run(dockerProgram, ['push', imported], options)).toContain('Layer already exists')
    const id = await run(dockerProgram, ['image', 'inspect', '-f', '{{.Id}}', image], options)
    await run(dockerProgram, ['image', 'rm', '--force', image, imported], options)
    await run(dockerProgram, ['pull', image], options)
    expect(await run(dockerProgram, ['image', 'inspect', '-f', '{{.Id}}', image], options)).toBe(id)
  })

  test('shows why a simulated layer is not pulled, at once', async () => {
    const { server, home, password } = await stage()
    const image = `${server.host}/base:v1`
    server.registry.storeImage({ repository: 'base', tag: 'v1', layers: [{ phantom: { name: 'weights', size: 9 } }] })
    await run(dockerProgram, ['login', '-u', 'AWS', '--password-stdin', server.host], { home, input: password })
    const pull = await attempt(dockerProgram, ['pull', image], { home })
    expect([pull.code, pull.stderr]).toEqual([1, expect.stringContaining('is simulated')])
  })

  test('is refused an immutable tag in ECR’s words', async () => {
    const { server, home, password } = await stage({ createOnPush: false })
    const options = { home }
    const image = `${server.host}/fixed:v1`
    server.registry.store.repositories.create('fixed', {
      createdAt: 0,
      tagMutability: { mode: 'IMMUTABLE', exclusions: [] },
    })
    forgetImages(server, home)
    await run(dockerProgram, ['login', '-u', 'AWS', '--password-stdin', server.host], { home, input: password })
    const importAs = async (content: string) =>
      run(dockerProgram, ['import', await layerTar(home, 'file', content), image], options)
    await importAs('one')
    await run(dockerProgram, ['push', image], options)
    await run(dockerProgram, ['push', image], options)
    await importAs('two')
    const refused = await attempt(dockerProgram, ['push', image], options)
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining("tag invalid: The image tag 'v1' already exists in the 'fixed' repository"),
    ])
  })
})

requires('aws').describe('the AWS command line', () => {
  test('drives ECR from the repository to the second tag', async () => {
    const { server, home } = await stage({ createOnPush: false })
    const call = async (...args: string[]): Promise<string> =>
      run(aws, ['--endpoint-url', server.url, '--output', 'json', 'ecr', ...args], { home, env: awsEnvironment })
    await call('create-repository', '--repository-name', 'app', '--image-tag-mutability', 'IMMUTABLE')
    const { repositories } = JSON.parse(await call('describe-repositories')) as { repositories: unknown[] }
    expect(repositories).toMatchObject([{ repositoryName: 'app', repositoryUri: `${server.host}/app` }])
    const password = await call('get-login-password')
    const Authorization = `Basic ${Buffer.from(`AWS:${password}`).toString('base64')}`
    expect((await server.call('GET', '/v2/', { headers: { Authorization } })).status).toBe(200)
    const { digest } = server.registry.storeImage({
      repository: 'app',
      tag: 'v1',
      layers: [{ phantom: { name: 'weights', size: 2 * 1024 ** 3 } }],
    })
    const got = JSON.parse(
      await call('batch-get-image', '--repository-name', 'app', '--image-ids', 'imageTag=v1', 'imageTag=none'),
    ) as { images: { imageManifest: string }[]; failures: unknown[] }
    expect(got.failures).toMatchObject([{ failureCode: 'ImageNotFound' }])
    const manifest = got.images[0]?.imageManifest ?? ''
    await call('put-image', '--repository-name', 'app', '--image-tag', 'live', '--image-manifest', manifest)
    const { imageDetails } = JSON.parse(await call('describe-images', '--repository-name', 'app')) as {
      imageDetails: unknown[]
    }
    expect(imageDetails).toMatchObject([{ imageDigest: digest, imageTags: ['live', 'v1'] }])
    const repeated = await attempt(
      aws,
      ['--endpoint-url', server.url, 'ecr', 'put-image', '--repository-name', 'app', '--image-tag', 'live'].concat(
        '--image-manifest',
        manifest,
      ),
      { home, env: awsEnvironment },
    )
    expect(repeated.stderr).toContain('ImageAlreadyExistsException')
  })
})

requires('aws', 'docker').describe('the two together', () => {
  test('log in as people do with ECR', async () => {
    const { server, home } = await stage()
    const password = await run(aws, ['--endpoint-url', server.url, 'ecr', 'get-login-password'], {
      home,
      env: awsEnvironment,
    })
    // Docker strips the scheme of the proxy endpoint, as it does for ECR.
    const login = await run(dockerProgram, ['login', '--username', 'AWS', '--password-stdin', server.url], {
      home,
      input: password,
    })
    expect(login).toContain('Login Succeeded')
  })
})
