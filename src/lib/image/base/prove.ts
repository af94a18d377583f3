import { randomBytes } from 'node:crypto'
import { RampartError } from '../../errors/rampart-error.js'
import type { DockerEngine, EngineRun } from '../../ports/docker-engine.js'
import { environmentOf } from './environment.js'
import { explainMissing, judgeModel, placesOf, type ExpectedModel, type ModelProof } from './judge.js'
import { probeScript } from './probe-script.js'
import { readProbe, type Probe } from './probe.js'
import { proofTerms, type ProofTerms } from './proved-for.js'

/** Whom and what the application runs as; what it does not say is the image's own. */
export interface Runtime {
  /** As USER has it. */
  readonly user?: string
  readonly environment: Readonly<Record<string, string>>
}

export interface ProofRequest {
  readonly image: string
  readonly models: readonly ExpectedModel[]
  /** Commands for `sh -c` that must succeed. */
  readonly commands: readonly string[]
  readonly runtime: Runtime
}

/** How one of the project's own commands went. */
export interface CommandProof {
  readonly command: string
  readonly proved: boolean
  readonly exitCode: number
  /** The last lines of its output. */
  readonly output: readonly string[]
  readonly problem?: string
}

/** Evidence that the application will find its models in an image, or what is missing. */
export interface BaseProof {
  readonly proved: boolean
  /** What the application runs as: the name or number, and the number that it came to. */
  readonly user: string
  readonly uid: number | undefined
  /** What the application's Dockerfile said of that, and which commands ran: with others the proof says nothing. */
  readonly terms: ProofTerms
  readonly models: readonly ModelProof[]
  readonly commands: readonly CommandProof[]
  /** What a person should know, one sentence each. */
  readonly notes: readonly string[]
}

// Every byte of the models is hashed, at some 300 MB a second where it is slow.
const probeTimeout = 30 * 60_000
const commandTimeout = 15 * 60_000
// An arbitrary user as good as any other: nobody, as https://refspecs.linuxbase.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/usernames.html has it.
const nobody = '65534:65534'
// Where images of the field keep models that their application does not find.
const elsewhere = [
  '/root/.cache/huggingface/hub',
  '/home/*/.cache/huggingface/hub',
  '/opt/*',
  '/opt/*/hub',
  '/models',
  '/models/hub',
  '/app/*/hub',
  '/data/*/hub',
  '/srv/*/hub',
  '/huggingface/hub',
]

/**
 * Starts the image as its runtime user, without a network and with a root that cannot be written, and looks for every
 * model where the application will look; then runs the project's own commands. What is missing is in the proof; rejects
 * only when it cannot be made.
 */
export async function proveBase(request: ProofRequest, engine: DockerEngine, signal?: AbortSignal): Promise<BaseProof> {
  const { image, models, commands, runtime } = request
  const files = await engine.readFiles(image, ['/bin/sh', '/etc/passwd'], signal)
  if (!files.has('/bin/sh')) throw noShell()
  const own = await engine.inspect(image)
  const wanted = runtime.user ?? own?.user ?? ''
  const person = startable(wanted, Buffer.from(files.get('/etc/passwd') ?? []).toString('utf8'))
  const environment = { ...(person.home !== undefined && { HOME: person.home }), ...runtime.environment }
  const probeAs = async (
    user: string,
    extra: Readonly<Record<string, string>>,
    places: readonly string[],
  ): Promise<Probe> => {
    const end = `end-${randomBytes(12).toString('hex')}`
    const run = await engine.run(
      {
        image,
        entrypoint: ['/bin/sh'],
        command: ['-c', probeScript(models, places, end)],
        user,
        network: 'none',
        environment: extra,
        readOnlyRoot: true,
        timeout: probeTimeout,
      },
      signal,
    )
    const probe = run.exitCode === 0 ? readProbe(run.stdout, end) : undefined
    if (probe === undefined || !probe.tools.has('ls')) throw unreadable(run, probe)
    return probe
  }
  const name = wanted === '' ? 'root' : wanted
  const probe = await probeAs(person.user, environment, [])
  const told = { ...environmentOf(own?.environment ?? []), ...runtime.environment }
  let proofs = models.map((model) => judgeModel(model, probe, told))
  if (proofs.some(({ proved }) => !proved) && probe.uid !== 0) {
    const rootProbe = await probeAs('0:0', {}, elsewhere)
    proofs = proofs.map((proof) =>
      proof.proved || proof.found.length > 0 ? proof : explainMissing(proof, rootProbe, name, placesOf(probe)),
    )
  }
  const ran: CommandProof[] = []
  for (const command of commands) {
    const offline = { HF_HUB_OFFLINE: '1', TRANSFORMERS_OFFLINE: '1' }
    const run = await engine.run(
      {
        image,
        entrypoint: ['/bin/sh'],
        command: ['-c', command],
        user: person.user,
        network: 'none',
        environment: { ...offline, ...environment },
        timeout: commandTimeout,
      },
      signal,
    )
    ran.push(commandProof(command, run))
  }
  const proved = proofs.every((proof) => proof.proved) && ran.every((one) => one.proved)
  const terms = proofTerms(runtime, commands)
  return { proved, user: name, uid: probe.uid, terms, models: proofs, commands: ran, notes: person.notes }
}

interface Startable {
  readonly user: string
  readonly home?: string
  readonly notes: readonly string[]
}

/** The user that a container can be started as: one that only Dockerfile.app makes is not in the base yet. */
function startable(wanted: string, passwd: string): Startable {
  const name = wanted.split(':')[0] ?? ''
  const known = /^\d*$/.test(name) || passwd.split('\n').some((line) => line.startsWith(`${name}:`))
  if (known) return { user: wanted === '' ? '0' : wanted, notes: [] }
  return {
    user: nobody,
    home: `/home/${name}`,
    notes: [`the base has no user ${name}, so that the proof ran as uid 65534 with HOME=/home/${name}`],
  }
}

function commandProof(command: string, run: EngineRun): CommandProof {
  const output = `${run.stdout}\n${run.stderr}`
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .slice(-40)
  const problem = run.timedOut
    ? `did not end within ${commandTimeout / 60_000} minutes`
    : run.oomKilled
      ? 'was killed because it took more memory than there is'
      : run.exitCode === 0
        ? undefined
        : `ended with ${run.exitCode}`
  const { exitCode } = run
  return { command, exitCode, output, proved: problem === undefined, ...(problem !== undefined && { problem }) }
}

function noShell(): RampartError {
  return new RampartError('verification', 'The base cannot be proved: it has no /bin/sh to look around with.', {
    next: [
      'build the base on an image with a shell (e.g. python:3.12-slim rather than a distroless one), or copy a static busybox to /bin/sh',
    ],
  })
}

function unreadable(run: EngineRun, probe: Probe | undefined): RampartError {
  const lines = run.stderr
    .split('\n')
    .filter((line) => line !== '')
    .slice(-10)
  const why = run.timedOut
    ? `looking took more than ${probeTimeout / 60_000} minutes`
    : probe === undefined
      ? `its shell ended with ${run.exitCode} and did not come to the end of the list`
      : 'it has no ls'
  return new RampartError('verification', `The base cannot be proved: ${why}.`, {
    problems: lines.map((message) => ({ message })),
    next: [
      'let the base have a POSIX shell with ls, and od, head, tail and sha256sum for the contents (coreutils or busybox)',
    ],
  })
}
