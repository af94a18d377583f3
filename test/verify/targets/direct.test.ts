import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Digest } from '../../../src/lib/domain/digest.js'
import type { TargetProof } from '../../../src/lib/domain/outcome.js'
import type { TargetAddress } from '../../../src/lib/domain/target.js'
import type { Clock } from '../../../src/lib/ports/clock.js'
import { createHttp } from '../../../src/lib/http/client.js'
import { composeAsker } from '../../../src/lib/compose/witness.js'
import { loadConfig } from '../../../src/lib/config/index.js'
import { startCluster } from '../../rollout/ecs/support.js'
import { inTurn, type Asked, type Asker } from '../../../src/lib/verify/targets/ask.js'
import { askDirectly } from '../../../src/lib/verify/targets/direct.js'
import type { WantedService } from '../../../src/lib/verify/targets/testimony.js'
import { createWitness } from '../../../src/lib/verify/targets/witness.js'
import { ManualClock } from '../../support/manual-clock.js'

/** A task: a server of its own on an address of its own. */
async function serveAt(host: string, port: number, listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve())
  })
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => {
      server.close(resolve)
    })
  })
  return (server.address() as AddressInfo).port
}

const well: RequestListener = (request, response) => {
  response.end(request.url === '/search' ? '{"dimensions":384}' : 'ok')
}
/** Its health checks are passed, and nothing else is. */
const lying: RequestListener = (request, response) => {
  response.writeHead(request.url === '/search' ? 503 : 200).end()
}

function wanted(port: number): readonly WantedService[] {
  const digest: Digest = `sha256:${'a'.repeat(64)}`
  const common = { models: [], readyPath: '/health' }
  return [
    {
      probed: {
        ...common,
        name: 'api',
        repository: 'rag/api',
        port,
        question: { method: 'POST', path: '/search', contentType: 'application/json', body: '{"query":"x"}' },
      },
      digest,
      judge: ({ status, body }) => (status === 200 && body.includes('384') ? [] : [`status ${status}, not 200`]),
    },
    { probed: { ...common, name: 'ui', repository: 'rag/ui', port }, digest, judge: () => [] },
  ]
}

const release = { id: 'r-1', app: 'rag', environment: 'production', images: [] }
const proof = (target: string): TargetProof => ({
  target,
  proved: true,
  grade: 'reported',
  detail: 'ECS reports that api runs it',
})

const direct =
  (addresses: ReadonlyMap<string, TargetAddress>): Asker =>
  async (targets, services, signal) =>
    askDirectly(createHttp(), targets, addresses, services, { timeout: 1, signal })

async function testify(
  addresses: Readonly<Record<string, TargetAddress>>,
  port: number,
  proofs: readonly TargetProof[],
  clock: Clock = new ManualClock(),
) {
  const witness = createWitness(direct(new Map(Object.entries(addresses))), {
    services: () => wanted(port),
    least: 'launched',
  })
  const { signal } = new AbortController()
  return witness.testify(proofs, release, { clock, signal })
}

/** Each look at it is a minute after the last: what takes real seconds each time is asked a few times only. */
function clockOfMinutes(): Clock {
  let now = 0
  return { now: () => (now += 60_000), sleep: () => Promise.resolve() }
}

const at = (host: string, service?: string): TargetAddress => ({ host, ...(service !== undefined && { service }) })

