import { readFile } from 'node:fs/promises'
import type { Config, ServiceConfig } from '../config/index.js'
import { isDigest, type Digest } from '../domain/digest.js'
import type { ProbeQuestion } from '../domain/target-probe.js'
import type { EndpointPlan } from '../domain/verify-plan.js'
import type { Release } from '../domain/release.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Clock } from '../ports/clock.js'
import type { HttpAnswer } from '../ports/http.js'
import type { Driver } from '../rollout/driver.js'
import type { Asker } from '../verify/targets/ask.js'
import type { WantedService } from '../verify/targets/testimony.js'
import type { Witness } from '../verify/targets/witness.js'

/** Seconds for an answer that a target gives itself. */
const secondsOf = (verify: Config['verify']): number =>
  Math.max(1, Math.round((verify?.targets?.timeout ?? 10_000) / 1000))

/** Headers that say nothing of anybody: AWS keeps commands in its history. */
const harmless: ReadonlySet<string> = new Set(['content-type', 'accept', 'accept-language'])

const isPlain = ({ path, headers }: EndpointPlan): boolean =>
  path.startsWith('/') && Object.keys(headers).every((name) => harmless.has(name.toLowerCase()))

/** The endpoint that targets are asked for: the one that is named, or the first that has a body and no secrets. */
function endpointOf({ verify }: Config): EndpointPlan | undefined {
  const plain = verify?.endpoints.filter(isPlain) ?? []
  const name = verify?.targets?.endpoint
  return name === undefined ? plain.find(({ body }) => body !== undefined) : plain.find((one) => one.name === name)
}

/** The service that answers it: the one that is named, or the first that carries models. */
function askedService({ services, verify }: Config): ServiceConfig | undefined {
  const name = verify?.targets?.service
  if (name !== undefined) return services.find((one) => one.name === name)
  return services.find(({ base }) => (base?.models.length ?? 0) > 0) ?? services[0]
}

async function questionOf(endpoint: EndpointPlan): Promise<{
  readonly question: ProbeQuestion
  readonly judge: WantedService['judge']
}> {
  const [{ requestOf }, { answerJudge }] = await Promise.all([
    import('../verify/requests.js'),
    import('../verify/answers.js'),
  ])
  const common = { uuid: '00000000-0000-4000-8000-000000000000', now: new Date(0).toISOString() }
  const { method, url, headers, body = '' } = requestOf('http://127.0.0.1', endpoint, 1, common)
  const { pathname, search } = new URL(url)
  // The probe brings no headers back.
  const { contentType: _contentType, ...expect } = endpoint.expect
  const judge = await answerJudge(expect, async (path) => readFile(path, 'utf8'))
  return {
    question: { method, path: pathname + search, contentType: headers['content-type'] ?? 'application/json', body },
    judge: ({ status, seconds, body: text, cut }) => {
      const total = seconds * 1000
      const answer: HttpAnswer = {
        kind: 'answer',
        status,
        headers: {},
        body: new TextEncoder().encode(text),
        cut,
        timing: { resolve: 0, connect: 0, tls: 0, firstByte: total, total },
        address: '127.0.0.1',
      }
      return judge(answer)
    },
  }
}

/** What each service of a release is known by on a target, and what one of them is asked. */
export async function wantedOf(config: Config): Promise<(release: Release) => readonly WantedService[]> {
  const endpoint = endpointOf(config)
  const asked = endpoint && (await questionOf(endpoint))
  const answering = askedService(config)
  return (release) =>
    config.services.map((service) => ({
      probed: {
        name: service.name,
        repository: service.repository,
        port: service.health?.port ?? 80,
        readyPath: service.health?.ready ?? service.health?.live ?? '/',
        models: (service.base?.models ?? []).map(({ id, revision }) => ({ id, revision })),
        ...(asked !== undefined && service === answering && { question: asked.question }),
      },
      digest: digestIn(release, service.name),
      judge: asked !== undefined && service === answering ? asked.judge : () => [],
    }))
}

/** Asks the instances of a group by their own agents. */
async function agents(region: string, clock: Clock, timeout: number): Promise<Asker> {
  const [{ createRemoteCommand }, { askTargets }] = await Promise.all([
    import('../aws/remote-command.js'),
    import('../verify/targets/ask.js'),
  ])
  // Few attempts: without this proof there is a weaker one.
  const remote = createRemoteCommand({ region, maxAttempts: 3 }, clock)
  return async (targets, services, signal) => askTargets(remote, targets, services, { timeout, signal })
}

/** The addresses of a rehearsal are made up: what has them in the network of this machine is somebody else. */
const isOwn = (host: string): boolean => host === '::1' || /^127(?:\.\d+){3}$/.test(host)

/** Asks targets from this machine, past every proxy, at the addresses that the platform says. */
async function neighbours(driver: Driver, timeout: number): Promise<Asker> {
  const [{ createHttp }, { askDirectly }] = await Promise.all([
    import('../http/client.js'),
    import('../verify/targets/direct.js'),
  ])
  const http = createHttp()
  const isSimulated = process.env['RAMPART_SIMULATION'] !== undefined
  return async (targets, services, signal) => {
    let addresses: Awaited<ReturnType<Driver['addresses']>>
    try {
      addresses = await driver.addresses(targets)
    } catch (error) {
      if (!(error instanceof RampartError)) throw error
      return { reports: new Map(), notes: [`the targets can not be asked directly: ${error.message}`] }
    }
    const meant = new Map([...addresses].filter(([, { host }]) => !isSimulated || isOwn(host)))
    return askDirectly(http, targets, meant, services, { timeout, signal })
  }
}

/** What asks targets what they serve; undefined where nobody does: ECS says as much itself, or nobody is to be asked. */
export async function composeAsker(
  { environment, verify }: Config,
  clock: Clock,
  driver: Driver,
): Promise<Asker | undefined> {
  const { inTurn } = await import('../verify/targets/ask.js')
  const how = verify?.targets?.ask ?? 'auto'
  if (how === 'off') return undefined
  const timeout = secondsOf(verify)
  return inTurn([
    ...(environment.target.kind === 'asg' ? [await agents(environment.region, clock, timeout)] : []),
    ...(how === 'direct' ? [await neighbours(driver, timeout)] : []),
  ])
}

/** Who asks the targets for the proof of a release; undefined where nobody does. */
export async function composeWitness(config: Config, clock: Clock, driver: Driver): Promise<Witness | undefined> {
  const ask = await composeAsker(config, clock, driver)
  if (ask === undefined) return undefined
  const { createWitness } = await import('../verify/targets/witness.js')
  return createWitness(ask, { services: await wantedOf(config), least: config.verify?.targets?.grade ?? 'launched' })
}

function digestIn(release: Release, service: string): Digest | undefined {
  const digest = release.images.find((image) => image.service === service)?.digest
  return digest !== undefined && isDigest(digest) ? digest : undefined
}
