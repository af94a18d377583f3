import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { exitCodes } from '../../src/lib/errors/exit-codes.js'
import { runCli, root } from '../support/cli.js'
import { temporaryDirectory } from '../support/project.js'
import { requires } from '../support/requires.js'

const execute = promisify(execFile)

const version = (JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { readonly version: string }).version

async function repository(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const directory = join(await temporaryDirectory('ci'), 'rampart-ai')
  await cp(join(root, 'examples/rampart-ai'), directory, { recursive: true })
  const node = join(directory, 'frontend/package.json')
  const about = JSON.parse(await readFile(node, 'utf8')) as { scripts: Record<string, string> }
  about.scripts['build'] = 'vite build'
  await writeFile(node, JSON.stringify(about))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(directory, path, '..'), { recursive: true })
    await writeFile(join(directory, path), text)
  }
  return directory
}

interface Result {
  readonly files: readonly { readonly path: string; readonly action: string; readonly content: string }[]
  readonly notes: readonly string[]
}

async function planned(directory: string, ...args: readonly string[]): Promise<Result> {
  const { code, stdout } = await runCli(
    ['init', '--dry-run', '--offline', '--json', '--region', 'us-west-2', ...args],
    {
      cwd: directory,
    },
  )
  expect(code).toBe(0)
  return JSON.parse(stdout) as Result
}

const written = ({ files }: Result): readonly string[] =>
  files.map(({ path }) => path).filter((path) => /git/.test(path))

const contentOf = ({ files }: Result, path: string): string => files.find((file) => file.path === path)?.content ?? ''

describe('what runs deploys without a person', () => {
  test.each<readonly [string, Readonly<Record<string, string>>, readonly string[], readonly string[]]>([
    ['nothing when nothing is there', {}, [], []],
    ['a workflow beside others', { '.github/workflows/test.yml': 'on: push\n' }, [], ['.github/workflows/rampart.yml']],
    ['no workflow when it is not wanted', { '.github/workflows/test.yml': 'on: push\n' }, ['--ci', 'none'], []],
    ['no workflow when make is enough', { '.github/workflows/test.yml': 'on: push\n' }, ['--ci', 'make'], []],
    ['a job beside others', { '.gitlab-ci.yml': 'test: { script: [make] }\n' }, [], ['.gitlab/rampart.yml']],
    ['both', {}, ['--ci', 'github,gitlab'], ['.github/workflows/rampart.yml', '.gitlab-ci.yml']],
  ])('is %s', async (_, files, args, expected) => {
    const result = await planned(await repository(files), ...args)
    expect(written(result)).toEqual(expected)
    const includes = result.notes.filter((note) => note.includes('include:'))
    expect(includes).toHaveLength(expected.includes('.gitlab/rampart.yml') ? 1 : 0)
  })

  test('is what people have reviewed', async () => {
    const result = await planned(await repository(), '--ci', 'github', '--ci', 'gitlab')
    for (const [path, golden] of [
      ['.github/workflows/rampart.yml', 'ci-github.yml'],
      ['.gitlab-ci.yml', 'ci-gitlab.yml'],
    ] as const) {
      const text = contentOf(result, path).replaceAll(`rampart@${version}`, 'rampart@VERSION')
      await expect(text).toMatchFileSnapshot(`../golden/init/${golden}`)
    }
  })

  test('holds no long-lived keys, asks for a token in the deploy alone, and pins what it runs', async () => {
    const result = await planned(await repository(), '--ci', 'github,gitlab')
    const text = contentOf(result, '.github/workflows/rampart.yml')
    const workflow = parse(text) as {
      readonly permissions: unknown
      readonly jobs: Readonly<Record<'rehearse' | 'deploy', Readonly<Record<string, unknown>>>>
    }
    expect(text).not.toMatch(/secrets\.|ACCESS_KEY/)
    expect(workflow.permissions).toEqual({ contents: 'read' })
    expect(workflow.jobs.rehearse['permissions']).toBeUndefined()
    expect(workflow.jobs.deploy).toMatchObject({
      if: expect.stringContaining("github.ref == 'refs/heads/main'"),
      environment: 'production',
      permissions: { 'id-token': 'write' },
      concurrency: { 'cancel-in-progress': false },
    })
    const uses = [...text.matchAll(/uses: (\S+)/g)].map(([, one]) => one)
    expect(uses.length).toBe(7)
    for (const one of uses) expect(one).toMatch(/@[0-9a-f]{40}$/)
    expect(text).toContain(`rampart@${version}`)

    const gitlab = contentOf(result, '.gitlab-ci.yml')
    expect(gitlab).not.toMatch(/ACCESS_KEY/)
    const jobs = parse(gitlab) as Readonly<Record<string, Readonly<Record<string, unknown>>>>
    expect(jobs['rampart-rehearse']).not.toHaveProperty('id_tokens')
    expect(jobs['rampart-deploy']).toMatchObject({
      id_tokens: { RAMPART_ID_TOKEN: { aud: 'sts.amazonaws.com' } },
      resource_group: 'rampart-production',
      script: expect.arrayContaining(["(cd 'frontend' && npm ci && npm run build)"]),
    })
  })

  test('takes no service that is not known', async () => {
    const { code, stderr } = await runCli(['init', '--dry-run', '--ci', 'jenkins'], { cwd: await repository() })
    expect(code).toBe(2)
    expect(stderr).toContain('Expected --ci=jenkins to be one of: github, gitlab, make, none')
  })
})

test('docs/ci.md shows what init writes, line by line', async () => {
  const result = await planned(await repository(), '--ci', 'github,gitlab,make')
  // One example without a step of its own before the others, as the page has it.
  const bare = join(await temporaryDirectory('ci-docs'), 'rampart-ai')
  await cp(join(root, 'examples/rampart-ai'), bare, { recursive: true })
  const makefile = contentOf(await planned(bare, '--ci', 'make'), 'Makefile')
  const sources = {
    yaml: [contentOf(result, '.github/workflows/rampart.yml'), contentOf(result, '.gitlab-ci.yml')],
    make: [makefile],
  } as const
  const page = await readFile(join(root, 'docs/ci.md'), 'utf8')
  const blocks = [...page.matchAll(/^```(yaml|make)\n([^]*?)\n```$/gm)]
  expect(blocks.length).toBeGreaterThanOrEqual(7)
  for (const [, kind, text = ''] of blocks) {
    // It may stand anywhere there, and deeper.
    const isThere = [0, 2, 4, 6].some((depth) => {
      const indented = text.replaceAll(/^(?=.)/gm, ' '.repeat(depth))
      return sources[kind as keyof typeof sources].some((source) => `\n${source}`.includes(`\n${indented}\n`))
    })
    expect({ text, isThere }).toEqual({ text, isThere: true })
  }
  // Its table is that of the exit codes there are.
  const told = [...page.matchAll(/^\| +(\d+) \|/gm)].map(([, code]) => Number(code))
  expect(told).toEqual(Object.values(exitCodes).filter((code) => code !== exitCodes.bug))
})

requires('actionlint').describe('the workflow', () => {
  test('is one that actionlint takes', async () => {
    const directory = await repository()
    const result = await planned(directory, '--ci', 'github')
    const file = join(directory, 'rampart.yml.check')
    await writeFile(file, contentOf(result, '.github/workflows/rampart.yml'))
    const { stdout } = await execute('actionlint', ['-no-color', file])
    expect(stdout).toBe('')
  })
})
