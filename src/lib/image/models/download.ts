import { setImmediate } from 'node:timers/promises'
import type { FileHandle } from 'node:fs/promises'
import { RampartError } from '../../errors/rampart-error.js'
import type { ModelFile, ModelHub } from '../../ports/model-hub.js'
import { openDraft } from './draft.js'
import { contentHash } from './hash.js'
import type { WantedModel } from './types.js'

interface DownloadOptions {
  readonly hub: ModelHub
  /** Bytes more than before; fewer (a negative count) when wrong ones are thrown away. */
  readonly onBytes: (count: number) => void
  readonly signal?: AbortSignal
}

const writeSize = 1024 * 1024

/** Completes the file, from where an earlier run left it, and checks it; wrong bytes are asked for once more, from the start. */
export async function download(
  model: WantedModel,
  file: ModelFile,
  path: string,
  options: DownloadOptions,
): Promise<void> {
  const { handle, offset } = await openDraft(path, file.size)
  try {
    if (await complete(model, file, handle, offset, options)) return
    options.onBytes(-file.size)
    await handle.truncate(0)
    if (await complete(model, file, handle, 0, options)) return
    options.onBytes(-file.size)
    await handle.truncate(0)
  } finally {
    await handle.close()
  }
  throw new RampartError(
    'unreachable',
    `${new URL(options.hub.endpoint).host} twice sent bytes of ${file.path} of ${model.id} that do not have its hash`,
    { next: ['run the same command again; if it stays so, a proxy in between or the hub itself is damaged'] },
  )
}

/** Appends what is missing. False when the whole does not have its hash. */
async function complete(
  model: WantedModel,
  file: ModelFile,
  handle: FileHandle,
  offset: number,
  { hub, onBytes, signal }: DownloadOptions,
): Promise<boolean> {
  const hash = contentHash(file)
  const room = Buffer.allocUnsafeSlow(writeSize)
  for (let at = 0; at < offset;) {
    const { bytesRead } = await handle.read(room, 0, Math.min(room.length, offset - at), at)
    if (bytesRead === 0) return false
    hash.update(room.subarray(0, bytesRead))
    at += bytesRead
    signal?.throwIfAborted()
  }
  onBytes(offset)
  let held = 0
  const flush = async (): Promise<void> => {
    const bytes = room.subarray(0, held)
    held = 0
    hash.update(bytes)
    for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at, bytes.length - at)).bytesWritten
    onBytes(bytes.length)
  }
  try {
    for await (const piece of hub.read(model.id, model.revision, file, offset)) {
      for (let at = 0; at < piece.length;) {
        const part = piece.subarray(at, at + room.length - held)
        room.set(part, held)
        held += part.length
        at += part.length
        if (held === room.length) await flush()
      }
    }
  } finally {
    // What came before a failure is worth keeping.
    if (held > 0) await flush()
  }
  await setImmediate()
  await handle.datasync()
  return hash.digest('hex') === file.hash
}
