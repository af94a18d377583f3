import { expect, test } from 'vitest'
import { cleanEnvironment, runCli, startCli } from '../support/cli.js'
import { exampleGroup, historyOf, startCloud } from '../support/rehearsal.js'

test('RAMPART_CONFIG, RAMPART_ENV, RAMPART_PROGRESS, RAMPART_FORCE and RAMPART_JSON stand in for their flags', async () => {
  const cloud = await startCloud({ speed: 3600 })
  await cloud.project.edit('rampart.yml', '  production:\n', '  staging:\n')
  const base = { RAMPART_CONFIG: cloud.project.config, RAMPART_ENV: 'staging' }
  const ndjson = await runCli(['deploy'], { env: cloud.client({ ...base, RAMPART_PROGRESS: 'ndjson' }) })
  expect([ndjson.code, JSON.parse(ndjson.stdout.split('\n')[0] ?? '')]).toEqual([
    0,
    expect.objectContaining({ type: 'run.started', environment: 'staging' }),
  ])
  const forced = await runCli(['deploy'], { env: cloud.client({ ...base, RAMPART_FORCE: '1', RAMPART_JSON: '1' }) })
  expect([forced.code, JSON.parse(forced.stdout)]).toEqual([0, expect.objectContaining({ outcome: 'done' })])
  expect((await historyOf(cloud.client(), exampleGroup)).refreshes).toHaveLength(2)
  const unknown = await runCli(['status'], { env: cloud.client({ ...base, RAMPART_ENV: 'nowhere' }) })
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('nowhere')])
})

test.each([
  ['frontend', ['frontend']],
  ['frontend,backend', ['backend', 'frontend']],
])('RAMPART_SERVICE=%s builds %j', async (value, services) => {
  const cloud = await startCloud()
  const env = cloud.client({ RAMPART_SERVICE: value })
  const { code, stdout, stderr } = await runCli(['app', 'build', '-c', cloud.project.config, '--json'], { env })
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  const result = JSON.parse(stdout) as { images: { service: string }[] }
  expect(result.images.map((image) => image.service).toSorted()).toEqual(services)
  expect(cloud.requests.some((request) => request.includes('rampart-backend'))).toBe(services.includes('backend'))
})

test('RAMPART_SCENARIO and RAMPART_SPEED choose the rehearsal', async () => {
  const env = cleanEnvironment({ RAMPART_SCENARIO: 'bad-image', RAMPART_SPEED: '900' })
  const { code, stderr } = await runCli(['rehearse'], { env })
  expect(code).toBe(4)
  expect(stderr).toContain('scenario bad-image, clock at 900x')
})

test('RAMPART_PORT is the port that serve listens on', async () => {
  const running = startCli(['rehearse', 'serve'], { env: cleanEnvironment({ RAMPART_PORT: '0' }) })
  await running.waitFor('Ctrl-C ends it')
  expect(running.stdout()).toMatch(/AWS_ENDPOINT_URL='http:\/\/127\.0\.0\.1:(?!4599')\d+'/)
  running.process.kill('SIGTERM')
  expect((await running.finished).code).toBe(0)
})

test.each([
  ['RAMPART_PROGRESS', 'dance'],
  ['RAMPART_SCENARIO', 'sunshine'],
  ['RAMPART_SPEED', 'fast'],
])('%s=%s is a usage error that names it', async (name, value) => {
  const { code, stdout, stderr } = await runCli(['rehearse'], { env: cleanEnvironment({ [name]: value }) })
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain(value)
})
