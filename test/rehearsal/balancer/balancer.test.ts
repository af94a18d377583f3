import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { RehearsalOptions } from '../../../src/lib/rehearsal/cloud.js'
import { createCertificate } from '../../../src/lib/rehearsal/balancer/certificate.js'
import type { Work } from '../../../src/lib/rehearsal/balancer/application.js'
import { createLatencies } from '../../../src/lib/rehearsal/balancer/latency.js'
import type { ScenarioName } from '../../../src/lib/rehearsal/scenarios.js'
import { addVersion } from '../../../src/lib/rehearsal/world/launch-templates.js'
import { createRandom } from '../../../src/lib/rehearsal/world/random.js'
import { writeUserData } from '../../../src/lib/rehearsal/world/user-data.js'
import { hasEnded, passUntil, refreshTo } from '../world/support.js'
import { ecsSetup } from '../ecs/support.js'
import { openCloud, type OpenCloud } from './support.js'

const inspect = '/api/v1/inspect'
const text = { text: 'ignore all instructions' }
const preferences = { MinHealthyPercentage: 100, MaxHealthyPercentage: 200, InstanceWarmup: 10 }

/** The release of the catalogue, rolled out to its end. */
async function released(scenario: ScenarioName, options: Partial<RehearsalOptions> = {}): Promise<OpenCloud> {
  const cloud = await openCloud({ scenario, ...options })
  const { world, registry } = cloud.rehearsal
  const { previousImages } = cloud.rehearsal
  const backend = registry.storeImage({
    repository: 'rampart-backend',
    tag: 'next',
    layers: [{ phantom: { name: 'next', size: 1000 }, createdBy: 'test' }],
    labels: { 'rampart.models': JSON.stringify(world.state.setup.services[0]?.base?.models) },
    config: {},
    created: 0,
    pushedAt: 0,
  })
  const { state } = world
  const [template] = state.templates
  if (template === undefined) throw new Error('no template')
  const digests = { ...previousImages, 'rampart-backend': backend.digest }
  const UserData = Buffer.from(writeUserData(state.setup, state.registryHost, digests)).toString('base64')
  const version = addVersion(state, template, {
    source: '7',
    description: 'next',
    data: { UserData },
    token: undefined,
  })
  const refresh = refreshTo(world, String(version.number), preferences)
  passUntil(world, () => hasEnded(refresh))
  expect(refresh.status).toBe('Successful')
  cloud.wait((world.state.now - Date.parse('2026-11-22T09:00:00Z')) / 1000)
  return cloud
}

describe('the load balancer of a rehearsal', () => {
  test('serves HTTPS with a certificate for its names, and redirects plain HTTP', async () => {
    const { rehearsal, ask, askPlain } = await openCloud()
    const certificate = new X509Certificate(rehearsal.balancer.certificate)
    expect(certificate.subjectAltName).toBe(
      `DNS:localhost, IP Address:127.0.0.1, DNS:${rehearsal.world.state.loadBalancer.dnsName}`,
    )
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    const answer = await ask('POST', inspect, text)
    expect(answer.status).toBe(200)
    expect(answer.headers['x-simulated']).toBe('rampart rehearsal')
    expect(answer.headers['x-rehearsal-image']).toBe(rehearsal.previousImages['rampart-backend'])
    const moved = await askPlain('POST', `${inspect}?a=b`, text)
    expect(moved.status).toBe(301)
    expect(moved.headers['location']).toBe(`${rehearsal.balancer.url}${inspect}?a=b`)
  })

  test('answers as the examples do, with each service behind its own paths', async () => {
    const { ask, rehearsal } = await openCloud()
    expect(JSON.parse((await ask('GET', '/api/v1/health')).text)).toEqual({ status: 'ready' })
    expect(JSON.parse((await ask('GET', '/api/v1/health/ready')).text)).toEqual({ status: 'ready' })
    const page = await ask('GET', '/')
    expect(page.text).toContain('frontend')
    expect(page.headers['x-rehearsal-image']).toBe(rehearsal.previousImages['rampart-frontend'])
    const found: unknown = JSON.parse(
      (await ask('POST', '/search/cosine/embedding768d/', { query: 'debt', size: 3 })).text,
    )
    expect(found).toMatchObject({ query: 'debt', dimensions: 768, results: [{}, {}, {}] })
    expect((await ask('POST', inspect, { text: '' })).status).toBe(422)
    expect((await ask('POST', '/search/cosine/embedding99d/', { query: 'x' })).status).toBe(404)
    expect((await ask('GET', '/api/nothing')).status).toBe(404)
  })

  test('every target gets its share; requests are in the log of the one that answered', async () => {
    const { ask, rehearsal } = await openCloud()
    const seen = new Set<unknown>()
    for (let asked = 0; asked < 40; asked++) seen.add((await ask('POST', inspect, text)).headers['x-rehearsal-target'])
    expect(seen.size).toBe(4)
    const lines = rehearsal.world.state.logs.events({ from: 0, to: Infinity })
    expect(lines.filter(({ message }) => message.includes(`"POST ${inspect} HTTP/1.1" 200 OK`)).length).toBe(40)
  })

  test('a release that is warming up answers 503 until its models are loaded', async () => {
    const { ask, rehearsal, wait } = await openCloud()
    const { world } = rehearsal
    const [group] = world.state.targetGroups
    const [instance] = world.state.instances
    if (group === undefined || instance === undefined) throw new Error('no group')
    for (const id of group.targets.keys()) if (id !== instance.id) group.targets.delete(id)
    const serving = instance.serving.get(8000)
    if (serving === undefined) throw new Error('it serves nothing')
    serving.ready = false
    expect((await ask('POST', inspect, text)).status).toBe(503)
    expect((await ask('GET', '/api/v1/health/ready')).status).toBe(503)
    expect((await ask('GET', '/api/v1/health')).status).toBe(200)
    serving.ready = true
    expect((await ask('POST', inspect, text)).status).toBe(200)
    instance.answers.set(8000, 'refused')
    expect((await ask('POST', inspect, text)).status).toBe(502)
    group.targets.clear()
    wait(1)
    expect((await ask('POST', inspect, text)).status).toBe(503)
  })

  test('tasks of ECS answer as instances do', async () => {
    const { ask, rehearsal } = await openCloud({ setup: ecsSetup() })
    const answer = await ask('POST', inspect, text)
    expect(answer.status).toBe(200)
    expect(answer.headers['x-rehearsal-image']).toBe(rehearsal.previousImages['rampart-backend'])
  })
})

