import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decodeEvents } from '../../src/lib/events/codec.js'
import type { Event } from '../../src/lib/events/event.js'
import { runCli, startCli } from '../support/cli.js'
import { changesOf, startCloud } from '../support/rehearsal.js'

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
