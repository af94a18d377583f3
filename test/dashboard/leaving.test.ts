import { expect, test } from 'vitest'
import { requires } from '../support/requires.js'
import { playOn, startOn, type Picture, type Terminal } from './terminal.js'

const { describe } = requires('python3')

const isDrawn = ({ alternate, rows }: Picture): boolean => alternate && rows.at(-1)?.endsWith('ago') === true
const size = { columns: 100, rows: 30 }

/** The terminal is as it was: normal screen, cursor, modes, and what was on it before. */
function expectNormal(picture: Picture): void {
  expect(picture).toMatchObject({ alternate: false, cursorHidden: false, bracketedPaste: false, wraparound: true })
  expect(picture.rows[0]).toBe('before the dashboard')
}

const ways: readonly (readonly [name: string, how: object, leave: (terminal: Terminal) => void, exit: number])[] = [
  ['q', {}, (terminal) => terminal.keys('q'), 0],
  ['Ctrl-C as a key', {}, (terminal) => terminal.keys('\u0003'), 0],
  ['SIGINT', {}, (terminal) => terminal.signal('SIGINT'), 130],
  ['SIGTERM', {}, (terminal) => terminal.signal('SIGTERM'), 143],
  ['SIGHUP', {}, (terminal) => terminal.signal('SIGHUP'), 129],
  ['the end of the run', { stopAfter: 500 }, () => undefined, 0],
  ['an exception that nobody caught', { fail: 'throw' }, () => undefined, 1],
  ['a rejection that nobody caught', { fail: 'reject' }, () => undefined, 1],
  ['process.exit', { fail: 'exit' }, () => undefined, 9],
]

describe('leaving the dashboard', () => {
  for (const [name, how, leave, exit] of ways) {
    test(`by ${name} leaves the terminal as it was`, async () => {
      const terminal = playOn(size, 'rolling', how)
      await terminal.until(isDrawn)
      leave(terminal)
      const { left, picture } = await terminal.ended()
      expect(left).toEqual({ exit, modesKept: true })
      expectNormal(picture)
      expect(terminal.raw()).toContain('\u001b[?1049h')
      expect(picture.rows.some((row) => row.includes('last event'))).toBe(false)
    })
  }

  test('tells of the fault on the normal screen', async () => {
    const terminal = playOn(size, 'rolling', { fail: 'throw' })
    const { picture } = await terminal.ended()
    expectNormal(picture)
    expect(picture.rows.join('\n')).toContain('Error: a fault in the run')
  })

  test('prints the summary on the normal screen, and what others wrote meanwhile', async () => {
    const terminal = playOn(size, 'stalled', { chatter: true })
    const shown = await terminal.until(isDrawn)
    expect(shown.rows.join('\n')).not.toContain('chatter')
    terminal.keys('q')
    const { picture } = await terminal.ended()
    const text = picture.rows.join('\n').trimEnd()
    expect(text).toContain('chatter on stdout\nchatter on stderr\n')
    await expect(`${text}\n`).toMatchFileSnapshot('../golden/dashboard/stalled.left.txt')
  })

  test('without keys, where stdin is no terminal, works by signals', async () => {
    const command = `exec "${process.execPath}" --no-warnings test/dashboard/player.js rolling < /dev/null`
    const terminal = startOn(size, ['sh', '-c', command])
    const shown = await terminal.until(isDrawn)
    expect(shown.rows.at(-1)).toMatch(/^Ctrl-C leaves/)
    terminal.signal('SIGINT')
    const { left, picture } = await terminal.ended()
    expect(left).toEqual({ exit: 130, modesKept: true })
    expectNormal(picture)
  })

  test('ends also when the terminal goes away', async () => {
    const terminal = playOn(size, 'rolling')
    await terminal.until(isDrawn)
    terminal.hang()
    const { left } = await terminal.ended()
    // The hang-up is heard as SIGHUP or as the end of stdin, whichever comes first.
    expect([8, 129]).toContain(left.exit)
  })

  test('draws everything anew when somebody stopped the process and let it go on', async () => {
    const terminal = playOn(size, 'rolling')
    const before = await terminal.until(isDrawn)
    terminal.signal('SIGSTOP')
    await terminal.until(() => terminal.raw().includes('[stopped]'))
    const back = await terminal.until(
      (picture) => isDrawn(picture) && terminal.raw().split('\u001b[?1049h').length === 3,
    )
    expect(back.rows).toEqual(before.rows)
    terminal.keys('q')
    const { left, picture } = await terminal.ended()
    expect(left).toEqual({ exit: 0, modesKept: true })
    expectNormal(picture)
  })

  test('for a while with Ctrl-Z gives the terminal to the shell, and comes back', async () => {
    const terminal = playOn(size, 'rolling')
    await terminal.until(isDrawn)
    terminal.keys('\u001a')
    const away = await terminal.until(({ alternate, rows }) => !alternate && rows.join('').includes('[stopped]'))
    expectNormal(away)
    const back = await terminal.until(isDrawn)
    expect(back).toMatchObject({ cursorHidden: true, bracketedPaste: true })
    terminal.keys('l')
    await terminal.until(({ rows }) => rows.at(-1)?.startsWith('Esc back') === true)
    terminal.keys('q')
    const { left, picture } = await terminal.ended()
    expect(left).toEqual({ exit: 0, modesKept: true })
    expectNormal(picture)
  })
})
