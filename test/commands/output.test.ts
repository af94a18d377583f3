import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { bin, root, runCli } from '../support/cli.js'
import { normalise } from '../support/normalise.js'
import { startCloud } from '../support/rehearsal.js'

const schema = JSON.parse(readFileSync(join(root, 'schemas/events.schema.json'), 'utf8')) as object
const validate = new Ajv2020({
  formats: { 'date-time': (text: string) => !Number.isNaN(Date.parse(text)) },
}).compile(schema)

interface Line {
  readonly seq: number
  readonly type: string
}

/** Every line of an NDJSON stream, held against the published schema. */
function readStream(stdout: string): readonly Line[] {
  expect(stdout.endsWith('\n')).toBe(true)
  return stdout
    .slice(0, -1)
    .split('\n')
    .map((line, index) => {
      const event = JSON.parse(line) as Line
      expect({ line, valid: validate(event), errors: validate.errors }).toEqual({ line, valid: true, errors: null })
      expect(event.seq).toBe(index + 1)
      return event
    })
}

/** The moving part of a rollout is seen as often as the machine is fast. */
const moving = new Set([
  'alarm',
  'cause',
  'forecast',
  'layer.progress',
  'log.line',
  'rollout.progress',
  'target.changed',
  'target.gone',
  'target.load',
  'warmup.advice',
  'warning',
])
const typesOf = (events: readonly Line[]): string =>
  events
    .map(({ type }) => type)
    .filter((type) => !moving.has(type))
    .filter((type, index, all) => type !== 'image.step' || all[index - 1] !== type)
    .join('\n')

const golden = (name: string): string => `../golden/commands/${name}`

test('plain, NDJSON and --json of a deploy and of one that has nothing to do', async () => {
  const cloud = await startCloud({ speed: 1200 })
  const env = cloud.client()
  const deploy = (...more: string[]) => runCli(['deploy', '-c', cloud.project.config, ...more], { env })
  const ndjson = await deploy('--progress', 'ndjson')
  expect([ndjson.code, ndjson.stderr]).toEqual([0, ''])
  const events = readStream(ndjson.stdout)
  expect(events.at(-1)).toMatchObject({ type: 'run.finished', ending: 'done', exitCode: 0 })
  await expect(`${typesOf(events)}\n`).toMatchFileSnapshot(golden('deploy.ndjson-types.txt'))

  const again = await deploy('--progress', 'ndjson')
  await expect(`${typesOf(readStream(again.stdout))}\n`).toMatchFileSnapshot(golden('nothing-to-do.ndjson-types.txt'))

  const plain = await deploy('--progress', 'plain')
  expect(plain.code).toBe(0)
  await expect(normalise(plain.stderr)).toMatchFileSnapshot(golden('nothing-to-do.plain.stderr.txt'))
  await expect(normalise(plain.stdout)).toMatchFileSnapshot(golden('nothing-to-do.plain.stdout.txt'))

  const quiet = await deploy('--progress', 'quiet')
  expect([quiet.code, quiet.stderr]).toEqual([0, ''])
  expect(normalise(quiet.stdout)).toBe(normalise(plain.stdout))

  const json = await deploy('--json')
  expect(json.code).toBe(0)
  expect(json.stdout.trimStart().startsWith('{')).toBe(true)
  const result = JSON.parse(json.stdout) as object
  await expect(`${normalise(JSON.stringify(result, undefined, 2))}\n`).toMatchFileSnapshot(
    golden('nothing-to-do.result.json'),
  )

  const status = await runCli(['status', '-c', cloud.project.config], { env })
  await expect(normalise(status.stdout)).toMatchFileSnapshot(golden('status.txt'))
})

test('a deploy that fails its checks, plain and as NDJSON and JSON', async () => {
  const cloud = await startCloud()
  await cloud.project.edit('rampart.yml', 'group: rampart-production-asg', 'group: nobodys-asg')
  const env = cloud.client()
  const deploy = (...more: string[]) => runCli(['deploy', '-c', cloud.project.config, ...more], { env })
  const plain = await deploy()
  expect(plain.code).toBe(3)
  await expect(normalise(plain.stderr)).toMatchFileSnapshot('../golden/commands/preflight.plain.stderr.txt')
  await expect(normalise(plain.stdout)).toMatchFileSnapshot('../golden/commands/preflight.plain.stdout.txt')
  const ndjson = await deploy('--progress', 'ndjson')
  expect(ndjson.code).toBe(3)
  expect(readStream(ndjson.stdout).at(-1)).toMatchObject({ type: 'run.finished', ending: 'preflight', exitCode: 3 })
  const json = await deploy('--json')
  expect([json.code, JSON.parse(json.stdout)]).toEqual([
    3,
    expect.objectContaining({
      outcome: 'preflight',
      exitCode: 3,
      failedChecks: [expect.objectContaining({ name: 'group' })],
    }),
  ])
})

test('NDJSON of a rollout that goes back validates to its end', async () => {
  const { code, stdout } = await runCli([
    'rehearse',
    '--scenario',
    'bad-image',
    '--speed',
    '900',
    '--progress',
    'ndjson',
  ])
  const events = readStream(stdout)
  expect([code, events.at(-1)]).toEqual([4, expect.objectContaining({ type: 'run.finished', exitCode: 4 })])
  expect(events).toContainEqual(expect.objectContaining({ type: 'rollout.finished', outcome: 'rolled-back' }))
  expect(events[0]).toMatchObject({ type: 'run.started', simulated: true })
})

test('who reads only the first line of the stream does not end the deploy', async () => {
  const cloud = await startCloud({ speed: 3600 })
  const args = ['deploy', '-c', cloud.project.config, '--progress', 'ndjson']
  const child = spawn(process.execPath, [bin, ...args], { env: cloud.client(), stdio: ['ignore', 'pipe', 'ignore'] })
  child.stdout.once('data', () => child.stdout.destroy())
  const [code] = (await once(child, 'close')) as [number | null]
  expect(code).toBe(0)
  expect(cloud.rehearsal.world.state.group.template.version).toBe('8')
})
