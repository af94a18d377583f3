import type { Clock } from '../ports/clock.js'
import { readAll, type Transport, type WireResponse } from './transport.js'

/** What a registry takes to let a client in. */
export interface Credentials {
  /** `<token>` when the password is an identity token, as Docker's configuration keeps it. */
  readonly username: string
  readonly password: string
  /** Says that the registry takes them as HTTP Basic, so that no request is spent on asking. */
  readonly scheme?: 'basic'
}

/** One way to authenticate that a 401 offers. */
export interface Challenge {
  readonly scheme: string
  readonly parameters: Readonly<Record<string, string>>
}

const challengePart = /([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))|([\w-]+)/g

/** Reads a WWW-Authenticate header; schemes and parameter names in lower case. https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1 */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = []
  for (const [, name, quoted, plain, scheme] of header.matchAll(challengePart)) {
    if (scheme !== undefined) challenges.push({ scheme: scheme.toLowerCase(), parameters: {} })
    const current = challenges.at(-1)
    if (name !== undefined && current !== undefined) {
      current.parameters[name.toLowerCase()] = quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? ''
    }
  }
  return challenges
}

/** What a request needs to be allowed, e.g. `repository:app:pull,push`; several for a mount. */
export type Scopes = readonly string[]

/** Gives requests their Authorization header and learns from refusals. */
export interface Authorizer {
  /** The header's value for these scopes, undefined when none is known to be needed. */
  header(scopes: Scopes): Promise<string | undefined>
  /** Takes in a 401 or 403; true when asking again can help. */
  learn(response: WireResponse, scopes: Scopes, used: string | undefined): Promise<boolean>
}

export interface AuthorizerOptions {
  readonly transport: Transport
  readonly clock: Clock
  /** Asked once, and once more when what it gave is refused. */
  readonly credentials: () => Promise<Credentials | undefined>
  /** True when the registry itself is asked by https; then no secret goes to a token service by http. */
  readonly secure: boolean
}

interface Token {
  readonly value: string
  readonly until: number
}

const basic = ({ username, password }: Credentials): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`

/** Basic at once where the credentials say so, otherwise what the registry's own challenge asks for. */
export function createAuthorizer(options: AuthorizerOptions): Authorizer {
  let held: Promise<Credentials | undefined> | undefined
  let challenge: Challenge | undefined
  const tokens = new Map<string, Promise<Token>>()
  const asked = new Map<string, Scopes>()
  const credentials = (): Promise<Credentials | undefined> => (held ??= options.credentials())

  /** https://distribution.github.io/distribution/spec/auth/token/ */
  async function fetchToken(parameters: Readonly<Record<string, string>>, scopes: Scopes): Promise<Token> {
    const realm = URL.parse(parameters['realm'] ?? '')
    if (realm === null) throw new TokenFailure('the registry named no token service')
    const known = await credentials()
    if (options.secure && realm.protocol !== 'https:' && known !== undefined) {
      throw new TokenFailure(`the token service ${realm.host} is not asked by https`)
    }
    const form = new URLSearchParams(scopes.map((scope): [string, string] => ['scope', scope]))
    if (parameters['service'] !== undefined) form.set('service', parameters['service'])
    let response: WireResponse
    if (known?.username === '<token>') {
      form.set('grant_type', 'refresh_token')
      form.set('refresh_token', known.password)
      form.set('client_id', 'rampart')
      form.set('scope', scopes.join(' '))
      const bytes = Buffer.from(form.toString())
      response = await options.transport.send({
        method: 'POST',
        url: realm,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: { size: bytes.length, open: () => [bytes] },
      })
    } else {
      for (const [name, value] of form) realm.searchParams.append(name, value)
      const headers = known === undefined ? {} : { authorization: basic(known) }
      response = await options.transport.send({ method: 'GET', url: realm, headers })
    }
    const text = (await readAll(response, 1024 * 1024)).toString('utf8')
    if (response.status !== 200) throw new TokenFailure(`${realm.host} gave no token`, response.status)
    return readToken(text, realm.host, options.clock.now())
  }

  /** The held token for these scopes while it is valid, else a fresh one that everyone who asks meanwhile shares. */
  async function tokenFor(scopes: Scopes, parameters: Readonly<Record<string, string>>): Promise<Token> {
    const key = scopes.join(' ')
    const known = tokens.get(key)
    const token = await known?.catch(() => undefined)
    if (token !== undefined && token.until > options.clock.now()) return token
    const meanwhile = tokens.get(key)
    if (meanwhile !== undefined && meanwhile !== known) return meanwhile
    const fresh = fetchToken(parameters, asked.get(key) ?? scopes)
    tokens.set(key, fresh)
    return fresh
  }

  async function header(scopes: Scopes): Promise<string | undefined> {
    if (challenge?.scheme === 'bearer') return `Bearer ${(await tokenFor(scopes, challenge.parameters)).value}`
    const known = await credentials()
    return known !== undefined && (challenge?.scheme === 'basic' || known.scheme === 'basic') ? basic(known) : undefined
  }

  /** Has credentials that are not those that were refused, asking for them anew where need be. */
  async function renewed(used: string | undefined): Promise<boolean> {
    const before = await credentials()
    if (before !== undefined && basic(before) === used) held = options.credentials()
    const known = await credentials()
    return known !== undefined && basic(known) !== used
  }

  async function learn(response: WireResponse, scopes: Scopes, used: string | undefined): Promise<boolean> {
    // ECR's passwords end after 12 hours, and are then DENIED:
    // https://docs.aws.amazon.com/AmazonECR/latest/userguide/common-errors-docker.html
    if (response.status === 403) return used?.startsWith('Basic ') === true && renewed(used)
    const offered = parseChallenges(response.headers['www-authenticate'] ?? '')
    const bearer = offered.find(({ scheme }) => scheme === 'bearer')
    if (bearer !== undefined) {
      challenge = bearer
      const key = scopes.join(' ')
      // The registry's own words for the scope come first; ours are kept, because a mount needs more than it names.
      const named = bearer.parameters['scope']?.split(' ').filter((scope) => scope !== '') ?? []
      asked.set(key, [...new Set([...named, ...scopes])])
      const current = await tokens.get(key)?.catch(() => undefined)
      // Several requests may be refused at once; the first fetches the token and the others take it.
      if (current !== undefined && `Bearer ${current.value}` === used) tokens.delete(key)
      return true
    }
    if (!offered.some(({ scheme }) => scheme === 'basic')) return false
    challenge = { scheme: 'basic', parameters: {} }
    return renewed(used)
  }

  return { header, learn }
}

function readToken(text: string, host: string, now: number): Token {
  let answer: { token?: unknown; access_token?: unknown; expires_in?: unknown }
  try {
    answer = JSON.parse(text) as typeof answer
  } catch {
    throw new TokenFailure(`${host} answered something that is not JSON`)
  }
  const value = answer.token ?? answer.access_token
  if (typeof value !== 'string' || value === '') throw new TokenFailure(`${host} answered without a token`)
  // The specification's default is 60 seconds; a little is left for the request itself.
  const seconds = typeof answer.expires_in === 'number' ? Math.max(answer.expires_in, 60) : 60
  return { value, until: now + (seconds - 10) * 1000 }
}

/** The token service did not give what the registry asked for. */
export class TokenFailure extends Error {
  override readonly name = 'TokenFailure'
  readonly status: number | undefined

  constructor(message: string, status?: number) {
    super(message)
    this.status = status
  }
}
