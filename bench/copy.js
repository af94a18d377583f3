import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { library } from './library.js'
import { startLink, startRegistry } from './servers.js'
import { timed } from './tools.js'

const repository = 'team/app'
const layerType = 'application/vnd.oci.image.layer.v1.tar'
const manifestType = 'application/vnd.oci.image.manifest.v1+json'

const peer = 'skopeo'

/** Whether there is a skopeo to compare with. */
export const hasSkopeo = () => spawnSync(peer, ['--version'], { stdio: 'ignore' }).status === 0

const digestOf = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const blobOf = (bytes) => ({ digest: digestOf(bytes), size: bytes.length, open: () => [bytes] })
const describe = (bytes, mediaType) => ({ mediaType, digest: digestOf(bytes), size: bytes.length })

/** That many images of one repository: six layers that they share, and one of its own each. Gives the bytes of all layers, each once. */
async function fill(host, { images, sharedBytes, ownBytes }) {
  const { createRegistryClient } = await library('oci/client.ts')
  const { clockFrom } = await library('system/clock.ts')
  const client = createRegistryClient({
    endpoint: `http://${host}`,
    credentials: async () => undefined,
    clock: clockFrom(undefined),
  })
  const shared = Array.from({ length: 6 }, () => randomBytes(Math.round(sharedBytes / 6)))
  for (const bytes of shared) await client.putBlob(repository, blobOf(bytes))
  for (let index = 0; index < images; index += 1) {
    const layers = [...shared, randomBytes(ownBytes)]
    const config = Buffer.from(
      JSON.stringify({
        architecture: 'amd64',
        os: 'linux',
        rootfs: { type: 'layers', diff_ids: layers.map((bytes) => digestOf(bytes)) },
      }),
    )
    await client.putBlob(repository, blobOf(layers.at(-1)))
    await client.putBlob(repository, blobOf(config))
    const manifest = {
      schemaVersion: 2,
      mediaType: manifestType,
      config: describe(config, 'application/vnd.oci.image.config.v1+json'),
      layers: layers.map((bytes) => describe(bytes, layerType)),
    }
    await client.putManifest(repository, `v${index}`, manifestType, Buffer.from(JSON.stringify(manifest)))
  }
  await client.close()
  return sharedBytes + images * ownBytes
}

/** skopeo takes what to copy from a file when tags are chosen, and from a repository's name when all are. */
async function bySkopeo({ environment, work }, source, target) {
  // Nobody's policy for signatures, and no cache from an earlier round.
  const policy = join(work, 'policy.json')
  await writeFile(policy, JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }))
  const cache = join(work, `skopeo-${randomBytes(4).toString('hex')}`)
  await mkdir(cache, { recursive: true })
  const plain = ['--src-tls-verify=false', '--dest-tls-verify=false']
  const words = ['--policy', policy, 'sync', ...plain, '--src', 'docker', '--dest', 'docker']
  const env = { ...environment, HOME: cache, XDG_DATA_HOME: cache }
  return timed(peer, [...words, `${source}/${repository}`, `${target}/team`], { env })
}

async function byRampart({ environment, program, work }, source, target) {
  const words = ['registry', 'migrate', `${source}/${repository}`, `${target}/${repository}`, '--progress', 'plain']
  return timed(process.execPath, [program, ...words], { cwd: work, env: environment })
}

/**
 * `registry migrate` against `skopeo sync` of the same repository, each to a registry that has nothing; then once more,
 * when all is there. Times by name of the scenario and of the tool.
 */
export async function measureCopy({
  program,
  work: parent,
  environment,
  count,
  link,
  images,
  sharedBytes,
  ownBytes,
  say,
  stops,
}) {
  const work = join(parent, `copy-${link === undefined ? 'near' : 'far'}`)
  await mkdir(work)
  const source = await startRegistry(join(work, 'source'))
  stops.push(source.stop)
  const bytes = await fill(source.host, { images, sharedBytes, ownBytes })
  say(`${images} images of ${(bytes / 1e6).toFixed(0)} MB in all …`)
  const ways = { rampart: byRampart, ...(hasSkopeo() && { skopeo: bySkopeo }) }
  const results = { all: {}, nothing: {} }
  for (const name of Object.keys(ways)) for (const times of Object.values(results)) times[name] = []
  for (let round = 0; round < count; round += 1) {
    for (const [name, copy] of Object.entries(ways)) {
      const directory = join(work, 'target')
      const target = await startRegistry(directory)
      stops.push(target.stop)
      const slow = link === undefined ? undefined : await startLink(target.host, link)
      try {
        await slow?.shape(true)
        const place = slow?.host ?? target.host
        results.all[name].push(await copy({ program, work, environment }, source.host, place))
        results.nothing[name].push(await copy({ program, work, environment }, source.host, place))
      } finally {
        slow?.stop()
        await target.stop()
        await rm(directory, { recursive: true, force: true })
      }
    }
  }
  await source.stop()
  return results
}
