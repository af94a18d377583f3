import * as fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { parseChallenges } from '../../src/lib/oci/auth.js'
import {
  absent,
  blobOf,
  clientOf,
  impatientClock,
  standIn,
  type Answer,
  type Seen,
  type StandIn,
  loginAs,
} from './stand-in.js'

const open: StandIn[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()))
})

/** A registry that lets in who has a token for the scope that each request needs, and the token service beside it. */
async function tokenRegistry(
  options: { readonly user?: string; readonly expires?: number; readonly extra?: string } = {},
) {
  let issued = 0
  const valid = new Map<string, readonly string[]>()
  const service = await standIn(({ method, query, headers, body }) => {
    const form = method === 'POST' ? new URLSearchParams(body.toString()) : query
    const known = form.get('refresh_token') === 'identity' || headers.authorization === options.user
    if (options.user !== undefined && !known) return { status: 401 }
    issued += 1
    const scopes = form.getAll('scope').flatMap((scope) => scope.split(' '))
    valid.set(`token-${issued}`, scopes)
    const expiry = options.expires === undefined ? {} : { expires_in: options.expires }
    return { status: 200, body: JSON.stringify({ token: `token-${issued}`, ...expiry }) }
  })
  const registry = await standIn(({ method, path, query, headers }) => {
    const repository = /^\/v2\/(.+?)\/(?:blobs|manifests|tags)\//.exec(path)?.[1] ?? 'app'
    const reads = method === 'GET' || method === 'HEAD'
    const needs = [`repository:${repository}:${reads ? 'pull' : 'pull,push'}`]
    if (query.has('from')) needs.push(`repository:${query.get('from')}:pull`)
    if (options.extra !== undefined) needs.push(options.extra)
    const held = valid.get(headers.authorization?.replace('Bearer ', '') ?? '')
    if (held !== undefined && needs.every((scope) => held.includes(scope))) return answer(method)
    const scope = needs.join(' ')
    const challenge = `Bearer realm="http://${service.host}/token",service="the registry",scope="${scope}"`
    return { status: 401, headers: { 'www-authenticate': challenge } }
  })
  open.push(service, registry)
  return { service, registry, revoke: () => valid.clear() }
}

const answer = (method: string): Answer =>
  method === 'POST'
    ? { status: 202, headers: { location: '/v2/app/blobs/uploads/1' } }
    : { status: method === 'PUT' ? 201 : 200 }

