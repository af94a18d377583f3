import { randomBytes } from 'node:crypto'
import { mkdir, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { RampartError } from '../errors/rampart-error.js'
import type { Credentials } from './auth.js'
import {
  credentialKey,
  dockerConfigFile,
  dockerCredentials,
  helperOf,
  readDockerConfig,
  type DockerCredentialOptions,
} from './credentials.js'

/** Who keeps a login now: Docker's client, a credential helper, or the file of Docker's configuration. */
export type Keeper =
  | { readonly by: 'docker' }
  | { readonly by: 'helper'; readonly program: string }
  | { readonly by: 'file'; readonly path: string }

const patience = 60_000

/** Runs a program with something secret on its stdin. Its words may quote the secret: they go nowhere. */
async function feed(
  program: string,
  words: readonly string[],
  input: string,
  { environment }: DockerCredentialOptions,
): Promise<'done' | 'failed' | 'absent'> {
  const { spawn } = process.getBuiltinModule('node:child_process')
  const child = spawn(program, words, { env: environment, stdio: ['pipe', 'ignore', 'ignore'], timeout: patience })
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  return new Promise((resolve) => {
    child.on('error', () => resolve('absent'))
    child.on('close', (code) => resolve(code === 0 ? 'done' : 'failed'))
  })
}

/**
 * Keeps a login where Docker's client and everything that reads its configuration finds it: by that client itself where
 * it is, else as it would. The password is on no command line. Reads it back, and rejects when it is not there.
 * https://docs.docker.com/reference/cli/docker/login/
 */
export async function keepLogin(
  host: string,
  credentials: Credentials,
  options: DockerCredentialOptions,
): Promise<Keeper> {
  const { username, password } = credentials
  const words = ['login', '--username', username, '--password-stdin', ...(credentialKey(host) === host ? [host] : [])]
  // Docker's client asks its engine to try the login; without one it fails, and what it keeps can be kept without it.
  const byDocker = (await feed('docker', words, password, options)) === 'done'
  const keeper: Keeper = byDocker ? { by: 'docker' } : await keep(host, credentials, options)
  const kept = await dockerCredentials(host, options)()
  if (kept?.username !== username || kept.password !== password) {
    throw new RampartError('unreachable', `The login at ${host} was not kept as Docker's configuration says.`, {
      next: [`look at ${dockerConfigFile(options)} and at the credential helper that it names`],
    })
  }
  return keeper
}

async function keep(
  host: string,
  { username, password }: Credentials,
  options: DockerCredentialOptions,
): Promise<Keeper> {
  const config = (await readDockerConfig(options)) ?? {}
  const key = credentialKey(host)
  const helper = helperOf(config, host)
  if (helper !== undefined && helper !== '') {
    const program = `docker-credential-${helper}`
    // https://github.com/docker/docker-credential-helpers#development
    const input = JSON.stringify({ ServerURL: key, Username: username, Secret: password })
    if ((await feed(program, ['store'], input, options)) === 'done') return { by: 'helper', program }
    throw new RampartError('unreachable', `${program}, which Docker's configuration names, did not keep the login.`, {
      next: [`install or unlock ${program}, or remove it from ${dockerConfigFile(options)}`],
    })
  }
  const path = dockerConfigFile(options)
  const auth = Buffer.from(`${username}:${password}`).toString('base64')
  await replace(path, { ...config, auths: { ...config.auths, [key]: { auth } } })
  return { by: 'file', path }
}

/** Writes the file as Docker does, for its owner alone; whoever reads it meanwhile has the old one or the new. */
async function replace(path: string, config: object): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const file = await realpath(path).catch(() => path)
    const draft = `${file}.${randomBytes(6).toString('hex')}`
    try {
      await writeFile(draft, `${JSON.stringify(config, undefined, '\t')}\n`, { mode: 0o600, flag: 'wx' })
      await rename(draft, file)
    } finally {
      await rm(draft, { force: true })
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error'
    throw new RampartError('usage', `Docker's configuration can not be written: ${code}`, {
      place: { file: path },
      next: ['name a folder that can be written in DOCKER_CONFIG'],
    })
  }
}