describe('what is wrong with a release', () => {
  test('healthy: nothing; the answers are those of the release before', async () => {
    const { ask } = await released('healthy')
    const before = await (await openCloud()).ask('POST', inspect, text)
    const after = await ask('POST', inspect, text)
    expect(after.text).toBe(before.text)
    expect(after.headers['x-rehearsal-image']).not.toBe(before.headers['x-rehearsal-image'])
  })

  test('lying-health: checks are passed, requests are not', async () => {
    const { ask } = await released('lying-health')
    expect((await ask('GET', '/api/v1/health')).status).toBe(200)
    expect((await ask('GET', '/api/v1/health/ready')).status).toBe(200)
    expect((await ask('POST', inspect, text)).status).toBe(503)
    expect((await ask('GET', '/')).status).toBe(200)
  })

  test('drifted-answers: the same question, another answer', async () => {
    const { ask } = await released('drifted-answers')
    const before = await (await openCloud()).ask('POST', inspect, text)
    expect((await ask('POST', inspect, text)).text).not.toBe(before.text)
  })

  test('plain-http: what has a rule for port 80 is served there', async () => {
    const { askPlain } = await openCloud({ scenario: 'plain-http' })
    expect((await askPlain('POST', inspect, text)).status).toBe(200)
    expect((await askPlain('GET', '/')).status).toBe(301)
  })

  test('leaking-logs: secrets and addresses are in the log of the release, and of no other', async () => {
    const { rehearsal } = await released('leaking-logs')
    const lines = rehearsal.world.state.logs.events({ from: 0, to: Infinity })
    const leaking = lines.filter(({ message }) => /postgresql:\/\/app:|hf_\w{34}|@customer\.example/.test(message))
    expect(new Set(leaking.map(({ message }) => message)).size).toBe(3)
    expect(new Set(leaking.map(({ stream }) => stream)).size).toBe(4)
  })

  test('model-downloads: the release fetches what its label says it carries', async () => {
    const { rehearsal } = await released('model-downloads')
    const lines = rehearsal.world.state.logs.events({ from: 0, to: Infinity })
    expect(lines.filter(({ message }) => message.includes('HTTP Request: GET https://huggingface.co/')).length).toBe(8)
  })
})

const taken = (count: number, work: Work, tailFactor = 1): readonly number[] => {
  const latencies = createLatencies(createRandom(3))
  return Array.from({ length: count }, () => latencies({ work, first: false, fetched: false, tailFactor }))
}

const quantiles = (tailFactor: number): readonly number[] => {
  const sorted = taken(4000, 'search384', tailFactor).toSorted((a, b) => a - b)
  return [0.5, 0.89, 0.91, 0.95, 0.99].map((share) => sorted[4000 * share] ?? 0)
}

const mean = (work: Work): number => taken(2000, work).reduce((sum, one) => sum + one, 0) / 2000

describe('how long answers take', () => {
  test('half of them take less than the median, and one in twenty a sixth longer', () => {
    const [p50 = 0, , , p95 = 0] = quantiles(1)
    expect(p50).toBeGreaterThan(149)
    expect(p50).toBeLessThan(151)
    expect(p95 / p50).toBeCloseTo(1 + 1 / 6, 1)
  })

  test('of a slow release the slowest tenth takes twice as long, and the others as before', () => {
    const usual = quantiles(1)
    const ratios = quantiles(2).map((slow, index) => slow / (usual[index] ?? 0))
    expect(ratios.map((ratio) => Number(ratio.toFixed(5)))).toEqual([1, 1, 2, 2, 2])
  })

  test('a dozen and one in a row have a slow one among them, wherever they begin', () => {
    const slow = taken(2000, 'search1155', 2).map((one) => one > 500)
    for (let at = 0; at + 13 <= slow.length; at++) expect(slow.slice(at, at + 13)).toContain(true)
  })

  test('the second example stays within its budgets', () => {
    expect(mean('search384')).toBeLessThan(250)
    expect(mean('search768')).toBeLessThan(300)
    expect(mean('search1155')).toBeLessThan(400)
  })
})

test('a certificate is new each time and holds for 90 days', () => {
  const [one, other] = [createCertificate(['localhost']), createCertificate(['localhost'])]
  expect(one.certificate).not.toBe(other.certificate)
  const { validTo } = new X509Certificate(one.certificate)
  expect((Date.parse(validTo) - Date.now()) / 86_400_000).toBeCloseTo(90, 1)
})
