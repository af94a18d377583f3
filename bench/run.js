/**
 * The code-change loop against its peers: one file of the application changed, and nothing changed; next to the
 * registry and over a slow link; on a machine that knows nothing yet. Then the push of a base out of a Docker engine,
 * against the engine's own push of the same image. Then images from one registry to another, against skopeo. Whole processes, in turns, medians.
 * `npm run bench -- --help` for the options. Build first: npm run build.
 */
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { pushBase } from './base.js'
import { hasSkopeo, measureCopy } from './copy.js'
import { hasEngine, measurePush } from './engine-push.js'
import { writeApplication } from './fixture.js'
import { library } from './library.js'
import { startLink, startRegistry } from './servers.js'
import { median, targetsTable, timesTable } from './table.js'
import { emptyHome, findTools, timed } from './tools.js'

const usage = `usage: npm run bench -- [options]
  --suite NAMES    loop, push, copy (all of them)
  --rounds N       rounds of each scenario (5)
  --cold-rounds N  rounds on a machine that knows nothing (5); 0 leaves them out
  --push-rounds N  rounds of the push of a base (3)
  --copy-rounds N  rounds of a copy from registry to registry (3)
  --base-size S    bytes of the base image, e.g. 200MB (2GB)
  --slow-size S    bytes of the base that is pushed over the slow link (200MB)
  --only TOOLS     e.g. rampart,crane
  --program PATH   the program to measure (bin/run.js)`

