import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RampartError } from '../../src/lib/errors/rampart-error.js'
import type { Base } from '../../src/lib/image/layer/apply.js'
import { readBaseFacts } from '../../src/lib/image/base/base-facts.js'
import type { ContainerConfig, ImageConfig } from '../../src/lib/image/image-config.js'
import { requires } from '../support/requires.js'
import { seedOfRun } from '../support/seed.js'
import { blobRegistry } from './support/blobs.js'
import { trickyCases, type Case } from './support/cases.js'
import { docker, importImage, saveImage } from './support/docker.js'
import { exampleCases } from './support/examples.js'
import { initCases } from './support/init-cases.js'
import { generatedCase } from './support/generated.js'
import { buildWithRampart, makeProject } from './support/project.js'
import { flatten, makeTar, type FlatImage, type Made } from './support/tar.js'

const baseName = `rampart-differential-base-${process.pid}`
const target = `rampart-differential-${process.pid}`

const baseFiles: readonly Made[] = [
  { path: 'etc', kind: 'directory' },
  {
    path: 'etc/passwd',
    kind: 'file',
    content: 'root:x:0:0:root:/root:/bin/sh\napp:x:1001:1002:App:/home/app:/bin/sh\n# comment\nodd:x:77:88::/:\n',
  },
  { path: 'etc/group', kind: 'file', content: 'root:x:0:\napp:x:1002:\nstaff:x:50:app\n' },
  { path: 'etc/settings', kind: 'file', content: 'of the base\n', mode: 0o600 },
  { path: 'home', kind: 'directory' },
  { path: 'home/app', kind: 'directory', mode: 0o750, uid: 1001, gid: 1002 },
  { path: 'odd', kind: 'directory', mode: 0o2770, uid: 7, gid: 8 },
  { path: 'odd/deep', kind: 'directory', mode: 0o711, uid: 9, gid: 10 },
  { path: 'odd/file', kind: 'file', content: 'odd', uid: 3, gid: 4 },
  { path: 'tmp', kind: 'directory', mode: 0o1777 },
  { path: 'usr', kind: 'directory' },
  { path: 'usr/bin', kind: 'directory' },
  { path: 'usr/bin/sh', kind: 'file', content: 'shell', mode: 0o755 },
  { path: 'bin', kind: 'symlink', target: 'usr/bin' },
  { path: 'link', kind: 'symlink', target: '/odd/deep' },
  { path: 'dangling', kind: 'symlink', target: 'nowhere/yet' },
  { path: 'filelink', kind: 'symlink', target: 'etc/settings' },
]

const baseChanges = [
  'ENV PATH=/usr/bin BASE_DIR=/opt/base EMPTY=',
  'WORKDIR /home/app',
  'LABEL of=base both=base',
  'CMD ["base-command"]',
  'EXPOSE 1',
]

requires('docker').describe('rampart and Docker build the same image', () => {
  let base: Base
  let baseLayers: readonly Buffer[]

  beforeAll(async () => {
    importImage(makeTar(baseFiles), baseName, baseChanges)
    const saved = await saveImage(baseName)
    baseLayers = saved.layers
    const blobs = new Map(
      saved.manifest.layers.map((layer, index) => [layer.digest, saved.layers[index] ?? Buffer.of()]),
    )
    const facts = await readBaseFacts(blobRegistry(blobs), 'base', saved.manifest)
    base = { manifest: saved.manifest, config: saved.config, facts }
  })

  afterAll(() => {
    docker(['rmi', '-f', target, baseName])
  })

  async function compare(one: Case): Promise<string> {
    const root = makeProject(one.files)
    try {
      const dockerfile = one.dockerfile.replaceAll(/\bBASE\b/g, baseName)
      writeFileSync(join(root, 'Dockerfile'), dockerfile)
      const args = Object.entries(one.buildArgs ?? {}).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`])
      const build = ['-q', '-t', target, ...args, root]
      const built = docker(['build', ...build])
      const ours = await buildWithRampart(root, dockerfile, base, baseLayers, one.buildArgs).catch((error: unknown) => {
        if (error instanceof RampartError && error.kind === 'usage') return error
        throw error
      })
      if (ours instanceof RampartError) {
        // What rampart refuses although Docker takes it is named here, each with its reason in the message.
        const refusal = ours.problems.every(({ message }) => refusals.some((known) => known.test(message)))
        // A pattern that fits nothing is the same nothing to Docker's cache, whether its folder is there or not.
        const isTaken = built.ok && !refusal && docker(['build', '--no-cache', ...build]).ok
        if (isTaken) throw new Error(`only rampart fails: ${JSON.stringify(ours.problems)}`)
        return `refused: ${ours.message}`
      }
      if (!built.ok && onlyDocker.some((known) => known.test(built.output))) return 'refused by Docker alone'
      if (!built.ok) throw new Error(`only Docker fails: ${built.output}`)
      const saved = await saveImage(target)
      expect(asRecord(ours.files)).toEqual(asRecord(await flatten(saved.layers.map((layer) => [layer]))))
      expect(settingsOf(ours.config)).toEqual(settingsOf(saved.config))
      expect(ours.config.history?.filter((entry) => entry.empty_layer !== true)).toHaveLength(
        ours.config.rootfs.diff_ids.length,
      )
      return 'same'
    } finally {
      rmSync(root, { recursive: true, force: true })
    }
  }

  test.each(trickyCases)('$name', async (one) => {
    expect(await compare(one)).toMatch(/^(?:same|refused)/)
  })

  test.each(initCases)('$name', async (one) => {
    expect(await compare(one)).toBe('same')
  })

  test.each(exampleCases)('$name', async (one) => {
    expect(await compare(one)).toBe('same')
  })

  test('generated contexts, Dockerfiles and ignore files', { timeout: 300_000 }, async () => {
    const seed = seedOfRun()
    const runs = Number(process.env['RAMPART_RUNS'] ?? 40)
    console.log(`differential corpus: RAMPART_SEED=${seed}`)
    let same = 0
    await fc.assert(
      fc.asyncProperty(generatedCase, async (one) => {
        if ((await compare(one)) === 'same') same++
      }),
      {
        seed,
        numRuns: runs,
        interruptAfterTimeLimit: 240_000,
      },
    )
    // A good part of the corpus must be builds that both make, not builds that both refuse.
    expect(same).toBeGreaterThan(runs / 3)
  })
})

const refusals = [/several sources cannot become/, /has no (?:user|group)/, /is not a pattern/]

const onlyDocker = [
  // The base's plain files are not among its facts, so that putting a directory in the place of one is not seen.
  /(?:not a directory|non-directory).*(?:etc\/settings|odd\/file)|(?:etc\/settings|odd\/file).*not a directory/,
  // A wildcard below a file matches nothing, but the client of 20.10 sometimes stumbles over it.
  /error from sender: readdir: .*: not a directory/,
]

function asRecord(files: FlatImage): Record<string, string> {
  return Object.fromEntries(files)
}

/** The configuration without what says when and from what it was built, and without the ways to say nothing. */
function settingsOf(config: ImageConfig): Record<string, unknown> {
  const settings: ContainerConfig = config.config ?? {}
  const filled = Object.entries(settings).filter(
    ([, value]: [string, unknown]) =>
      value !== null &&
      value !== '' &&
      value !== false &&
      JSON.stringify(value) !== '{}' &&
      JSON.stringify(value) !== '[]',
  )
  return {
    architecture: config.architecture,
    os: config.os,
    author: config.author ?? '',
    ...Object.fromEntries(filled),
  }
}
