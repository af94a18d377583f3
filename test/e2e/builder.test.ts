import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startDockerRegistry } from '../oci/docker-registry.js'
import { cleanEnvironment, runCli } from '../support/cli.js'
import { packBase } from '../support/docker-base.js'
import { temporaryDirectory } from '../support/project.js'
import { dockerProgram, requires } from '../support/requires.js'

interface Built {
  readonly images: readonly { readonly digest: string; readonly unchanged: boolean }[]
}

interface Looked {
  readonly images: readonly {
    readonly source: string
    readonly digest: string
    readonly copies: readonly { readonly instruction: string; readonly of: string }[]
    readonly budget: { readonly verdict: string; readonly place: string | null }
  }[]
}

requires('docker', 'docker-registry', 'tar').describe('a Dockerfile with RUN', () => {
  test('is stopped over its budget, planned, built by auto, pushed and inspected as one command line after another', async () => {
    const directory = await temporaryDirectory('builder')
    const registry = await startDockerRegistry()
    onTestFinished(() => registry.stop())
    const base = `${registry.host}/web-base:latest`
    execFileSync(dockerProgram, ['import', '--change', 'ENV PATH=/bin', '-', base], {
      input: packBase({ 'opt/models/weights.bin': 'w'.repeat(2_000_000) }),
    })
    onTestFinished(() => void execFileSync(dockerProgram, ['image', 'rm', '--force', base]))
    execFileSync(dockerProgram, ['push', base], { stdio: 'ignore' })
    await mkdir(join(directory, 'web'))
    await writeFile(join(directory, 'web/main.py'), 'print(1)\n')
    await writeFile(join(directory, 'web/Dockerfile.base'), 'FROM scratch\n')
    await writeFile(
      join(directory, 'web/Dockerfile.app'),
      'FROM web-base\nCOPY main.py /app/\nRUN chown -R 1000:1000 /app /opt/models\nCMD ["cat", "/app/main.py"]\n',
    )
    await writeFile(
      join(directory, 'rampart.yml'),
      [
        'app: probe',
        'services:',
        '  web:',
        '    context: web',
        '    base: { dockerfile: Dockerfile.base, repository: web-base }',
        '    repository: web',
        '    tags: [live]',
        '    budget: 1kB',
        '    compression: gzip',
        'environments:',
        '  test:',
        '    region: us-west-2',
        `    registry: ${registry.host}`,
        '    target: { kind: asg, group: none }',
        '',
      ].join('\n'),
    )
    const env = cleanEnvironment()
    const run = (...args: readonly string[]) => runCli(args, { env, cwd: directory })

    const stopped = await run('app', 'build', '--progress', 'plain')
    expect(stopped.code).toBe(3)
    expect(stopped.stderr).toContain('builder (docker: web/Dockerfile.app:3:1: RUN needs a container)')
    expect(stopped.stdout + stopped.stderr).toMatch(
      /most of it by RUN chown -R 1000:1000 \/app \/opt\/models \(web\/Dockerfile\.app:3:1\)/,
    )

    const planned = await run('app', 'inspect', '--check', '--json')
    expect({ code: planned.code, stderr: planned.stderr }).toEqual({ code: 3, stderr: '' })
    const [plan] = (JSON.parse(planned.stdout) as Looked).images
    expect(plan).toMatchObject({ source: 'plan', budget: { verdict: 'over', place: 'web/Dockerfile.app:3:1' } })
    expect(plan?.copies.map(({ of, instruction }) => [of, instruction])).toEqual([
      ['base', 'RUN chown -R 1000:1000 /app /opt/models'],
      ['app', 'RUN chown -R 1000:1000 /app /opt/models'],
    ])

    const refused = await run('app', 'build', '--builder', 'layer')
    expect([refused.code, refused.stdout + refused.stderr]).toEqual([
      2,
      expect.stringContaining('RUN needs a container'),
    ])

    const built = await run('app', 'build', '--allow-over-budget', '--json')
    expect({ code: built.code, stderr: built.code === 0 ? '' : built.stderr }).toEqual({ code: 0, stderr: '' })
    const [image] = (JSON.parse(built.stdout) as Built).images
    expect(image?.digest).toBe(plan?.digest)
    const looked = await run('app', 'inspect', 'web:live', '--json')
    const [found] = (JSON.parse(looked.stdout) as Looked).images
    expect({ ...found, source: 'plan', budget: plan?.budget }).toEqual({ ...plan, image: `${registry.host}/web` })

    const again = await run('app', 'build', '--allow-over-budget', '--builder', 'docker', '--json')
    expect((JSON.parse(again.stdout) as Built).images).toEqual([
      expect.objectContaining({ digest: image?.digest, unchanged: true }),
    ])
  }, 120_000)
})
