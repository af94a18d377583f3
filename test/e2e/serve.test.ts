import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cleanEnvironment, root, runCli, startCli } from '../support/cli.js'
import { copyExample, temporaryDirectory } from '../support/project.js'
import { exampleGroup, historyOf } from '../support/rehearsal.js'
import { evaluate, startServe } from '../support/serve.js'

interface Result {
  readonly release: string
  readonly images: readonly { readonly uploadedLayerBytes: number; readonly digest: string }[]
  readonly proof: { readonly proved: number; readonly total: number }
  readonly message: string
  readonly phases: readonly { readonly phase: string; readonly outcome: string }[]
}

test('serve and deploy as two processes: deployed, nothing to do, forced, and status says so', async () => {
  const project = await copyExample()
  const served = await startServe(['-c', project.config, '--speed', '1200'])
  const env = served.client()
  const deploy = async (...more: string[]): Promise<Result> => {
    const { code, stdout, stderr } = await runCli(['deploy', '-c', project.config, '--json', ...more], { env })
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    return JSON.parse(stdout) as Result
  }
  const before = await runCli(['status', '-c', project.config], { env })
  expect(before.stdout).toMatch(/SIMULATED/)
  expect(before.stdout).toContain('not made by rampart, version 7')
  expect(before.stdout).toContain('none in the last six weeks')

  const first = await deploy()
  expect(first.proof).toMatchObject({ proved: 4, total: 4 })
  expect(first.images.every((image) => image.uploadedLayerBytes > 0)).toBe(true)
  expect((await historyOf(env, exampleGroup)).refreshes).toHaveLength(1)

  const second = await deploy()
  expect(second.message).toMatch(/^Nothing to do/)
  expect(second.images.map((image) => image.uploadedLayerBytes)).toEqual([0, 0])
  expect(second.images.map((image) => image.digest)).toEqual(first.images.map((image) => image.digest))
  expect(second.phases).toContainEqual(expect.objectContaining({ phase: 'rollout', outcome: 'skipped' }))
  expect(second.proof).toMatchObject({ proved: 4, total: 4 })
  expect((await historyOf(env, exampleGroup)).refreshes).toHaveLength(1)

  // A machine that has never built this has nothing remembered, and still finds everything in the registry.
  const elsewhere = served.client({ HOME: await temporaryDirectory('home') })
  const { code, stdout } = await runCli(['deploy', '-c', project.config, '--json'], { env: elsewhere })
  expect(code).toBe(0)
  expect((JSON.parse(stdout) as Result).images.map((image) => image.uploadedLayerBytes)).toEqual([0, 0])
  expect((await historyOf(env, exampleGroup)).refreshes).toHaveLength(1)

  const forced = await deploy('--force')
  expect(forced.release).toBe(first.release)
  expect(forced.images.map((image) => image.uploadedLayerBytes)).toEqual([0, 0])
  expect(await historyOf(env, exampleGroup)).toEqual({
    refreshes: [
      expect.objectContaining({ status: 'Successful', version: '8' }),
      expect.objectContaining({ status: 'Successful', version: '8' }),
    ],
    versions: [8, 7],
  })

  const status = await runCli(['status', '-c', project.config], { env })
  expect({ code: status.code, stderr: status.stderr }).toEqual({ code: 0, stderr: '' })
  expect(status.stdout).toContain(`release ${first.release}, version 8`)
  for (const { digest } of first.images) expect(status.stdout).toContain(digest)
  expect(status.stdout.match(/InService, healthy, version 8/g)).toHaveLength(4)
  const machine = await runCli(['status', '-c', project.config, '--json'], { env })
  const seen = JSON.parse(machine.stdout) as Record<string, unknown>
  expect(seen).toMatchObject({ v: 1, simulated: true, release: first.release, desired: 4, revision: { number: '8' } })
  expect(seen['rollout']).toMatchObject({ status: 'Successful', active: false })
})

test('one changed file: only its service is uploaded, and the new version launches both', async () => {
  const project = await copyExample()
  const served = await startServe(['-c', project.config, '--speed', '3600'])
  const env = served.client()
  const deploy = async (): Promise<Result> =>
    JSON.parse((await runCli(['deploy', '-c', project.config, '--json'], { env })).stdout) as Result
  const first = await deploy()
  await project.edit('backend/app/main.py', /^/, '# a change\n')
  const second = await deploy()
  const [backend, frontend] = second.images
  expect(backend?.uploadedLayerBytes).toBeGreaterThan(0)
  expect(frontend).toMatchObject({ uploadedLayerBytes: 0, digest: first.images[1]?.digest })
  expect(second.release).not.toBe(first.release)
  expect(second.proof).toMatchObject({ proved: 4, total: 4 })
  expect((await historyOf(env, exampleGroup)).refreshes.map(({ version }) => version)).toEqual(['9', '8'])
})

test('what serve prints survives a shell, whatever the folder is called, and frees the shell of other accounts', async () => {
  const awkward = join(await temporaryDirectory('shell'), `it's a "$HOME" \`folder\``)
  await mkdir(awkward)
  await cp(join(root, 'examples/rampart-ai'), awkward, { recursive: true })
  const served = await startServe(['-c', join(awkward, 'rampart.yml'), '--speed', '3600'])
  const env = evaluate(served.script, cleanEnvironment({ AWS_PROFILE: 'mine', AWS_SESSION_TOKEN: 'token' }))
  expect(env).not.toHaveProperty('AWS_PROFILE')
  expect(env).not.toHaveProperty('AWS_SESSION_TOKEN')
  expect(env['AWS_ENDPOINT_URL']).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect(served.running.stderr()).toMatch(/^SIMULATED: .*nothing of it is real$/m)
  const { code, stderr } = await runCli(['deploy', '-c', join(awkward, 'rampart.yml')], { env })
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
})

test('serve --json is one document, and a port in use is a clear error', async () => {
  const served = await startServe(['--json'])
  const { url, environment } = JSON.parse(served.running.stdout()) as { url: string; environment: object }
  expect(environment).toMatchObject({ AWS_ENDPOINT_URL: url })
  const second = await runCli(['rehearse', 'serve', '--port', new URL(url).port])
  expect(second.stdout).toBe('')
  expect(second.stderr).toContain(`port ${new URL(url).port}`)
  expect(second.stderr).not.toContain('bug')
  expect(second.code).toBe(2)
})

test.each(['SIGINT', 'SIGTERM'] as const)('serve ends cleanly on %s', async (signal) => {
  const running = startCli(['rehearse', 'serve', '--port', '0'])
  await running.waitFor('Ctrl-C ends it')
  running.process.kill(signal)
  expect(await running.finished).toMatchObject({ code: 0, signal: null })
})

test('rehearse uses the rampart.yml of the folder when there is one', async () => {
  const project = await copyExample()
  await project.edit('rampart.yml', 'app: rampart-ai', 'app: my-own')
  const { code, stdout } = await runCli(['rehearse', '--speed', '3600', '--json'], { cwd: project.directory })
  expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ app: 'my-own', simulated: true })])
})
