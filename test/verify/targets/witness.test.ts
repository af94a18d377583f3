import { describe, expect, test } from 'vitest'
import { createRemoteCommand } from '../../../src/lib/aws/remote-command.js'
import type { TargetProof } from '../../../src/lib/domain/outcome.js'
import type { Release } from '../../../src/lib/domain/release.js'
import { RampartError } from '../../../src/lib/errors/rampart-error.js'
import type { Clock } from '../../../src/lib/ports/clock.js'
import type { RemoteCommand } from '../../../src/lib/ports/remote-command.js'
import type { RehearsalOptions } from '../../../src/lib/rehearsal/cloud.js'
import type { Instance } from '../../../src/lib/rehearsal/world/state.js'
import { askTargets, type Asker } from '../../../src/lib/verify/targets/ask.js'
import { createWitness, type WitnessOptions } from '../../../src/lib/verify/targets/witness.js'
import { probeScript } from '../../../src/lib/verify/targets/probe-script.js'
import { awsAt } from '../../aws/support.js'
import { openCloud } from '../../rehearsal/balancer/support.js'

interface Open {
  readonly remote: RemoteCommand
  readonly clock: Clock
  readonly instances: readonly Instance[]
  readonly ids: readonly string[]
  readonly release: Release
  readonly calls: readonly string[]
}

/** A rehearsal, and Run Command on real SDK clients; its time goes by while somebody sleeps. */
async function open(options: Partial<RehearsalOptions> = {}): Promise<Open> {
  const calls: string[] = []
  const { rehearsal, wait } = await openCloud({
    onCall: (_, service, name) => calls.push(`${service}:${name}`),
    ...options,
  })
  awsAt(rehearsal.url)
  const clock: Clock = {
    now: () => rehearsal.world.state.now,
    sleep: (milliseconds, signal) => {
      signal?.throwIfAborted()
      wait(milliseconds / 1000)
      return Promise.resolve()
    },
  }
  const { state } = rehearsal.world
  const images = state.setup.services.map(({ name, repository }) => {
    const digest = rehearsal.previousImages[repository]
    if (digest === undefined) throw new Error(`no image of ${repository}`)
    return { service: name, repository, digest }
  })
  return {
    remote: createRemoteCommand({ region: 'us-west-2', maxAttempts: 1 }, clock),
    clock,
    instances: state.instances,
    ids: state.instances.map(({ id }) => id),
    release: { id: 'r-1', app: 'rampart-ai', environment: 'production', images },
    calls,
  }
}

const signal = (): AbortSignal => new AbortController().signal

const proofsOf = (ids: readonly string[]): readonly TargetProof[] =>
  ids.map((target) => ({ target, proved: true, grade: 'launched', detail: 'launched by version 7' }))

const byAgents =
  (remote: RemoteCommand): Asker =>
  async (targets, services, aborted) =>
    askTargets(remote, targets, services, { timeout: 5, signal: aborted })

const options: WitnessOptions = {
  least: 'launched',
  services: ({ images }) =>
    images.map(({ service, repository, digest }) => ({
      probed: {
        name: service,
        repository,
        port: service === 'backend' ? 8000 : 3000,
        readyPath: service === 'backend' ? '/api/v1/health/ready' : '/',
        models: [],
        ...(service === 'backend' && {
          question: {
            method: 'POST',
            path: '/api/v1/inspect',
            contentType: 'application/json',
            body: JSON.stringify({ text: 'hello' }),
          },
        }),
      },
      digest,
      judge: ({ status, body }) => (status === 200 && body.includes('"score"') ? [] : [`status ${status}`]),
    })),
}