describe('targets that are asked over the network', () => {
  test('answer each for itself, and the one that lies about its health is told apart', async () => {
    const port = await serveAt('127.0.0.2', 0, well)
    await serveAt('127.0.0.3', port, lying)
    const addresses = { a: at('127.0.0.2', 'api'), b: at('127.0.0.3', 'api') }
    const { proofs, notes } = await testify(addresses, port, [proof('a'), proof('b')])
    expect(notes).toEqual([])
    expect(proofs[0]).toMatchObject({ proved: true, grade: 'answered' })
    expect(proofs[0]?.detail).toMatch(
      /^ECS reports that api runs it; directly: \/health 200 in \d+ ms; directly: POST \/search 200 in \d+ ms, the first time \d+ ms$/,
    )
    expect(proofs[1]).toEqual({
      target: 'b',
      proved: false,
      grade: 'answered',
      detail: 'api: /health answers 200, but POST /search: status 503, not 200',
    })
  })

  test('are asked for what runs there; readiness alone is no answer to a question', async () => {
    const port = await serveAt('127.0.0.2', 0, well)
    const { proofs } = await testify({ u: at('127.0.0.2', 'ui') }, port, [proof('u')])
    expect(proofs[0]).toMatchObject({ proved: true, grade: 'reported' })
    expect(proofs[0]?.detail).toMatch(/; directly: \/health 200 in \d+ ms$/)
  })

  test('say nothing of the digest: what was only launched with it stays that', async () => {
    const port = await serveAt('127.0.0.2', 0, well)
    const launched = { ...proof('i'), grade: 'launched' as const }
    const { proofs } = await testify({ i: at('127.0.0.2') }, port, [launched])
    expect(proofs[0]).toMatchObject({ proved: true, grade: 'launched' })
    expect(proofs[0]?.detail).toContain('directly: POST /search 200')
  })

  test('that can not be reached, or have no address, keep the proof that they have, and that is said', async () => {
    const port = await serveAt('127.0.0.2', 0, well)
    const proofs = [proof('a'), proof('away'), proof('unknown')]
    const seen = await testify({ a: at('127.0.0.2', 'api'), away: at('127.0.0.9', 'api') }, port, proofs)
    expect(seen.proofs.map(({ grade, proved }) => [grade, proved])).toEqual([
      ['answered', true],
      ['reported', true],
      ['reported', true],
    ])
    expect(seen.proofs.slice(1)).toEqual(proofs.slice(1))
    expect(seen.notes).toEqual([
      '1 target can not be asked directly: no address is known',
      '1 target can not be reached from this network',
    ])
  })

  test('that listen and do not answer are no targets that can not be reached', async () => {
    const port = await serveAt('127.0.0.2', 0, () => undefined)
    const { proofs } = await testify({ a: at('127.0.0.2', 'api') }, port, [proof('a')], clockOfMinutes())
    expect(proofs[0]).toMatchObject({
      proved: false,
      detail: 'api: /health answers nothing on the target itself; api: POST /search: status 0, not 200',
    })
  }, 120_000)
})

test('askers are asked in turn, each for those whom the ones before it could not ask', async () => {
  const asked: string[][] = []
  const knows =
    (known: readonly string[], note: string): Asker =>
    (targets): Promise<Asked> => {
      asked.push([...targets])
      const reports = targets
        .filter((one) => known.includes(one))
        .map((one) => [one, { lacks: [], services: [] }] as const)
      return Promise.resolve({ reports: new Map(reports), notes: [note] })
    }
  const ask = inTurn([knows(['a'], 'first'), knows(['b', 'c'], 'second'), knows([], 'never')])
  const { signal } = new AbortController()
  const answer = await ask?.(['a', 'b', 'c'], [], signal)
  expect(asked).toEqual([
    ['a', 'b', 'c'],
    ['b', 'c'],
  ])
  expect([...(answer?.reports.keys() ?? [])]).toEqual(['a', 'b', 'c'])
  expect(answer?.notes).toEqual(['first', 'second'])
  expect(inTurn([])).toBeUndefined()
})

describe('a service on Fargate', () => {
  test('is found at the addresses of its tasks; those of a rehearsal, which may be somebody else’s, are not asked', async () => {
    const cluster = await startCluster()
    const { cloud, clock } = cluster
    const driver = cluster.driver()
    const { tasks } = cloud.world.state.ecs
    const ids = tasks.map(({ taskId }) => taskId)
    const addresses = await driver.addresses(ids.slice(1))
    expect([...addresses]).toEqual(
      tasks
        .slice(1)
        .map(({ taskId, id, service }) => [taskId, { host: id, service: service?.name.replace('finbert-', '') }]),
    )
    const config = await loadConfig({ path: 'examples/finbert-rag/rampart.yml', env: {} })
    const asking = {
      ...config,
      verify: {
        criteria: [],
        endpoints: [],
        loads: [],
        targets: { ask: 'direct', grade: 'launched', timeout: 1000, retry: 0 },
      },
    } as const
    process.env['RAMPART_SIMULATION'] = 'a test' // startCluster puts the environment back
    const ask = await composeAsker(asking, clock, driver)
    const { signal } = new AbortController()
    expect(await ask?.(ids, wanted(8000), signal)).toEqual({
      reports: new Map(),
      notes: [`${ids.length} targets can not be asked directly: no address is known`],
    })
    const auto = {
      ...asking,
      verify: { ...asking.verify, targets: { ...asking.verify.targets, ask: 'auto' } },
    } as const
    expect(await composeAsker(auto, clock, driver)).toBeUndefined()
  })
})
