import { formatBytes } from '../../domain/format-bytes.js'
import { RampartError } from '../../errors/rampart-error.js'
import { joinPath, parentPath, resolveInRoot } from '../context/paths.js'
import { cacheFolderOf, hubCacheOf } from '../models/place.js'
import { selectFiles } from '../models/select.js'
import { shardsOf } from '../models/shards.js'
import { judgeAsked } from './asked-revision.js'
import type { Probe, ProbedFile } from './probe.js'

/** A model that the base is to carry. */
export interface ExpectedModel {
  readonly id: string
  readonly revision: string
  /** Patterns of its files; the usual ones when left out. */
  readonly files?: readonly string[]
  /** The branch or tag by whose name the application asks for it. */
  readonly ref?: string
  /** Who puts it into the base; for what to change. */
  readonly provide?: 'dockerfile' | 'rampart'
}

/** Whether one model is there for the application, and if not, why. */
export interface ModelProof {
  readonly id: string
  /** The revision that is expected. */
  readonly revision: string
  readonly proved: boolean
  /** The revisions that were found. */
  readonly found: readonly string[]
  /** The hub's cache that it was found in; undefined when it is nowhere. */
  readonly place?: string
  /** Bytes and number of the snapshot's files. */
  readonly bytes: number
  readonly files: number
  /** What is wrong with it, in a few words. */
  readonly problem?: string
  /** What to change. */
  readonly remedy?: string
  /** What is worth knowing although it is no failure. */
  readonly note?: string
}

/** The caches in which the hub's libraries look, under the environment that the probe saw; the usual one first. */
export function placesOf({ environment }: Probe): readonly string[] {
  const home = environment['HOME'] ?? '/'
  const own = ['TRANSFORMERS_CACHE', 'SENTENCE_TRANSFORMERS_HOME'].flatMap((name) => {
    const path = environment[name]
    return path === undefined ? [] : [joinPath('/', path.replace(/^~(?=\/|$)/, home))]
  })
  return [...new Set([hubCacheOf(environment, home), ...own])]
}

interface Verdict {
  readonly problem?: string
  readonly remedy?: string
  readonly note?: string
}

/**
 * Judges a model by what the probe of the runtime user saw in the caches where the application looks. `environment` is
 * what the application runs with.
 */
export function judgeModel(
  model: ExpectedModel,
  probe: Probe,
  environment: Readonly<Record<string, string>>,
): ModelProof {
  const places = placesOf(probe)
  const proofs = places.map((place) => judgeAt(model, place, probe, environment))
  const best = proofs.find(({ proved }) => proved) ?? proofs.find(({ place }) => place !== undefined)
  return best ?? { ...nothing(model), problem: `is not in ${places.join(' or ')}`, remedy: failedDownload }
}

/**
 * The proof of a model that the runtime user did not find, with what root finds in the image as the likely reason.
 * `user` is what the application runs as, and `places` is where it looks.
 */
export function explainMissing(
  proof: ModelProof,
  rootProbe: Probe,
  user: string,
  places: readonly string[],
): ModelProof {
  const folder = `/${cacheFolderOf(proof.id)}/`
  const path = rootProbe.files.find((file) => file.path.includes(folder))?.path
  if (path === undefined) return proof
  const place = path.slice(0, path.indexOf(folder))
  const { found, bytes, files } = judgeAt({ id: proof.id, revision: proof.revision }, place, rootProbe)
  const seen = { ...proof, place, found, bytes, files }
  if (places.includes(place)) {
    return { ...seen, problem: `is in ${place}, which ${user} may not read`, remedy: readableRemedy(place) }
  }
  return {
    ...seen,
    problem: `is in ${place}; ${user} looks in ${places.join(' and ')}`,
    remedy:
      'in Dockerfile.base set ENV HF_HOME=/opt/huggingface before the download, and after it, in the same RUN, ' +
      'chmod -R a+rX /opt/huggingface; or let rampart bring it with provide: rampart',
  }
}

const failedDownload =
  'let its download in Dockerfile.base fail the build (no `|| true`, no `|| echo`), download it to where the application looks, or let rampart bring it with provide: rampart'

function nothing({ id, revision }: ExpectedModel): ModelProof {
  return { id, revision, proved: false, found: [], bytes: 0, files: 0 }
}

function judgeAt(
  model: ExpectedModel,
  place: string,
  probe: Probe,
  environment: Readonly<Record<string, string>> = {},
): ModelProof {
  const folder = `${place}/${cacheFolderOf(model.id)}`
  const inside = (directory: string) => probe.files.filter(({ path }) => path.startsWith(`${directory}/`))
  const denied = probe.denied.find((path) => path === place || path === folder || path.startsWith(`${folder}/`))
  const all = inside(folder)
  const found = [...new Set(all.flatMap(({ path }) => revisionOf(path, folder)))]
  const snapshot = inside(`${folder}/snapshots/${model.revision}`)
  const bytes = snapshot.reduce((sum, { size = 0 }) => sum + size, 0)
  const facts = { ...nothing(model), found, bytes, files: snapshot.length }
  if (denied !== undefined) {
    const problem = `${denied} may not be read by ${probe.uid === undefined ? 'the runtime user' : `uid ${probe.uid}`}`
    return { ...facts, place, problem, remedy: readableRemedy(place) }
  }
  if (all.length === 0) return facts
  const verdict = judgeSnapshot(model, { folder, all, snapshot, found, probe, place, environment })
  return { ...facts, ...verdict, place, proved: verdict.problem === undefined }
}

function revisionOf(path: string, folder: string): readonly string[] {
  const [top, revision = ''] = path.slice(folder.length + 1).split('/')
  return top === 'snapshots' ? [revision] : []
}

