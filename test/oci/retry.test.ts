import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isEcr, isLoopback, registryEndpoint, registryRepository } from '../../src/lib/oci/endpoint.js'
import { defaultRetryPolicy, readRetryAfter, retryPause } from '../../src/lib/domain/retry.js'

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

describe('pauses between tries', () => {
  test('stay within the policy, whatever the dice', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), chance, (attempt, random) => {
        const pause = retryPause(defaultRetryPolicy, attempt, () => random)
        const most = Math.min(defaultRetryPolicy.longest, defaultRetryPolicy.first * 2 ** (attempt - 1))
        const within = pause !== undefined && pause >= most / 2 && pause <= most
        expect(within).toBe(attempt < defaultRetryPolicy.attempts)
      }),
    )
  })

  test('are never shorter than the registry asks for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60_000 }), chance, (after, random) => {
        const pause = retryPause(defaultRetryPolicy, 1, () => random, after)
        expect(pause ?? Infinity).toBeGreaterThanOrEqual(after)
      }),
    )
  })

  test('follow a Retry-After in seconds and as a date', () => {
    const now = Date.parse('2026-11-22T12:00:00Z')
    expect(readRetryAfter('3', now)).toBe(3000)
    expect(readRetryAfter('Sun, 22 Nov 2026 12:00:09 GMT', now)).toBe(9000)
    expect(readRetryAfter('Sun, 22 Nov 2026 11:00:00 GMT', now)).toBe(0)
    expect(readRetryAfter('soon', now)).toBeUndefined()
    expect(readRetryAfter(undefined, now)).toBeUndefined()
  })
})

describe('registry addresses', () => {
  test.each([
    ['localhost', 'http://localhost'],
    ['localhost:5000', 'http://localhost:5000'],
    ['127.0.0.1:4599', 'http://127.0.0.1:4599'],
    ['[::1]:5000', 'http://[::1]:5000'],
    ['localhost.example', 'https://localhost.example'],
    ['127.0.0.1.example', 'https://127.0.0.1.example'],
    ['ghcr.io', 'https://ghcr.io'],
    ['', 'https://registry-1.docker.io'],
    ['docker.io', 'https://registry-1.docker.io'],
  ])('%s is asked at %s', (host, endpoint) => {
    expect(registryEndpoint(host)).toBe(endpoint)
    expect(isLoopback(host)).toBe(endpoint.startsWith('http:'))
  })

  test('on Docker Hub have library/ before a single name', () => {
    expect(registryRepository('', 'python')).toBe('library/python')
    expect(registryRepository('docker.io', 'someone/python')).toBe('someone/python')
    expect(registryRepository('ghcr.io', 'python')).toBe('python')
  })

  test('of Amazon ECR are known as such', () => {
    const hosts = ['123456789012.dkr.ecr.eu-west-1.amazonaws.com', '123456789012.dkr.ecr-fips.us-east-1.amazonaws.com']
    expect([...hosts, '123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn'].every((host) => isEcr(host))).toBe(true)
    expect(isEcr('dkr.ecr.eu-west-1.amazonaws.com.example')).toBe(false)
  })
})
