import { randomBytes } from 'node:crypto'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { CloudFormationClient, GetTemplateCommand } from '@aws-sdk/client-cloudformation'
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { expect, onTestFinished, test } from 'vitest'
import { noteChildren, type ChildNotes } from '../support/child-notes.js'
import { bin } from '../support/cli.js'
import { emptyCloud } from '../infra/cloud.js'
import { infraProject } from '../infra/project.js'
import { temporaryDirectory } from '../support/project.js'
import { startCloud } from '../support/rehearsal.js'

/** Of a form that JSON, addresses and shells write differently, so that each of them would show. */
const newCanary = (): string => `canary "${randomBytes(12).toString('hex')}" $HOME \\ a+b/=`

/** The forms in which a value could be read off by somebody, whole or by its middle. */
const formsOf = (value: string): readonly string[] => [
  value,
  JSON.stringify(value).slice(1, -1),
  JSON.stringify(JSON.stringify(value)).slice(1, -1),
  encodeURIComponent(value),
  Buffer.from(value).toString('base64').replace(/=+$/, ''),
  Buffer.from(value).toString('base64url'),
  Buffer.from(value).toString('hex'),
  // What stays the same however the rest is written.
  value.split('"')[1] ?? value,
]

/** What was looked through, by where it was, and in how much of it. */
class Search {
  readonly #forms: readonly string[]
  readonly found: string[] = []
  readonly bytes = new Map<string, number>()

  constructor(canaries: readonly string[]) {
    this.#forms = canaries.flatMap(formsOf)
  }

  look(place: string, content: string): void {
    const kind = place.replace(/ .*/, '')
    this.bytes.set(kind, (this.bytes.get(kind) ?? 0) + content.length)
    if (this.#forms.some((form) => content.includes(form))) this.found.push(place)
  }

  async files(kind: string, directory: string): Promise<void> {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true })
    for (const entry of entries.filter((one) => one.isFile())) {
      const path = join(entry.parentPath, entry.name)
      // oxlint-disable-next-line no-await-in-loop -- one file at a time
      this.look(`${kind} ${path}`, `${path}\n${(await readFile(path)).toString('latin1')}`)
    }
  }
}

const procText = (pid: string, name: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1')
  } catch {
    return ''
  }
}

/** Reads the command lines of all processes while something goes on. */
function watchProcesses(search: Search): () => void {
  const look = (): void => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      search.look(`cmdline of ${pid}`, procText(pid, 'cmdline'))
    }
  }
  const timer = setInterval(look, 40)
  return () => clearInterval(timer)
}

