import { expect, test } from 'vitest'
import { requires } from '../support/requires.js'
import { sceneNames } from './scenes.js'
import { playOn, type Picture } from './terminal.js'

const { describe } = requires('python3')

const sizes = [
  [140, 40],
  [100, 30],
  [60, 20],
  [40, 12],
] as const

const isDrawn = ({ alternate, rows }: Picture): boolean => alternate && rows.at(-1)?.endsWith('ago') === true

describe('the dashboard on a terminal', () => {
  for (const scene of sceneNames) {
    for (const [columns, rows] of sizes) {
      test(`shows ${scene} on ${columns}x${rows}`, async () => {
        const terminal = playOn({ columns, rows }, scene)
        const picture = await terminal.until(isDrawn)
        terminal.keys('q')
        const { left } = await terminal.ended()
        expect(picture.wrapped).toBe(0)
        expect(picture.rows).toHaveLength(rows)
        await expect(`${picture.rows.join('\n')}\n`).toMatchFileSnapshot(
          `../golden/dashboard/${scene}.${columns}x${rows}.txt`,
        )
        expect(left).toEqual({ exit: 0, modesKept: true })
      })
    }
  }

  test('has no colour and no sign beyond ASCII where they are not wanted', async () => {
    const terminal = playOn({ columns: 100, rows: 30, env: { LC_ALL: 'C', NO_COLOR: '1' } }, 'warming')
    const picture = await terminal.until(isDrawn)
    terminal.keys('?')
    const help = await terminal.until(({ rows }) => rows[0] === 'Keys')
    terminal.keys('q')
    await terminal.ended()
    // oxlint-disable-next-line no-control-regex -- colours
    expect(terminal.raw()).not.toMatch(/\u001b\[[1-9][\d;]*m/)
    const foreign = ['模', '|', '🚀']
    const ours = [...picture.rows, ...help.rows].filter((row) => foreign.every((sign) => !row.includes(sign)))
    expect(ours.length).toBeGreaterThan(40)
    expect(ours.join('\n')).toMatch(/^[\n -~]*$/)
  })

  test('writes only what differs, clears the screen for no frame, and draws at most ten times a second', async () => {
    const before = performance.now()
    const terminal = playOn({ columns: 140, rows: 40 }, 'finished', { pace: 40 })
    await terminal.until(({ rows }) => rows.some((row) => row.startsWith('ended')))
    const seconds = (performance.now() - before) / 1000
    terminal.keys('q')
    await terminal.ended()
    const frames = terminal.raw().split('\u001b[?2026h').slice(1)
    expect(frames.length).toBeGreaterThan(4)
    expect(frames.length).toBeLessThanOrEqual(seconds * 10 + 1)
    // oxlint-disable-next-line no-control-regex -- what clears a screen: ED 2 and 3, and ED 0 from its first cell
    expect(terminal.raw()).not.toMatch(/\u001b\[[23]J|\u001b\[(?:1;1)?H\u001b\[0?J/)
    for (const frame of frames) expect(Buffer.byteLength(frame)).toBeLessThan(140 * 40)
  })

  test('writes a few hundred bytes a second while only time goes by', async () => {
    const terminal = playOn({ columns: 140, rows: 40 }, 'stalled', { ticking: true })
    await terminal.until(isDrawn)
    const start = terminal.raw().length
    await terminal.until(() => terminal.raw().slice(start).split('\u001b[?2026l').length > 4)
    const frames = terminal.raw().slice(start).split('\u001b[?2026h').slice(1)
    terminal.keys('q')
    await terminal.ended()
    expect(frames.length).toBeGreaterThan(2)
    for (const frame of frames) expect(Buffer.byteLength(frame)).toBeLessThan(800)
  })

  test('fits itself to a terminal that changes its size, in every direction', async () => {
    const terminal = playOn({ columns: 140, rows: 40 }, 'stalled')
    await terminal.until(isDrawn)
    for (const [columns, rows] of [
      [60, 20],
      [40, 12],
      [100, 30],
      [20, 5],
      [140, 12],
      [60, 40],
    ] as const) {
      terminal.resize(columns, rows)
      const picture = await terminal.until((now) => isDrawn(now) && now.rows[0]?.includes('SIMULATED') === true)
      expect(picture.wrapped).toBe(0)
      expect(picture.rows.filter((row) => row.endsWith('ago'))).toHaveLength(1)
      // The same as on a terminal that had this size from the start.
      const fresh = playOn({ columns, rows }, 'stalled')
      const expected = await fresh.until(isDrawn)
      fresh.keys('q')
      await fresh.ended()
      expect((await terminal.until(({ rows: seen }) => seen.join() === expected.rows.join())).rows).toEqual(
        expected.rows,
      )
    }
    terminal.keys('q')
    expect((await terminal.ended()).left).toEqual({ exit: 0, modesKept: true })
  })
})
