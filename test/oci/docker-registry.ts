import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
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
  const host = `127.0.0.1:${await freePort()}`
  await writeFile(join(directory, 'htpasswd'), htpasswd)
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(directory, 'data') }, delete: { enabled: true } },
    http: { addr: host },
    ...(options.login === true && { auth: { htpasswd: { realm: 'test', path: join(directory, 'htpasswd') } } }),
  }
  // YAML reads JSON.
  await writeFile(join(directory, 'config.yml'), JSON.stringify(config))
  const child = spawn('/usr/bin/docker-registry', ['serve', join(directory, 'config.yml')], { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const stop = async (): Promise<void> => {
    child.kill()
    await ended
    await rm(directory, { recursive: true, force: true })
  }
  try {
    await answering(host, () => child.exitCode === null)
  } catch (error) {
    await stop()
    throw error
  }
  return { host, stop }
}

async function answering(host: string, alive: () => boolean): Promise<void> {
  const until = Date.now() + 20_000
  while (alive() && Date.now() < until) {
    const response = await fetch(`http://${host}/v2/`).catch(() => undefined)
    if (response !== undefined) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`no registry answered at ${host}`)
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
