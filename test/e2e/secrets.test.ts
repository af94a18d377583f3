import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  ListSecretVersionIdsCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { bin, cleanEnvironment, runCli, type Finished } from '../support/cli.js'
import { ownStack, temporaryDirectory } from '../support/project.js'
import { startCloud, type Cloud } from '../support/rehearsal.js'

const accountSecrets = (cloud: Cloud): SecretsManagerClient => {
  const client = new SecretsManagerClient({
    endpoint: cloud.rehearsal.url,
    region: 'us-west-2',
    credentials: { accessKeyId: 'AKIAREHEARSALEXAMPLE', secretAccessKey: 'no-secret' },
  })
  onTestFinished(() => client.destroy())
  return client
}

const wanted = `    secrets:
      maxAge: 30d
      services:
        backend:
          DB_PASSWORD: rampart-ai/db#password
          DB_HOST: rampart-ai/db#host
          JWT_KEY: rampart-ai/jwt
    logs:`

/** A cloud whose backend takes variables from two secrets; both are there unless said otherwise. */
async function secretCloud(isThere = true): Promise<{
  readonly cloud: Cloud
  readonly client: SecretsManagerClient
  readonly run: (...args: string[]) => Promise<Finished>
  readonly pipe: (input: string | Uint8Array, ...args: string[]) => Promise<Finished>
}> {
  // Of the secret that the example's own stack names there would be one, older than the limit below.
  const cloud = await startCloud({ speed: 60, prepare: (project) => project.edit('rampart.yml', ownStack, '') })
  await cloud.project.edit('rampart.yml', '    logs:', wanted)
  const client = accountSecrets(cloud)
  if (isThere) {
    const SecretString = '{"password":"p","host":"h"}'
    await client.send(new CreateSecretCommand({ Name: 'rampart-ai/db', SecretString }))
    await client.send(new CreateSecretCommand({ Name: 'rampart-ai/jwt', SecretString: 'j' }))
  }
  const env = cloud.client()
  const words = (args: readonly string[]): string[] => ['secrets', ...args, '-c', cloud.project.config]
  return {
    cloud,
    client,
    run: (...args) => runCli(words(args), { env }),
    async pipe(input, ...args) {
      const child = spawn(process.execPath, [bin, ...words(args)], { env, stdio: ['pipe', 'pipe', 'pipe'] })
      child.stdin.on('error', () => undefined)
      child.stdin.end(input)
      const ended = once(child, 'close')
      const [stdout, stderr, [code, signal]] = await Promise.all([text(child.stdout), text(child.stderr), ended])
      return { code: code as number | null, signal: signal as NodeJS.Signals | null, stdout, stderr }
    },
  }
}

const json = ({ stdout }: Finished): Record<string, unknown> => JSON.parse(stdout) as Record<string, unknown>
const read = async (client: SecretsManagerClient, SecretId: string) =>
  client.send(new GetSecretValueCommand({ SecretId }))

test('a value is made, changed, and left alone when it is the same; from a pipe, a file and a variable', async () => {
  const { cloud, client, pipe, run } = await secretCloud(false)
  const first = json(await pipe('first\n', 'set', 'rampart-ai/jwt', '--json'))
  expect(first).toMatchObject({ action: 'created', previous: null, keys: null, usedBy: ['backend'] })
  expect((await read(client, 'rampart-ai/jwt')).SecretString).toBe('first')
  const file = join(await temporaryDirectory('secret'), 'value')
  await writeFile(file, 'second\r\n')
  const second = json(await run('set', 'rampart-ai/jwt', '--from-file', file, '--json'))
  expect(second).toMatchObject({ action: 'updated', previous: first['version'] })
  const env = cloud.client({ JWT: 'second' })
  const third = await runCli(['secrets', 'set', 'rampart-ai/jwt', '--from-env', 'JWT', '-c', cloud.project.config], {
    env,
  })
  expect(third).toMatchObject({ code: 0, stdout: expect.stringContaining('unchanged') })
  const { Versions } = await client.send(new ListSecretVersionIdsCommand({ SecretId: 'rampart-ai/jwt' }))
  expect(Versions).toHaveLength(2)
})

test('bytes that are no text stay what they are', async () => {
  const { client, pipe } = await secretCloud()
  const bytes = Uint8Array.from([0xff, 0xfe, 0, 10])
  expect((await pipe(bytes, 'set', 'rampart-ai/key')).code).toBe(0)
  expect((await read(client, 'rampart-ai/key')).SecretBinary).toEqual(bytes)
})

test('a value without the keys that services take is refused before anything is changed', async () => {
  const { client, pipe } = await secretCloud()
  const before = (await read(client, 'rampart-ai/db')).VersionId
  const lacking = await pipe('{"password":"swordfish-1"}', 'set', 'rampart-ai/db')
  expect(lacking).toMatchObject({ code: 3, stdout: '' })
  expect(lacking.stderr).toContain('lacks host; nothing was changed')
  expect(lacking.stderr).toContain('backend takes DB_HOST from the key host')
  const none = await pipe('swordfish-1 {', 'set', 'rampart-ai/db')
  expect(none).toMatchObject({ code: 3, stdout: '' })
  expect(none.stderr + lacking.stderr).not.toContain('swordfish')
  expect((await read(client, 'rampart-ai/db')).VersionId).toBe(before)
  const lost = await pipe('{"password":"a","host":"b","extra":1}', 'set', 'rampart-ai/db')
  expect(lost.code).toBe(0)
  const less = json(await pipe('{"password":"a","host":"b"}', 'set', 'rampart-ai/db', '--json'))
  expect(less).toMatchObject({ action: 'updated', keys: ['password', 'host'], lostKeys: ['extra'] })
})

