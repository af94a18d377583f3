import { spawn } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { bin, root, runCli, startCli } from '../support/cli.js'
import { startCloud, type Cloud } from '../support/rehearsal.js'
import { eventually } from './support.js'

/** A cloud of four instances that has stood still since it began; lines are written by the test alone. */
async function quietCloud(): Promise<Cloud> {
  const cloud = await startCloud({ speed: 1, switches: { trafficSeconds: 0 } })
  cloud.pause()
  return cloud
}

const ids = (cloud: Cloud): readonly [string, string] => {
  const [one, other] = cloud.rehearsal.world.state.group.instances
  if (one === undefined || other === undefined) throw new Error('the fleet has no two instances')
  return [one.id, other.id]
}

/** Writes a line so many seconds ago by the client's clock. */
const write = (cloud: Cloud, stream: string, secondsAgo: number, text: string): void =>
  cloud.rehearsal.world.state.logs.append(stream, Date.now() - secondsAgo * 1000, text)

/** The fleet's own lines are of other services: those of a test are what it asks for unless it says otherwise. */
const args = (cloud: Cloud, ...more: readonly string[]): string[] => {
  const services =
    more.includes('--service') || more.includes('every') ? [] : ['--service', 'probe', '--service', 'second']
  return ['logs', '-c', cloud.project.config, ...services, ...more.filter((part) => part !== 'every')]
}

/** The text of each line without its time. */
const withoutTimes = (stdout: string): readonly string[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^(?:\d{4}-\d\d-\d\dT)?\d\d:\d\d:\d\d\.\d{3}Z /, ''))

describe('what is there', () => {
  test('merged by time, targets marked, nothing of a terminal’s in it, secrets masked', async () => {
    const cloud = await quietCloud()
    const [one, other] = ids(cloud)
    await cloud.project.edit('rampart.yml', /(\n {4}context: backend\n)/, '$1    args: { TOKEN: "${DEMO_TOKEN}" }\n')
    write(cloud, `${one}/probe`, 40, 'third')
    write(cloud, `${other}/second`, 50, '\u001b[31msecond\u001b[0m\u0007 with hunter2-hunter2')
    write(cloud, `${one}/probe`, 60, 'first\nand more of it')
    write(cloud, `${one}/probe`, 30, '\rbar:   0%|    | 0/5\rbar: 100%|####| 5/5')
    write(cloud, `${one}/probe`, 1200, 'too old')
    const { code, stdout, stderr } = await runCli(args(cloud), { env: cloud.client({ DEMO_TOKEN: 'hunter2-hunter2' }) })
    expect(withoutTimes(stdout)).toEqual([
      `${one}/probe  first`,
      `${one}/probe  and more of it`,
      `${other}/second  second with ***`,
      `${one}/probe  third`,
      `${one}/probe  bar: 100%|####| 5/5`,
    ])
    expect([code, stderr]).toEqual([0, 'SIMULATED: rehearsal cloud, a test, clock at 1x; nothing of it is real\n'])
  })

  test('by target, by service and by text', async () => {
    const cloud = await quietCloud()
    const [one, other] = ids(cloud)
    for (const id of [one, other])
      for (const service of ['probe', 'second']) write(cloud, `${id}/${service}`, 300, `An ERROR in ${service}`)
    write(cloud, `${one}/probe`, 20, 'all is well')
    const ask = async (
      more: readonly string[],
      env: Readonly<Record<string, string>> = {},
    ): Promise<readonly string[]> => {
      const { code, stdout } = await runCli(args(cloud, ...more), { env: cloud.client(env) })
      expect(code).toBe(0)
      return withoutTimes(stdout)
    }
    expect(await ask(['--target', one, '--service', 'probe', '--grep', 'error'])).toEqual([
      `${one}/probe  An ERROR in probe`,
    ])
    expect(await ask(['--grep', 'well'])).toEqual([`${one}/probe  all is well`])
    expect(await ask(['every'], { RAMPART_TARGET: `${one},${other}`, RAMPART_SERVICE: 'second' })).toHaveLength(2)
    // With room for a machine that is slow to start a process.
    expect(await ask(['--since', '2m'])).toEqual([`${one}/probe  all is well`])
  })

  test('as JSON, one document a line', async () => {
    const cloud = await quietCloud()
    const [one] = ids(cloud)
    write(cloud, `${one}/probe`, 30, 'a "quoted" line\nand another')
    const { code, stdout } = await runCli(args(cloud, '--json'), { env: cloud.client() })
    expect(code).toBe(0)
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
    ).toEqual([
      {
        v: 1,
        simulated: true,
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        target: one,
        stream: `${one}/probe`,
        text: 'a "quoted" line\nand another',
      },
    ])
  })

  test('nothing, a time that is none, a group that is not configured, and one that does not exist', async () => {
    const cloud = await quietCloud()
    const none = await runCli(args(cloud, '--grep', 'no such text'), { env: cloud.client() })
    expect([none.code, none.stdout]).toEqual([0, ''])
    expect(none.stderr).toMatch(/\nNo such lines since \d{4}-.*Z\.\n$/)
    const since = await runCli(args(cloud, '--since', 'yesterday'), { env: cloud.client() })
    expect([since.code, since.stderr]).toEqual([
      2,
      expect.stringContaining('--since is "yesterday", which is no time.'),
    ])
    await cloud.project.edit('rampart.yml', /logs: \{ group: [^}]* \}/, 'logs: { group: /rampart/other }')
    const other = await runCli(args(cloud, '--json'), { env: cloud.client() })
    expect(other.code).toBe(2)
    expect(JSON.parse(other.stdout)).toMatchObject({
      error: { message: 'The log group /rampart/other does not exist.' },
    })
    await cloud.project.edit('rampart.yml', 'logs: { group: /rampart/other }', '')
    const missing = await runCli(args(cloud), { env: cloud.client() })
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('logs.group in rampart.yml')])
  })
})

