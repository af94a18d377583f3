import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { runCli, type Finished } from '../support/cli.js'
import { ownStack, temporaryDirectory } from '../support/project.js'
import { startCloud, type Cloud } from '../support/rehearsal.js'

const secret = 'hunter2 "quoted" $HOME \\ pass+word/='
const accessKey = 'kYf8/very+secret/AccessKeyOfNobody0000000'
const sessionToken = 'IQoJb3JpZ2luX2VjSessionTokenOfNobody//////////wEaCXVzLXdlc3QtMg=='

/** The forms in which a value could be read off by somebody. */
function formsOf(value: string): readonly string[] {
  return [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    Buffer.from(value).toString('base64'),
    Buffer.from(value).toString('base64url'),
  ]
}

/** Every file below a folder with its content, also unpacked where it is compressed. */
async function contentOf(directory: string): Promise<string> {
  const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  const texts = await Promise.all(
    files.map(async (entry) => {
      const bytes = await readFile(join(entry.parentPath, entry.name))
      const frame = bytes.indexOf(Buffer.from('28b52ffd', 'hex'))
      const unpacked = frame < 0 ? '' : tryUnpack(bytes.subarray(frame))
      return `${entry.name}\n${bytes.toString('latin1')}\n${unpacked}`
    }),
  )
  return texts.join('\n')
}

function tryUnpack(bytes: Buffer): string {
  try {
    return zstdDecompressSync(bytes).toString('latin1')
  } catch {
    return ''
  }
}

function expectUnseen(text: string, values: readonly string[]): void {
  const seen = values.flatMap((value) => formsOf(value)).filter((form) => text.includes(form))
  expect(seen).toEqual([])
}

/** Keeps every password that the registry gives out. */
function recordPasswords({ rehearsal }: Cloud): readonly string[] {
  const passwords: string[] = []
  const { authorization } = rehearsal.registry
  const issue = authorization.issue.bind(authorization)
  Object.assign(authorization, {
    issue: (now: number) => {
      const issued = issue(now)
      passwords.push(issued.password)
      return issued
    },
  })
  return passwords
}

const basic = (password: string): string => Buffer.from(`AWS:${password}`).toString('base64')

const everyMode = [['--progress', 'plain'], ['--progress', 'ndjson'], ['--progress', 'quiet'], ['--json']]

/** A cloud whose project takes a build argument from the environment; with the values that nobody may see. */
async function secretCloud(): Promise<{ cloud: Cloud; env: Record<string, string>; values: () => readonly string[] }> {
  const cloud = await startCloud({ speed: 3600 })
  await cloud.project.edit(
    'rampart.yml',
    'repository: rampart-backend\n',
    'repository: rampart-backend\n    args: { TOKEN: "${DEPLOY_TOKEN}" }\n',
  )
  const passwords = recordPasswords(cloud)
  const env = cloud.client({
    DEPLOY_TOKEN: secret,
    AWS_SECRET_ACCESS_KEY: accessKey,
    AWS_SESSION_TOKEN: sessionToken,
    DEBUG: '*',
  })
  return {
    cloud,
    env,
    values: () => {
      expect(passwords.length).toBeGreaterThan(0)
      return [secret, accessKey, sessionToken, ...passwords, ...passwords.map(basic)]
    },
  }
}

const deploy = (cloud: Cloud, env: Record<string, string>, ...more: string[]): Promise<Finished> =>
  runCli(['deploy', '-c', cloud.project.config, ...more], { env })

test('a deploy shows no password, key or build argument in any mode, nor keeps one in the cache', async () => {
  const { cloud, env, values } = await secretCloud()
  await cloud.project.edit('backend/Dockerfile.app', 'WORKDIR /app\n', 'WORKDIR /app\nARG TOKEN\n')
  for (const mode of everyMode) {
    const { code, stdout, stderr } = await deploy(cloud, env, '--force', ...mode)
    expect({ mode, code }).toEqual({ mode, code: 0 })
    expectUnseen(`${stdout}\n${stderr}`, values())
  }
  const cache = await contentOf(env['HOME'] ?? '')
  expect(cache.length).toBeGreaterThan(1000)
  expectUnseen(cache, values())
})

test('an error whose text has the build argument in it hides it', async () => {
  const { cloud, env } = await secretCloud()
  await cloud.project.edit(
    'backend/Dockerfile.app',
    'WORKDIR /app\n',
    'WORKDIR /app\nARG TOKEN\nCOPY ["$TOKEN", "./"]\n',
  )
  for (const mode of everyMode) {
    const { code, stdout, stderr } = await deploy(cloud, env, ...mode)
    expect({ mode, code }).toEqual({ mode, code: 2 })
    expectUnseen(`${stdout}\n${stderr}`, [secret, accessKey, sessionToken])
    expect(`${stdout}${stderr}`).toContain('Dockerfile.app:')
  }
})

test('a configuration error names the variable and not its value', async () => {
  const { cloud, env } = await secretCloud()
  await cloud.project.edit('rampart.yml', 'budget: 100MB', 'budget: "${DEPLOY_TOKEN}"')
  for (const mode of everyMode) {
    const { code, stdout, stderr } = await deploy(cloud, env, ...mode)
    expect({ mode, code }).toEqual({ mode, code: 2 })
    expectUnseen(`${stdout}\n${stderr}`, [secret])
    expect(`${stdout}${stderr}`).toContain('${DEPLOY_TOKEN}')
  }
})

test('a registry that refuses a login hears the password, and nobody else', async () => {
  const { cloud, env } = await secretCloud()
  const heard: string[] = []
  const server = createServer((request, response) => {
    heard.push(request.headers.authorization ?? '')
    // One that repeats what it was sent, as some do in their error pages.
    response.writeHead(401, { 'www-authenticate': 'Basic realm="x"', 'content-type': 'application/json' })
    response.end(
      JSON.stringify({ errors: [{ code: 'UNAUTHORIZED', message: `no: ${request.headers.authorization}` }] }),
    )
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => void server.close())
  const address = server.address()
  const host = `localhost:${typeof address === 'object' && address !== null ? address.port : 0}`
  const docker = await temporaryDirectory('docker')
  const auth = Buffer.from(`me:${secret}`).toString('base64')
  await writeFile(join(docker, 'config.json'), JSON.stringify({ auths: { [host]: { auth } } }))
  // A stack of our own runs images of the account's ECR and goes with no other registry.
  await cloud.project.edit('rampart.yml', ownStack, '')
  await cloud.project.edit('rampart.yml', '    region: us-west-2\n', `    region: us-west-2\n    registry: ${host}\n`)
  const run = await runCli(['app', 'build', '-c', cloud.project.config], { env: { ...env, DOCKER_CONFIG: docker } })
  expect(heard).toContain(`Basic ${auth}`)
  expect({ code: run.code, stderr: run.code === 7 ? '' : run.stderr }).toEqual({ code: 7, stderr: '' })
  expectUnseen(`${run.stdout}\n${run.stderr}`, [secret, `me:${secret}`])
})