const basicOf = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`
const refusals = (server: StandIn, method?: string): Seen[] =>
  server.seen.filter(
    (request) => request.headers.authorization === undefined && (method ?? request.method) === request.method,
  )

describe('tokens', () => {
  test('are fetched without a name where there are no credentials', async () => {
    const { service, registry } = await tokenRegistry()
    expect(await clientOf(registry.host).hasBlob('app', absent)).toBe(true)
    expect(service.seen[0]?.query.get('service')).toBe('the registry')
    expect(service.seen[0]?.query.getAll('scope')).toEqual(['repository:app:pull'])
    expect(service.seen[0]?.headers.authorization).toBeUndefined()
  })

  test('are fetched with credentials, which the registry itself never gets', async () => {
    const { registry } = await tokenRegistry({ user: basicOf('me:pass:word') })
    const credentials = loginAs({ username: 'me', password: 'pass:word' })
    expect(await clientOf(registry.host, { credentials }).hasBlob('app', absent)).toBe(true)
    expect(registry.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, 'Bearer token-1'])
  })

  test('are fetched with an identity token', async () => {
    const { service, registry } = await tokenRegistry({ user: 'nobody' })
    const credentials = loginAs({ username: '<token>', password: 'identity' })
    expect(await clientOf(registry.host, { credentials }).hasBlob('app', absent)).toBe(true)
    expect(service.seen[0]?.method).toBe('POST')
  })

  test('are kept by scope: one for reading, one for writing, one for a mount', async () => {
    const { service, registry } = await tokenRegistry()
    const client = clientOf(registry.host)
    await client.hasBlob('app', absent)
    await Promise.all(Array.from({ length: 5 }, () => client.hasBlob('app', absent)))
    await Promise.all(Array.from({ length: 5 }, (_, index) => client.putBlob('app', blobOf(Buffer.from([index])))))
    await client.mountBlob('app', absent, 'base')
    await client.mountBlob('app', absent, 'base')
    expect(service.seen.map(({ query }) => query.getAll('scope').join(' '))).toEqual([
      'repository:app:pull',
      'repository:app:pull,push',
      'repository:app:pull,push repository:base:pull',
    ])
    expect(refusals(registry)).toHaveLength(1)
  })

  test('are shared by requests that begin at once', async () => {
    const { service, registry } = await tokenRegistry()
    const client = clientOf(registry.host)
    await Promise.all(Array.from({ length: 8 }, () => client.hasBlob('app', absent)))
    expect(service.seen).toHaveLength(1)
  })

  test('are renewed before they expire and when they are refused', async () => {
    const { service, registry, revoke } = await tokenRegistry({ expires: 300 })
    const clock = impatientClock()
    const client = clientOf(registry.host, { clock })
    await client.hasBlob('app', absent)
    clock.advance(280_000)
    await client.hasBlob('app', absent)
    expect(service.seen).toHaveLength(1)
    clock.advance(15_000)
    await client.hasBlob('app', absent)
    expect(service.seen).toHaveLength(2)
    revoke()
    await client.hasBlob('app', absent)
    expect(service.seen).toHaveLength(3)
    expect(refusals(registry)).toHaveLength(1)
  })

  test('name what the registry asks for besides', async () => {
    const { service, registry } = await tokenRegistry({ extra: 'registry:quota:read' })
    expect(await clientOf(registry.host).hasBlob('app', absent)).toBe(true)
    expect(service.seen[0]?.query.getAll('scope')).toContain('registry:quota:read')
  })

  test('that are not given end the request with a word on who said no', async () => {
    const { service, registry } = await tokenRegistry({ user: 'nobody' })
    await expect(clientOf(registry.host).hasBlob('app', absent)).rejects.toMatchObject({
      kind: 'unreachable',
      message: `could not look for the blob ${absent} in app at ${registry.host}: ${service.host} gave no token (401)`,
    })
  })
})

describe('Basic', () => {
  test('is sent with the first request where the credentials say so', async () => {
    const server = await standIn(() => ({ status: 200 }))
    open.push(server)
    const credentials = loginAs({ username: 'AWS', password: 'x', scheme: 'basic' })
    await clientOf(server.host, { credentials }).hasBlob('app', absent)
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([basicOf('AWS:x')])
  })

  // A registry says 401 of a password that is none, and ECR 403 of one that was.
  test.each([401, 403])('with what has expired is tried once more with fresh credentials (%i)', async (status) => {
    const server = await standIn(({ headers }) =>
      headers.authorization === basicOf('AWS:2')
        ? { status: 200 }
        : { status, headers: { 'www-authenticate': 'Basic realm="ecr"' } },
    )
    open.push(server)
    let asked = 0
    const credentials = () => {
      asked += 1
      return Promise.resolve({ username: 'AWS', password: String(asked), scheme: 'basic' as const })
    }
    const client = clientOf(server.host, { credentials })
    expect(await client.hasBlob('app', absent)).toBe(true)
    expect(asked).toBe(2)
  })

  test('with what may not is refused in the registry’s words, after one more try at most', async () => {
    const body = JSON.stringify({ errors: [{ code: 'DENIED', message: 'not yours' }] })
    const server = await standIn(() => ({ status: 403, body }))
    open.push(server)
    let asked = 0
    const fresh = () => Promise.resolve({ username: 'AWS', password: String(++asked), scheme: 'basic' as const })
    const fixed = loginAs({ username: 'AWS', password: 'x', scheme: 'basic' })
    for (const [credentials, requests] of [
      [fresh, 2],
      [fixed, 3],
    ] as const) {
      const failed = clientOf(server.host, { credentials }).getManifest('app', 'latest')
      await expect(failed).rejects.toMatchObject({ status: 403, message: expect.stringContaining('DENIED: not yours') })
      expect(server.seen).toHaveLength(requests)
    }
  })

  test('that stays wrong is refused after two requests', async () => {
    const server = await standIn(() => ({ status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } }))
    open.push(server)
    const credentials = loginAs({ username: 'me', password: 'x' })
    await expect(clientOf(server.host, { credentials }).hasBlob('app', absent)).rejects.toMatchObject({ status: 401 })
    expect(server.seen).toHaveLength(2)
  })
})

describe('challenges', () => {
  test('are read whatever their order, quotes and spaces', () => {
    expect(
      parseChallenges(
        'Basic realm="a, b=\\"c\\"", BEARER Realm="https://x/t?a=b" , scope="r:a:pull,push r:b:pull",error=e',
      ),
    ).toEqual([
      { scheme: 'basic', parameters: { realm: 'a, b="c"' } },
      { scheme: 'bearer', parameters: { realm: 'https://x/t?a=b', scope: 'r:a:pull,push r:b:pull', error: 'e' } },
    ])
    expect(parseChallenges('Negotiate, Basic')).toEqual([
      { scheme: 'negotiate', parameters: {} },
      { scheme: 'basic', parameters: {} },
    ])
  })

  test('of any parameters come back as they were written', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/)
    const value = fc.string()
    fc.assert(
      fc.property(fc.dictionary(name, value), (parameters) => {
        const quoted = Object.entries(parameters).map(([key, text]) => `${key}="${text.replaceAll(/["\\]/g, '\\$&')}"`)
        const [first] = parseChallenges(`Bearer ${quoted.join(', ')}`)
        expect({ ...first?.parameters }).toEqual({ ...parameters })
      }),
    )
  })
})
