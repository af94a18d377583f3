import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { dockerCredentials } from '../../src/lib/oci/credentials.js'

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'rampart-home-'))
  await mkdir(join(home, '.docker'))
  await mkdir(join(home, 'bin'))
})
afterEach(() => rm(home, { recursive: true, force: true }))

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const configure = (config: unknown): Promise<void> =>
  writeFile(join(home, '.docker', 'config.json'), typeof config === 'string' ? config : JSON.stringify(config))
const ask = (host: string, environment: Record<string, string> = {}) =>
  dockerCredentials(host, { home, environment: { PATH: `${join(home, 'bin')}:/usr/bin:/bin`, ...environment } })()

/** A helper as the protocol has it: it knows `helped.example` and fails for every other server. */
async function helper(name: string, answer: string): Promise<void> {
  const file = join(home, 'bin', `docker-credential-${name}`)
  const script = `#!/bin/sh
[ "$1" = get ] || exit 3
read -r server
[ "$server" = helped.example ] || { echo 'credentials not found in native keychain'; exit 1; }
printf '%s' '${answer}'
`
  await writeFile(file, script)
  await chmod(file, 0o755)
}

describe('Docker’s configuration', () => {
  test('gives nothing where there is none', async () => {
    expect(await ask('registry.example')).toBeUndefined()
  })

  test('gives what docker login wrote, by host', async () => {
    await configure({
      auths: {
        'registry.example': { auth: base64('me:pass:word') },
        'https://other.example:5000/v1/': { auth: base64('them:x') },
        'https://index.docker.io/v1/': { auth: base64('hub:y') },
        'token.example': { auth: base64('ignored:'), identitytoken: 'an identity' },
        'empty.example': {},
      },
    })
    expect(await ask('registry.example')).toEqual({ username: 'me', password: 'pass:word' })
    expect(await ask('other.example:5000')).toEqual({ username: 'them', password: 'x' })
    expect(await ask('docker.io')).toEqual({ username: 'hub', password: 'y' })
    expect(await ask('token.example')).toEqual({ username: '<token>', password: 'an identity' })
    expect(await ask('empty.example')).toBeUndefined()
    expect(await ask('example')).toBeUndefined()
  })

  test('is found where DOCKER_CONFIG says', async () => {
    await mkdir(join(home, 'elsewhere'))
    await writeFile(join(home, 'elsewhere', 'config.json'), JSON.stringify({ auths: { h: { auth: base64('a:b') } } }))
    expect(await ask('h', { DOCKER_CONFIG: join(home, 'elsewhere') })).toEqual({ username: 'a', password: 'b' })
  })

  test('that is damaged is named without being quoted', async () => {
    await configure('{"auths": {"h": {"auth": "c2VjcmV0"')
    const failure = await ask('h').catch((error: unknown) => error)
    expect(failure).toMatchObject({ kind: 'usage', place: { file: join(home, '.docker', 'config.json') } })
    expect(String(failure)).not.toContain('c2VjcmV0')
  })
})

describe('credential helpers', () => {
  test.each(['credHelpers', 'credsStore'])('are asked when %s names them', async (key) => {
    await helper('vault', '{"ServerURL":"helped.example","Username":"me","Secret":"s3cr$t\\\\"}')
    await configure(key === 'credsStore' ? { credsStore: 'vault' } : { credHelpers: { 'helped.example': 'vault' } })
    expect(await ask('helped.example')).toEqual({ username: 'me', password: 's3cr$t\\' })
  })

  test('that know nothing leave the word to the list', async () => {
    await helper('vault', '')
    await configure({ credsStore: 'vault', auths: { 'registry.example': { auth: base64('me:x') } } })
    expect(await ask('registry.example')).toEqual({ username: 'me', password: 'x' })
    expect(await ask('third.example')).toBeUndefined()
  })

  test('that are missing are named', async () => {
    await configure({ credsStore: 'gone' })
    await expect(ask('registry.example')).rejects.toMatchObject({
      kind: 'unreachable',
      next: ["install docker-credential-gone, or remove it from Docker's configuration"],
    })
  })

  test('that answer nonsense are named, without what they said', async () => {
    await helper('vault', 'secret but not JSON')
    await configure({ credsStore: 'vault' })
    await expect(ask('helped.example')).rejects.toThrow(/^docker-credential-vault answered something that is not JSON$/)
  })
})
