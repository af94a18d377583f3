import { Readable } from 'node:stream'
import type Docker from 'dockerode'
import { isDigest, type Digest } from '../domain/digest.js'
import { RampartError } from '../errors/rampart-error.js'
import type {
  DockerEngine,
  EngineBuildRequest,
  EngineBuildStep,
  EngineCredentials,
  EngineImage,
  EngineInfo,
} from '../ports/docker-engine.js'
import { BuildFollower } from './build.js'
import { readImageFiles, runContainer } from './containers.js'
import { contextHost } from './endpoint.js'
import { engineFailure, isMissing } from './failures.js'
import { errorOf, readLines } from './lines.js'

export interface DockerEngineOptions {
  /** The process environment: DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CONFIG and DOCKER_BUILDKIT. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly home: string
}

/** The Docker engine that Docker's own client would talk to. dockerode is loaded when it is first needed. */
export function createDockerEngine({ environment, home }: DockerEngineOptions): DockerEngine {
  let opened: Promise<Docker> | undefined
  const open = (): Promise<Docker> => (opened ??= connect(environment, home))

  /** Does it, with the engine's failures in the program's own terms. */
  async function asked<T>(what: string, work: (docker: Docker) => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await work(await open())
    } catch (error) {
      throw engineFailure(error, what, signal)
    }
  }

  return {
    info: () => asked('say what it is', readInfo),
    build: (request, onStep, signal) =>
      asked(
        `build ${request.dockerfile}`,
        async (docker) => ({
          id: await build(docker, request, onStep, environment['DOCKER_BUILDKIT'] !== '0', signal),
        }),
        signal,
      ),
    inspect: (image) =>
      asked(`look at ${image}`, async (docker) => {
        try {
          return imageOf(await docker.getImage(image).inspect())
        } catch (error) {
          if (isMissing(error)) return undefined
          throw error
        }
      }),
    run: (request, signal) => asked(`run ${request.image}`, (docker) => runContainer(docker, request, signal), signal),
    readFiles: (image, paths, signal) =>
      asked(`read files of ${image}`, (docker) => readImageFiles(docker, image, paths, signal), signal),
    save: (image, signal) => save(open, image, signal),
    pull: (reference, credentials, onLine, signal) =>
      asked(`pull ${reference}`, (docker) => pull(docker, reference, credentials, onLine, signal), signal),
    tag: (image, reference) =>
      asked(`name ${image} ${reference}`, async (docker) => {
        const { repo, tag } = splitTag(reference)
        await docker.getImage(image).tag({ repo, tag })
      }),
    remove: (image) =>
      asked(`remove ${image}`, async (docker) => {
        await docker
          .getImage(image)
          .remove()
          .catch((error: unknown) => {
            if (!isMissing(error)) throw error
          })
      }),
    push: (reference, credentials, onLine, signal) =>
      asked(`push ${reference}`, (docker) => push(docker, reference, credentials, onLine, signal), signal),
  }
}

async function connect(environment: DockerEngineOptions['environment'], home: string): Promise<Docker> {
  const [{ default: Dockerode }, host] = await Promise.all([import('dockerode'), contextHost(environment, home)])
  if (host === undefined) return new Dockerode()
  if (host.startsWith('unix://')) return new Dockerode({ socketPath: host.slice('unix://'.length) })
  if (host.startsWith('npipe://')) return new Dockerode({ socketPath: host.slice('npipe://'.length) })
  const url = URL.parse(host)
  if (url === null) throw new RampartError('usage', `Docker's context names ${host}, which is no address.`)
  return new Dockerode({
    host: url.hostname,
    ...(url.port !== '' && { port: url.port }),
    protocol: url.protocol === 'ssh:' ? 'ssh' : url.port === '2376' ? 'https' : 'http',
    ...(url.username !== '' && { username: url.username }),
  })
}

async function readInfo(docker: Docker): Promise<EngineInfo> {
  // The types of dockerode leave what info gives open.
  const [version, info] = (await Promise.all([docker.version(), docker.info()])) as [
    Awaited<ReturnType<Docker['version']>>,
    { readonly NCPU?: number; readonly MemTotal?: number; readonly DockerRootDir?: string; readonly Driver?: string },
  ]
  return {
    version: version.Version,
    apiVersion: version.ApiVersion,
    platform: `${version.Os}/${version.Arch}`,
    cpus: info.NCPU ?? 0,
    memory: info.MemTotal ?? 0,
    rootDirectory: info.DockerRootDir ?? '',
    storageDriver: info.Driver ?? '',
  }
}

