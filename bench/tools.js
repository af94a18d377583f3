import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Runs a program to its end; gives its wall time in milliseconds and what it wrote to stdout. Rejects when it fails. */
export function watched(program, words, options = {}) {
  return new Promise((resolve, reject) => {
    const start = performance.now()
    const child = spawn(program, words, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let output = ''
    child.stdout.on('data', (data) => {
      stdout += data
      output += data
    })
    child.stderr.on('data', (data) => (output += data))
    child.once('error', reject)
    child.once('close', (code) => {
      const time = performance.now() - start
      if (code === 0) resolve({ time, stdout })
      else reject(new Error(`${program} ${words.join(' ')} ended with ${code}:\n${output}`))
    })
  })
}

/** The wall time alone. */
export const timed = async (program, words, options) => (await watched(program, words, options)).time

const has = (program, ...words) => spawnSync(program, words, { stdio: 'ignore' }).status === 0

/**
 * The tools that are here. Each has `publish(place)`, which builds the application on the base of a registry and
 * pushes it there; `warm(host)`, which gets it ready; and, where it makes sense, `forget()`, which makes it cold.
 */
export function findTools({ program, work, context, environment }) {
  const dockerProgram = existsSync('/usr/bin/docker') ? '/usr/bin/docker' : 'docker'
  return {
    rampart: rampart({ program, work, context, environment }),
    ...(has(dockerProgram, 'version') && { docker: docker({ dockerProgram, context, environment }) }),
    ...(has('crane', 'version') && { crane: crane({ work, context, environment }) }),
  }
}

function rampart({ program, work, context, environment }) {
  let caches = 0
  let env = { ...environment, XDG_CACHE_HOME: join(work, 'cache-0') }
  const configOf = async (host) => {
    const file = join(work, `rampart-${host.replace(':', '-')}.yml`)
    if (existsSync(file)) return file
    const lines = [
      'app: bench',
      'services:',
      '  backend:',
      `    context: ${JSON.stringify(context)}`,
      '    dockerfile: Dockerfile',
      '    repository: app-rampart',
      '    tags: [latest]',
      '    budget: 100MB',
      '    args:',
      `      BASE: ${host}/base:latest`,
      'environments:',
      '  bench:',
      '    region: us-west-2',
      `    registry: ${JSON.stringify(host)}`,
      '    target: { kind: asg, group: bench }',
      '',
    ]
    await writeFile(file, lines.join('\n'))
    return file
  }
  const publish = async (host) => {
    const config = await configOf(host)
    return timed(process.execPath, [program, 'app', 'build', '--config', config, '--progress', 'plain'], {
      cwd: work,
      env,
    })
  }
  return {
    name: 'rampart app build',
    publish,
    warm: publish,
    forget: () => {
      caches += 1
      // The compile cache of Node is as empty on a fresh machine as ours.
      env = {
        ...env,
        XDG_CACHE_HOME: join(work, `cache-${caches}`),
        NODE_COMPILE_CACHE: join(work, `compile-${caches}`),
      }
    },
    clean: () => undefined,
  }
}

function docker({ dockerProgram, context, environment }) {
  const kit = { env: { ...environment, DOCKER_BUILDKIT: '1' } }
  const classic = { env: { ...environment, DOCKER_BUILDKIT: '0' } }
  const hosts = new Set()
  const publish = async (host, options = kit) => {
    hosts.add(host)
    const image = `${host}/app-docker:latest`
    const words = ['build', '-q', '-t', image, '--build-arg', `BASE=${host}/base:latest`, context]
    return (await timed(dockerProgram, words, options)) + (await timed(dockerProgram, ['push', '-q', image], options))
  }
  // Every image of our registries, also those that lost their tag to a newer one; no other.
  const remove = async () => {
    for (const host of hosts) {
      for (const repository of [`${host}/app-docker`, `${host}/base`]) {
        const { stdout } = spawnSync(dockerProgram, ['images', '-q', repository], { encoding: 'utf8' })
        for (const id of new Set(stdout.split('\n').filter((line) => line !== ''))) {
          await timed(dockerProgram, ['rmi', '-f', id], kit).catch(() => undefined)
        }
      }
    }
  }
  return {
    name: 'docker build && docker push',
    publish,
    // Docker's classic builder keeps no cache beside its images, so that removing them is enough to be cold.
    publishCold: (host) => publish(host, classic),
    warm: async (host) => {
      await timed(dockerProgram, ['pull', '-q', `${host}/base:latest`], kit)
      await publish(host)
    },
    forget: remove,
    clean: remove,
  }
}

function crane({ work, context, environment }) {
  const layer = join(work, 'layer.tar')
  const publish = async (host) => {
    const packing = await timed('tar', ['--transform=s,^app,srv/app,', '-cf', layer, '-C', context, 'app'], {
      env: environment,
    })
    const words = ['append', '--insecure', '-b', `${host}/base:latest`, '-f', layer, '-t', `${host}/app-crane:latest`]
    return packing + (await timed('crane', words, { env: environment }))
  }
  return {
    name: 'tar && crane append',
    publish,
    warm: publish,
    forget: () => undefined,
    clean: () => rm(layer, { force: true }),
  }
}

/** The directory for everything that the benchmark writes. */
export async function emptyHome(work) {
  const home = join(work, 'home')
  await mkdir(home, { recursive: true })
  return home
}
