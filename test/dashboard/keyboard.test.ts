import { expect, test } from 'vitest'
import { requires } from '../support/requires.js'
import { playOn, type Picture, type Terminal } from './terminal.js'

const { describe } = requires('python3')

const last = ({ rows }: Picture): string => rows.at(-1) ?? ''
const isDrawn = (picture: Picture): boolean => picture.alternate && last(picture).endsWith('ago')

async function started(scene: Parameters<typeof playOn>[1], how: object = {}): Promise<Terminal> {
  const terminal = playOn({ columns: 100, rows: 30 }, scene, how)
  await terminal.until(isDrawn)
  return terminal
}

/** Asks for a rollback and types the id, a key at a time. */
async function typeId(terminal: Terminal): Promise<void> {
  terminal.keys('R')
  await terminal.until((picture) => last(picture).startsWith('Roll back to'))
  let typed = ''
  for (const key of 'r-91b3e7c4d802') {
    terminal.keys(key)
    typed += key
    await terminal.until((picture) => last(picture).endsWith(`: ${typed}_`))
  }
  terminal.keys('\r')
}

async function quit(terminal: Terminal): Promise<void> {
  terminal.keys('q')
  expect((await terminal.ended()).left).toEqual({ exit: 0, modesKept: true })
}

describe('keys of the dashboard', () => {
  test('filter while they are typed, and Escape clears the filter', async () => {
    const terminal = await started('warming')
    terminal.keys('/uvi')
    const typed = await terminal.until((picture) => last(picture).startsWith('/uvi_'))
    expect(typed.rows.join('\n')).toContain('with "uvi", 1 of 7 lines')
    terminal.keys('corn')
    await terminal.until((picture) => last(picture).startsWith('/uvicorn_'))
    terminal.keys('\r')
    const kept = await terminal.until(isDrawn)
    expect(kept.rows.join('\n')).toContain('Uvicorn running')
    expect(kept.rows.join('\n')).not.toContain('Started server')
    terminal.keys('\u001b')
    const cleared = await terminal.until(({ rows }) => rows.join('\n').includes('Started server'))
    expect(cleared.rows.join('\n')).not.toContain('with "uvicorn"')
    await quit(terminal)
  })

  test('roll back only after the exact id was typed', async () => {
    const terminal = await started('rolling')
    terminal.keys('R')
    const asked = await terminal.until((picture) => last(picture).startsWith('Roll back to'))
    expect(last(asked)).toContain('Roll back to r-91b3e7c4d802? Type that id and Enter, Esc cancels')
    terminal.keys('r-91b3e7c4d80')
    await terminal.until((picture) => last(picture).endsWith('r-91b3e7c4d80_'))
    terminal.keys('\r')
    await terminal.until((picture) => last(picture).startsWith('not rolled back'))
    terminal.keys('R')
    await terminal.until((picture) => last(picture).startsWith('Roll back to'))
    terminal.keys('\u001b')
    await terminal.until((picture) => last(picture).startsWith('q detach'))
    await typeId(terminal)
    await terminal.until((picture) => last(picture).startsWith('rolling back to r-91b3e7c4d802'))
    await quit(terminal)
  })

  test('say when a rollback was refused', async () => {
    const terminal = await started('rolling', { rollBack: 'refused' })
    await typeId(terminal)
    const told = await terminal.until((picture) => last(picture).startsWith('nobody may'))
    expect(last(told)).toContain('nobody may roll back on a Friday')
    await quit(terminal)
  })

  test('are not what is pasted; a line that is being typed takes it', async () => {
    const terminal = await started('rolling')
    terminal.keys('\u001b[200~qqlR?i\r\u001b[201~')
    terminal.keys('?')
    await terminal.until(({ rows }) => rows[0] === 'Keys')
    terminal.keys('a clipboard without marks, with q in it')
    expect((await terminal.until(({ rows }) => rows[0] === 'Keys')).alternate).toBe(true)
    terminal.keys('\u001b')
    await terminal.until(isDrawn)
    await terminal.until(({ rows }) => rows[0] !== 'Keys')
    terminal.keys('/')
    await terminal.until((picture) => last(picture).startsWith('/_'))
    terminal.keys('\u001b[200~shards\nq\u001b[201~')
    const picture = await terminal.until((now) => last(now).startsWith('/shards_'))
    expect(picture.rows.join('\n')).toContain('with "shards", 1 of 4 lines')
    terminal.keys('\u001b')
    await terminal.until(isDrawn)
    await quit(terminal)
  })

  test('that mean nothing do nothing', async () => {
    const terminal = await started('rolling')
    const before = (await terminal.until(isDrawn)).rows
    terminal.keys('xyzZQ')
    terminal.keys('\u001b[24~\u001b[1;5D\u001b[Z\t\u001bOP')
    terminal.keys('\u0001\u0002')
    terminal.keys('l')
    await terminal.until((picture) => last(picture).startsWith('Esc back'))
    terminal.keys('l')
    expect((await terminal.until((picture) => last(picture).startsWith('q detach'))).rows).toEqual(before)
    await quit(terminal)
  })

  test('scroll through 500 targets, and show only what fails', async () => {
    const terminal = await started('large')
    terminal.keys('i')
    await terminal.until(({ rows }) => rows.join('\n').includes('all targets, 700'))
    terminal.keys('\u001b[F')
    const end = await terminal.until(({ rows }) => rows.join('\n').includes('i-0aa00000000000500'))
    expect(end.wrapped).toBe(0)
    terminal.keys('\u001b[H')
    await terminal.until(({ rows }) => rows.join('\n').includes('✗ i-0bb00000000000001'))
    terminal.keys('e')
    await terminal.until(({ rows }) => rows.join('\n').includes('failing targets, 1 of 700'))
    await quit(terminal)
  })

  test('draw the screen anew when something else has written on it', async () => {
    const terminal = await started('rolling')
    const before = (await terminal.until(isDrawn)).rows
    const frames = terminal.raw().length
    terminal.keys('\u000c')
    await terminal.until(() => terminal.raw().length > frames + 1000)
    expect((await terminal.until(isDrawn)).rows).toEqual(before)
    await quit(terminal)
  })
})