interface Given {
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Runs rampart as processes whose every output and trace is looked through. */
async function watchedRunner(env: NodeJS.ProcessEnv, config: string, search: Search) {
  const temporary = await temporaryDirectory('canary-tmp')
  const children = await noteChildren(['git'])
  onTestFinished(watchProcesses(search))
  let runs = 0
  const run = async (words: readonly string[], { input = '', env: extra = {} }: Given = {}): Promise<number> => {
    const record = ['deploy'].includes(words[0] ?? '') ? ['--record', join(temporary, `run-${runs++}.ndjson`)] : []
    const child = spawn(process.execPath, [bin, ...words, ...record, '-c', config], {
      env: {
        ...env,
        ...extra,
        PATH: `${children.directory}:${env['PATH'] ?? ''}`,
        NODE_OPTIONS: children.nodeOptions,
        TMPDIR: temporary,
        DEBUG: '*',
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    const ended = once(child, 'close')
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended])
    search.look(`stdout of ${words.join(' ')}`, stdout)
    search.look(`stderr of ${words.join(' ')}`, stderr)
    return Number(code)
  }
  const finish = async (): Promise<void> => {
    await search.files('temporary', temporary)
    await search.files('home', env['HOME'] ?? '')
    await search.files('child', children.notes)
  }
  return { run, finish, children }
}

const hooks = ['post-deploy', 'post-rollout', 'pre-build', 'pre-deploy']

/** What rampart starts: each notes what it is told. Docker's client is one that fails, so that a helper keeps the login. */
async function standChildren({ write, notes }: ChildNotes, project: string, home: string): Promise<void> {
  await write('docker', 'exit 1')
  await write('docker-credential-canary', 'case "$1" in store) cat >"$0.kept" ;; get) cat "$0.kept" ;; esac')
  await mkdir(join(home, '.docker'), { recursive: true })
  await writeFile(join(home, '.docker/config.json'), JSON.stringify({ credsStore: 'canary' }))
  await mkdir(join(project, '.rampart/hooks'), { recursive: true })
  for (const name of hooks) {
    // What a hook reads is the release as JSON.
    // oxlint-disable-next-line no-await-in-loop -- a handful
    await write(name, `exec cat >'${notes}/${name}'.$$.stdin`, join(project, '.rampart/hooks', name))
  }
}

const modes = [[], ['--json'], ['--progress', 'ndjson'], ['--progress', 'quiet']] as const

/** Gives three canaries to an account, by each way that there is; two of them with a mistake first. */
async function setAll(
  run: Awaited<ReturnType<typeof watchedRunner>>['run'],
  names: { readonly object: string; readonly key: string; readonly text: string; readonly piped: string },
  [first = '', second = '', third = '']: readonly string[],
): Promise<void> {
  // It may be found here, where it was put, and nowhere else.
  const file = join(await temporaryDirectory('canary-source'), 'value.json')
  await writeFile(file, JSON.stringify({ [names.key]: first }))
  for (const mode of modes) expect(await run(['secrets', 'set', names.object, '--from-file', file, ...mode])).toBe(0)
  for (const mode of modes.slice(0, 2)) {
    const env = { CANARY: second }
    expect(await run(['secrets', 'set', names.text, '--from-env', 'CANARY', ...mode], { env })).toBe(0)
  }
  for (const mode of modes.slice(0, 2))
    expect(await run(['secrets', 'set', names.piped, ...mode], { input: third })).toBe(0)
  expect(await run(['secrets', 'set', names.object], { input: `${first} {` })).toBe(3)
  expect(await run(['secrets', 'set', names.object, '--json'], { input: JSON.stringify({ other: first }) })).toBe(3)
  expect(await run(['secrets', 'set', names.text, '--from-env', 'CANARY_WITH_A_MISTAKE'])).toBe(2)
  expect(await run(['secrets', 'set', '-e', 'nowhere', names.text], { input: second })).toBe(2)
}

async function lookAll(run: Awaited<ReturnType<typeof watchedRunner>>['run']): Promise<void> {
  for (const words of ['list', 'check', 'policy']) {
    expect(await run(['secrets', words])).toBe(0)
    expect(await run(['secrets', words, '--json'])).toBe(0)
  }
}

const wanted = `    secrets:
      services:
        backend:
          DB_URL: rampart-ai/db#url
          JWT_KEY: rampart-ai/jwt
    logs:`

test(
  'a canary in every secret is nowhere after secrets, deploy, verify and rollback',
  { timeout: 300_000 },
  async () => {
    const canaries = [newCanary(), newCanary(), newCanary()]
    const search = new Search(canaries)
    const cloud = await startCloud({ speed: 3600 })
    await cloud.project.edit('rampart.yml', '    logs:', wanted)
    // How fast it answers is not the question, and a busy machine is slow.
    await cloud.project.edit('rampart.yml', '      latency: { mean: 150ms, p95: 200ms }\n', '')
    const env = cloud.client()
    const { run, finish, children } = await watchedRunner(env, cloud.project.config, search)
    await standChildren(children, cloud.project.directory, env['HOME'] ?? '')
    await setAll(
      run,
      { object: 'rampart-ai/db', key: 'url', text: 'rampart-ai/jwt', piped: 'rampart-ai/pipe' },
      canaries,
    )
    await lookAll(run)
    for (const mode of modes.slice(2, 3)) expect(await run(['deploy', '--force', '--debug', ...mode])).toBe(0)

    // A service that writes its secret into its log: it is found by name, and not shown.
    const { logs, group } = cloud.rehearsal.world.state
    const serving = group.instances.find(({ lifecycle }) => lifecycle === 'InService')?.id ?? ''
    const stream = logs.streams().find(({ name }) => name.includes(serving))?.name ?? ''
    const before = search.found.length
    // The cloud's time flies, and old lines are not read.
    const leak = (): void => {
      for (const canary of canaries.slice(0, 2))
        logs.append(stream, cloud.rehearsal.world.state.now, `connected with ${canary}`)
    }
    const junit = await temporaryDirectory('canary-junit')
    leak()
    expect(await run(['verify', '--junit', join(junit, 'verify.xml')])).toBe(9)
    leak()
    expect(await run(['verify', '--json'])).toBe(9)
    await search.files('junit', junit)
    expect(search.found.length).toBe(before)
    expect(await run(['rollback', '--yes'])).not.toBe(1)
    expect(await run(['doctor', '--policy'])).toBe(0)
    expect(await run(['registry', 'login'])).toBe(0)

    // That all of it is there, and what the search would have found.
    const client = new SecretsManagerClient({
      endpoint: cloud.rehearsal.url,
      region: 'us-west-2',
      credentials: { accessKeyId: 'AKIAREHEARSALEXAMPLE', secretAccessKey: 'no-secret' },
    })
    onTestFinished(() => client.destroy())
    const kept = await client.send(new GetSecretValueCommand({ SecretId: 'rampart-ai/jwt' }))
    expect(kept.SecretString).toBe(canaries[1])
    await finish()
    expect(search.found).toEqual([])
    expect(search.bytes.get('temporary')).toBeGreaterThan(10_000)
    expect(search.bytes.get('cmdline')).toBeGreaterThan(10_000)
    // Every program that was started has told what it was started with.
    const { started, seen } = await children.noted()
    expect(started).toEqual(expect.arrayContaining(['docker', 'docker-credential-canary', 'git', ...hooks]))
    expect(seen).toEqual(started)
    console.log(`looked through ${[...search.bytes].map(([place, bytes]) => `${place} ${bytes}`).join(', ')}`)
  },
)

test('nor is it in a template, a change set or a stack', { timeout: 120_000 }, async () => {
  const canaries = [newCanary(), newCanary(), newCanary()]
  const search = new Search(canaries)
  const { config } = await infraProject(
    'rampart-ai',
    'arn:aws:acm:us-west-2:123456789012:certificate/0f0e0d0c-0000-4000-8000-000000000000',
  )
  const { cloud, env } = await emptyCloud(config)
  const { run, finish } = await watchedRunner(env, config, search)
  const names = { object: 'rampart/production/database', key: 'url', text: 'rampart-ai/jwt', piped: 'rampart-ai/pipe' }
  await setAll(run, names, canaries)
  await lookAll(run)
  const written = await temporaryDirectory('canary-template')
  await mkdir(written, { recursive: true })
  expect(await run(['infra', 'synth', '--out', join(written, 'infra.yml')])).toBe(0)
  expect(await run(['infra', 'synth'])).toBe(0)
  expect(await run(['infra', 'diff'])).toBe(0)
  expect(await run(['infra', 'deploy', '--yes', '--progress', 'ndjson'])).toBe(0)
  expect(await run(['infra', 'outputs', '--json'])).toBe(0)
  await search.files('template', written)
  const client = new CloudFormationClient({
    endpoint: cloud.url,
    region: 'us-west-2',
    credentials: { accessKeyId: 'AKIAREHEARSALEXAMPLE', secretAccessKey: 'no-secret' },
  })
  onTestFinished(() => client.destroy())
  const { TemplateBody = '' } = await client.send(new GetTemplateCommand({ StackName: 'rampart-production' }))
  search.look('stack template', TemplateBody)
  for (const { versions } of cloud.world.state.templates) {
    for (const { data } of versions) search.look('userdata', Buffer.from(data.UserData ?? '', 'base64').toString())
  }
  await finish()
  expect(search.found).toEqual([])
  expect(search.bytes.get('stack')).toBeGreaterThan(1000)
})

test('what a child is given shows, in its environment and among its words', async () => {
  const canary = newCanary()
  const { directory, notes } = await noteChildren(['git'])
  const found = async (words: readonly string[], env: Readonly<Record<string, string>>): Promise<readonly string[]> => {
    const search = new Search([canary])
    execFileSync(join(directory, 'git'), ['--version', ...words], { env: { PATH: process.env['PATH'] ?? '', ...env } })
    await search.files('child', notes)
    await rm(notes, { recursive: true })
    await mkdir(notes)
    return search.found.map((place) => place.replace(/^.*\./, ''))
  }
  expect(await found([], {})).toEqual([])
  expect(await found([], { GIVEN: canary })).toEqual(['environ'])
  expect(await found([canary], {})).toEqual(['cmdline'])
})

test('the search finds a canary in each of its forms', () => {
  const canary = newCanary()
  for (const form of formsOf(canary)) {
    const search = new Search([canary])
    search.look('here', `before ${form} behind`)
    expect(search.found).toEqual(['here'])
  }
})
