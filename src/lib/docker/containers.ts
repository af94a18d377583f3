import type Docker from 'dockerode'
import type { EngineRun, EngineRunRequest } from '../ports/docker-engine.js'
import { isMissing } from './failures.js'

const longestOutput = 8 * 1024 * 1024

/** One of a container's two outputs, as far as it is kept. */
class Output {
  readonly #pieces: Buffer[] = []
  #size = 0

  add(piece: Buffer): void {
    const room = longestOutput - this.#size
    if (room <= 0) return
    this.#pieces.push(piece.subarray(0, room))
    this.#size += Math.min(piece.length, room)
  }

  text(): string {
    return Buffer.concat(this.#pieces).toString('utf8')
  }
}

/** Splits the engine's one stream: frames of 8 bytes, of which the first names the output and the last four the length. */
async function demultiplex(stream: AsyncIterable<Buffer>, outputs: readonly [Output, Output]): Promise<void> {
  let held: Buffer = Buffer.alloc(0)
  for await (const piece of stream) {
    held = held.length === 0 ? piece : Buffer.concat([held, piece])
    while (held.length >= 8) {
      const end = 8 + held.readUInt32BE(4)
      if (held.length < end) break
      outputs[held[0] === 2 ? 1 : 0].add(held.subarray(8, end))
      held = held.subarray(end)
    }
  }
}

/** Runs a container to its end and removes it, whatever happens. */
export async function runContainer(
  docker: Docker,
  request: EngineRunRequest,
  signal?: AbortSignal,
): Promise<EngineRun> {
  signal?.throwIfAborted()
  const container = await docker.createContainer({
    Image: request.image,
    Cmd: [...request.command],
    ...(request.entrypoint !== undefined && { Entrypoint: [...request.entrypoint] }),
    ...(request.user !== undefined && { User: request.user }),
    ...(request.workingDirectory !== undefined && { WorkingDir: request.workingDirectory }),
    Env: Object.entries(request.environment).map(([name, value]) => `${name}=${value}`),
    // Its health check has nothing to ask for.
    Healthcheck: { Test: ['NONE'] },
    Labels: { 'rampart.run': 'true' },
    HostConfig: {
      NetworkMode: request.network,
      ReadonlyRootfs: request.readOnlyRoot === true,
      SecurityOpt: ['no-new-privileges'],
      ...(request.memory !== undefined && { Memory: request.memory }),
      Mounts: (request.mounts ?? []).map(({ source, target, readOnly }) => ({
        Type: 'bind' as const,
        Source: source,
        Target: target,
        ReadOnly: readOnly,
      })),
    },
  })
  const deadline = AbortSignal.timeout(request.timeout)
  const stop = (): void => void container.kill().catch(() => undefined)
  deadline.addEventListener('abort', stop)
  signal?.addEventListener('abort', stop)
  try {
    const outputs = [new Output(), new Output()] as const
    const attached = await container.attach({ stream: true, stdout: true, stderr: true })
    const read = demultiplex(attached as AsyncIterable<Buffer>, outputs)
    await container.start()
    if (signal?.aborted === true) stop()
    const { StatusCode: exitCode } = (await container.wait()) as { readonly StatusCode: number }
    await read
    signal?.throwIfAborted()
    const { State: state } = await container.inspect()
    const [stdout, stderr] = outputs
    return {
      exitCode,
      stdout: stdout.text(),
      stderr: stderr.text(),
      oomKilled: state.OOMKilled,
      timedOut: deadline.aborted,
    }
  } finally {
    deadline.removeEventListener('abort', stop)
    signal?.removeEventListener('abort', stop)
    // With its anonymous volumes. One that cannot be removed now is not worth failing for.
    await container.remove({ force: true, v: true }).catch(() => undefined)
  }
}

/** Reads files out of a container that is never started. */
export async function readImageFiles(
  docker: Docker,
  image: string,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, Uint8Array>> {
  signal?.throwIfAborted()
  const container = await docker.createContainer({
    Image: image,
    Cmd: ['/'],
    NetworkDisabled: true,
    Labels: { 'rampart.run': 'true' },
  })
  try {
    const files = new Map<string, Uint8Array>()
    for (const path of paths) {
      const archive = await container.getArchive({ path }).catch((error: unknown) => {
        if (isMissing(error)) return undefined
        throw error
      })
      if (archive === undefined) continue
      const pieces: Buffer[] = []
      for await (const piece of archive as AsyncIterable<Buffer>) pieces.push(piece)
      files.set(path, firstFile(Buffer.concat(pieces)))
    }
    return files
  } finally {
    await container.remove({ force: true, v: true }).catch(() => undefined)
  }
}

/** The content of an archive's first entry when that is a file: the engine answers with one entry for one file. */
function firstFile(tar: Buffer): Uint8Array {
  const type = tar.toString('latin1', 156, 157)
  if (type !== '0' && type !== '\0') return new Uint8Array(0)
  const size = Number.parseInt(tar.toString('latin1', 124, 136).replaceAll(/[\0 ]/g, ''), 8)
  return tar.subarray(512, 512 + (Number.isNaN(size) ? 0 : size))
}
