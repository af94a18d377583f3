import { expect, test } from 'vitest'
import { startOn, type Picture, type Terminal } from '../dashboard/terminal.js'
import { bin, runCli } from '../support/cli.js'
import type { ReleaseList } from '../../src/lib/domain/release-row.js'
import { startCloud, type Cloud } from '../support/rehearsal.js'
import { requires } from '../support/requires.js'

const last = ({ rows }: Picture): string => rows.at(-1) ?? ''
const shows = (text: string) => (picture: Picture) => picture.rows.join('\n').includes(text)

/** Presses R and types the id that the screen asks for, a key at a time. */
async function goBack(terminal: Terminal): Promise<void> {
  await terminal.until((picture) => picture.alternate && shows('R roll back')(picture))
  terminal.keys('R')
  const asked = await terminal.until((picture) => last(picture).startsWith('Roll back to'))
  const id = /^Roll back to (\S+)\?/.exec(last(asked))?.[1] ?? ''
  let typed = ''
  for (const key of id) {
    terminal.keys(key)
    typed += key
    await terminal.until((picture) => last(picture).endsWith(`: ${typed}_`))
  }
  terminal.keys('\r')
}

interface Rolling {
  readonly cloud: Cloud
  /** The arguments of a command in its project. */
  readonly words: (...words: readonly string[]) => string[]
}

/** A fleet with a proved release, whose next rollout stands still as soon as it is under way. */
async function served(example: 'rampart-ai' | 'finbert-rag', file: string): Promise<Rolling> {
  const held: { cloud?: Cloud; armed?: boolean } = {}
  const cloud = await startCloud({
    example,
    onCall: () => {
      const { state } = held.cloud?.rehearsal.world ?? {}
      if (held.armed !== true || state === undefined) return
      const rolls =
        state.refreshes.at(-1)?.status === 'InProgress' ||
        state.ecs.services.some(({ deployments }) => deployments.some(({ status }) => status === 'IN_PROGRESS'))
      if (!rolls) return
      held.armed = false
      held.cloud?.pause()
    },
  })
  held.cloud = cloud
  const words = (...given: readonly string[]): string[] => [...given, '-c', cloud.project.config]
  const first = await runCli(words('deploy'), { env: cloud.client() })
  expect({ code: first.code, stderr: first.code === 0 ? '' : first.stderr }).toEqual({ code: 0, stderr: '' })
  await cloud.project.edit(file, /^/, '# the next change\n')
  held.armed = true
  return { cloud, words }
}

/** What an empty home is told of the releases, and of a deploy after the way back. */
async function expectWentBack({ cloud, words }: Rolling): Promise<void> {
  const env = cloud.client()
  const { releases, serving } = JSON.parse((await runCli(words('releases', '--json'), { env })).stdout) as ReleaseList
  expect(releases.slice(0, 3)).toMatchObject([
    { number: 3, kind: 'rollback', outcome: 'done', release: serving.release, serving: true },
    { number: 2, kind: 'deploy', outcome: 'rolledBack' },
    { number: 1, kind: 'deploy', outcome: 'done', release: serving.release },
  ])
  expect(releases[0]?.proof?.proved).toBe(releases[0]?.proof?.total)
  const refused = await runCli(words('deploy'), { env })
  expect(refused.code).toBe(3)
  expect(refused.stderr).toMatch(/hold: held since .* rolled back from version \S+ to #1 r-\w+/)
}

requires('python3').describe('R on the screen is a rollback: recorded, proved, and deploys are held', () => {
  test.each([
    ['rampart-ai', 'backend/app/main.py'],
    ['finbert-rag', 'api/app/main.py'],
  ] as const)(
    'of the deploy that draws it: %s',
    async (example, file) => {
      const rolling = await served(example, file)
      const { cloud, words } = rolling
      const env = cloud.client({ RAMPART_PROGRESS: 'dashboard' })
      const terminal = startOn({ columns: 120, rows: 40, env }, [process.execPath, bin, ...words('deploy')])
      await goBack(terminal)
      await terminal.until(shows('to go back to #1'))
      cloud.resume()
      const { left, picture } = await terminal.ended()
      expect(left).toMatchObject({ exit: 4, modesKept: true })
      // Wherever the line is broken.
      expect(picture.rows.join('').replaceAll(' ', '')).toMatch(/Rolledback:#1r-\w+serveson(\d)of\1targets/)
      await expectWentBack(rolling)
    },
    90_000,
  )

  test.each([
    ['rampart-ai', 'backend/app/main.py'],
    ['finbert-rag', 'api/app/main.py'],
  ] as const)(
    'of a deploy elsewhere that monitor watches: %s',
    async (example, file) => {
      const rolling = await served(example, file)
      const { cloud, words } = rolling
      const deploy = runCli(words('deploy'), { env: cloud.client() })
      const monitor = [process.execPath, bin, ...words('monitor')]
      await expect.poll(() => cloud.isPaused(), { timeout: 30_000 }).toBe(true)
      const terminal = startOn({ columns: 120, rows: 40, env: cloud.client() }, monitor)
      await goBack(terminal)
      await terminal.until(shows('to go back to #1'))
      cloud.resume()
      expect((await deploy).code).toBe(4)
      await terminal.until(shows('Rolled back: #1'))
      terminal.keys('q')
      expect((await terminal.ended()).left).toMatchObject({ modesKept: true })
      await expectWentBack(rolling)
    },
    90_000,
  )
})
