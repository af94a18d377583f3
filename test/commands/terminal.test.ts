import { expect, test } from 'vitest'
import { runOnTerminal, type Seen } from '../report/screen.js'
import { bin, cleanEnvironment } from '../support/cli.js'
import { requires } from '../support/requires.js'

// oxlint-disable-next-line no-control-regex -- colours
const colour = /\u001b\[[\d;]*m/
const cursorMoves = '\u001b[?25l'

function rehearse(extra: Readonly<Record<string, string>>, ...more: string[]): Promise<Seen> {
  const env = cleanEnvironment({ TERM: 'xterm-256color', ...extra })
  return runOnTerminal({ columns: 100, rows: 40 }, [process.execPath, bin, 'rehearse', '--speed', '1200', ...more], env)
}

requires('python3').describe('rampart rehearse on a terminal', () => {
  test('shows the list in colour, leaves the cursor, and ends with the result', async () => {
    const { exitCode, raw, text } = await rehearse({})
    expect(exitCode).toBe(0)
    expect(raw).toMatch(colour)
    expect(raw).toContain(cursorMoves)
    expect(raw.lastIndexOf('\u001b[?25h')).toBeGreaterThan(raw.lastIndexOf(cursorMoves))
    for (const phase of ['preflight', 'build', 'push', 'release', 'rollout', 'proof']) {
      expect(text).toMatch(new RegExp(`✓ ${phase}`))
    }
    expect(text).toMatch(/SIMULATED/)
    expect(text).toContain('4 of 4 targets proved')
  })

  test.each([
    ['NO_COLOR', { NO_COLOR: '1' }, []],
    ['--no-color', {}, ['--no-color']],
    ['RAMPART_NO_COLOR', { RAMPART_NO_COLOR: '1' }, []],
    ['NO_COLOR against FORCE_COLOR', { NO_COLOR: '1', FORCE_COLOR: '3' }, []],
  ])('%s: the list without colour', async (_name, env: Record<string, string>, flags: readonly string[]) => {
    const { exitCode, raw, text } = await rehearse(env, ...flags)
    expect(exitCode).toBe(0)
    expect(raw).not.toMatch(colour)
    expect(raw).toContain(cursorMoves)
    expect(text).toContain('4 of 4 targets proved')
  })

  test.each([
    ['TERM=dumb', { TERM: 'dumb' }],
    ['CI', { CI: 'true' }],
    ['GITHUB_ACTIONS', { GITHUB_ACTIONS: 'true' }],
    ['a screen reader', { ACCESSIBLE: '1' }],
    ['RAMPART_PROGRESS', { RAMPART_PROGRESS: 'plain' }],
  ])('%s: plain lines, nothing rewritten', async (_name, env: Record<string, string>) => {
    const { exitCode, raw, text } = await rehearse(env)
    expect(exitCode).toBe(0)
    // oxlint-disable-next-line no-control-regex -- anything that moves the cursor or clears
    expect(raw).not.toMatch(/\u001b\[[\d;?]*[A-LSTfhlsu]/)
    expect(text).toMatch(/^ +\d+:\d\d {2}✓ preflight +done/m)
  })

  test('ASCII where the locale is not UTF-8', async () => {
    const { exitCode, raw } = await rehearse({ LC_ALL: 'C', NO_COLOR: '1', RAMPART_PROGRESS: 'plain' })
    expect(exitCode).toBe(0)
    expect(raw).toMatch(/^[\r\n -~]*$/)
  })
})
