import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { runCli, startCli } from '../support/cli.js'
import { copyExample } from '../support/project.js'
import { changesOf, exampleGroup, historyOf, startCloud, startHeldCloud, type Cloud } from '../support/rehearsal.js'

const userData = (text: string): string => Buffer.from(text).toString('base64')

/** What stands in the way of a deploy, and what rampart says about it. */
const obstacles: readonly [string, (cloud: Cloud) => Promise<void> | void, RegExp, RegExp][] = [
  [
    'an unknown group',
    ({ project }) => project.edit('rampart.yml', 'group: rampart-production-asg', 'group: nobodys-asg'),
    /no Auto Scaling group nobodys-asg/,
    /aws autoscaling describe-auto-scaling-groups/,
  ],
  [
    'a group that follows $Latest',
    ({ rehearsal }) => {
      const { group } = rehearsal.world.state
      group.template = { ...group.template, version: '$Latest' }
    },
    /follows \$Latest/,
    /aws autoscaling update-auto-scaling-group/,
  ],
  [
    'user data that names no image of ours',
    ({ rehearsal }) => {
      const version = rehearsal.world.state.templates[0]?.versions[0]
      if (version !== undefined) version.data.UserData = userData('#!/bin/sh\ndocker run nginx:latest\n')
    },
    /version 7 does not refer to 127\.0\.0\.1:\d+\/rampart-backend, 127\.0\.0\.1:\d+\/rampart-frontend/,
    /let the user data start 127\.0\.0\.1:\d+\/rampart-backend:latest/,
  ],
  [
    'a repository that is missing',
    ({ project }) => project.edit('rampart.yml', 'repository: rampart-frontend\n', 'repository: not-made-yet\n'),
    /ECR has no repository not-made-yet/,
    /aws ecr create-repository --repository-name not-made-yet/,
  ],
  [
    'an alarm that is not OK',
    ({ rehearsal }) => {
      const [alarm] = rehearsal.world.state.alarms
      if (alarm !== undefined) alarm.state = 'ALARM'
    },
    /rampart-production-backend-5xx is ALARM/,
    /while every alarm is OK/,
  ],
]

test.each(obstacles)('%s: exit 3, why and what to do, and nothing is changed', async (_name, prepare, why, remedy) => {
  const cloud = await startCloud()
  await prepare(cloud)
  const { code, stdout, stderr } = await runCli(['deploy', '-c', cloud.project.config], { env: cloud.client() })
  expect({ code, stderr: code === 3 ? '' : stderr }).toEqual({ code: 3, stderr: '' })
  expect(stderr).toMatch(why)
  expect(stderr).toMatch(remedy)
  expect(stderr).toContain('nothing was changed')
  expect(stdout).toContain('nothing was changed')
  expect(changesOf(cloud)).toEqual([])
})

test('every obstacle is told at once', async () => {
  const cloud = await startCloud()
  for (const [, prepare] of obstacles.filter(([name]) => /Latest|user data|alarm/.test(name))) await prepare(cloud)
  const { code, stderr } = await runCli(['deploy', '-c', cloud.project.config], { env: cloud.client() })
  expect(code).toBe(3)
  expect(stderr).toContain('3 checks failed')
})

test('a different release while one rolls: exit 6, nothing uploaded, nothing made', async () => {
  const cloud = await startHeldCloud({ speed: 60 })
  const args = ['deploy', '-c', cloud.project.config]
  const first = startCli(args, { env: cloud.client() })
  await first.waitFor('InProgress')
  await cloud.project.edit('backend/app/main.py', /^/, '# the next change\n')
  const before = changesOf(cloud)
  const { code, stderr } = await runCli(args, { env: cloud.client() })
  expect({ code, stderr: code === 6 ? '' : stderr }).toEqual({ code: 6, stderr: '' })
  expect(stderr).toMatch(
    /Another run has the lock: arn:aws:iam::\d+:user\/rehearsal on .* \(deploy: rollout of r-\w+\)/,
  )
  // An upload may have been asked for ahead; it is given back without a byte.
  const since = changesOf(cloud).slice(before.length)
  expect(since.filter((change) => !/^(?:POST|DELETE) .*\/blobs\/uploads\//.test(change))).toEqual([])
  first.process.kill('SIGKILL')
  await first.finished
  // Its lock ends with its process; the refresh goes on, and AWS would refuse another.
  const third = await runCli(args, { env: cloud.client() })
  expect({ code: third.code, stderr: third.code === 6 ? '' : third.stderr }).toEqual({ code: 6, stderr: '' })
  expect(third.stderr).toMatch(
    /Another instance refresh of rampart-production-asg is InProgress since .*, to version 8/,
  )
  const history = await historyOf(cloud.client(), exampleGroup)
  expect([history.versions, history.refreshes.length]).toEqual([[8, 7], 1])
})

test('bad flags are usage errors', async () => {
  for (const args of [
    ['deploy', '--frobnicate'],
    ['deploy', '--progress', 'dance'],
    ['rehearse', '--speed', '0'],
  ]) {
    const { code, stdout, stderr } = await runCli(args)
    expect([args, code, stdout]).toEqual([args, 2, ''])
    expect(stderr).toMatch(/frobnicate|dance|0/)
    expect(stderr).not.toContain('    at ')
  }
  const both = await runCli(['deploy', '--json', '--progress', 'ndjson', '-c', 'examples/rampart-ai/rampart.yml'])
  expect(both.code).toBe(2)
})

test('bad configuration: every problem with file, line and column, and what would be valid', async () => {
  const project = await copyExample()
  await project.edit('rampart.yml', 'budget: 100MB', 'budgett: 100MB')
  await project.edit('rampart.yml', 'minHealthy: 100', 'minHealthy: many')
  const text = (await readFile(project.config, 'utf8')).split('\n')
  const lineOf = (part: string): number => text.findIndex((line) => line.includes(part)) + 1
  const lines = [lineOf('budgett'), lineOf('minHealthy')]
  const { code, stdout, stderr } = await runCli(['deploy', '-c', 'rampart.yml'], { cwd: project.directory })
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(new RegExp(`rampart\\.yml:${lines[0]}:5  .*budgett`))
  expect(stderr).toContain('Did you mean `budget`?')
  expect(stderr).toContain(`rampart.yml:${lines[1]}:19`)
  expect(stderr).not.toContain('    at ')
  const machine = await runCli(['deploy', '-c', 'rampart.yml', '--json'], { cwd: project.directory })
  expect(machine.code).toBe(2)
  const { error } = JSON.parse(machine.stdout) as { error: { problems: { place: { line: number } }[] } }
  expect(error).toMatchObject({ kind: 'usage', exitCode: 2 })
  expect(error.problems.map(({ place }) => place.line)).toEqual(lines)
  expect(machine.stderr).toBe('')
})

test('no configuration, an unknown environment, an unknown service', async () => {
  const project = await copyExample()
  const { directory } = project
  const nowhere = await runCli(['deploy', '-c', 'nowhere.yml'], { cwd: directory })
  expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining('nowhere.yml')])
  const environment = await runCli(['deploy', '--env', 'productoin'], { cwd: directory })
  expect([environment.code, environment.stderr]).toEqual([2, expect.stringMatching(/productoin[\s\S]*production/)])
  const cloud = await startCloud()
  const args = ['app', 'build', '-c', cloud.project.config, '--service', 'bakend']
  const service = await runCli(args, { env: cloud.client() })
  expect([service.code, service.stderr]).toEqual([2, expect.stringMatching(/bakend[\s\S]*backend, frontend/)])
  expect(changesOf(cloud)).toEqual([])
})