const readableRemedy = (place: string): string =>
  `after the download, in the same RUN: chmod -R a+rX ${place} (and a+x on the directories above it)`

interface Found {
  readonly place: string
  readonly folder: string
  readonly all: readonly ProbedFile[]
  readonly snapshot: readonly ProbedFile[]
  readonly found: readonly string[]
  readonly probe: Probe
  readonly environment: Readonly<Record<string, string>>
}

const weights = /\.(?:safetensors|bin|pt|pth|ckpt|onnx|h5|msgpack|gguf|tflite)$/

function judgeSnapshot(model: ExpectedModel, seen: Found): Verdict {
  const { folder, all, snapshot, found, probe, place } = seen
  const cut = all.find(({ path }) => path.endsWith('.incomplete'))
  if (cut !== undefined) {
    return { problem: `a download was cut off: ${below(cut.path, folder)} is incomplete`, remedy: failedDownload }
  }
  if (snapshot.length === 0) {
    const others = found.length === 0 ? 'no snapshot is there' : `${found.map(short).join(', ')} is there instead`
    return {
      problem: `revision ${short(model.revision)} is missing: ${others}`,
      remedy: `download it with revision="${model.revision}", or write the revision that you want into rampart.yml`,
    }
  }
  const broken = snapshot.find(({ size }) => size === undefined)
  if (broken !== undefined) {
    const denied = probe.denied.length > 0 || broken.target === undefined ? '' : `, which leads to ${broken.target}`
    return { problem: `${below(broken.path, folder)}${denied} is a link to nothing`, remedy: failedDownload }
  }
  const locked = snapshot.find(({ readable }) => !readable)
  if (locked !== undefined) {
    const who = probe.uid === undefined ? 'the runtime user' : `uid ${probe.uid}`
    return { problem: `${below(locked.path, folder)} may not be read by ${who}`, remedy: readableRemedy(place) }
  }
  const damaged = damage(seen)
  if (damaged !== undefined)
    return {
      problem: damaged,
      remedy: `${failedDownload}; the cache of that step may hold the damaged file: build with --force`,
    }
  const lacking = lack(model, seen)
  if (lacking !== undefined) return { problem: lacking, remedy: failedDownload }
  const asked = judgeAsked(model, { folder, refs: probe.refs, environment: seen.environment })
  if (asked.problem !== undefined || probe.tools.has('sha256sum')) return asked
  const unhashed = 'the image has no sha256sum: lengths were checked, and not every byte'
  return { ...asked, note: asked.note === undefined ? unhashed : `${asked.note}; ${unhashed}` }
}

/** What is wrong with the content of a file: its hash, its length by its own header, or the sum of its shards. */
function damage({ folder, snapshot, probe }: Found): string | undefined {
  for (const file of snapshot) {
    const name = below(file.path, folder)
    const blob = blobOf(file)
    const hash = blob === undefined ? undefined : probe.hashes.get(blob)
    if (blob !== undefined && hash !== undefined && hash !== blob.slice(blob.lastIndexOf('/') + 1)) {
      return `${name} is not what the hub has: its ${formatBytes(file.size ?? 0)} hash to ${short(hash)}, not to ${short(blob.slice(blob.lastIndexOf('/') + 1))}`
    }
    const header = probe.headers.get(file.path)
    const wanted = header === undefined ? undefined : lengthByHeader(header)
    if (wanted !== undefined && wanted !== file.size) {
      return `${name} is cut short: it has ${file.size} bytes, and by its own header ${wanted}`
    }
    if (file.path.endsWith('.safetensors') && wanted === undefined && readsHeaders(probe)) {
      return `${name} is damaged: its header cannot be read`
    }
  }
  return undefined
}

const readsHeaders = ({ tools }: Probe): boolean => ['od', 'head', 'tail'].every((tool) => tools.has(tool))

function blobOf(file: ProbedFile): string | undefined {
  if (file.target === undefined) return undefined
  return resolveInRoot(`${parentPath(file.path)}/${file.target}`, () => undefined)
}

/** https://huggingface.co/docs/safetensors/index#format */
function lengthByHeader({ bytes, text }: { readonly bytes: number; readonly text: string }): number | undefined {
  try {
    const tensors = Object.entries(JSON.parse(text) as Record<string, { readonly data_offsets?: readonly number[] }>)
    const ends = tensors.flatMap(([name, tensor]) => (name === '__metadata__' ? [] : [tensor.data_offsets?.[1] ?? 0]))
    return 8 + bytes + ends.reduce((most, one) => Math.max(most, one), 0)
  } catch {
    return undefined
  }
}

/** Which files are not there that should be. */
function lack(model: ExpectedModel, { folder, snapshot, probe }: Found): string | undefined {
  const root = `${folder}/snapshots/${model.revision}/`
  const names = new Set(snapshot.map(({ path }) => path.slice(root.length)))
  for (const [path, text] of probe.texts) {
    if (!path.startsWith(root)) continue
    const directory = path.slice(root.length, path.lastIndexOf('/') + 1)
    const missing = shardsOf(text).find((shard) => !names.has(directory + shard))
    if (missing !== undefined) return `${directory + missing} is missing, which ${below(path, folder)} names`
  }
  if (model.files === undefined) {
    return [...names].some((name) => weights.test(name)) ? undefined : 'there are no weights among its files'
  }
  try {
    selectFiles(
      { ...model, files: model.files },
      [...names].map((path) => ({ path, size: 0, hash: '' })),
    )
    return undefined
  } catch (error) {
    if (error instanceof RampartError) return error.message
    throw error
  }
}

const short = (revision: string): string => revision.slice(0, 12)
const below = (path: string, folder: string): string =>
  path.slice(folder.length + 1).replace(/^(snapshots\/[0-9a-f]{12})[0-9a-f]+/, '$1')