async function build(
  docker: Docker,
  request: EngineBuildRequest,
  onStep: (step: EngineBuildStep) => void,
  buildKit: boolean,
  signal: AbortSignal | undefined,
): Promise<Digest> {
  signal?.throwIfAborted()
  const follower = new BuildFollower(request.dockerfile, onStep)
  const session = buildKit ? await openSession(docker) : undefined
  try {
    const options: Docker.ImageBuildOptions = {
      dockerfile: request.dockerfile,
      buildargs: { ...request.args },
      labels: { ...request.labels },
      platform: request.platform,
      rm: true,
      forcerm: true,
      ...(request.tags !== undefined && { t: request.tags[0] }),
      ...(request.target !== undefined && { target: request.target }),
      ...(request.noCache === true && { nocache: true }),
      ...(signal !== undefined && { abortSignal: signal }),
    }
    // A number, because for the text '2' dockerode opens a session that nobody can close when the build is stopped.
    const further = session === undefined ? {} : { version: 2, session: session.id }
    const stream = await docker.buildImage(Readable.from(request.context, { objectMode: false }), {
      ...options,
      ...further,
    } as Docker.ImageBuildOptions)
    for await (const line of readLines(stream as AsyncIterable<Uint8Array>)) follower.take(line)
    const id = follower.id()
    for (const reference of request.tags?.slice(1) ?? []) {
      const { repo, tag } = splitTag(reference)
      await docker.getImage(id).tag({ repo, tag })
    }
    return id
  } finally {
    session?.close()
  }
}

/** BuildKit pulls images through a session with its client, anonymous ones, too. */
async function openSession(docker: Docker): Promise<{ readonly id: string; readonly close: () => void }> {
  const { default: withSession } = await import('dockerode/lib/session.js')
  return new Promise((resolve, reject) => {
    withSession(docker, undefined, (error, id, done) => {
      if (error !== null || id === null) reject(error ?? new Error('the engine opened no session'))
      else resolve({ id, close: done })
    })
  })
}

const list = (words: string | string[] | null | undefined): readonly string[] =>
  typeof words === 'string' ? [words] : (words ?? [])

function imageOf(found: Docker.ImageInspectInfo): EngineImage {
  const { Config: config } = found
  if (!isDigest(found.Id)) throw new Error(`the engine names an image ${found.Id}`)
  return {
    id: found.Id,
    platform: `${found.Os}/${found.Architecture}`,
    user: config.User,
    environment: config.Env ?? [],
    entrypoint: list(config.Entrypoint),
    command: list(config.Cmd),
    workingDirectory: config.WorkingDir === '' ? '/' : config.WorkingDir,
    labels: config.Labels ?? {},
    diffIds: (found.RootFS.Layers ?? []).filter(isDigest),
    size: found.Size,
  }
}

async function* save(open: () => Promise<Docker>, image: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    signal?.throwIfAborted()
    const stream = (await (await open()).getImage(image).get()) as Readable
    const stop = (): void => void stream.destroy()
    signal?.addEventListener('abort', stop)
    try {
      yield* stream as AsyncIterable<Uint8Array>
      signal?.throwIfAborted()
    } finally {
      signal?.removeEventListener('abort', stop)
      stream.destroy()
    }
  } catch (error) {
    throw engineFailure(error, `give the layers of ${image}`, signal)
  }
}

async function pull(
  docker: Docker,
  reference: string,
  credentials: EngineCredentials | undefined,
  onLine: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const stream = (await docker.pull(reference, {
    ...(credentials !== undefined && { authconfig: { ...credentials, serveraddress: reference.split('/')[0] ?? '' } }),
    ...(signal !== undefined && { abortSignal: signal }),
  })) as AsyncIterable<Uint8Array>
  for await (const line of readLines(stream)) {
    const error = errorOf(line)
    if (error !== undefined) {
      throw new RampartError('unreachable', `The Docker engine could not pull ${reference}: ${error}`, {
        next: ['check that the engine reaches the registry', `pull it by hand: docker pull ${reference}`],
      })
    }
    if (line.status !== undefined) onLine([line.id, line.status, line.progress].filter(Boolean).join(' '))
  }
}

async function push(
  docker: Docker,
  reference: string,
  credentials: EngineCredentials | undefined,
  onLine: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<Digest> {
  const { repo, tag } = splitTag(reference)
  const stream = await docker.getImage(repo).push({
    tag,
    // The engine wants the header even where it has nothing to say.
    authconfig: { username: '', password: '', serveraddress: repo.split('/')[0] ?? '', ...credentials },
    ...(signal !== undefined && { abortSignal: signal }),
  })
  let digest: Digest | undefined
  for await (const line of readLines(stream as AsyncIterable<Uint8Array>)) {
    const error = errorOf(line)
    if (error !== undefined) {
      throw new RampartError('unreachable', `The Docker engine could not push ${reference}: ${error}`, {
        next: ['log the engine in at the registry, or let rampart push: --via rampart'],
      })
    }
    const { Digest: found } = (line.aux ?? {}) as { readonly Digest?: string }
    if (found !== undefined && isDigest(found)) digest = found
    if (line.status !== undefined) onLine([line.id, line.status, line.progress].filter(Boolean).join(' '))
  }
  if (digest !== undefined) return digest
  throw new RampartError('unreachable', `The Docker engine stopped talking before ${reference} was pushed.`, {
    next: ['run the same command again'],
  })
}

/** A reference without a digest, as the engine wants it in two parts. */
function splitTag(reference: string): { readonly repo: string; readonly tag: string } {
  const colon = reference.lastIndexOf(':')
  return colon > reference.lastIndexOf('/')
    ? { repo: reference.slice(0, colon), tag: reference.slice(colon + 1) }
    : { repo: reference, tag: 'latest' }
}