const closedPort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })

test('an endpoint that nobody answers: exit 7, and nothing claims otherwise', async () => {
  const cloud = await startCloud()
  const url = `http://127.0.0.1:${await closedPort()}`
  const env = cloud.client({ AWS_ENDPOINT_URL: url })
  const ran = await Promise.all(
    ['deploy', 'status'].map((command) => runCli([command, '-c', cloud.project.config], { env })),
  )
  for (const { code, stdout, stderr } of ran) {
    expect({ code, stderr: code === 7 ? '' : stderr }).toEqual({ code: 7, stderr: '' })
    expect(stderr).toMatch(/could not be reached/)
    expect(stdout).not.toContain('proved')
  }
})

test('denied and expired credentials: exit 7 with the way to renew them', async () => {
  const cloud = await startCloud({ faults: [{ rate: 1, effect: { kind: 'expired-credentials' } }] })
  const { code, stderr } = await runCli(['deploy', '-c', cloud.project.config], { env: cloud.client() })
  expect({ code, stderr: code === 7 ? '' : stderr }).toEqual({ code: 7, stderr: '' })
  expect(stderr).toMatch(/aws sso login|credentials/)
  const none = cloud.client()
  delete none['AWS_ACCESS_KEY_ID']
  delete none['AWS_SECRET_ACCESS_KEY']
  const without = await runCli(['deploy', '-c', cloud.project.config], { env: none })
  expect([without.code, without.stderr]).toEqual([7, expect.stringMatching(/credentials/i)])
})

test('a Dockerfile outside the subset of the layer builder: exit 2, each line with its way out, nothing changed', async () => {
  const cloud = await startCloud()
  const lines = [
    'FROM rampart-backend-base',
    'RUN pip install x',
    'COPY app/ ./app/',
    'ADD https://example.com/x /x',
    // The base was proved for it.
    'USER 10001:10001',
    '',
  ]
  await cloud.project.write('backend/Dockerfile.app', lines.join('\n'))
  const { code, stderr } = await runCli(['deploy', '--builder', 'layer', '-c', cloud.project.config], {
    env: cloud.client(),
    cwd: cloud.project.directory,
  })
  expect({ code, stderr: code === 2 ? '' : stderr }).toEqual({ code: 2, stderr: '' })
  expect(stderr).toMatch(/backend\/Dockerfile\.app:2:1: .*RUN/)
  expect(stderr).toMatch(/backend\/Dockerfile\.app:4:\d+: .*/)
  expect(stderr).toMatch(/Dockerfile\.base|base image/)
  const tags = cloud.requests.filter((request) => /^PUT .*(?:manifests|digest=)/.test(request))
  expect(tags).toEqual([])
  expect((await historyOf(cloud.client(), exampleGroup)).versions).toEqual([7])
})

test('a budget that is broken names what broke it', async () => {
  const cloud = await startCloud()
  await cloud.project.edit('rampart.yml', 'budget: 20MB', 'budget: 1kB')
  await cloud.project.write(
    'frontend/public/large.bin',
    Buffer.from(Array.from({ length: 90_000 }, (_, n) => (n * n) % 251)),
  )
  const { code, stderr } = await runCli(['deploy', '-c', cloud.project.config], { env: cloud.client() })
  expect([code, stderr]).toEqual([3, expect.stringMatching(/budget/)])
  expect((await historyOf(cloud.client(), exampleGroup)).versions).toEqual([7])
})