test('list shows versions, age and who takes what', async () => {
  const { pipe, run } = await secretCloud()
  await pipe('{"password":"a","host":"b"}', 'set', 'rampart-ai/db')
  const { secrets } = json(await run('list', '--json')) as { secrets: Record<string, unknown>[] }
  expect(secrets.map(({ name }) => name)).toEqual(['rampart-ai/api-key', 'rampart-ai/db', 'rampart-ai/jwt'])
  expect(secrets[1]).toMatchObject({
    versions: [{ stages: ['AWSCURRENT'] }, { stages: ['AWSPREVIOUS'] }],
    rotation: null,
    deletionAt: null,
    usedBy: [
      { service: 'backend', variable: 'DB_PASSWORD', key: 'password' },
      { service: 'backend', variable: 'DB_HOST', key: 'host' },
    ],
  })
  expect(secrets[1]?.['age']).toBeLessThan(3_600_000)
})

test('check names what is old, lacks a key, is to go, or is not there, with exit code 9', async () => {
  const { client, pipe, run } = await secretCloud()
  await pipe('{"password":"a","host":"b"}', 'set', 'rampart-ai/db')
  await pipe('x-y-z', 'set', 'rampart-ai/jwt')
  expect(await run('check')).toMatchObject({ code: 0, stdout: expect.stringContaining('every secret is there') })
  await client.send(new DeleteSecretCommand({ SecretId: 'rampart-ai/jwt' }))
  const gone = await run('check')
  expect(gone).toMatchObject({ code: 9, stdout: expect.stringContaining('restore-secret --secret-id rampart-ai/jwt') })
  expect((await pipe('new', 'set', 'rampart-ai/jwt')).code).toBe(3)
  await client.send(new DeleteSecretCommand({ SecretId: 'rampart-ai/db', ForceDeleteWithoutRecovery: true }))
  const { checks } = json(await run('check', '--json')) as { checks: Record<string, unknown>[] }
  expect(
    checks.filter(({ result }) => result === 'fail').map(({ secret, check }) => `${String(secret)} ${String(check)}`),
  ).toEqual(['rampart-ai/db exists', 'rampart-ai/jwt deletion'])
})

test('what is older than the limit fails', async () => {
  const { run, cloud } = await secretCloud()
  await cloud.project.edit('rampart.yml', 'maxAge: 30d', 'maxAge: 1s')
  const { code, stdout } = await run('check')
  expect(code).toBe(9)
  expect(stdout).toMatch(/FAIL {2}rampart-ai\/jwt {2}age: 0 days old, over the limit/)
})

test('policy names the ARNs and nothing else', async () => {
  const { run, cloud } = await secretCloud()
  const policy = JSON.parse((await run('policy')).stdout) as { Statement: Record<string, unknown>[] }
  expect(policy.Statement).toEqual([
    {
      Sid: 'ReadSecrets',
      Effect: 'Allow',
      Action: ['secretsmanager:GetSecretValue'],
      Resource: [expect.stringMatching(/^arn:.*\/db-\w{6}$/), expect.stringMatching(/^arn:.*\/jwt-\w{6}$/)],
    },
  ])
  const unasked = await runCli(['secrets', 'policy', '-c', cloud.project.config], { env: cleanEnvironment() })
  const [statement] = (JSON.parse(unasked.stdout) as typeof policy).Statement
  const arn = 'arn:aws:secretsmanager:us-west-2:*:secret:rampart-ai'
  expect(statement?.['Resource']).toEqual([`${arn}/db-??????`, `${arn}/jwt-??????`])
  const none = await runCli(['secrets', 'policy', '--service', 'frontend', '-c', cloud.project.config], {
    env: cloud.client(),
  })
  expect(none.code).toBe(2)
})

test('a value as an argument is refused, in every form, and not repeated', async () => {
  const { run, cloud } = await secretCloud()
  const value = 'swordfish-4711'
  const before = cloud.calls.length
  for (const words of [
    ['rampart-ai/jwt', value],
    ['rampart-ai/jwt', `--value=${value}`],
    ['rampart-ai/jwt', '--value', value],
    [`rampart-ai/jwt=${value}`],
    ['rampart-ai/jwt', '--from-env', `${value}!`],
    ['rampart-ai/jwt', '--from-file', value],
    ['rampart-ai/jwt', `--form-file=${value}`],
  ]) {
    for (const mode of [[], ['--json']]) {
      // oxlint-disable-next-line no-await-in-loop -- one process at a time
      const { code, stdout, stderr } = await run('set', ...words, ...mode)
      expect({ words, mode, code }).toEqual({ words, mode, code: 2 })
      expect(stdout + stderr).not.toContain(value)
      expect(stdout + stderr).toMatch(/never an argument|--from-env takes the name|file of --from-file is not there/)
    }
  }
  expect(cloud.calls.length).toBe(before)
})
