import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { startDockerRegistry } from '../oci/docker-registry.js'
import { bin, cleanEnvironment, runCli, type Finished } from './cli.js'
import { startCountingProxy, type CountingProxy } from './counting-proxy.js'
import { forgetImages } from './docker.js'
import { temporaryDirectory } from './project.js'
import { dockerProgram } from './requires.js'

const execute = promisify(execFile)

/** What the tests read of `--json`. */
export interface BaseBuildResult {
  readonly outcome: string
  readonly exitCode: number
  readonly message: string
  readonly problems: readonly string[]
  readonly next: readonly string[]
  readonly bases: readonly {
    readonly reference: string
    readonly reused: boolean
    readonly uploadedBytes: number | null
    readonly proof: { readonly proved: boolean; readonly user: string } | null
  }[]
}

/** A service with a base, and a registry of its own behind a proxy that counts. All of it goes with the test. */
export interface BaseProject {
  /** The registry's, through the proxy. */
  readonly host: string
  readonly proxy: CountingProxy
  readonly directory: string
  readonly env: Record<string, string>
  /** Names of repositories that no other test uses. */
  readonly repository: string
  readonly baseRepository: string
  readonly write: (file: string, text: string) => Promise<void>
  /** Writes rampart.yml anew with these models. */
  readonly configure: (models: readonly string[], more?: readonly string[]) => Promise<void>
  /** Runs it to its end with `--json`. */
  readonly rampart: (...args: string[]) => Promise<Finished & { readonly json: BaseBuildResult }>
  /** The layers of the base that the registry has under its tag, the lowest first. */
  readonly baseLayers: () => Promise<readonly { readonly digest: string; readonly size: number }[]>
  /** The tags of the base; empty when nothing was ever pushed. */
  readonly baseTags: () => Promise<readonly string[]>
}

export interface BaseProjectOptions {
  readonly dockerfileBase: string
  readonly dockerfileApp: (base: string) => string
  /** What the Dockerfile copies beside requirements.txt, by path. */
  readonly inputs?: Readonly<Record<string, string | Uint8Array>>
  readonly models?: readonly string[]
  /** Lines under `base:`. */
  readonly more?: readonly string[]
}

/** Writes files below a directory, and the directories that they need. */
export async function writeFiles(
  directory: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true })
    await writeFile(join(directory, path), content)
  }
}

let made = 0

/** Makes it in a folder of its own. */
export async function baseProject(options: BaseProjectOptions): Promise<BaseProject> {
  const registry = await startDockerRegistry()
  onTestFinished(() => registry.stop())
  const proxy = await startCountingProxy(registry.host)
  onTestFinished(() => proxy.stop())
  const host = new URL(proxy.url).host.replace('127.0.0.1', 'localhost')
  const directory = await temporaryDirectory('base')
  const { inputs = {} } = options
  const env = cleanEnvironment()
  const name = `probe-${process.pid}-${++made}`
  const [repository, baseRepository] = [`${name}/web`, `${name}/base`]
  forgetImages(host, env)
  forgetImages(`rampart-base/${name}`, env)
  await mkdir(join(directory, 'web'))
  const write = (file: string, content: string): Promise<void> => writeFile(join(directory, file), content)
  const configure: BaseProject['configure'] = (models, more = options.more ?? []) =>
    write(
      'rampart.yml',
      [
        'app: probe',
        'services:',
        '  web:',
        '    context: web',
        `    repository: ${repository}`,
        '    tags: [live]',
        '    base:',
        `      repository: ${baseRepository}`,
        `      inputs: [${['requirements.txt', ...Object.keys(inputs)].join(', ')}]`,
        '      models:',
        ...models.map((model) => `        - ${model}`),
        ...more,
        'environments:',
        '  test:',
        '    region: us-west-2',
        `    registry: ${host}`,
        '    target: { kind: asg, group: none }',
        '',
      ].join('\n'),
    )
  await write('web/Dockerfile.base', options.dockerfileBase)
  await write('web/Dockerfile.app', options.dockerfileApp(baseRepository))
  await write('web/requirements.txt', 'torch==2.9.0\n')
  await write('web/message.txt', 'hello\n')
  await writeFiles(join(directory, 'web'), inputs)
  await configure(options.models ?? [])
  const rampart: BaseProject['rampart'] = async (...args) => {
    const finished = await runCli([...args, '--json', '--progress', 'plain'], { cwd: directory, env })
    return { ...finished, json: JSON.parse(finished.stdout) as BaseBuildResult }
  }
  const ask = (path: string): Promise<Response> =>
    fetch(`${proxy.url}/v2/${baseRepository}/${path}`, {
      headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
    })
  return {
    host,
    proxy,
    directory,
    env,
    repository,
    baseRepository,
    write,
    configure,
    rampart,
    baseLayers: async () =>
      ((await (await ask('manifests/latest')).json()) as { readonly layers: { digest: string; size: number }[] })
        .layers,
    baseTags: async () => {
      const response = await ask('tags/list')
      return response.status === 404 ? [] : ((await response.json()) as { readonly tags: readonly string[] }).tags
    },
  }
}

/** Runs rampart to its end under that umask. */
export async function runUnder(umask: string, project: BaseProject, args: readonly string[]): Promise<Finished> {
  const child = spawn('/bin/sh', ['-c', 'umask "$0" && exec "$@"', umask, process.execPath, bin, ...args], {
    cwd: project.directory,
    env: project.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode, signal: child.signalCode, stdout, stderr }
}

/** What Docker's own client prints; the proxy in this process goes on meanwhile. */
export async function docker(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<string> {
  return (await execute(dockerProgram, args, { env })).stdout.trim()
}
