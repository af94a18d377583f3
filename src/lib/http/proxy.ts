/** The variables that name proxies, as `process.env` has them. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>

/** The proxy that leads to an address; undefined where it is reached directly. */
export type ProxyChoice = (url: URL) => URL | undefined

/** No proxy for anything. */
export const direct: ProxyChoice = () => undefined

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '').toLowerCase()

/** This machine is never asked for through another: a rehearsal listens here, and what is tunnelled to. */
const isOwn = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127(?:\.\d+){3}$/.test(host)

type Exception = (host: string, port: string) => boolean

/**
 * One entry of NO_PROXY. There is no standard; this is what curl and Go agree on:
 * https://curl.se/docs/manpage.html#NOPROXY and https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
 */
function exceptionOf(entry: string): Exception {
  const { BlockList, isIP } = process.getBuiltinModule('node:net')
  if (entry === '*') return () => true
  const [address = '', bits] = entry.split('/')
  const family = isIP(address)
  if (bits !== undefined && family !== 0 && Number(bits) <= (family === 4 ? 32 : 128)) {
    const list = new BlockList()
    const kind = family === 4 ? 'ipv4' : 'ipv6'
    list.addSubnet(address, Number(bits), kind)
    return (host) => isIP(host) === family && list.check(host, kind)
  }
  const [, name = entry, only] = isIP(entry) === 6 ? [] : (/^(?:\*?\.)?\[?([^\]]*?)\]?(?::(\d+))?$/.exec(entry) ?? [])
  return (host, port) => (only === undefined || only === port) && (host === name || host.endsWith(`.${name}`))
}

const read = (environment: ProxyEnvironment, name: string): string =>
  (environment[name.toLowerCase()] ?? environment[name] ?? '').trim()

function addressOf(text: string): URL | undefined {
  if (text === '') return undefined
  const address = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`
  const url = URL.canParse(address) ? new URL(address) : undefined
  return url !== undefined && ['http:', 'https:'].includes(url.protocol) ? url : undefined
}

/** Follows HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in either case; what runs on this machine is always asked directly. */
export function proxiesOf(environment: ProxyEnvironment): ProxyChoice {
  const proxies: Readonly<Record<string, URL | undefined>> = {
    'https:': addressOf(read(environment, 'HTTPS_PROXY')),
    'http:': addressOf(read(environment, 'HTTP_PROXY')),
  }
  const exceptions = read(environment, 'NO_PROXY')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map(exceptionOf)
  return (url) => {
    const host = hostOf(url)
    const port = url.port || (url.protocol === 'https:' ? '443' : '80')
    if (isOwn(host) || exceptions.some((matches) => matches(host, port))) return undefined
    return proxies[url.protocol]
  }
}

/** A proxy's address as it may be shown: without the name and password in it. */
export const proxyName = ({ protocol, host }: URL): string => `${protocol}//${host}`

/** What the proxy is to know its client by; empty where its address names nobody. */
export function proxyHeaders({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '' && password === '') return {}
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` }
}
