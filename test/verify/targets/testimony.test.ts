import { describe, expect, test } from 'vitest'
import type { Digest } from '../../../src/lib/domain/digest.js'
import type { TargetProof } from '../../../src/lib/domain/outcome.js'
import type { ProbedReport, ProbeReport } from '../../../src/lib/domain/target-probe.js'
import { memoryFit, workersOf } from '../../../src/lib/verify/targets/memory-fit.js'
import { testimonyOf, withTestimony, type WantedService } from '../../../src/lib/verify/targets/testimony.js'

const digest = (letter: string): Digest => `sha256:${letter.repeat(64)}`

const backend: WantedService = {
  probed: {
    name: 'backend',
    repository: 'rampart-backend',
    port: 8000,
    readyPath: '/ready',
    models: [],
    question: { method: 'POST', path: '/inspect', contentType: 'application/json', body: '{}' },
  },
  digest: digest('a'),
  judge: ({ status }) => (status === 200 ? [] : [`status ${status}, not 200`]),
}

const frontend: WantedService = {
  probed: { name: 'frontend', repository: 'rampart-frontend', port: 3000, readyPath: '/healthz', models: [] },
  digest: digest('b'),
  judge: () => [],
}

const well: ProbedReport = {
  name: 'backend',
  digests: [digest('a')],
  containers: 1,
  ready: { status: 200, seconds: 0.004 },
  first: { status: 200, seconds: 0.4 },
  again: { status: 200, seconds: 0.1, body: '{}', cut: false },
  processes: [],
  models: [],
}
const page: ProbedReport = {
  name: 'frontend',
  digests: [digest('b')],
  containers: 1,
  ready: { status: 200, seconds: 0.002 },
  processes: [],
  models: [],
}

const reportOf = (changes: Partial<ProbedReport> = {}, more: Partial<ProbeReport> = {}): ProbeReport => ({
  lacks: [],
  services: [{ ...well, ...changes }, page],
  ...more,
})

const wanted = [backend, frontend]
const launched: TargetProof = { target: 'i-1', proved: true, grade: 'launched', detail: 'launched by version 8' }

describe('what a target shows of itself', () => {
  test('digests, readiness and a request that is answered are the highest grade', () => {
    const testimony = testimonyOf(reportOf(), wanted)
    expect(testimony).toEqual({
      grade: 'answered',
      problems: [],
      notes: [],
      evidence: [
        'backend runs aaaaaaaaaaaa',
        '/ready 200 in 4 ms',
        'POST /inspect 200 in 100 ms, the first time 400 ms',
        'frontend runs bbbbbbbbbbbb',
        '/healthz 200 in 2 ms',
      ],
      answered: true,
      directly: false,
    })
    expect(withTestimony(launched, testimony)).toMatchObject({ proved: true, grade: 'answered' })
  })

  test.each<[string, ProbeReport, string]>([
    ['another digest', reportOf({ digests: [digest('c')] }), 'backend: runs cccccccccccc, not aaaaaaaaaaaa'],
    [
      'two digests at once',
      reportOf({ digests: [digest('a'), digest('c')] }),
      'backend: runs aaaaaaaaaaaa and cccccccccccc, not aaaaaaaaaaaa',
    ],
    ['no container', reportOf({ digests: [], containers: 0 }), 'backend: no container of rampart-backend runs'],
    ['not ready', reportOf({ ready: { status: 503, seconds: 0 } }), 'backend: /ready answers 503 on the target itself'],
    [
      'not there',
      reportOf({ ready: { status: 0, seconds: 0 } }),
      'backend: /ready answers nothing on the target itself',
    ],
    [
      'lying health',
      reportOf({ again: { status: 503, seconds: 0, body: '', cut: false } }),
      'backend: /ready answers 200, but POST /inspect: status 503, not 200',
    ],
  ])('%s is no proof', (_, report, problem) => {
    const testimony = testimonyOf(report, wanted)
    expect(testimony.problems).toEqual([problem])
    expect(withTestimony(launched, testimony)).toMatchObject({ proved: false, detail: problem })
  })

  test('what can not be asked leaves the grade where it was, and says why', () => {
    const noDocker = testimonyOf(reportOf({ digests: [], containers: 0 }, { lacks: ['docker'] }), wanted)
    expect(noDocker).toMatchObject({
      grade: 'launched',
      problems: [],
      notes: ['no docker on the target to ask which digest runs'],
    })
    expect(withTestimony(launched, noDocker)).toBe(launched)
    const noCurl = testimonyOf(reportOf({ ready: { status: 0, seconds: 0 } }, { lacks: ['curl'] }), wanted)
    expect(noCurl).toMatchObject({ grade: 'reported', problems: [] })
    const silent = testimonyOf({ lacks: [], services: [page] }, wanted)
    expect(silent).toMatchObject({
      grade: 'launched',
      problems: [],
      notes: ["the probe's answer says nothing of backend"],
    })
  })

  test('readiness alone is no answer to a request', () => {
    const { question: _question, ...probed } = backend.probed
    const { first: _first, again: _again, ...unasked } = well
    const testimony = testimonyOf({ lacks: [], services: [unasked, page] }, [{ ...backend, probed }, frontend])
    expect(testimony).toMatchObject({ grade: 'reported', problems: [] })
    expect(testimony.notes).toEqual(['no endpoint of rampart.yml is asked of the targets themselves'])
  })

  test('a target that is not proved by its launch is not proved by its words', () => {
    const old: TargetProof = { ...launched, proved: false, detail: 'launched by version 7' }
    expect(withTestimony(old, testimonyOf(reportOf(), wanted))).toBe(old)
  })
})

describe('memory', () => {
  const gibibyte = 2 ** 30
  const four = { name: 'api', held: 4 * gibibyte, processes: [1, 1, 1, 1, 0.1].map((share) => share * gibibyte) }

  test('workers are the processes that hold models', () => {
    expect(workersOf(four.processes)).toBe(4)
    expect(workersOf([])).toBe(1)
  })

  test.each<[string, Parameters<typeof memoryFit>, string, string]>([
    [
      'as it is',
      [[four], { total: 8 * gibibyte, available: 3.5 * gibibyte }],
      'fits',
      'the machine: 4.5 GiB of 8.0 GiB, 44 % left',
    ],
    [
      'with more workers',
      [[{ ...four, workers: 7 }], { total: 8 * gibibyte, available: 3.5 * gibibyte }],
      'tight',
      'the machine: 7.5 GiB of 8.0 GiB, 6 % left',
    ],
    [
      'with too many',
      [[{ ...four, workers: 8 }], { total: 8 * gibibyte, available: 3.5 * gibibyte }],
      'too-small',
      'the machine: 8.5 GiB of 8.0 GiB, 0.5 GiB too much',
    ],
    [
      'a bound of its own',
      [[{ ...four, limit: 4.2 * gibibyte }], { total: 64 * gibibyte, available: 59 * gibibyte }],
      'tight',
      'api: 4.0 GiB of 4.2 GiB, 5 % left',
    ],
    ['a bound alone', [[{ ...four, limit: 8 * gibibyte }]], 'fits', 'api: 4.0 GiB of 8.0 GiB, 50 % left'],
  ])('%s', (_, asked, verdict, detail) => {
    expect(memoryFit(...asked)).toMatchObject({ verdict, detail })
  })

  test('nothing measured is nothing said', () => {
    expect(memoryFit([])).toBeUndefined()
    expect(memoryFit([], { total: gibibyte, available: 1 })).toBeUndefined()
  })
})
