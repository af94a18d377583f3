import { expect, test } from 'vitest'
import { startOn, type Terminal } from '../dashboard/terminal.js'
import { bin } from '../support/cli.js'
import { exampleGroup, historyOf, startHeldCloud, type Cloud } from '../support/rehearsal.js'
import { requires } from '../support/requires.js'

const shows = (text: string) => (picture: { readonly rows: readonly string[] }) =>
  picture.rows.join('\n').includes(text)

/** A deploy on a terminal whose rollout stands still, with the question of a Ctrl-C open. */
async function asked(): Promise<{ readonly cloud: Cloud; readonly terminal: Terminal }> {
  const cloud = await startHeldCloud()
  const env = cloud.client({ RAMPART_PROGRESS: 'list' })
  const terminal = startOn({ columns: 100, rows: 40, env }, [
    process.execPath,
    bin,
    'deploy',
    '-c',
    cloud.project.config,
  ])
  await terminal.until(shows('InProgress'))
  terminal.signal('SIGINT')
  await terminal.until(shows('keep watching'))
  return { cloud, terminal }
}

requires('python3').describe('Ctrl-C during a rollout asks', () => {
  test('to stay is to see its end', async () => {
    const { cloud, terminal } = await asked()
    terminal.keys('\r')
    cloud.resume()
    const { left, picture } = await terminal.ended()
    expect(left).toMatchObject({ exit: 0, modesKept: true })
    expect(picture.rows.join('\n')).toMatch(/serves on 4 of 4 targets/)
  }, 60_000)

  test('to detach leaves the rollout alone; so does another Ctrl-C', async () => {
    for (const keys of ['\u001b[B\r', '\u0003']) {
      const { cloud, terminal } = await asked()
      terminal.keys(keys)
      const { left } = await terminal.ended()
      expect(left).toMatchObject({ exit: 8, modesKept: true })
      expect((await historyOf(cloud.rehearsal.environment, exampleGroup)).refreshes).toMatchObject([
        { status: 'InProgress' },
      ])
    }
  }, 60_000)

  test('to abort has the platform go back, and watches that', async () => {
    const { cloud, terminal } = await asked()
    terminal.keys('\u001b[B\u001b[B\r')
    await terminal.until(shows('to go back'))
    cloud.resume()
    const { left } = await terminal.ended()
    expect(left).toMatchObject({ exit: 4, modesKept: true })
    expect((await historyOf(cloud.rehearsal.environment, exampleGroup)).refreshes).toMatchObject([
      { status: 'RollbackSuccessful' },
    ])
  }, 60_000)
})
