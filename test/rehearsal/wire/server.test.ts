import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { createSsm } from '../../../src/lib/rehearsal/services/ssm.js'
import { createSts } from '../../../src/lib/rehearsal/services/sts.js'
import { startServer } from '../../../src/lib/rehearsal/wire/server.js'
import type { RequestContext } from '../../../src/lib/rehearsal/wire/service.js'
import { clientConfig, halfRequest, postQuery, serve, virtualNow } from './cloud.js'

const identity = { Action: 'GetCallerIdentity', Version: '2011-06-15' }

describe('the server', () => {
  test('ends every connection when it closes, also one in the middle of a request', async () => {
    const server = await startServer({ listener: () => undefined })
    const { closed } = await halfRequest(server)
    const idle = await halfRequest(server)
    await server.close()
    await Promise.all([closed, idle.closed])
    await expect(fetch(server.url)).rejects.toThrow('fetch failed')
    await server.close()
  })

  test('listens on loopback, and says when a port is taken', async () => {
    const first = await serve({ services: [] })
    expect(first.url).toBe(`http://127.0.0.1:${first.port}`)
    await expect(startServer({ listener: () => undefined, port: first.port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
  })

  test('goes on when a client leaves in the middle of a request', async () => {
    const errors: unknown[] = []
    const server = await serve({ services: [createSts()], onError: (error) => errors.push(error) })
    const child = spawn(process.execPath, [
      '-e',
      `require('net').connect(${server.port}, '127.0.0.1', function () {
        this.write('POST / HTTP/1.1\\r\\nhost: x\\r\\ncontent-length: 10\\r\\n\\r\\nab', () => process.kill(process.pid, 'SIGKILL'))
      })`,
    ])
    await once(child, 'close')
    expect((await postQuery(server, 'sts', identity)).status).toBe(200)
    expect(errors).toEqual([])
  })
})

describe('what is not of AWS', () => {
  test('goes to the fallback, and is not found when that leaves it', async () => {
    const paths: (string | undefined)[] = []
    const server = await serve({
      services: [createSts()],
      fallback: async (request, response) => {
        paths.push(request.url)
        if (request.url !== '/v2/') return false
        response.end('registry')
        return true
      },
    })
    expect(await (await fetch(`${server.url}/v2/`)).text()).toBe('registry')
    expect((await fetch(`${server.url}/v1/`)).status).toBe(404)
    expect((await fetch(server.url)).status).toBe(404)
    expect((await postQuery(server, 'sts', identity)).status).toBe(200)
    expect(paths).toEqual(['/v2/', '/v1/', '/'])
  })

  test('is not found without a fallback, and a failure of it is one of the server', async () => {
    const plain = await serve({ services: [] })
    expect((await fetch(`${plain.url}/v2/`)).status).toBe(404)
    const errors: unknown[] = []
    const failing = await serve({
      services: [],
      fallback: async () => {
        throw new Error('disk')
      },
      onError: (error) => errors.push(error),
    })
    const response = await fetch(`${failing.url}/v2/`)
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('disk')
    expect(errors).toEqual([new Error('disk')])
  })
})

describe('a request', () => {
  test('lets the world advance first, is counted, and is told the virtual time, the region and where it is', async () => {
    const events: string[] = []
    let context: RequestContext | undefined
    const sts = createSts()
    const GetCallerIdentity = (_input: unknown, given: RequestContext): unknown => {
      events.push('handler')
      context = given
      return {}
    }
    const server = await serve({
      services: [{ ...sts, handlers: { GetCallerIdentity } }, createSsm()],
      onRequest: (now) => events.push(`advance to ${now}`),
      onCall: (...call) => events.push(`call ${call.join(' ')}`),
      onAnswer: (...call) => events.push(`answer ${call.join(' ')}`),
    })
    const client = new STSClient({ ...clientConfig(server), region: 'eu-central-1' })
    const { $metadata: metadata } = await client.send(new GetCallerIdentityCommand())
    expect(events).toEqual([
      'call 1 sts GetCallerIdentity',
      `advance to ${virtualNow}`,
      'handler',
      'answer 1 sts GetCallerIdentity',
    ])
    expect(context).toEqual({
      now: virtualNow,
      accountId: '123456789012',
      region: 'eu-central-1',
      requestId: metadata.requestId,
      endpoint: server.url,
      accessKeyId: 'AKIAREHEARSAL0000000',
    })
    await postQuery(server, 'sts', { ...identity, Action: 'Frobnicate' })
    expect(events).toContain('call 2 sts Frobnicate')
  })

  test('is answered at the real time, whatever the virtual one', async () => {
    const server = await serve({ services: [createSts()] })
    const before = Math.floor(Date.now() / 1000) * 1000
    const { headers } = await postQuery(server, 'sts', identity)
    const date = Date.parse(headers.get('date') ?? '')
    expect(date).toBeGreaterThanOrEqual(before)
    expect(date).toBeLessThanOrEqual(Date.now())
  })

  test('can be the one at which its client dies', async () => {
    const script = `
      const { GetParameterCommand, SSMClient } = await import(${JSON.stringify(fileURLToPath(import.meta.resolve('@aws-sdk/client-ssm')))})
      const client = new SSMClient({ region: 'us-west-2', endpoint: process.env.ENDPOINT, maxAttempts: 1,
        credentials: { accessKeyId: 'AKIA0', secretAccessKey: 'x' } })
      for (;;) await client.send(new GetParameterCommand({ Name: 'n' })).catch(() => process.stdout.write('.'))`
    const client: { process?: ReturnType<typeof spawn> } = {}
    const server = await serve({
      services: [createSsm()],
      onCall: (n) => {
        if (n === 4) client.process?.kill('SIGKILL')
      },
    })
    const started = spawn(process.execPath, ['--input-type=module', '-e', script], {
      env: { ENDPOINT: server.url },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    client.process = started
    const [output, [, signal]] = await Promise.all([text(started.stdout), once(started, 'close')])
    expect(signal).toBe('SIGKILL')
    expect(output).toBe('...')
  })
})
