import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { bin, startCli, type Running } from '../support/cli.js'
import { temporaryDirectory } from '../support/project.js'
import {
  changesOf,
  exampleGroup,
  historyOf,
  startCloud,
  startHeldCloud,
  type CloudOptions,
} from '../support/rehearsal.js'

/** Sends the signal when the operation is asked for the nth time, and loses that call, so that the signal comes before any answer. */
function signalAt(
  operation: string,
  signal: NodeJS.Signals,
  nth = 1,
): CloudOptions & { readonly watch: (running: Running) => void } {
  let running: Running | undefined
  let seen = 0
  return {
    watch: (started) => {
      running = started
    },
    faults: [{ match: { operation }, calls: [nth], effect: { kind: 'drop', when: 'before' } }],
    onCall: (_n, _service, name) => {
      if (name === operation && (seen += 1) === nth) running?.process.kill(signal)
    },
  }
}

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 143],
] as const)('%s before anything was changed: exit %i, and it says so', async (signal, exitCode) => {
  for (const operation of ['GetCallerIdentity', 'DescribeAlarms', 'DescribeAutoScalingGroups']) {
    const { watch, ...options } = signalAt(operation, signal)
    const cloud = await startCloud(options)
    const running = startCli(['deploy', '-c', cloud.project.config], { env: cloud.client() })
    watch(running)
    const { code, stderr } = await running.finished
    expect({ operation, code, stderr: code === exitCode ? '' : stderr }).toEqual({
      operation,
      code: exitCode,
      stderr: '',
    })
    expect(stderr).toContain(`Stopped by ${signal}. Nothing that serves was changed.`)
    expect(stderr).not.toContain('Goes on without us')
    expect(changesOf(cloud)).toEqual([])
  }
})

test('Ctrl-C after the release was recorded and before the refresh: nothing that serves was changed', async () => {
  const { watch, ...options } = signalAt('CreateLaunchTemplateVersion', 'SIGINT')
  const cloud = await startCloud(options)
  const running = startCli(['deploy', '-c', cloud.project.config], { env: cloud.client() })
  watch(running)
  const { code, stderr } = await running.finished
  expect({ code, stderr: code === 130 ? '' : stderr }).toEqual({ code: 130, stderr: '' })
  expect(stderr).toContain('Nothing that serves was changed.')
  expect(await historyOf(cloud.client(), exampleGroup)).toMatchObject({ refreshes: [], versions: [8, 7] })
})

test('Ctrl-C while the fleet is asked whether there is anything to do starts no refresh', async () => {
  const probe = await startCloud({ speed: 10_000 })
  await startCli(['deploy', '-c', probe.project.config], { env: probe.client() }).finished
  const question = 'autoscaling:DescribeInstanceRefreshes'
  const asked = probe.calls.indexOf(question, probe.calls.indexOf('ec2:CreateLaunchTemplateVersion'))
  expect(asked).toBeLessThan(probe.calls.indexOf('autoscaling:StartInstanceRefresh'))
  const nth = probe.calls.slice(0, asked + 1).filter((call) => call === question).length
  const { watch, ...options } = signalAt('DescribeInstanceRefreshes', 'SIGINT', nth)
  const cloud = await startCloud(options)
  const running = startCli(['deploy', '-c', cloud.project.config], { env: cloud.client() })
  watch(running)
  const { code, stderr } = await running.finished
  expect({ code, stderr: code === 130 ? '' : stderr }).toEqual({ code: 130, stderr: '' })
  expect(changesOf(cloud)).toContain('ec2:CreateLaunchTemplateVersion')
  expect(changesOf(cloud)).not.toContain('autoscaling:StartInstanceRefresh')
})

/** A shell in which `rampart` is this build. */
async function rampartOnPath(env: Record<string, string>): Promise<Record<string, string>> {
  const directory = await temporaryDirectory('bin')
  await writeFile(join(directory, 'rampart'), `#!/bin/sh\nexec "${process.execPath}" "${bin}" "$@"\n`, { mode: 0o755 })
  return { ...env, PATH: `${directory}:${env['PATH'] ?? ''}` }
}

/** Runs a command line as a person's shell does; `onAttached` when it says that it has joined a rollout. */
async function runShell(line: string, env: Record<string, string>, cwd: string, onAttached: () => void) {
  const child = spawn('sh', ['-c', line], { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
    if (stderr.includes('attached to')) onAttached()
  })
  const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  return { code: code as number | null, stdout, stderr }
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s during the rollout detaches: exit 8, and the command that it prints comes back',
  async (signal) => {
    const cloud = await startHeldCloud({ speed: 600 })
    // What is printed has to be right for a shell.
    const folder = join(cloud.project.directory, 'it is $HERE')
    await mkdir(folder)
    for (const name of ['backend', 'frontend', 'rampart.yml'])
      await rename(join(cloud.project.directory, name), join(folder, name))
    const env = cloud.client()
    const cwd = cloud.project.directory
    const running = startCli(['deploy', '-c', 'it is $HERE/rampart.yml'], { env, cwd })
    await running.waitFor('InProgress')
    running.process.kill(signal)
    const { code, stdout, stderr } = await running.finished
    expect({ code, stderr: code === 8 ? '' : stderr }).toEqual({ code: 8, stderr: '' })
    const [{ id, status } = { id: '', status: '' }] = (await historyOf(env, exampleGroup)).refreshes
    expect(status).toBe('InProgress')
    expect(stderr).toContain(`Goes on without us: instance refresh ${id}`)
    expect(stdout).not.toContain('targets proved')
    const command = /come back with: (.*)$/m.exec(stderr)?.[1] ?? ''
    const shell = await rampartOnPath(env)
    const back = await runShell(command, shell, cwd, () => cloud.resume())
    expect({ code: back.code, stderr: back.code === 0 ? '' : back.stderr }).toEqual({ code: 0, stderr: '' })
    expect(back.stderr).toContain(`attached to ${id}`)
    expect(back.stdout).toContain('4 of 4 targets proved')
    expect(await historyOf(env, exampleGroup)).toMatchObject({
      refreshes: [{ id, status: 'Successful' }],
      versions: [8, 7],
    })
  },
)

test('Ctrl-C in a rehearsal ends it: nothing goes on, and nothing leads out of the rehearsal', async () => {
  const running = startCli(['rehearse', '--speed', '120'])
  await running.waitFor('InProgress')
  running.process.kill('SIGINT')
  const { code, stdout, stderr } = await running.finished
  expect({ code, stderr: code === 130 ? '' : stderr }).toEqual({ code: 130, stderr: '' })
  expect(stderr).not.toContain('Goes on without us')
  // It would be a deploy to the person's own account.
  expect(stdout + stderr).not.toContain('rampart deploy -c')
})

test('a second signal does not cut the first one short of its words', async () => {
  const cloud = await startHeldCloud({ speed: 600 })
  const running = startCli(['deploy', '-c', cloud.project.config], { env: cloud.client() })
  await running.waitFor('InProgress')
  // A terminal that closes sends one to the whole group, and what started rampart may pass on its own.
  running.process.kill('SIGHUP')
  running.process.kill('SIGHUP')
  const { code, stderr } = await running.finished
  expect([code, stderr]).toEqual([8, expect.stringContaining('come back with: rampart deploy')])
})
