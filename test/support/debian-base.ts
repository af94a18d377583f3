import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)
const program = '/usr/sbin/debootstrap'

/** Where apt itself gets this machine's Debian, and which one that is. */
function source(): { readonly site: string; readonly suite: string } | undefined {
  const format = '$(SITE) $(RELEASE) $(COMPONENT)'
  const { stdout } = spawnSync('/usr/bin/apt-get', ['indextargets', '--format', format], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  const lines = (stdout ?? '').split('\n').map((line) => line.split(' '))
  const line = lines.find(([, suite, component]) => component === 'main' && /^[a-z]+$/.test(suite ?? ''))
  return line?.[0] === undefined || line[1] === undefined ? undefined : { site: line[0], suite: line[1] }
}

/** What stands in such an image beside what Debian calls minimal. */
const packages = {
  python3: ['python3'],
  machine: ['python3', 'docker.io', 'awscli', 'curl', 'iptables', 'iproute2', 'ca-certificates'],
} as const

type Kind = keyof typeof packages

// It stays in the engine, so that the next run need not make it; `docker rmi` has it made anew.
const imageOf = (suite: string, kind: Kind): string => `rampart-test/debian:${suite}-${kind}`

const isMade = (docker: string, image: string): boolean =>
  spawnSync(docker, ['image', 'inspect', image], { stdio: 'ignore', timeout: 20_000 }).status === 0

/** True when {@link debianBase} will give an image. `docker` is the engine's client. */
export function canBootstrap(docker: string): boolean {
  const from = source()
  if (from === undefined) return false
  if (isMade(docker, imageOf(from.suite, 'python3'))) return true
  if (process.getuid?.() !== 0) return false
  if (spawnSync(program, ['--version'], { stdio: 'ignore', timeout: 20_000 }).status !== 0) return false
  const directory = mkdtempSync(join(tmpdir(), 'rampart-mirror-'))
  try {
    const args = ['download-file', `${from.site}/dists/${from.suite}/Release`, join(directory, 'Release')]
    return spawnSync('/usr/lib/apt/apt-helper', args, { stdio: 'ignore', timeout: 60_000 }).status === 0
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/**
 * The name of an image that debootstrap made of Debian's own packages; made when the engine does not have it. `python3`
 * is what an app needs, `machine` what runs containers itself.
 */
export async function debianBase(docker: string, kind: Kind = 'python3'): Promise<string> {
  const from = source()
  if (from === undefined) throw new Error('apt names no Debian')
  const { site, suite } = from
  const image = imageOf(suite, kind)
  if (isMade(docker, image)) return image
  const directory = await mkdtemp(join(tmpdir(), 'rampart-debian-'))
  try {
    const include = `--include=${packages[kind].join(',')}`
    await execute(program, ['--variant=minbase', include, suite, directory, site], { maxBuffer: 1 << 26 })
    const paths = ['--exclude=./var/cache/apt/archives/*.deb', '--exclude=./dev/*', '-c', '.']
    const tar = spawn('tar', ['-C', directory, '--one-file-system', ...paths], { stdio: ['ignore', 'pipe', 'inherit'] })
    const made = spawn(docker, ['import', '-', image], { stdio: [tar.stdout, 'ignore', 'inherit'] })
    const [[packed], [imported]] = await Promise.all([once(tar, 'exit'), once(made, 'exit')])
    if (packed !== 0 || imported !== 0) throw new Error(`${image} could not be made: ${packed}, ${imported}`)
    return image
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
