import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import type { Event } from '../../src/lib/events/event.js'
import { isAlive, writeHook } from '../hooks/support.js'
import { runCli, startCli } from '../support/cli.js'
import { changesOf, exampleGroup, historyOf, startCloud, type Cloud } from '../support/rehearsal.js'

const folder = (cloud: Cloud): string => join(cloud.project.directory, '.rampart/hooks')

/** A webhook on loopback that gives these answers in turn, and what it was posted. */
async function webhook(...statuses: readonly number[]) {
  const posts: string[] = []
  const server = createServer((request, response) => {
    const status = statuses[Math.min(posts.length, statuses.length - 1)] ?? 200
    posts.push('')
    const at = posts.length - 1
    const take = async (): Promise<void> => {
      posts[at] = await text(request)
      response.writeHead(status).end()
    }
    void take()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/T0/s3cr3t-part`, posts }
}

const notify = 'notify: [{ webhook: "${HOOK_URL}", on: [started, succeeded, failed] }]\n    logs: { group'

test('a deploy with hooks and notices: shown, told, and their secret in no output', async () => {
  const cloud = await startCloud()
  await cloud.project.edit('rampart.yml', 'logs: { group', notify)
  const { url, posts } = await webhook(500, 200)
  await writeHook(folder(cloud), 'pre-build', 'echo "posting to $HOOK_URL soon"')
  await writeHook(folder(cloud), 'post-deploy', 'cat > told.json; env | grep ^AWS_SECRET | wc -l; exit 1')
  await writeHook(folder(cloud), 'failed', 'exit 0', 0o644)
  const env = cloud.client({ HOOK_URL: url })
  const { code, stdout, stderr } = await runCli(['deploy', '-c', cloud.project.config, '--progress', 'ndjson'], { env })
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout + stderr).not.toContain('s3cr3t')
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event)
  expect(
    events.flatMap((event) => (event.type === 'hook.line' ? [`${event.hook}: ${event.text.trim()}`] : [])),
  ).toEqual([
    'pre-build: posting to *** soon',
    // What the person has in the environment, and nothing more.
    'post-deploy: 1',
  ])
  expect(events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))).toEqual([
    expect.stringContaining('/failed is left out: it is not executable'),
    'The hook post-deploy failed: it ended with code 1. What was rolled out does not depend on it.',
  ])
  expect(events.filter(({ type }) => type === 'notice.sent')).toHaveLength(2)
  expect(posts.map((post) => (JSON.parse(post) as { text: string }).text)).toEqual([
    expect.stringMatching(/^SIMULATED: rampart-ai, production: rollout started\. r-/),
    expect.stringMatching(/^SIMULATED: rampart-ai, production: rollout started\. r-/),
    expect.stringMatching(/^SIMULATED: rampart-ai, production: deployed\. Release r-\w+ serves on 4 of 4 targets\.$/),
  ])
  const told = JSON.parse(await readFile(join(cloud.project.directory, 'told.json'), 'utf8')) as object
  expect(told).toMatchObject({
    v: 1,
    hook: 'post-deploy',
    simulated: true,
    proof: { proved: 4, total: 4 },
    verification: {
      checks: expect.arrayContaining([
        { name: 'endpoint:inspect', result: 'ok', detail: expect.stringMatching(/^200; mean/) as string },
      ]) as object[],
      wentBack: false,
    },
    end: { outcome: 'done' },
  })
})

test('a release that is taken back is told of once, with what failed', async () => {
  const cloud = await startCloud({ switches: { tailFactor: 2 } })
  await cloud.project.edit('rampart.yml', 'logs: { group', notify)
  const { url, posts } = await webhook(200)
  await writeHook(folder(cloud), 'post-rollout', 'echo "on $RAMPART_ROLLOUT"')
  await writeHook(folder(cloud), 'failed', 'cat > told.json')
  const env = cloud.client({ HOOK_URL: url })
  const { code, stderr } = await runCli(['deploy', '-c', cloud.project.config], { env })
  expect({ code, stderr: code === 9 ? '' : stderr }).toEqual({ code: 9, stderr: '' })
  expect(posts.map((post) => (JSON.parse(post) as { text: string }).text)).toEqual([
    expect.stringMatching(/rollout started\. r-/),
    expect.stringMatching(/deploy failed\. .* 1 of \d+ checks failed\. It went back/),
  ])
  expect(posts.at(-1)).toContain('failed: endpoint:inspect')
  const told = JSON.parse(await readFile(join(cloud.project.directory, 'told.json'), 'utf8')) as {
    readonly rollout: string
    readonly verification: { readonly checks: readonly { readonly name: string; readonly result: string }[] }
  }
  expect(told).toMatchObject({ verification: { wentBack: true }, end: { outcome: 'verification', exitCode: 9 } })
  expect(told.verification.checks.filter(({ result }) => result === 'fail')).toMatchObject([
    { name: 'endpoint:inspect' },
  ])
  // That of the release, not of the one that took it back.
  expect(stderr).toContain(`on ${told.rollout}`)
  expect(stderr.match(/hook +post-rollout: on /g)).toHaveLength(1)
})

test.each([
  ['pre-build', []],
  // The images are there; no release was recorded and nothing was started. The lock is given back.
  ['pre-deploy', ['ssm:PutParameter', 'ssm:DeleteParameter']],
])('%s says no: exit 3, its last lines, and nothing of the environment is changed', async (hook, changed) => {
  const cloud = await startCloud()
  await writeHook(folder(cloud), hook, 'echo checking; echo "CI is red for $RAMPART_APP" >&2; exit 1')
  const { code, stderr } = await runCli(['deploy', '-c', cloud.project.config], { env: cloud.client() })
  expect({ code, stderr: code === 3 ? '' : stderr }).toEqual({ code: 3, stderr: '' })
  expect(stderr).toContain(`The hook ${hook} failed: it ended with code 1. Nothing that serves was changed.`)
  expect(stderr).toMatch(/CI is red for rampart-ai/)
  expect(stderr).toContain('--no-hooks')
  const changes = changesOf(cloud).filter((change) => hook === 'pre-build' || !/^[A-Z]+ /.test(change))
  expect(changes.filter((change) => !changed.includes(change))).toEqual([])
  expect(await historyOf(cloud.client(), exampleGroup)).toEqual({ refreshes: [], versions: [7] })
  const again = await runCli(['deploy', '-c', cloud.project.config, '--no-hooks'], { env: cloud.client() })
  expect({ code: again.code, stderr: again.code === 0 ? '' : again.stderr }).toEqual({ code: 0, stderr: '' })
  expect(again.stderr).toContain('hooks: hooks and notices are left out, as asked')
})

test('a second Ctrl-C takes along a hook that does not listen', async () => {
  const cloud = await startCloud()
  await writeHook(folder(cloud), 'pre-build', 'trap \'\' TERM\necho "pid $$."\nwhile :; do sleep 300; done')
  const running = startCli(['deploy', '-c', cloud.project.config], { env: cloud.client() })
  await running.waitFor(/pid \d+\./)
  const pid = Number(/pid (\d+)\./.exec(running.stderr())?.[1])
  running.process.kill('SIGINT')
  // Once the first was heard: two that come at the same moment are one key press.
  const again = setInterval(() => running.process.kill('SIGINT'), 400)
  const { code, stderr } = await running.finished
  clearInterval(again)
  expect({ code, stderr: code === 130 ? '' : stderr }).toEqual({ code: 130, stderr: '' })
  expect(isAlive(pid)).toBe(false)
  expect(changesOf(cloud)).toEqual([])
})

test('a rampart that a hook starts runs no hooks', async () => {
  const cloud = await startCloud()
  await writeHook(folder(cloud), 'pre-build', 'echo again and again')
  const env = cloud.client({ RAMPART_HOOK: 'failed' })
  const { code, stderr } = await runCli(['deploy', '-c', cloud.project.config], { env })
  expect([code, stderr.includes('again and again')]).toEqual([0, false])
})

test('a rehearsal leaves out what is real, and says so; --hooks has it', async () => {
  const cloud = await startCloud()
  await writeHook(folder(cloud), 'pre-build', 'echo "simulated: $RAMPART_SIMULATED"')
  const rehearse = ['rehearse', '-c', cloud.project.config, '--speed', '3600']
  const without = await runCli(rehearse)
  expect([without.code, without.stderr]).toEqual([
    0,
    expect.stringContaining('hooks and notices are real, and left out of the rehearsal'),
  ])
  expect(without.stderr).not.toContain('simulated: true')
  const withHooks = await runCli([...rehearse, '--hooks'])
  expect([withHooks.code, withHooks.stderr]).toEqual([0, expect.stringContaining('pre-build: simulated: true')])
})

test('a rollback has its own hook and notice, and is told of the release that it goes to', async () => {
  const cloud = await startCloud()
  await cloud.project.edit(
    'rampart.yml',
    'logs: { group',
    'notify: [{ webhook: "${HOOK_URL}", format: json }]\n    logs: { group',
  )
  const { url, posts } = await webhook(200)
  const env = cloud.client({ HOOK_URL: url })
  const deploy = ['deploy', '-c', cloud.project.config]
  const first = await runCli(deploy, { env })
  await cloud.project.write('backend/app/extra.py', 'EXTRA = 1\n')
  const second = await runCli(deploy, { env })
  expect([first.code, second.code]).toEqual([0, 0])
  for (const hook of ['pre-build', 'pre-deploy', 'post-rollout', 'post-deploy', 'failed', 'post-rollback']) {
    await writeHook(folder(cloud), hook, 'echo "$RAMPART_COMMAND to $RAMPART_RELEASE ${RAMPART_OUTCOME:-}"')
  }
  const { code, stderr } = await runCli(['rollback', '-c', cloud.project.config, '--yes'], { env })
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  const release = /r-[0-9a-f]{10}/.exec(first.stdout)?.[0] ?? ''
  const said = stderr.split('\n').flatMap((line) => /hook +(\S+): (rollback .*)$/.exec(line)?.slice(1).join(': ') ?? [])
  expect(said).toEqual([`post-rollout: rollback to ${release}`, `post-rollback: rollback to ${release} done`])
  expect(posts.map((post) => (JSON.parse(post) as { notice: string }).notice)).toEqual([
    'succeeded',
    'succeeded',
    'rolled-back',
  ])
})