const { values } = parseArgs({
  options: {
    suite: { type: 'string', default: 'loop,push,copy' },
    rounds: { type: 'string', default: '5' },
    'cold-rounds': { type: 'string', default: '5' },
    'push-rounds': { type: 'string', default: '3' },
    'copy-rounds': { type: 'string', default: '3' },
    'base-size': { type: 'string', default: '2GB' },
    'slow-size': { type: 'string', default: '200MB' },
    only: { type: 'string' },
    program: { type: 'string', default: fileURLToPath(new URL('../bin/run.js', import.meta.url)) },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(usage)
  process.exit()
}

const units = { '': 1, kB: 1e3, MB: 1e6, GB: 1e9 }
const sizeOf = (text) => {
  const [, amount, unit] = /^([\d.]+)(|kB|MB|GB)$/.exec(text) ?? []
  return Number(amount) * units[unit]
}
const baseBytes = sizeOf(values['base-size'])
const slowBytes = sizeOf(values['slow-size'])
const rounds = Number(values.rounds)
const coldRounds = Number(values['cold-rounds'])
const pushRounds = Number(values['push-rounds'])
const copyRounds = Number(values['copy-rounds'])
const suites = values.suite.split(',')
if (
  ![baseBytes, slowBytes, rounds, pushRounds, copyRounds].every((one) => one > 0) ||
  !(coldRounds >= 0) ||
  !suites.every((one) => ['loop', 'push', 'copy'].includes(one))
) {
  console.error(usage)
  process.exit(2)
}

const program = resolve(values.program)
const link = { rtt: 30, bitsPerSecond: 100e6 }
const work = await mkdtemp(join(tmpdir(), 'rampart-bench-'))
const say = (text) => console.error(text)
const stops = []

/** Start-up alone, against an interpreter that does nothing. */
async function startUp(environment) {
  const options = { cwd: work, env: environment }
  const commands = {
    'node -e 0': ['-e', '0'],
    'rampart --version': [program, '--version'],
    'rampart --help': [program, '--help'],
    'rampart deploy --help': [program, 'deploy', '--help'],
  }
  const times = Object.fromEntries(Object.keys(commands).map((name) => [name, []]))
  for (let round = -1; round < 4 * rounds; round += 1) {
    for (const [name, words] of Object.entries(commands)) {
      const time = await timed(process.execPath, words, options)
      // The first round fills the compile cache.
      if (round >= 0) times[name].push(time)
    }
  }
  return times
}

/** Rounds of one change and of no change, every tool in its turn. */
async function loop(tools, host, file, label) {
  const changed = Object.fromEntries(Object.keys(tools).map((tool) => [tool, []]))
  const unchanged = structuredClone(changed)
  for (let round = 0; round < rounds; round += 1) {
    await appendFile(file, `# change ${label} ${round}\n`)
    for (const [tool, { publish }] of Object.entries(tools)) changed[tool].push(await publish(host))
    for (const [tool, { publish }] of Object.entries(tools)) unchanged[tool].push(await publish(host))
  }
  return { changed, unchanged }
}

async function cold(tools, host, file) {
  const times = Object.fromEntries(Object.keys(tools).map((tool) => [tool, []]))
  for (let round = 0; round < coldRounds; round += 1) {
    await appendFile(file, `# cold ${round}\n`)
    for (const [tool, { forget, publish, publishCold = publish }] of Object.entries(tools)) {
      await forget()
      times[tool].push(await publishCold(host))
      say(`  cold round ${round + 1}: ${tool} ${(times[tool].at(-1) / 1000).toFixed(2)} s`)
    }
  }
  return times
}

const title = (name) => `${name}, ${link.rtt} ms, ${link.bitsPerSecond / 1e6} Mbit/s`

async function main() {
  const environment = { ...process.env, HOME: await emptyHome(work), NO_COLOR: '1' }
  delete environment.NODE_COMPILE_CACHE
  if (suites.includes('loop')) await codeChange(environment)
  if (suites.includes('push')) await basePush(environment)
  if (suites.includes('copy')) await registryCopy(environment)
}

/** A repository from one registry to another, against `skopeo sync`. */
async function registryCopy(environment) {
  if (!hasSkopeo()) say('There is no skopeo to compare with.')
  const shared = { program, work, environment, count: copyRounds, say, stops }
  const near = await measureCopy({ ...shared, images: 50, sharedBytes: 600e6, ownBytes: 1e6 })
  const far = await measureCopy({ ...shared, images: 50, sharedBytes: 30e6, ownBytes: 200e3, link })
  console.log(
    [
      `50 images with six shared layers between two registries; ${copyRounds} rounds. 650 MB on loopback, 40 MB to a registry behind the slow link.`,
      '',
      timesTable([
        { name: 'all 50 images', times: near.all },
        { name: 'nothing to copy', times: near.nothing },
        { name: title('all 50 images'), times: far.all },
        { name: title('nothing to copy'), times: far.nothing },
      ]),
      '',
      targetsTable([
        { what: 'registry migrate, against skopeo sync', ratio: ratio(near.all, 'skopeo'), most: 0.7 },
        {
          what: 'registry migrate, nothing to copy, against skopeo sync',
          ratio: ratio(near.nothing, 'skopeo'),
          most: 0.7,
        },
        { what: 'registry migrate, slow link, against skopeo sync', ratio: ratio(far.all, 'skopeo'), most: 0.7 },
      ]),
    ].join('\n'),
  )
}

const timesOf = (results, what) =>
  Object.fromEntries(Object.entries(results).map(([name, runs]) => [name, runs.map((run) => run[what])]))
const againstDocker = (results, what) => {
  const times = timesOf(results, what)
  return median(times['base build']) / median(times['docker push'])
}

/** A base out of the engine, against `docker push`. */
async function basePush(environment) {
  if (!hasEngine()) {
    console.log('The push of a base was left out: there is no Docker engine.')
    return
  }
  const shared = { program, work, environment, count: pushRounds, say, stops }
  const near = await measurePush({ ...shared, bytes: baseBytes })
  const far = await measurePush({ ...shared, bytes: slowBytes, link })
  const slow = title(`push of ${values['slow-size']}`)
  const memory = Math.max(...[...near['base build'], ...far['base build']].map((run) => run.memory))
  console.log(
    [
      `Push of a base of ${values['base-size']} out of the Docker engine: three fifths weights in six layers, the rest dependencies; ${pushRounds} rounds. A registry of its own for each push.`,
      '',
      timesTable([
        { name: `push of ${values['base-size']}`, times: timesOf(near, 'push') },
        { name: 'the same, whole process', times: timesOf(near, 'whole') },
        { name: slow, times: timesOf(far, 'push') },
        { name: 'the same, whole process', times: timesOf(far, 'whole') },
      ]),
      '',
      targetsTable([
        { what: 'push out of the engine, against docker push', ratio: againstDocker(near, 'push'), most: 0.5 },
        {
          what: 'whole base build from the cache, against docker push',
          ratio: againstDocker(near, 'whole'),
          most: 0.5,
        },
        { what: 'push out of the engine, slow link, against docker push', ratio: againstDocker(far, 'push'), most: 1 },
        { what: 'peak memory, against 200 MB', ratio: memory / 200e6, most: 1 },
      ]),
    ].join('\n'),
  )
}

async function codeChange(environment) {
  const registry = await startRegistry(join(work, 'registry'))
  stops.push(registry.stop)
  const slow = await startLink(registry.host, link)
  stops.push(slow.stop)

  const context = join(work, 'context')
  const names = await writeApplication(context, { files: 300, bytes: 5_000_000 })
  const file = join(context, names[150])
  const found = findTools({ program, work, context, environment })
  const wanted = values.only?.split(',') ?? Object.keys(found)
  const tools = Object.fromEntries(Object.entries(found).filter(([name]) => wanted.includes(name)))
  stops.push(...Object.values(tools).map((tool) => tool.clean))

  say(`pushing a base of ${values['base-size']} into ${registry.name} …`)
  const { createRegistryClient } = await library('oci/client.ts')
  const { clockFrom } = await library('system/clock.ts')
  const client = createRegistryClient({
    endpoint: `http://${registry.host}`,
    credentials: async () => undefined,
    clock: clockFrom(undefined),
  })
  // Other models each time, so that no engine knows them from an earlier run.
  const stored = await pushBase(client, 'base', baseBytes, Math.floor(Math.random() * 2 ** 31))
  await client.close()

  const start = await startUp(environment)
  say('on machines that know nothing …')
  const fromNothing = coldRounds > 0 ? await cold(tools, registry.host, file) : {}
  say('getting warm …')
  for (const tool of Object.values(tools)) {
    await tool.warm(registry.host)
    await tool.warm(slow.host)
  }
  say('next to the registry …')
  const near = await loop(tools, registry.host, file, 'near')
  say('over the slow link …')
  await slow.shape(true)
  const far = await loop(tools, slow.host, file, 'far')

  console.log(
    [
      `Application of 300 files, 5 MB; base of ${values['base-size']}, ${(stored / 1e9).toFixed(2)} GB as stored; ${registry.name}; Node ${process.version}; ${rounds} rounds (cold: ${coldRounds}).`,
      Object.entries(tools)
        .map(([name, tool]) => `${name}: ${tool.name}`)
        .join('; '),
      '',
      timesTable([
        { name: 'one file changed', times: near.changed },
        { name: 'nothing changed', times: near.unchanged },
        { name: title('one file changed'), times: far.changed },
        { name: title('nothing changed'), times: far.unchanged },
        { name: 'cold', times: fromNothing },
      ]),
      '',
      timesTable(Object.entries(start).map(([name, times]) => ({ name, times: { start: times } }))),
      '',
      targetsTable(targets({ start, near, far, fromNothing })),
    ].join('\n'),
  )
}

const ratio = (times, peer) =>
  times?.rampart?.length > 0 && times[peer]?.length > 0 ? median(times.rampart) / median(times[peer]) : undefined

function targets({ start, near, far, fromNothing }) {
  const starting = (name) => median(start[name]) / median(start['node -e 0'])
  return [
    { what: 'one file changed, against crane', ratio: ratio(near.changed, 'crane'), most: 1.5 },
    { what: 'one file changed, against docker', ratio: ratio(near.changed, 'docker'), most: 0.5 },
    { what: 'one file changed, slow link, against crane', ratio: ratio(far.changed, 'crane'), most: 0.45 },
    { what: 'one file changed, slow link, against docker', ratio: ratio(far.changed, 'docker'), most: 0.5 },
    { what: 'nothing changed, against crane', ratio: ratio(near.unchanged, 'crane'), most: 1 },
    { what: 'nothing changed, slow link, against crane', ratio: ratio(far.unchanged, 'crane'), most: 0.25 },
    { what: 'cold, against docker', ratio: ratio(fromNothing, 'docker'), most: 0.02 },
    { what: 'rampart --version, against node -e 0', ratio: starting('rampart --version'), most: 3.5 },
    { what: 'rampart --help, against node -e 0', ratio: starting('rampart --help'), most: 3.5 },
  ]
}

let stopping
function stopAll() {
  return (stopping ??= (async () => {
    for (const stop of stops.toReversed()) await stop()
    await rm(work, { recursive: true, force: true })
  })())
}
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]) {
  process.on(signal, () => void stopAll().then(() => process.exit(code)))
}
try {
  await main()
} finally {
  await stopAll()
}
