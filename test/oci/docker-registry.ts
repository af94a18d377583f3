import { spawn } from 'node:child_process'
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A running registry of Debian's docker-registry package. */
export interface DockerRegistry {
  readonly host: string
  stop(): Promise<void>
}

/** A name and a password that the registry takes when it is started with `login`. */
export const login = { username: 'deployer', password: 'correct horse' } as const
// The bcrypt hash of that password, at the lowest cost.
const htpasswd = `${login.username}:$2b$04$uVMZEMSxH47V6XX0RqGltuXUa32EGciccFqLvAcoOtc7xWRJsMIPm\n`

/** Starts the registry on a free loopback port, with its storage in a temporary directory that `stop` removes. */
export async function startDockerRegistry(options: { readonly login?: boolean } = {}): Promise<DockerRegistry> {
  const directory = await mkdtemp(join(tmpdir(), 'rampart-registry-'))
  await writeFile(join(directory, 'htpasswd'), htpasswd)
  const config = {
    version: 0.1,
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(directory, 'data') }, delete: { enabled: true } },
    // Its own choice of a port, which it says in its log: one that is looked for here may be taken before it listens.
    http: { addr: '127.0.0.1:0' },
    ...(options.login === true && { auth: { htpasswd: { realm: 'test', path: join(directory, 'htpasswd') } } }),
  }
  // YAML reads JSON.
  await writeFile(join(directory, 'config.yml'), JSON.stringify(config))
  // A file and no pipe: a test that waits for another program reads nothing meanwhile, and a full pipe stops the registry.
  const path = join(directory, 'log')
  const log = await open(path, 'w')
  const words = ['serve', join(directory, 'config.yml')]
  const child = spawn('/usr/bin/docker-registry', words, { stdio: ['ignore', log.fd, log.fd] })
  await log.close()
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const stop = async (): Promise<void> => {
    child.kill()
    await ended
    await rm(directory, { recursive: true, force: true })
  }
  try {
    return { host: await listening(path, () => child.exitCode === null), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Where it says that it listens; connections are taken from then on. */
async function listening(path: string, alive: () => boolean): Promise<string> {
  const until = Date.now() + 20_000
  while (alive() && Date.now() < until) {
    const [, host] = /msg="listening on (127\.0\.0\.1:\d+)"/.exec(await readFile(path, 'utf8')) ?? []
    if (host !== undefined) return host
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`the registry does not listen: ${await readFile(path, 'utf8')}`)
}
