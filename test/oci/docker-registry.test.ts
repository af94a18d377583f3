import { inspect } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { registryConformance } from './conformance.js'
import { login, startDockerRegistry, type DockerRegistry } from './docker-registry.js'
import { absent, clientOf, loginAs } from './stand-in.js'
import { requires } from '../support/requires.js'

const { describe } = requires('docker-registry')

describe('an open docker-registry', () => {
  let server: DockerRegistry
  beforeAll(async () => {
    server = await startDockerRegistry()
  })
  afterAll(() => server.stop())

  registryConformance(() => clientOf(server.host), { mounts: true })
})

describe('a docker-registry with passwords', () => {
  let server: DockerRegistry
  beforeAll(async () => {
    server = await startDockerRegistry({ login: true })
  })
  afterAll(() => server.stop())

  registryConformance(() => clientOf(server.host, { credentials: loginAs(login) }), { mounts: true })

  registryConformance(() => clientOf(server.host, { credentials: loginAs({ ...login, scheme: 'basic' }) }), {
    mounts: true,
  })

  test('a wrong password is refused in words that hold no secret', async () => {
    const password = 'battery-staple'
    const client = clientOf(server.host, { credentials: loginAs({ ...login, password }) })
    const failure = await client.hasBlob('first', absent).catch((error: unknown) => error)
    expect(failure).toMatchObject({ kind: 'unreachable', next: [`docker login ${server.host}`] })
    expect(String(failure)).toContain(`${server.host} refused to look for the blob`)
    expect(inspect(failure, { depth: 9 })).not.toMatch(/battery|YmF0|ZGVwbG95/)
  })
})
