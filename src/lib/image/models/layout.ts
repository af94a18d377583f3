import { RampartError } from '../../errors/rampart-error.js'
import type { ModelFile } from '../../ports/model-hub.js'
import { unknownBaseFacts } from '../base/base-facts.js'
import type { FileIdentity } from '../context/context.js'
import { parentPath } from '../context/paths.js'
import type { LayerEntry } from '../layer/layer.js'
import { createTree, TreeProblem } from '../layer/tree.js'
import { cacheFolderOf } from './place.js'
import type { ModelPlace, WantedModel } from './types.js'

/** A file of a model, and where its bytes are on this machine. */
export interface StoredFile extends ModelFile {
  readonly identity: FileIdentity
}

/** All that a model's layer holds, as the hub's cache has it; `refFile` holds the commit, for a model with a ref. */
export interface Snapshot {
  readonly files: readonly StoredFile[]
  readonly refFile?: FileIdentity
}

const fileMode = 0o644
const linkMode = 0o777

/** The directories above a model's own, with the owner and mode that they have or get in the image. */
export function placeEntries(place: ModelPlace): readonly LayerEntry[] {
  const { tree } = open(place)
  return tree.entries()
}

/**
 * The layer's entries in their order: blobs by their hash, a snapshot of relative links to them, and the ref.
 * https://huggingface.co/docs/huggingface_hub/guides/manage-cache
 */
export function snapshotEntries(
  model: WantedModel,
  { files, refFile }: Snapshot,
  place: ModelPlace,
): readonly LayerEntry[] {
  return guarded(place, () => {
    const { tree, root } = open(place)
    const owner = place.owner
    const folder = `${root}/${cacheFolderOf(model.id)}`
    const snapshot = `${folder}/snapshots/${model.revision}`
    const put = (path: string, node: Parameters<typeof tree.put>[1]): void => {
      tree.makeDirectories(parentPath(path), () => owner)
      tree.put(path, node)
    }
    for (const { path, hash, identity } of files) {
      put(`${folder}/blobs/${hash}`, { kind: 'file', mode: fileMode, ...owner, identity })
      const up = '../'.repeat(path.split('/').length + 1)
      put(`${snapshot}/${path}`, { kind: 'symlink', mode: linkMode, ...owner, target: `${up}blobs/${hash}` })
    }
    if (model.ref !== undefined && refFile !== undefined) {
      put(`${folder}/refs/${model.ref}`, { kind: 'file', mode: fileMode, ...owner, identity: refFile })
    }
    return tree.entries()
  })
}

function open(place: ModelPlace) {
  return guarded(place, () => {
    const tree = createTree(place.base ?? unknownBaseFacts('the base was not read'), '/')
    const root = tree.resolve(place.root)
    tree.makeDirectories(root, () => place.owner)
    return { tree, root }
  })
}

function guarded<T>({ root }: ModelPlace, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof TreeProblem)) throw error
    throw new RampartError('preflight', `models cannot be put into ${root} of the image: ${error.message}`, {
      next: [error.hint ?? 'set HF_HOME in Dockerfile.base to a directory of its own, e.g. ENV HF_HOME=/opt/models'],
      cause: error,
    })
  }
}
