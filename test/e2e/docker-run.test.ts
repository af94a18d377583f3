import { execFile, spawnSync } from 'node:child_process'
import { chmod, copyFile, mkdir, realpath, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { startDockerRegistry } from '../oci/docker-registry.js'
import { cleanEnvironment, runCli } from '../support/cli.js'
import { forgetImages } from '../support/docker.js'
import { temporaryDirectory } from '../support/project.js'
import { dockerProgram, requires } from '../support/requires.js'

const execute = promisify(execFile)

/** Runs a program of the machine to its end; its output. */
async function run(program: string, args: readonly string[], env: Record<string, string>): Promise<string> {
  return (await execute(program, args, { env })).stdout.trim()
}

/** The smallest tree in which a container can speak: programs of this machine with the libraries that they name. */
async function makeTree(directory: string, programs: readonly string[]): Promise<void> {
  for (const program of programs) {
    const { stdout } = spawnSync('ldd', [program], { encoding: 'utf8' })
    const libraries = [...stdout.matchAll(/(\/\S+)\s+\(0x/g)].map(([, path]) => path ?? '')
    for (const path of [program, ...libraries]) {
      await mkdir(join(directory, dirname(path)), { recursive: true })
      await copyFile(await realpath(path), join(directory, path))
      await chmod(join(directory, path), 0o755)
    }
  }
  await mkdir(join(directory, 'etc'))
  await writeFile(join(directory, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\napp:x:4711:4712::/:/bin/sh\n')
  await writeFile(join(directory, 'etc/group'), 'root:x:0:\napp:x:4712:\n')
}

const dockerfile = (base: string): string =>
  [
    `FROM ${base}`,
    'ARG GREETING=nobody',
    'WORKDIR /srv/app',
    'COPY --chown=app:app --chmod=640 message.txt ./',
    'COPY --chown=12:34 tool.sh ./bin/',
    'ENV GREETING=${GREETING}',
    'USER app',
    `CMD ["/bin/sh", "-c", "cat message.txt; echo $GREETING; stat -c '%n %u:%g %a' message.txt bin/tool.sh .; bin/tool.sh"]`,
    '',
  ].join('\n')

const configuration = (host: string): string =>
  [
    'app: probe',
    'services:',
    '  web:',
    '    context: web',
    '    repository: probe-web',
    '    tags: [live]',
    '    args: { GREETING: "${WHO}, \\"really\\"" }',
    '    compression: gzip # this engine is older than zstd layers',
    'environments:',
    '  test:',
    '    region: us-west-2',
    `    registry: ${host}`,
    '    target: { kind: asg, group: none }',
    '',
  ].join('\n')

interface Built {
  readonly images: readonly { readonly digest: string; readonly uploadedLayerBytes: number }[]
}

requires('docker', 'docker-registry', 'tar').describe('an image that rampart appended, in a Docker engine', () => {
  test('is pulled and run: content, owner, mode, environment and user; built again it uploads nothing', async () => {
    const directory = await temporaryDirectory('run')
    const registry = await startDockerRegistry()
    onTestFinished(() => registry.stop())
    const host = registry.host.replace('127.0.0.1', 'localhost')
    const env = cleanEnvironment({ WHO: 'it is $HOME' })
    const docker = (...args: string[]): Promise<string> => run(dockerProgram, args, env)

    forgetImages(host, env)

    await makeTree(join(directory, 'tree'), ['/bin/sh', '/bin/cat', '/usr/bin/stat'])
    await run(
      'tar',
      ['--owner=0', '--group=0', '-C', join(directory, 'tree'), '-cf', join(directory, 'base.tar'), '.'],
      env,
    )
    const base = `${host}/probe-base:1`
    await docker('import', join(directory, 'base.tar'), base)
    await docker('push', base)

    await mkdir(join(directory, 'web'))
    await writeFile(join(directory, 'web/message.txt'), 'served by rampart\n')
    await writeFile(join(directory, 'web/tool.sh'), '#!/bin/sh\necho tool ran\n', { mode: 0o755 })
    await writeFile(join(directory, 'web/Dockerfile.app'), dockerfile(base))
    await writeFile(join(directory, 'rampart.yml'), configuration(host))
    const build = async (): Promise<Built> => {
      const { code, stdout, stderr } = await runCli(['app', 'build', '--json'], { env, cwd: directory })
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
      return JSON.parse(stdout) as Built
    }
    const first = await build()
    expect(first.images[0]?.uploadedLayerBytes).toBeGreaterThan(0)
    const image = `${host}/probe-web@${first.images[0]?.digest}`
    await docker('pull', image)
    const said = await docker('run', '--rm', '--network', 'none', image)
    expect(said.split('\n')).toEqual([
      'served by rampart',
      'it is $HOME, "really"',
      'message.txt 4711:4712 640',
      'bin/tool.sh 12:34 755',
      '. 0:0 755',
      'tool ran',
    ])

    const second = await build()
    expect(second.images).toEqual([expect.objectContaining({ digest: first.images[0]?.digest, uploadedLayerBytes: 0 })])
    await docker('pull', `${host}/probe-web:live`)
    const digests = await docker('image', 'inspect', '--format', '{{json .RepoDigests}}', `${host}/probe-web:live`)
    expect(digests).toContain(first.images[0]?.digest)
  }, 120_000)
})
