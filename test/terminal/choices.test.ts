import { describe, expect, test } from 'vitest'
import { chooseColour, createPaint } from '../../src/lib/terminal/colour.js'
import { asciiGlyphs, chooseGlyphs, unicodeGlyphs } from '../../src/lib/terminal/glyphs.js'
import { chooseProgress, type Environment } from '../../src/lib/terminal/progress.js'
import { terminalWidth } from '../../src/lib/terminal/size.js'

const onTerminal = { stdoutIsTty: true, stderrIsTty: true }

describe('the way to show progress', () => {
  test.each<[string, Parameters<typeof chooseProgress>[0], string]>([
    ['a terminal', { env: { TERM: 'xterm' }, ...onTerminal }, 'list'],
    ['stdout redirected', { env: {}, stdoutIsTty: false, stderrIsTty: true }, 'list'],
    ['stderr redirected', { env: {}, stdoutIsTty: true, stderrIsTty: false }, 'plain'],
    ['a dumb terminal', { env: { TERM: 'dumb' }, ...onTerminal }, 'plain'],
    ['CI', { env: { CI: 'true' }, ...onTerminal }, 'plain'],
    ['CI=false', { env: { CI: 'false' }, ...onTerminal }, 'list'],
    ['Jenkins', { env: { JENKINS_URL: 'https://ci.example' }, ...onTerminal }, 'plain'],
    ['a screen reader', { env: { ACCESSIBLE: '1' }, ...onTerminal }, 'plain'],
    ['the variable', { env: { RAMPART_PROGRESS: 'ndjson', CI: '1' }, ...onTerminal }, 'ndjson'],
    [
      'the variable in CI',
      { env: { RAMPART_PROGRESS: 'list', CI: '1' }, stdoutIsTty: false, stderrIsTty: false },
      'list',
    ],
    ['an empty variable', { env: { RAMPART_PROGRESS: ' ' }, ...onTerminal }, 'list'],
    ['the flag over the variable', { flag: 'quiet', env: { RAMPART_PROGRESS: 'nonsense' }, ...onTerminal }, 'quiet'],
    ['a dashboard', { flag: 'dashboard', env: {}, ...onTerminal }, 'dashboard'],
    ['a dashboard without a terminal', { flag: 'dashboard', env: {}, stdoutIsTty: false, stderrIsTty: true }, 'plain'],
  ])('%s', (_name, question, mode) => {
    expect(chooseProgress(question)).toBe(mode)
  })

  test.each([
    [{ env: { RAMPART_PROGRESS: 'List' } }, 'RAMPART_PROGRESS is "List", which is no way to show progress'],
    [{ flag: '', env: {} }, '--progress is "", which is no way to show progress'],
  ])('%j is a usage error', (question, message) => {
    expect(() => chooseProgress({ ...question, ...onTerminal })).toThrow(
      expect.objectContaining({ name: 'RampartError', kind: 'usage', exitCode: 2, message }),
    )
  })
})

describe('colour', () => {
  test.each<[boolean, Environment, boolean, boolean]>([
    [false, {}, true, true],
    [false, {}, false, false],
    [true, { FORCE_COLOR: '1' }, true, false],
    [false, { NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
    [false, { NO_COLOR: '' }, true, true],
    [false, { FORCE_COLOR: '1' }, false, true],
    [false, { FORCE_COLOR: '' }, false, true],
    [false, { FORCE_COLOR: '3', TERM: 'dumb' }, false, true],
    [false, { FORCE_COLOR: '0' }, true, false],
    [false, { FORCE_COLOR: 'false' }, true, false],
    [false, { CLICOLOR_FORCE: '1' }, false, true],
    [false, { CLICOLOR_FORCE: '0' }, false, false],
    [false, { CLICOLOR: '0' }, true, false],
    [false, { TERM: 'dumb' }, true, false],
  ])('--no-color %s, %j, terminal %s: %s', (noColourFlag, env, isTty, colour) => {
    expect(chooseColour({ noColourFlag, env, isTty })).toBe(colour)
  })

  test('paints whatever the streams are, or not at all', () => {
    expect(createPaint(true)('bad', 'x')).toBe('\u001b[31mx\u001b[39m')
    expect(createPaint(false)('bad', 'x')).toBe('x')
  })
})

describe('glyphs', () => {
  test.each<[Environment, boolean]>([
    [{ LANG: 'en_GB.UTF-8' }, true],
    [{ LC_CTYPE: 'C.utf8', LANG: 'C' }, true],
    [{ LC_ALL: 'C', LANG: 'en_GB.UTF-8' }, false],
    [{ LC_ALL: '', LANG: 'en_GB.UTF-8' }, true],
    [{ LANG: 'de_DE.ISO-8859-1' }, false],
    [{}, false],
    [{ LANG: 'en_GB.UTF-8', TERM: 'linux' }, false],
  ])('%j', (env, unicode) => {
    expect(chooseGlyphs(env)).toBe(unicode ? unicodeGlyphs : asciiGlyphs)
  })

  test('in ASCII are ASCII, one column each, and those of one list differ from each other', () => {
    const { spinner, ...signs } = asciiGlyphs
    for (const glyph of [...spinner, ...Object.values(signs)]) expect(glyph).toMatch(/^[!-~]$/)
    for (const set of [asciiGlyphs, unicodeGlyphs]) {
      const states = [set.good, set.bad, set.warn, set.skip, set.active, set.waiting]
      expect(new Set(states).size).toBe(states.length)
    }
  })
})

describe('the width', () => {
  test.each<[number | undefined, Environment, number]>([
    [132, { COLUMNS: '50' }, 132],
    [undefined, { COLUMNS: '50' }, 50],
    [undefined, { COLUMNS: 'wide' }, 80],
    [0, {}, 80],
    [5, {}, 20],
  ])('%s columns and %j', (columns, env, width) => {
    expect(terminalWidth({ columns }, env)).toBe(width)
  })
})
