import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { login, startDockerRegistry } from '../oci/docker-registry.js'
import { bin, cleanEnvironment, root, runCli } from '../support/cli.js'
import { temporaryDirectory } from '../support/project.js'
import { startCloud } from '../support/rehearsal.js'
import { requires } from '../support/requires.js'

interface Ran {
  readonly code: number | null
  readonly output: string
}

/** Runs rampart with something on its stdin. */
async function feed(words: readonly string[], input: string, env: Record<string, string>): Promise<Ran> {
  const child = spawn(process.execPath, [bin, ...words], { cwd: root, env, stdio: ['pipe', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stdin.end(input)
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, output }
}

/** An environment in which no Docker client is found. */
async function withoutDocker(): Promise<Record<string, string>> {
  const home = await temporaryDirectory('home')
  return { ...cleanEnvironment({ HOME: home }), PATH: join(home, 'bin') }
}

const byName = (host: string): readonly string[] => [
  'registry',
  'login',
  host,
  '--username',
  login.username,
  '--password-stdin',
]

requires('docker-registry').describe('registry login', () => {
  test('without a Docker client writes what Docker reads, for its owner alone, and keeps what is there', async () => {
    const server = await startDockerRegistry({ login: true })
    try {
      const env = await withoutDocker()
      const file = join(env['HOME'] ?? '', '.docker/config.json')
      await mkdir(join(env['HOME'] ?? '', '.docker'))
      await writeFile(file, '{"auths":{"other.example.com":{"auth":"eDp5"}},"psFormat":"x"}')
      const { code, output } = await feed(byName(server.host), `${login.password}\n`, env)
      expect([code, output]).toEqual([
        0,
        expect.stringContaining(`logged in at ${server.host} as ${login.username}, kept in ${file}`),
      ])
      expect(output).not.toContain(login.password)
      const auth = Buffer.from(`${login.username}:${login.password}`).toString('base64')
      expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
        auths: { 'other.example.com': { auth: 'eDp5' }, [server.host]: { auth } },
        psFormat: 'x',
      })
      expect((await stat(file)).mode & 0o777).toBe(0o600)
    } finally {
      await server.stop()
    }
  })

  test('gives it to the credential helper that is configured', async () => {
    const server = await startDockerRegistry({ login: true })
    try {
      const env = await withoutDocker()
      const home = env['HOME'] ?? ''
      await mkdir(join(home, 'bin'))
      await mkdir(join(home, '.docker'))
      const helper = join(home, 'bin/docker-credential-test')
      await writeFile(
        helper,
        `#!/bin/sh\nif [ "$1" = store ]; then /bin/cat > ${home}/kept; else /bin/cat ${home}/kept; fi\n`,
      )
      await chmod(helper, 0o755)
      await writeFile(join(home, '.docker/config.json'), '{"credsStore":"test"}')
      const { code, output } = await feed(byName(server.host), login.password, env)
      expect([code, output]).toEqual([0, expect.stringContaining('kept by docker-credential-test')])
      expect(JSON.parse(await readFile(join(home, 'kept'), 'utf8'))).toEqual({
        ServerURL: server.host,
        Username: login.username,
        Secret: login.password,
      })
      expect(await readFile(join(home, '.docker/config.json'), 'utf8')).toBe('{"credsStore":"test"}')
    } finally {
      await server.stop()
    }
  })

  test('a password that the registry refuses is not kept, and not shown', async () => {
    const server = await startDockerRegistry({ login: true })
    try {
      const env = await withoutDocker()
      const { code, output } = await feed(byName(server.host), 'battery-staple', env)
      expect(code).toBe(7)
      expect(output).not.toContain('battery-staple')
      await expect(readFile(join(env['HOME'] ?? '', '.docker/config.json'))).rejects.toThrow('ENOENT')
    } finally {
      await server.stop()
    }
  })
})

requires('docker', 'docker-registry').describe('registry login with a Docker client', () => {
  test('has the client keep it', async () => {
    const server = await startDockerRegistry({ login: true })
    try {
      const env = cleanEnvironment()
      const words = ['registry', 'login', server.host, '--username', login.username, '--password-stdin', '--json']
      const { code, output } = await feed(words, login.password, env)
      expect([code, JSON.parse(output)]).toMatchObject([0, { registry: server.host, kept: { by: 'docker' } }])
      const kept = JSON.parse(await readFile(join(env['HOME'] ?? '', '.docker/config.json'), 'utf8')) as object
      expect(kept).toMatchObject({ auths: { [server.host]: {} } })
    } finally {
      await server.stop()
    }
  })
})

describe('against the rehearsal', () => {
  test('login, env, tags that are there and tags that are not, and a copy into a repository that is made', async () => {
    const cloud = await startCloud()
    const { project } = cloud
    const env = cloud.client({ PATH: '/nowhere' })
    const run = (...words: readonly string[]) =>
      runCli([...words, '-c', project.config], { env: { ...env, HOME: project.directory } })

    const logged = await run('registry', 'login', '--json')
    expect([logged.code, logged.stderr]).toEqual([0, ''])
    const { registry } = JSON.parse(logged.stdout) as { registry: string }

    const built = await run('deploy', '--progress', 'quiet', '--json')
    expect(built.stderr).toBe('')
    const deployed = JSON.parse(built.stdout) as { release: string; images: { service: string; digest: string }[] }
    const good = await run('registry', 'verify', '--json')
    expect(JSON.parse(good.stdout)).toMatchObject({ simulated: true, notCompared: null })
    expect(good.code).toBe(0)

    const shown = await run('env', '--format', 'json')
    expect([shown.code, shown.stderr]).toEqual([0, 'SIMULATED: of a rehearsal; nothing of it is real\n'])
    const variables = JSON.parse(shown.stdout) as Record<string, string>
    expect(variables).toMatchObject({ REGISTRY: registry, RELEASE: deployed.release, BACKEND_PORT: '8000' })
    for (const { service, digest } of deployed.images) {
      expect(variables[`${service.toUpperCase()}_IMAGE`]).toBe(`${registry}/rampart-${service}@${digest}`)
    }
    const old = await run('env', '--format', 'json', '--release', deployed.release)
    expect(JSON.parse(old.stdout)).toEqual(variables)

    const tags = await run('env', '--tag', 'not-there')
    expect([tags.code, tags.stdout]).toEqual([3, ''])

    await project.edit('rampart.yml', /tags: \[latest/, 'tags: [stable, latest')
    const bad = await run('registry', 'verify')
    expect(bad.code).toBe(9)
    expect(bad.stdout).toMatch(/stable +- +\S+ missing/)

    const words = ['registry', 'migrate', `${registry}/rampart-frontend:latest`, 'archive/frontend', '--json']
    const refused = await run(...words)
    expect([refused.code, refused.stdout]).toEqual([3, expect.stringContaining('--yes')])
    const copied = await run(...words, '--yes')
    expect(JSON.parse(copied.stdout)).toMatchObject({
      exitCode: 0,
      migration: { images: [{ tags: ['latest'], result: 'done' }] },
    })
    expect(cloud.calls).toContain('ecr:CreateRepository')
  })
})