describe('targets that are asked', () => {
  test('prove by their own answers what they serve, all by one command', async () => {
    const { remote, clock, ids, release, calls } = await open()
    const { proofs, notes } = await createWitness(byAgents(remote), options).testify(proofsOf(ids), release, {
      clock,
      signal: signal(),
    })
    expect(proofs.map(({ grade, proved }) => [grade, proved])).toEqual(ids.map(() => ['answered', true]))
    expect(notes).toEqual([])
    expect(proofs[0]?.detail).toMatch(
      /^backend runs [0-9a-f]{12}; .*POST \/api\/v1\/inspect 200 in \d+ ms, the first time \d+ ms/,
    )
    expect(calls.filter((call) => call === 'ssm:SendCommand')).toEqual(['ssm:SendCommand'])
  })

  test('contradict a release that they do not run', async () => {
    const { remote, clock, ids, release } = await open()
    const other: Release = {
      ...release,
      images: release.images.map((image) => ({ ...image, digest: `sha256:${'9'.repeat(64)}` })),
    }
    const { proofs } = await createWitness(byAgents(remote), options).testify(proofsOf(ids), other, {
      clock,
      signal: signal(),
    })
    expect(proofs.every(({ proved }) => !proved)).toBe(true)
    expect(proofs[0]?.detail).toMatch(/^backend: runs [0-9a-f]{12}, not 999999999999; frontend: runs/)
  })

  test('are asked again while their models load', async () => {
    const { remote, clock, ids, instances, release, calls } = await open()
    const serving = instances[2]?.serving.get(8000)
    if (serving === undefined) throw new Error('it serves nothing')
    serving.ready = false
    const patient: Clock = {
      now: () => clock.now(),
      sleep: async (milliseconds, aborted) => {
        if (milliseconds > 5000) serving.ready = true
        await clock.sleep(milliseconds, aborted)
      },
    }
    const { proofs } = await createWitness(byAgents(remote), options).testify(proofsOf(ids), release, {
      clock: patient,
      signal: signal(),
    })
    expect(proofs.every(({ proved, grade }) => proved && grade === 'answered')).toBe(true)
    expect(calls.filter((call) => call === 'ssm:SendCommand').length).toBe(2)
  })

  test('of which one lies about its health are told apart', async () => {
    const { remote, clock, ids, instances, release } = await open({ switches: { newAnswers: 'unavailable' } })
    const instance = instances[1]
    const serving = instance?.serving.get(8000)
    if (instance === undefined || serving === undefined) throw new Error('it serves nothing')
    instance.serving.set(8000, { ...serving, troubled: true })
    const { proofs } = await createWitness(byAgents(remote), options).testify(proofsOf(ids), release, {
      clock,
      signal: signal(),
    })
    expect(proofs.filter(({ proved }) => !proved)).toEqual([
      {
        target: instance.id,
        proved: false,
        grade: 'answered',
        detail: 'backend: /api/v1/health/ready answers 200, but POST /api/v1/inspect: status 503',
      },
    ])
  })

  test('that have no agent keep the weaker proof, unless more is demanded', async () => {
    const { remote, clock, ids, release } = await open({ switches: { remoteAgents: 'none' } })
    const run = { clock, signal: signal() }
    const weak = await createWitness(byAgents(remote), options).testify(proofsOf(ids), release, run)
    expect(weak.proofs).toEqual(proofsOf(ids))
    expect(weak.notes).toEqual([
      '4 targets can not be asked: no SSM agent answers there (AmazonSSMManagedInstanceCore)',
    ])
    const strict = await createWitness(byAgents(remote), { ...options, least: 'answered' }).testify(
      proofsOf(ids),
      release,
      run,
    )
    expect(strict.proofs[0]).toMatchObject({
      proved: false,
      detail: 'only launched, and verify.targets.grade asks for answered: launched by version 7',
    })
  })

  test('without permission the weaker proof stands', async () => {
    const { clock, ids, release } = await open()
    const denied: RemoteCommand = {
      reachable: () => Promise.reject(new RampartError('unreachable', 'ssm:SendCommand is not permitted: no')),
      run: () => Promise.reject(new Error('it is not asked')),
    }
    const seen = await createWitness(byAgents(denied), options).testify(proofsOf(ids), release, {
      clock,
      signal: signal(),
    })
    expect(seen.proofs).toEqual(proofsOf(ids))
    expect(seen.notes).toEqual(['the targets can not be asked: ssm:SendCommand is not permitted: no'])
  })
})

describe('Run Command', () => {
  const script = probeScript({ timeout: 2, services: [] })
  const how = { timeout: 5, comment: 'test' }

  test('gives what each machine said, and why others did not', async () => {
    const { remote, ids, instances } = await open()
    const [gone, leaving] = instances
    if (gone === undefined || leaving === undefined) throw new Error('no instances')
    gone.state = 'terminated'
    const first = await remote.run(script, ids, { ...how, signal: signal() })
    expect(first.get(gone.id)).toEqual({ kind: 'not-run', why: 'InvalidInstanceId' })
    expect([...first.values()].filter(({ kind }) => kind === 'done').length).toBe(3)
    expect(await remote.reachable(ids)).toEqual(new Set(ids.slice(1)))
  })

  test('brings back how other scripts ended, in a rehearsal without a shell', async () => {
    const { remote, ids } = await open()
    const [one = ''] = ids
    const results = await remote.run('# a comment\ncowsay hello', [one], { ...how, signal: signal() })
    expect(results.get(one)).toMatchObject({
      kind: 'done',
      exitCode: 127,
      error: expect.stringContaining('cowsay: not found (simulated') as string,
    })
  })

  test('ends when its signal is aborted', async () => {
    const { remote, ids } = await open()
    const stopped = new AbortController()
    stopped.abort(new Error('stopped by a test'))
    await expect(remote.run(script, ids, { ...how, signal: stopped.signal })).rejects.toThrow('stopped by a test')
  })

  test('a machine that goes while it is asked is undeliverable, and keeps nobody waiting', async () => {
    const { clock, ids, instances } = await open()
    const [leaving] = instances
    if (leaving === undefined) throw new Error('no instances')
    const slow: Clock = {
      now: () => clock.now(),
      sleep: async (milliseconds, aborted) => {
        leaving.state = 'terminated'
        await clock.sleep(milliseconds, aborted)
      },
    }
    const remote = createRemoteCommand({ region: 'us-west-2', maxAttempts: 1 }, slow)
    const results = await remote.run(script, ids, { ...how, signal: signal() })
    expect(results.get(leaving.id)).toEqual({ kind: 'not-run', why: 'Undeliverable' })
    expect([...results.values()].filter(({ kind }) => kind === 'done').length).toBe(3)
  })
})
