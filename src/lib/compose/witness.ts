import { readFile } from 'node:fs/promises'
import type { Config, ServiceConfig } from '../config/index.js'
import { isDigest, type Digest } from '../domain/digest.js'
import type { ProbeQuestion } from '../domain/target-probe.js'
import type { EndpointPlan } from '../domain/verify-plan.js'
import type { Release } from '../domain/release.js'
import type { Clock } from '../ports/clock.js'
import type { HttpAnswer } from '../ports/http.js'
import type { RemoteCommand } from '../ports/remote-command.js'
import type { WantedService } from '../verify/targets/testimony.js'
import type { Witness } from '../verify/targets/witness.js'

/** Seconds for an answer that a target gives itself. */
const timeout = 10

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

/** What each service of a release is known by on a target, and what one of them is asked; seconds for each answer. */
export async function askedOf(config: Config): Promise<{
  readonly services: (release: Release) => readonly WantedService[]
  readonly timeout: number
}> {
  const endpoint = endpointOf(config)
  const asked = endpoint && (await questionOf(endpoint))
  const answering = askedService(config)
  const services = (release: Release): readonly WantedService[] =>
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
  return { services, timeout }
}

/**
 * What asks the targets of an Auto Scaling group; undefined where ECS says as much itself, and where the configuration
 * wants nobody asked.
 */
export async function remoteOf({ environment, verify }: Config, clock: Clock): Promise<RemoteCommand | undefined> {
  if (environment.target.kind !== 'asg' || verify?.targets?.ask === 'off') return undefined
  const { createRemoteCommand } = await import('../aws/remote-command.js')
  // Few attempts: without this proof there is a weaker one.
  return createRemoteCommand({ region: environment.region, maxAttempts: 3 }, clock)
}

/** Who asks the targets for the proof of a release; undefined where nobody does. */
export async function composeWitness(config: Config, clock: Clock): Promise<Witness | undefined> {
  const remote = await remoteOf(config, clock)
  if (remote === undefined) return undefined
  const { createWitness } = await import('../verify/targets/witness.js')
  return createWitness(remote, { ...(await askedOf(config)), least: config.verify?.targets?.grade ?? 'launched' })
}

function digestIn(release: Release, service: string): Digest | undefined {
  const digest = release.images.find((image) => image.service === service)?.digest
  return digest !== undefined && isDigest(digest) ? digest : undefined
}
