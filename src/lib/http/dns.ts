import { RampartError } from '../errors/rampart-error.js'
import type { Dns, NameAnswer, ResolvedAddress } from '../ports/dns.js'

export interface DnsSettings {
  /** `address` or `address:port`; those of the machine unless told. */
  readonly servers?: readonly string[]
  /** Milliseconds for each of two tries. */
  readonly timeout?: number
}

// https://c-ares.org/docs/ares_query.html: the name, or a record of that kind, is not there.
const nothing = new Set(['ENOTFOUND', 'ENODATA'])

/** Asks DNS itself, so that times to live are known; then the machine, which may know names of its own. */
export function createDns({ servers, timeout = 3000 }: DnsSettings = {}): Dns {
  return {
    async resolve(name) {
      const { Resolver, lookup } = process.getBuiltinModule('node:dns').promises
      const resolver = new Resolver({ timeout, tries: 2 })
      if (servers !== undefined) resolver.setServers(servers)
      const asked = await Promise.allSettled([
        resolver.resolve4(name, { ttl: true }),
        resolver.resolve6(name, { ttl: true }),
        aliasesOf(name, (one) => resolver.resolveCname(one)),
      ])
      const [four, six, aliases] = asked
      const addresses = [four, six].flatMap((one): readonly ResolvedAddress[] =>
        one.status === 'fulfilled' ? one.value : [],
      )
      if (addresses.length > 0) {
        return { addresses, aliases: aliases.status === 'fulfilled' ? aliases.value : [], inDns: true }
      }
      const known = servers === undefined ? await lookup(name, { all: true }).catch(() => []) : []
      if (known.length > 0) {
        return {
          addresses: known.map(({ address }) => ({ address })),
          aliases: [],
          inDns: false,
        } satisfies NameAnswer
      }
      for (const one of [four, six]) {
        const code: unknown = one.status === 'rejected' ? (one.reason as NodeJS.ErrnoException).code : undefined
        if (one.status === 'rejected' && !nothing.has(String(code))) {
          throw new RampartError('unreachable', `No DNS server answers for ${name} (${String(code)}).`, {
            next: ['look at the DNS servers of this machine'],
            passing: true,
            cause: one.reason,
          })
        }
      }
      return undefined
    },
  }
}

/** The names that a name leads over. A chain that is longer, or turns back, has no end worth knowing. */
async function aliasesOf(name: string, next: (name: string) => Promise<readonly string[]>): Promise<readonly string[]> {
  const found: string[] = []
  for (let current = name; found.length < 8;) {
    const [alias] = await next(current).catch(() => [])
    if (alias === undefined || found.includes(alias)) break
    found.push(alias)
    current = alias
  }
  return found
}
