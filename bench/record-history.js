/**
 * Records deploys for the test of the predictions: the real binary against rehearsals with varied inputs, one after
 * another, each with the ledger of those before. Writes test/fixtures/history/<platform>.json, one record each.
 *
 * Goes on with what is there; remove the file to begin anew. Build first: npm run build. Then: node bench/record-history.js [asg] [ecs] [--deploys 40] [--speed 30] [--seed 1]
 */
import { GetParametersByPathCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { rehearsalSetup } from '../dist/lib/compose/rehearsal.js'
import { loadConfig } from '../dist/lib/config/index.js'
import { startRehearsal } from '../dist/lib/rehearsal/cloud.js'
import { ledgerPath, numbered } from '../dist/lib/release/paths.js'
import { acceleratedClock, formatClock } from '../dist/lib/system/clock.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    deploys: { type: 'string', default: '40' },
    speed: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
  },
})
const deploys = Number(values.deploys)
const speed = Number(values.speed)

/** Small and repeatable: https://en.wikipedia.org/wiki/Linear_congruential_generator, numbers of Numerical Recipes. */
function randomFrom(seed) {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const MB = 1_000_000

/** How fast the machines of each environment really are, which nobody tells rampart; they vary a little from deploy to deploy. */
const platforms = {
  asg: {
    example: 'rampart-ai',
    truth: {
      launchSeconds: 9,
      bootSeconds: 41,
      downloadBytesPerSecond: 55 * MB,
      unpackBytesPerSecond: 60 * MB,
      modelLoadBytesPerSecond: 38 * MB,
    },
  },
  ecs: {
    example: 'finbert-rag',
    truth: {
      taskProvisioningSeconds: 24,
      downloadBytesPerSecond: 40 * MB,
      unpackBytesPerSecond: 70 * MB,
      modelLoadBytesPerSecond: 45 * MB,
    },
  },
}

/** What a team changes from one deploy to the next. */
function inputsOf(random) {
  const between = (low, high) => Math.round(low + (high - low) * random())
  const [minHealthy, maxHealthy] = [
    [100, 200],
    [100, 150],
    [75, 125],
    [90, 150],
  ][between(0, 3)]
  return {
    // With fewer, some of the rules leave ECS no room to move.
    desired: between(4, 8),
    warmup: between(40, 240),
    minHealthy,
    maxHealthy,
    modelBytes: between(100, 700) * MB,
    appBytes: between(50, 6000) * 1000,
    wobble: () => 0.85 + 0.3 * random(),
  }
}

const replaceBytes = (value, bytes) =>
  typeof value === 'object' && value !== null
    ? Array.isArray(value)
      ? value.map((one) => replaceBytes(one, bytes))
      : Object.fromEntries(
          Object.entries(value).map(([name, one]) => [name, name === 'bytes' ? bytes : replaceBytes(one, bytes)]),
        )
    : value

/** The service with models of that size, in its labels as well. */
function withModels(service, bytes) {
  if (service.base === undefined) return service
  const labels = Object.entries(service.base.labels).map(([name, text]) => {
    if (!text.startsWith('[') && !text.startsWith('{')) return [name, text]
    return [name, JSON.stringify(replaceBytes(JSON.parse(text), bytes))]
  })
  const models = service.base.models.map((model) => ({ ...model, bytes }))
  return { ...service, base: { ...service.base, models, labels: Object.fromEntries(labels) } }
}

function sized(setup, desired) {
  if (setup.group !== undefined) {
    return { ...setup, group: { ...setup.group, desired, min: desired, max: 3 * desired } }
  }
  const services = setup.ecs.services.map((service) => ({
    ...service,
    desired,
    bounds: { min: desired, max: 3 * desired },
  }))
  return { ...setup, ecs: { ...setup.ecs, services } }
}

async function run(args, environment) {
  const { AWS_PROFILE: _profile, ...inherited } = process.env
  const child = spawn(process.execPath, [join(root, 'bin/run.js'), ...args], { env: { ...inherited, ...environment } })
  let output = ''
  let errors = ''
  child.stdout.on('data', (data) => (output += data))
  child.stderr.on('data', (data) => (errors += data))
  const code = await new Promise((done) => child.on('close', done))
  return { code, output, errors }
}

/** One deploy in a cloud of its own that holds the records of those before; gives the records after it. */
async function deployOnce({ example, truth }, inputs, records, seed) {
  const directory = await mkdtemp(join(tmpdir(), 'rampart-history-'))
  const path = join(directory, 'rampart.yml')
  await cp(join(root, 'examples', example), directory, { recursive: true })
  const text = await readFile(path, 'utf8')
  const rules = `minHealthy: ${inputs.minHealthy}\n      maxHealthy: ${inputs.maxHealthy}`
  const changed = text
    .replace(/minHealthy: \d+.*\n\s*maxHealthy: \d+.*/, rules)
    .replace(/warmup: \d+s/, `warmup: ${inputs.warmup}s`)
    // What is verified takes what it is told to take; the predictions are about the rest.
    .replace(/^verify:\n(?:[ \t#].*\n|\n)*/m, '')
    .replace(/^    secrets: \{.*\n/m, '')
  await writeFile(path, changed)
  const origin = Date.now()
  const clock = acceleratedClock(speed, origin)
  const config = await loadConfig({ path, env: process.env })
  for (const service of config.services)
    await writeFile(join(service.context, 'app', 'weights.bin'), randomBytes(inputs.appBytes)).catch(() =>
      writeFile(join(service.context, 'weights.bin'), randomBytes(inputs.appBytes)),
    )
  const setup = sized(await rehearsalSetup(config), inputs.desired)
  const switches = Object.fromEntries(Object.entries(truth).map(([name, value]) => [name, value * inputs.wobble()]))
  const cloud = await startRehearsal({
    setup: { ...setup, services: setup.services.map((service) => withModels(service, inputs.modelBytes)) },
    scenario: 'healthy',
    now: () => clock.now(),
    switches,
    seed,
  })
  try {
    const ssm = new SSMClient({
      endpoint: cloud.url,
      region: setup.region,
      credentials: { accessKeyId: 'AKIAREHEARSALEXAMPLE', secretAccessKey: 'rehearsal-this-is-no-secret' },
    })
    for (const { Name, Value } of records) await ssm.send(new PutParameterCommand({ Name, Value, Type: 'String' }))
    const { code, output, errors } = await run(['deploy', '-c', path, '--json', '--allow-stale-base'], {
      ...cloud.environment,
      RAMPART_CLOCK: formatClock(speed, origin),
      RAMPART_SIMULATION: `a recording, clock at ${speed}x`,
    })
    if (code !== 0) throw new Error(`deploy ended with ${code}: ${errors.slice(-3000)} ${output.slice(-2000)}`)
    const place = { app: config.app, environment: config.environment.name }
    const after = []
    for (let NextToken; ;) {
      const page = await ssm.send(
        new GetParametersByPathCommand({ Path: ledgerPath(place), Recursive: true, NextToken }),
      )
      after.push(...(page.Parameters ?? []).map(({ Name, Value }) => ({ Name, Value })))
      NextToken = page.NextToken
      if (NextToken === undefined) break
    }
    return { records: after, predicted: JSON.parse(output).predicted }
  } finally {
    await cloud.close()
    await rm(directory, { recursive: true, force: true })
  }
}

/** What the predictions need of a record. */
function slim(text) {
  const { v, number, kind, release, revision, from, by, startedAt, endedAt, ending, phases, figures } = JSON.parse(text)
  return { v, number, kind, release, revision, from, by, host: 'recorder', startedAt, endedAt, ending, phases, figures }
}

/** The records of an earlier recording, as the ledger holds them. */
async function recorded(platform) {
  const text = await readFile(join(root, 'test/fixtures/history', `${platform}.json`), 'utf8').catch(() => '[]')
  const { app, name } = {
    asg: { app: 'rampart-ai', name: 'production' },
    ecs: { app: 'finbert-rag', name: 'production' },
  }[platform]
  return JSON.parse(text).map((record) => ({
    Name: numbered(ledgerPath({ app, environment: name }), record.number),
    Value: JSON.stringify(record),
  }))
}

for (const platform of positionals.length === 0 ? ['asg', 'ecs'] : positionals) {
  const random = randomFrom(Number(values.seed) + platform.length + platform.charCodeAt(0))
  let records = await recorded(platform)
  for (let index = 0; index < deploys; index++) {
    const inputs = inputsOf(random)
    if (index < records.length) continue
    const { records: after, predicted } = await deployOnce(platforms[platform], inputs, records, index + 1)
    records = after.toSorted((a, b) => a.Name.localeCompare(b.Name))
    const bytes = Math.max(...records.map(({ Value }) => Value.length))
    console.log(
      `${platform} ${index + 1}: ${inputs.desired} targets, took ${Math.round(predicted.actual / 1000)}s, predicted ${Math.round(predicted.predicted / 1000)}s from ${predicted.runs} runs, largest record ${bytes} bytes`,
    )
    const directory = join(root, 'test/fixtures/history')
    await mkdir(directory, { recursive: true })
    const kept = records.map(({ Value }) => `  ${JSON.stringify(slim(Value))}`)
    await writeFile(join(directory, `${platform}.json`), `[\n${kept.join(',\n')}\n]\n`)
  }
}