describe('following', () => {
  test.each([[['--follow']], [['--follow', '--poll']]])('%j: what was there, what comes, and Ctrl-C', async (flags) => {
    const cloud = await startCloud({ speed: 20, switches: { trafficSeconds: 0 } })
    const [one] = ids(cloud)
    const append = (text: string): void =>
      cloud.rehearsal.world.state.logs.append(`${one}/probe`, cloud.rehearsal.world.state.now, text)
    append('begin')
    const running = startCli(args(cloud, ...flags), { env: cloud.client() })
    await running.waitFor('begin')
    const asked = (operation: string): boolean => cloud.calls.includes(`logs:${operation}`)
    if (!flags.includes('--poll')) await eventually(() => asked('StartLiveTail'))
    for (const text of ['one', 'two', 'three']) {
      append(text)
      await running.waitFor(text)
    }
    running.process.kill('SIGINT')
    const { code, stdout } = await running.finished
    expect(code).toBe(0)
    expect(withoutTimes(stdout)).toEqual(['begin', 'one', 'two', 'three'].map((text) => `${one}/probe  ${text}`))
    expect(asked('StartLiveTail')).toBe(!flags.includes('--poll'))
  })

  test('a reader that goes away ends it without a word', async () => {
    const cloud = await startCloud({ speed: 20, switches: { trafficSeconds: 0 } })
    const [one] = ids(cloud)
    const timer = setInterval(
      () => cloud.rehearsal.world.state.logs.append(`${one}/probe`, cloud.rehearsal.world.state.now, 'line'),
      5,
    )
    const command = `${JSON.stringify(process.execPath)} ${JSON.stringify(bin)} logs --follow --service probe -c ${JSON.stringify(cloud.project.config)} | head -n 1`
    const shell = spawn('bash', ['-c', `${command}; exit "\${PIPESTATUS[0]}"`], { cwd: root, env: cloud.client() })
    let stderr = ''
    shell.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk
    })
    const code = await new Promise((resolve) => shell.on('close', resolve))
    clearInterval(timer)
    expect([code, stderr]).toEqual([0, 'SIMULATED: rehearsal cloud, a test, clock at 20x; nothing of it is real\n'])
  })

  test('SIGTERM has its own exit code', async () => {
    const cloud = await quietCloud()
    const [one] = ids(cloud)
    write(cloud, `${one}/probe`, 1, 'begin')
    const running = startCli(args(cloud, '--follow', '--poll'), { env: cloud.client() })
    await running.waitFor('begin')
    running.process.kill('SIGTERM')
    expect((await running.finished).code).toBe(143)
  })
})
