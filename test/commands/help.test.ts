import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root, runCli, cleanEnvironment } from '../support/cli.js'

interface Flag {
  readonly name: string
  readonly env?: string
}

interface Manifest {
  readonly commands: Readonly<Record<string, { readonly id: string; readonly flags: Readonly<Record<string, Flag>> }>>
}

const manifest = JSON.parse(readFileSync(join(root, 'oclif.manifest.json'), 'utf8')) as Manifest
const commands = Object.values(manifest.commands)

/** What every machine says of itself, and versions move. */
const stable = (text: string): string =>
  text.replace(/rampart\/\S+ \S+ node-v\S+/, 'rampart/VERSION PLATFORM node-VERSION')

const env = (): Record<string, string> => cleanEnvironment({ COLUMNS: '80' })

describe('help', () => {
  test('of the program', async () => {
    const { code, stdout, stderr } = await runCli(['--help'], { env: env() })
    expect([code, stderr]).toEqual([0, ''])
    await expect(stable(stdout)).toMatchFileSnapshot('../golden/commands/help.txt')
  })

  test.each(commands.map(({ id }) => id))('of %s', async (id) => {
    const { code, stdout, stderr } = await runCli([...id.split(':'), '--help'], { env: env() })
    expect([code, stderr]).toEqual([0, ''])
    await expect(stdout).toMatchFileSnapshot(`../golden/commands/help-${id.replaceAll(':', '-')}.txt`)
  })

  test('a command with its topic behind a colon is the same command', async () => {
    const [colon, space] = await Promise.all([runCli(['app:build', '--help']), runCli(['app', 'build', '--help'])])
    expect(colon).toEqual(space)
  })

  test('a command that is not there is a usage error that names the nearest', async () => {
    const { code, stderr } = await runCli(['deplyo'])
    expect([code, stderr]).toEqual([2, expect.stringContaining('deplyo')])
  })
})

test('every flag of every command has an environment variable', () => {
  for (const { id, flags } of commands) {
    for (const flag of Object.values(flags)) {
      const expected = `RAMPART_${flag.name.toUpperCase().replaceAll('-', '_')}`
      expect({ id, flag: flag.name, env: flag.env }).toEqual({ id, flag: flag.name, env: expected })
    }
  }
  expect(commands.length).toBeGreaterThanOrEqual(5)
})
