import { spawnSync } from 'node:child_process'
import { createWriteStream, existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { packBase } from '../test/support/docker-base.ts'
import { baseLayers } from './fixture.js'
import { startLink, startRegistry } from './servers.js'
import { timed, watched } from './tools.js'

const docker = existsSync('/usr/bin/docker') ? '/usr/bin/docker' : 'docker'
const memoryHook = new URL('peak-memory.js', import.meta.url).href

/** Whether there is a Docker engine to push from. */
export const hasEngine = () => spawnSync(docker, ['version'], { stdio: 'ignore' }).status === 0

/** Has the engine make an image as a base's Dockerfile would: a system, dependencies, and a layer for each model. */
async function makeImage(work, name, bytes, environment) {
  const context = join(work, 'image')
  await mkdir(context, { recursive: true })
  await writeFile(join(context, 'system.tar'), packBase())
  const [, ...layers] = await baseLayers(bytes, Math.floor(Math.random() * 2 ** 31))
  const files = layers.map((_, index) => `layer-${index}.tar`)
  for (const [index, file] of files.entries()) {
    await pipeline(Readable.from(layers[index].open()), createWriteStream(join(context, file)))
  }
  const lines = ['FROM scratch', ...['system.tar', ...files].map((file) => `ADD ${file} /`), 'ENV PATH=/bin', '']
  await writeFile(join(context, 'Dockerfile'), lines.join('\n'))
  await timed(docker, ['build', '-q', '-t', name, context], { env: { ...environment, DOCKER_BUILDKIT: '0' } })
  await rm(context, { recursive: true })
}

/** A project whose base is that image; each round pushes it to a registry that has nothing. */
async function makeProject(work, image) {
  const directory = join(work, 'project')
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, 'Dockerfile.base'), `FROM ${image}\nUSER app\n`)
  await writeFile(join(directory, 'Dockerfile.app'), 'FROM base\nUSER app\nCMD ["true"]\n')
  return {
    directory,
    configFor: async (host) => {
      const file = join(directory, 'rampart.yml')
      const lines = [
        'app: bench',
        'services:',
        '  backend:',
        '    repository: backend',
        '    dockerfile: Dockerfile.app',
        '    base: { dockerfile: Dockerfile.base, repository: base }',
        'environments:',
        '  bench:',
        '    region: us-west-2',
        `    registry: ${JSON.stringify(host)}`,
        '    target: { kind: asg, group: bench }',
        '',
      ]
      await writeFile(file, lines.join('\n'))
      return file
    },
  }
}

/** Milliseconds from the first to the last word of a phase, from a stream of events. */
function phaseTime(text, phase) {
  const events = text.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []))
  const ended = events.find((event) => event.type === 'phase.finished' && event.phase === phase)
  const begun = events.find((event) => event.type === 'phase.started' && event.phase === phase)
  if (begun === undefined || ended === undefined) throw new Error(`the program told of no phase ${phase}`)
  return Date.parse(ended.at) - Date.parse(begun.at)
}

/** One `rampart base build` from an engine that has every step already: its push, the whole process, and its peak memory. */
async function byRampart({ program, work, environment, project, round }, host, via) {
  const peak = join(work, `peak-${round}-${via}`)
  const words = ['base', 'build', '--config', await project.configFor(host), '--via', via, '--progress', 'ndjson']
  const env = {
    ...environment,
    // A machine that remembers nothing of an earlier round.
    XDG_CACHE_HOME: join(work, `cache-${round}-${via}`),
    NODE_OPTIONS: `--import ${memoryHook}`,
    BENCH_PEAK: peak,
  }
  const { time, stdout } = await watched(process.execPath, [program, ...words], { cwd: project.directory, env })
  return {
    push: phaseTime(stdout, 'push'),
    whole: time,
    memory: Number(await readFile(peak, 'utf8')),
  }
}

async function byDocker({ image, environment }, host) {
  const reference = `${host}/plain:latest`
  spawnSync(docker, ['tag', image, reference])
  try {
    const time = await timed(docker, ['push', '-q', reference], { env: environment })
    return { push: time, whole: time, memory: 0 }
  } finally {
    spawnSync(docker, ['rmi', reference])
  }
}

/** Every way in its turn, each to a registry of its own that has nothing yet: an engine mounts what it pushed before. */
async function rounds(count, ways, work, link, stops) {
  const results = Object.fromEntries(Object.keys(ways).map((name) => [name, []]))
  for (let round = 0; round < count; round += 1) {
    for (const [name, push] of Object.entries(ways)) {
      const directory = join(work, 'registry')
      const registry = await startRegistry(directory)
      stops.push(registry.stop)
      const slow = link === undefined ? undefined : await startLink(registry.host, link)
      try {
        await slow?.shape(true)
        results[name].push(await push(slow?.host ?? registry.host, `${link === undefined ? 'near' : 'far'}-${round}`))
      } finally {
        slow?.stop()
        await registry.stop()
        await rm(directory, { recursive: true, force: true })
      }
    }
  }
  return results
}

/** What `base build` and this benchmark named in the engine. */
function removeImages() {
  const named = ['rampart-base/base', 'rampart-bench']
  const { stdout } = spawnSync(docker, ['images', '--format', '{{.Repository}}:{{.Tag}}'], { encoding: 'utf8' })
  const ours = stdout.split('\n').filter((line) => named.some((name) => line.startsWith(`${name}:`)))
  if (ours.length > 0) spawnSync(docker, ['rmi', '-f', ...ours])
}

/**
 * `base build` against `docker push` of the same image: results of every way, by name. What must be undone when it is
 * interrupted goes into `stops`.
 */
export async function measurePush({ program, work: parent, environment, bytes, count, link, say, stops }) {
  const work = join(parent, `push-${link === undefined ? 'near' : 'far'}`)
  const image = `rampart-bench:${process.pid}-${bytes}`
  await mkdir(work)
  say(`having the engine make an image of ${(bytes / 1e9).toFixed(1)} GB …`)
  stops.push(removeImages)
  try {
    await makeImage(work, image, bytes, environment)
    const shared = { program, work, environment, image, project: await makeProject(work, image) }
    const ways = {
      'base build': (host, round) => byRampart({ ...shared, round }, host, 'rampart'),
      'base build --via docker': (host, round) => byRampart({ ...shared, round }, host, 'docker'),
      'docker push': (host) => byDocker(shared, host),
    }
    return await rounds(count, ways, work, link, stops)
  } finally {
    removeImages()
  }
}
