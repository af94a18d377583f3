import { fork, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { library } from './library.js'

const debian = '/usr/bin/docker-registry'

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** Debian's docker-registry where it is installed, else the rehearsal's own; with its storage in the directory. */
export async function startRegistry(directory) {
  await mkdir(directory, { recursive: true })
  if (!existsSync(debian)) return startOwn(directory)
  const host = `127.0.0.1:${await freePort()}`
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(directory, 'data') } },
    http: { addr: host },
  }
  const file = join(directory, 'config.yml')
  await writeFile(file, JSON.stringify(config))
  const child = spawn(debian, ['serve', file], { stdio: 'ignore' })
  const gone = new Promise((resolve) => child.once('exit', resolve))
  for (let tries = 0; tries < 500; tries += 1) {
    if (
      await fetch(`http://${host}/v2/`).then(
        () => true,
        () => false,
      )
    )
      break
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const stop = async () => {
    child.kill()
    await gone
  }
  return { host, name: 'docker-registry', stop }
}

async function startOwn(directory) {
  const { createServer: createHttpServer } = await import('node:http')
  const { createRegistry } = await library('rehearsal/registry/registry.ts')
  const registry = await createRegistry({ now: () => Date.now(), directory })
  const server = createHttpServer((request, response) => void registry.handle(request, response))
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await registry.close()
  }
  return { host: `127.0.0.1:${server.address().port}`, name: "rampart's own registry", stop }
}

/** The slow link to a registry; it passes everything on at once until it is told to be slow. */
export async function startLink(host, { rtt, bitsPerSecond }) {
  const child = fork(fileURLToPath(new URL('slow-link.js', import.meta.url)), [host, rtt, bitsPerSecond].map(String))
  const { port } = await new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', () => reject(new Error('the slow link did not start')))
  })
  child.send({ shaped: false })
  return {
    host: `127.0.0.1:${port}`,
    shape: (shaped) => new Promise((resolve) => child.send({ shaped }, resolve)),
    stop: () => child.kill(),
  }
}
