import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { cleanEnvironment, root, runCli } from '../support/cli.js'
import { temporaryDirectory } from '../support/project.js'

const recorder = pathToFileURL(join(root, 'test/commands/loaded-modules.js')).href
const heavy = /\/node_modules\/(@aws-sdk|@smithy|ink|react|dockerode|zod|listr2|yaml|dockerfile-ast)\//

const bundle = join(root, 'dist/bundle')
// The program is bundled: a file of the bundle stands for the modules that it was made of.
const contents = JSON.parse(await readFile(join(bundle, 'contents.json'), 'utf8')) as Record<string, string[]>

const modulesOf = (url: string): readonly string[] => {
  const [, file] = url.split('/dist/bundle/')
  return file === undefined ? [url] : (contents[file] ?? []).map((module) => `/${module}`)
}

/** Runs rampart and gives the modules outside Node that it loaded. */
async function loadedBy(args: readonly string[]): Promise<readonly string[]> {
  const file = join(await temporaryDirectory('loaded'), 'modules')
  const env = cleanEnvironment({ NODE_OPTIONS: `--import=${recorder}`, LOADED_MODULES_FILE: file })
  const { code, stderr } = await runCli(args, { env })
  expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' })
  return (await readFile(file, 'utf8')).split('\n').flatMap(modulesOf)
}

const heavyOf = (modules: readonly string[]): readonly string[] => [
  ...new Set(modules.flatMap((url) => heavy.exec(url)?.[1] ?? [])),
]

test.each(['--version', '--help', 'deploy --help', 'rehearse serve --help', 'app --help'])(
  'rampart %s loads no AWS SDK, Ink, dockerode or zod',
  async (line) => {
    const modules = await loadedBy(line.split(' '))
    expect(modules.some((url) => url.endsWith('/bin/run.js'))).toBe(true)
    expect(modules.some((url) => url.includes('/node_modules/@oclif/core/'))).toBe(true)
    expect(heavyOf(modules)).toEqual([])
  },
)

test('the recorder sees them where they are needed', async () => {
  const loaded = heavyOf(await loadedBy(['rehearse', '--speed', '3600']))
  expect(loaded).toEqual(expect.arrayContaining(['@aws-sdk', '@smithy', 'zod', 'yaml', 'dockerfile-ast']))
  // Nothing is drawn where no terminal is.
  expect(loaded).not.toContain('listr2')
})

test('of the SDK a command loads the operations that it uses, not the hundreds that there are', () => {
  const modules = Object.values(contents).flat()
  expect(modules.some((name) => name.endsWith('/@aws-sdk/client-ec2/dist-es/EC2Client.js'))).toBe(true)
  // The first is a client with all operations; the second a package in one file, which can only be taken whole.
  expect(
    modules.filter((name) => /client-ec2\/dist-es\/EC2\.js$|@(?:aws-sdk|smithy)\/.*\/dist-cjs\//.test(name)),
  ).toEqual([])
})
