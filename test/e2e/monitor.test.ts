import { readFileSync, statSync } from 'node:fs'
import { AutoScalingClient, StartInstanceRefreshCommand } from '@aws-sdk/client-auto-scaling'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { decodeEvents } from '../../src/lib/events/codec.js'
import type { Event } from '../../src/lib/events/event.js'
import { runCli, startCli } from '../support/cli.js'
import { startOn, type Terminal } from '../dashboard/terminal.js'
import { changesOf, exampleGroup, historyOf, startCloud } from '../support/rehearsal.js'
import { requires } from '../support/requires.js'

async function eventsOf(text: string): Promise<readonly Event[]> {
  const events: Event[] = []
  for await (const event of decodeEvents([Buffer.from(text)])) events.push(event)
  return events
}

describe('rampart monitor as a process of its own', () => {
  test('sees the deploy of another process to its end; what was recorded plays again', async () => {
    const cloud = await startCloud({ speed: 120 })
    const recording = join(cloud.project.directory, 'run.ndjson')
    const env = cloud.client()
    const options = { env, cwd: cloud.project.directory }
    const deploy = startCli(['deploy', '--progress', 'ndjson', '--record', recording], options)
    await deploy.waitFor(/"type":"rollout.started"/)
    const before = changesOf(cloud).length
    const monitor = await runCli(['monitor', '--progress', 'plain', '--debug'], options)
    const deployed = await deploy.finished
    expect({ monitor: monitor.code, deploy: deployed.code }).toEqual({ monitor: 0, deploy: 0 })
    expect(monitor.stderr).toMatch(/rampart monitor: rampart-ai, production/)
    expect(monitor.stderr).toMatch(/attached to/)
    expect(monitor.stderr).toMatch(/load {8}i-[0-9a-f]+: ready after/)
    expect(monitor.stderr).toMatch(/warmup {6}warmup: \d+s would do, .*; 4 targets ready .* after launch/)
    expect(monitor.stderr).toMatch(/AWS calls: \d+ in [\d.]+ min, [\d.]+ a minute\n {2}\w+:\w+/)
    expect(monitor.stdout).toMatch(/Outcome.*Release r-[0-9a-f]+ was rolled out/)
    // All that changed is the deploy's: the watcher has no part in it.
    expect(changesOf(cloud).length).toBe(before)

    expect(statSync(recording).mode & 0o777).toBe(0o600)
    expect(await eventsOf(readFileSync(recording, 'utf8'))).toEqual(await eventsOf(deployed.stdout))
    const played = await runCli(['monitor', '--replay', recording, '--speed', '0', '--progress', 'ndjson'], options)
    expect(played.code).toBe(0)
    expect(played.stdout).toBe(deployed.stdout)
    const plain = await runCli(['monitor', '--replay', recording, '--speed', '0', '--progress', 'plain'], options)
    expect(plain.stderr).toMatch(/^Recording .*run\.ndjson, played at once\nSIMULATED/)
  })

  test('with nothing under way it shows the fleet and ends; a file that is none of ours is a clear error', async () => {
    const cloud = await startCloud()
    const options = { env: cloud.client(), cwd: cloud.project.directory }
    const rest = await runCli(['monitor', '--json'], options)
    expect(rest.code).toBe(0)
    expect(JSON.parse(rest.stdout)).toMatchObject({
      command: 'monitor',
      outcome: 'done',
      message: expect.stringMatching(/^Nothing is under way on /),
    })
    const wrong = await runCli(['monitor', '--replay', 'rampart.yml'], options)
    expect({ exit: wrong.code, said: wrong.stderr }).toEqual({
      exit: 2,
      said: expect.stringMatching(/rampart\.yml can not be played: line 1: not JSON/),
    })
    const unwritable = await runCli(['deploy', '--record', 'no/such/folder/run.ndjson'], options)
    expect({ exit: unwritable.code, said: unwritable.stderr }).toEqual({
      exit: 2,
      said: expect.stringMatching(/can not be recorded/),
    })
    expect(changesOf(cloud)).toEqual([])
  })
})

const onTerminal = requires('python3')

onTerminal.describe('rampart monitor on a terminal', () => {
  const ways: readonly (readonly [name: string, leave: (terminal: Terminal) => void, exit: number])[] = [
    ['q', (terminal) => terminal.keys('q'), 0],
    ['SIGINT', (terminal) => terminal.signal('SIGINT'), 0],
    ['SIGTERM', (terminal) => terminal.signal('SIGTERM'), 8],
    ['a lost terminal', (terminal) => terminal.hang(), 8],
  ]

  test('whichever way it is left, the rollout goes on; the exit code is the documented one, and the way back is said', async () => {
    const cloud = await startCloud({ speed: 60 })
    const { environment } = cloud.rehearsal
    const endpoint = environment['AWS_ENDPOINT_URL'] ?? ''
    const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'not-a-secret' }
    const console = new AutoScalingClient({ endpoint, region: environment['AWS_REGION'] ?? '', credentials })
    onTestFinished(() => console.destroy())
    await console.send(new StartInstanceRefreshCommand({ AutoScalingGroupName: exampleGroup }))
    cloud.pause()
    const before = changesOf(cloud).length
    const program = fileURLToPath(new URL('../../bin/run.js', import.meta.url))
    const command = [process.execPath, program, 'monitor', '-c', cloud.project.config]
    for (const [name, leave, exit] of ways) {
      const terminal = startOn({ columns: 100, rows: 30, env: cloud.client() }, command)
      await terminal.until(({ alternate, rows }) => alternate && rows.some((row) => row.startsWith('targets')))
      leave(terminal)
      const { left, picture } = await terminal.ended()
      expect({ name, exit: left.exit }).toEqual({ name, exit })
      if (left.modesKept === null) continue
      expect(left.modesKept).toBe(true)
      expect(picture).toMatchObject({ alternate: false, cursorHidden: false, bracketedPaste: false })
      expect(picture.rows.join('')).toMatch(/the rollout goes on: .*come back with: ?rampart monitor -c /)
    }
    expect(changesOf(cloud).length).toBe(before)
    const { refreshes } = await historyOf(environment, exampleGroup)
    expect(refreshes.map(({ status }) => status)).toEqual([expect.stringMatching(/Pending|InProgress/)])
  }, 60_000)
})
