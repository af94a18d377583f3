import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe } from 'vitest'
import { createRegistry, type Registry, type RegistryOptions } from '../../src/lib/rehearsal/registry/registry.js'
import { registryConformance } from './conformance.js'
import { clientOf } from './stand-in.js'

const behaviours: readonly [string, Omit<RegistryOptions, 'now'>, boolean][] = [
  ['the specification', { uploads: 'specification' }, true],
  ['ECR', { uploads: 'ecr', auth: 'none', createOnPush: true }, false],
  ['ECR with BLOB_MOUNTING', { uploads: 'ecr', auth: 'none', createOnPush: true, blobMounting: 'ENABLED' }, true],
]

describe.each(behaviours)('the rehearsal’s registry as %s', (_, options, mounts) => {
  let registry: Registry
  let server: Server
  beforeAll(async () => {
    registry = await createRegistry({ now: () => Date.now(), ...options })
    server = createServer((request, response) => void registry.handle(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await registry.close()
  })

  registryConformance(() => clientOf(`127.0.0.1:${(server.address() as AddressInfo).port}`), { mounts })
})
