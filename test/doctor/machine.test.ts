import { describe, expect, test } from 'vitest'
import { dockerDiskOutcome, dockerMemoryOutcome, dockerOutcome, nodeOutcome } from '../../src/lib/doctor/machine.js'
import { measureLoads, warmupOutcome } from '../../src/lib/doctor/warmup.js'
import { requires } from '../support/requires.js'
import { examine } from './support.js'
import { join } from 'node:path'
import { root } from '../support/cli.js'

const engine = { version: '27.3.1', memory: 16e9, rootDirectory: '/var/lib/docker' }

describe('this machine', () => {
  test.each([
    ['22.14.0', 'fail'],
    ['22.15.0', 'ok'],
    ['v24.21.0', 'ok'],
    ['25.1.0', 'warn'],
    ['9.11.2', 'fail'],
  ])('Node %s is %s', (version, result) => {
    expect(nodeOutcome(version).result).toBe(result)
  })

  test.each([
    ['20.10.24+dfsg1', 'ok'],
    ['20.10.0', 'ok'],
    ['19.03.15', 'warn'],
    ['29.0.0-rc.1', 'ok'],
  ])('Docker %s is %s', (version, result) => {
    expect(dockerOutcome({ ...engine, version }).result).toBe(result)
  })

  test('memory and disk have their limits, and a remedy below them', () => {
    expect(dockerMemoryOutcome(engine).result).toBe('ok')
    // What is sold as 8 GB.
    expect(dockerMemoryOutcome({ ...engine, memory: 7.6e9 }).result).toBe('ok')
    expect(dockerMemoryOutcome({ ...engine, memory: 4e9 })).toMatchObject({
      result: 'warn',
      detail: expect.stringContaining('needs 8.00 GB'),
      remedy: expect.stringContaining('8 GB'),
    })
    expect(dockerDiskOutcome(engine, 50e9).result).toBe('ok')
    expect(dockerDiskOutcome(engine, 12e9)).toMatchObject({ result: 'warn', remedy: 'docker system prune' })
    expect(dockerDiskOutcome(engine, 1e9)).toMatchObject({ result: 'fail', remedy: 'docker system prune' })
    expect(dockerDiskOutcome(engine, undefined).result).toBe('skip')
  })

  test('without an engine all three say why they are skipped', () => {
    const outcomes = [dockerOutcome(undefined), dockerMemoryOutcome(undefined), dockerDiskOutcome(undefined, undefined)]
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ result: 'skip', detail: expect.stringContaining('no Docker engine') })
    }
  })
})

requires('docker').describe('a real engine', () => {
  test('says its version, its memory and its disk', async () => {
    const { checks } = await examine(join(root, 'examples/rampart-ai/rampart.yml'), {
      only: ['docker', 'docker-memory', 'docker-disk'],
      env: { DOCKER_HOST: 'unix:///var/run/docker.sock' },
    })
    expect(checks['docker']?.detail).toMatch(/^Docker engine \d+\.\d+/)
    expect(checks['docker-memory']?.detail).toMatch(/^the engine has [\d.]+ GB of memory/)
    expect(checks['docker-disk']?.detail).toMatch(/free in \//)
  })
})

const lines = (...texts: readonly (readonly [number, string])[]) =>
  texts.map(([seconds, text], index) => ({ id: String(index), stream: 'i-1/backend', time: seconds * 1000, text }))

describe('measured load', () => {
  test('runs from the first word of the newest start to the last thing that was loaded', () => {
    const seen = measureLoads(
      lines(
        [0, 'INFO: Started server process [1]'],
        [500, 'INFO: ready, 1 models loaded in 500.0s'],
        [1000, 'INFO: Started server process [1]'],
        [1000.1, 'INFO: Waiting for application startup.'],
        [1004, 'INFO: models: loaded a (300 MB) in 3.9s'],
        [1012, 'INFO: models: loaded b (200 MB) in 8.0s'],
        [1013, 'INFO: readiness: ready, 2 models loaded in 12.9s'],
        [1060, 'INFO: 10.0.1.4:0 - "GET /ready HTTP/1.1" 200 OK'],
      ),
    )
    expect(seen).toEqual([{ stream: 'i-1/backend', seconds: 13 }])
  })

  test.each([
    ['Ready in 812ms', 0.812],
    ['model load took 12.5 seconds', 12.5],
    ['warm-up finished in 2 min', 120],
  ])('is what the line says when no start is seen: %s', (text, seconds) => {
    expect(measureLoads(lines([5, text]))).toEqual([{ stream: 'i-1/backend', seconds }])
  })

  test('is unknown when nothing says so', () => {
    expect(measureLoads(lines([0, 'INFO: Started server process [1]'], [9, 'GET /ready 200 in 3ms']))).toEqual([])
    expect(warmupOutcome(180, 'InstanceWarmup', []).result).toBe('skip')
  })

  test.each([
    [20, 'warn', /a new target counts before it can serve/],
    [180, 'ok', /took 90 s to load, the slowest of 2/],
    [1200, 'warn', /waits about 13 minutes for nothing/],
  ])('a warmup of %i s is %s', (warmup, result, detail) => {
    const loads = [
      { stream: 'a', seconds: 90 },
      { stream: 'b', seconds: 60 },
    ]
    expect(warmupOutcome(warmup, 'InstanceWarmup', loads)).toMatchObject({
      result,
      detail: expect.stringMatching(detail),
    })
  })
})
