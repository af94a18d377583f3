import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startDockerRegistry } from '../oci/docker-registry.js'
import { cleanEnvironment, runCli } from '../support/cli.js'
import { forgetImages } from '../support/docker.js'
import { packBase } from '../support/docker-base.js'
import { temporaryDirectory } from '../support/project.js'
import { changesOf, startCloud } from '../support/rehearsal.js'
import { dockerProgram, requires } from '../support/requires.js'

interface Built {
  readonly images: readonly { readonly digest: string; readonly unchanged: boolean }[]
}

interface Looked {
  readonly images: readonly {
    readonly source: string
    readonly digest: string
    readonly layers: readonly { readonly number: number; readonly mediaType: string }[]
    readonly copies: readonly {
      readonly layer: number
      readonly instruction: string
      readonly of: string
      readonly changes: readonly string[]
      readonly files: number
      readonly bytes: number
      readonly examples: readonly { readonly path: string; readonly bytes: number }[]
    }[]
    readonly budget: { readonly verdict: string; readonly place: string | null }
  }[]
}

/** The digest of an image's configuration, which is its name in an engine that made it. */
async function configOf(host: string, repository: string, tag: string): Promise<string> {
  const headers = { accept: 'application/vnd.oci.image.manifest.v1+json' }
  const response = await fetch(`http://${host}/v2/${repository}/manifests/${tag}`, { headers })
  return ((await response.json()) as { readonly config: { readonly digest: string } }).config.digest
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
    const made = await configOf(registry.host, 'web', 'live')
    onTestFinished(() => void execFileSync(dockerProgram, ['image', 'rm', '--force', made]))
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

const hub = '/app/.cache/huggingface/hub/models--acme--detector'
const chown = 'chown -R svc:svc /app && chown -R svc:svc /app/.cache'

const adapterBytes = 1_500_000

/** What a base of the field holds under /app: weights in the hub's cache, and much that is small. */
function modelFiles(): Readonly<Record<string, Uint8Array | string>> {
  const small = Array.from({ length: 60 }, (_, at) => [`tokens/${at}.json`, `{"token": ${at}}\n`.repeat(40 + at)])
  return {
    'blobs/weights': randomBytes(6_000_000),
    'blobs/stale': randomBytes(700_000),
    ...(Object.fromEntries(small) as Record<string, string>),
  }
}

requires('docker', 'docker-registry', 'tar').describe('chown -R over an /app whose base holds the models', () => {
  for (const compression of ['gzip', 'zstd']) {
    test(`the instruction and the bytes that it costs are named, before a push and after, with ${compression}`, async () => {
      const directory = await temporaryDirectory('builder')
      const registry = await startDockerRegistry()
      onTestFinished(() => registry.stop())
      const env = cleanEnvironment()
      forgetImages(registry.host, env)
      const docker = (...args: readonly string[]): string => execFileSync(dockerProgram, args, { env }).toString()
      const files = modelFiles()
      const root = `${registry.host}/root:latest`
      const rooted = Object.entries(files).map(([path, content]) => [`${hub.slice(1)}/${path}`, content] as const)
      execFileSync(dockerProgram, ['import', '--change', 'ENV PATH=/bin', '-', root], {
        input: packBase(Object.fromEntries(rooted)),
        env,
      })
      const web = join(directory, 'web')
      await mkdir(web)
      await writeFile(join(web, 'main.py'), 'print(1)\n'.repeat(100))
      await writeFile(
        join(web, 'Dockerfile.base'),
        `FROM ${root}
WORKDIR /app
ENV HF_HOME=/app/.cache/huggingface
RUN mkdir ${hub}/snapshots && ln -s ../blobs/weights ${hub}/snapshots/model.safetensors && head -c ${adapterBytes} /dev/urandom > ${hub}/blobs/adapter && ln ${hub}/blobs/adapter ${hub}/blobs/same
`,
      )
      await writeFile(
        join(web, 'Dockerfile.app'),
        `FROM web-base
WORKDIR /app
COPY main.py ./
RUN rm ${hub}/blobs/stale
RUN printf 'svc:x:999:\\n' >> /etc/group && printf 'svc:x:999:999::/app:/bin/sh\\n' >> /etc/passwd && ${chown}
USER svc
EXPOSE 8000
CMD ["cat", "/app/main.py"]
`,
      )
      const base = `${registry.host}/web-base:latest`
      docker('build', '-q', '-t', base, '-f', join(web, 'Dockerfile.base'), web)
      docker('push', '-q', base)
      await writeFile(
        join(directory, 'rampart.yml'),
        `app: probe
services:
  web:
    context: web
    base: { dockerfile: Dockerfile.base, repository: web-base }
    repository: web
    tags: [live]
    budget: 1MB
    compression: ${compression}
environments:
  test:
    region: us-west-2
    registry: ${registry.host}
    target: { kind: asg, group: none }
`,
      )
      const run = (...args: readonly string[]) => runCli(args, { env, cwd: directory })
      const look = async (...args: readonly string[]): Promise<Looked['images'][number] | undefined> => {
        const { code, stdout, stderr } = await run('app', 'inspect', '--json', ...args)
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
        return (JSON.parse(stdout) as Looked).images[0]
      }

      // A hard link is a file of its own again once its owner was changed; what was deleted before costs nothing.
      const { 'blobs/stale': _, ...kept } = files
      const wasted = Object.values(kept).reduce((sum, one) => sum + Buffer.byteLength(one), 2 * adapterBytes)
      const check = (found: Looked['images'][number] | undefined): void => {
        const [worst] = found?.copies ?? []
        expect(worst).toMatchObject({ of: 'base', changes: ['owner'], files: 63, layer: found?.layers.length })
        expect(worst?.instruction).toMatch(/^RUN printf .*chown -R svc:svc \/app && chown -R svc:svc \/app\/\.cache$/)
        expect(worst?.examples[0]).toMatchObject({ path: `${hub}/blobs/weights`, bytes: 6_000_000 })
        expect(Math.abs((worst?.bytes ?? 0) - wasted)).toBeLessThan(0.01 * wasted)
        expect(found?.budget.verdict).toBe('over')
      }
      const planned = await look()
      check(planned)
      expect(planned).toMatchObject({ source: 'plan', budget: { place: 'web/Dockerfile.app:5:1' } })

      const built = await run('app', 'build', '--allow-over-budget', '--json')
      expect({ code: built.code, stderr: built.code === 0 ? '' : built.stderr }).toEqual({ code: 0, stderr: '' })
      const made = await configOf(registry.host, 'web', 'live')
      onTestFinished(() => void docker('image', 'rm', '--force', made))
      const pushed = await look('web:live')
      check(pushed)
      expect(pushed).toMatchObject({ source: 'registry', digest: planned?.digest, copies: planned?.copies })
      expect(pushed?.layers.at(-1)?.mediaType).toContain(`+${compression}`)

      // The same Dockerfile by Docker alone, whose own count of the layer is another witness.
      const plain = `${registry.host}/plain:1`
      await writeFile(
        join(web, 'Dockerfile.plain'),
        (await readFile(join(web, 'Dockerfile.app'), 'utf8')).replace('web-base', base),
      )
      docker('build', '-q', '-t', plain, '-f', join(web, 'Dockerfile.plain'), web)
      docker('push', '-q', plain)
      const counted = docker('history', '--human=false', '--no-trunc', '--format', '{{.Size}} {{.CreatedBy}}', plain)
        .split('\n')
        .find((line) => line.includes(chown))
      expect(Math.abs(Number.parseInt(counted ?? '', 10) - wasted)).toBeLessThan(0.01 * wasted)
      const thin = await look(plain, '--base', base)
      expect(thin?.copies[0]?.bytes).toBe(planned?.copies[0]?.bytes)
      expect(thin?.copies[0]?.instruction).toBe(planned?.copies[0]?.instruction)

      const said = await run('app', 'inspect', plain, '--base', base)
      expect(said.stdout).toMatch(/copies: layer \d+ carries 9\.\d+ MB of the base's files again \(63 files, /)
    }, 120_000)
  }
})

test('deploy stops over a budget with instruction and line, changes nothing, and goes on when told so', async () => {
  const cloud = await startCloud()
  await cloud.project.edit('rampart.yml', 'budget: 20MB', 'budget: 1kB')
  await cloud.project.write('frontend/public/large.bin', randomBytes(90_000))
  const deploy = (...args: readonly string[]) =>
    runCli(['deploy', '-c', cloud.project.config, '--progress', 'plain', ...args], { env: cloud.client() })
  const stopped = await deploy()
  expect(stopped.code).toBe(3)
  expect(stopped.stderr).toContain('builder (layer: every instruction only copies or configures)')
  expect(stopped.stderr).toMatch(
    /frontend\/Dockerfile\.app:6:1: The app layer of frontend .* its budget of 1\.00 kB, most of it by COPY .*public\/\./,
  )
  expect(stopped.stderr).toContain('--allow-over-budget')
  // Opened uploads of layers of other services are no image: no manifest was put, nothing in AWS was touched.
  expect(changesOf(cloud).filter((one) => !/ \/v2\/[^ ]+\/blobs\//.test(one))).toEqual([])
  const told = await deploy('--allow-over-budget')
  expect({ code: told.code, stderr: told.code === 0 ? '' : told.stderr }).toEqual({ code: 0, stderr: '' })
  expect(told.stderr).toMatch(/budget of 1\.00 kB/)
})
