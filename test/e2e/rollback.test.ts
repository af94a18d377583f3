import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { RollbackList } from '../../src/lib/domain/rollback-list.js'
import { runCli, type Finished } from '../support/cli.js'
import { temporaryDirectory } from '../support/project.js'
import { changesOf, startCloud, type Cloud } from '../support/rehearsal.js'

/** A command on a machine that has nothing but another checkout: an empty home, another folder. */
async function elsewhere(cloud: Cloud): Promise<(...args: readonly string[]) => Promise<Finished>> {
  const directory = await temporaryDirectory('checkout')
  await cp(cloud.project.directory, directory, { recursive: true })
  return (...args) => runCli([...args, '-c', join(directory, 'rampart.yml')], { env: cloud.client(), cwd: directory })
}

const listIn = ({ stdout }: Finished): RollbackList => JSON.parse(stdout) as RollbackList

test('releases are listed, gone back to, held and forced from another machine', async () => {
  const cloud = await startCloud()
  const { project } = cloud
  const deploy = (): Promise<Finished> => runCli(['deploy', '-c', project.config], { env: cloud.client() })
  expect((await deploy()).code).toBe(0)
  await project.write('backend/app/version.py', 'number = 2\n')
  expect((await deploy()).code).toBe(0)

  const rampart = await elsewhere(cloud)
  const [calls, requests] = [cloud.calls.length, cloud.requests.length]
  const changes = (): readonly string[] =>
    changesOf({ calls: cloud.calls.slice(calls), requests: cloud.requests.slice(requests) })
  const listed = await rampart('rollback', '--list', '--json')
  expect(listed.code).toBe(0)
  const { candidates, running } = listIn(listed)
  expect(running).toBeNull()
  expect(candidates).toMatchObject([
    { number: 2, serving: true, default: false, proved: true, outcome: 'done' },
    { number: 1, serving: false, default: true, proved: true, outcome: 'done' },
  ])
  expect((await rampart('rollback', '--list')).stdout).toMatch(/#1 .*taken by rampart rollback/)
  expect((await rampart('rollback', '--to', 'r-000000')).code).toBe(2)
  expect(changes()).toEqual([])

  const back = await rampart('rollback', '--json')
  expect(back.code).toBe(0)
  expect(JSON.parse(back.stdout)).toMatchObject({
    v: 1,
    simulated: true,
    release: candidates[1]?.release,
    proof: { proved: 4, total: 4 },
  })
  // Nothing was built and nothing pushed, not even a version of the launch template.
  expect(changes().filter((change) => /^(?:POST|PUT|PATCH) |CreateLaunchTemplateVersion/.test(change))).toEqual([])
  expect(changes().filter((change) => change.startsWith('autoscaling:'))).toEqual(['autoscaling:StartInstanceRefresh'])

  expect((await rampart('rollback')).code).toBe(3)
  const held = await deploy()
  expect(held.code).toBe(3)
  expect(held.stderr).toMatch(/hold: held since .* rolled back from r-\w+ to #1 r-\w+/)
  expect((await runCli(['deploy', '--release-hold', '-c', project.config], { env: cloud.client() })).code).toBe(0)
  expect(listIn(await rampart('rollback', '--list', '--json')).candidates).toMatchObject([
    { number: 4, serving: true },
    { number: 1, serving: false, default: true },
  ])
}, 120_000)

test('abort and scale: what is under way, and what the group has room for', async () => {
  const cloud = await startCloud()
  const rampart = await elsewhere(cloud)
  expect(await rampart('abort')).toMatchObject({ code: 0, stdout: expect.stringMatching(/Nothing to abort on/) })
  expect(await rampart('scale', '5', '--bounds', '9')).toMatchObject({ code: 2, stderr: expect.stringMatching(/2:8/) })
  expect(await rampart('scale', '5')).toMatchObject({ code: 0, stdout: expect.stringMatching(/5 of 5 targets serve/) })
  const refused = await rampart('scale', '50')
  expect(refused).toMatchObject({ code: 3, stderr: expect.stringMatching(/rampart scale 50 --bounds \d+:50/) })
  expect(cloud.rehearsal.world.state.group.desired).toBe(5)
}, 60_000)
