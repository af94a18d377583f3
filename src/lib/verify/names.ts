import { isIP } from 'node:net'
import type { Dns, NameAnswer } from '../ports/dns.js'
import type { Judged } from './judged.js'

const ttlOf = ({ addresses }: NameAnswer): number | undefined =>
  addresses.reduce<number | undefined>(
    (least, { ttl }) => (ttl === undefined ? least : Math.min(least ?? ttl, ttl)),
    undefined,
  )

const isOwn = (address: string): boolean => address === '::1' || address.startsWith('127.')

const plain = (name: string): string => name.toLowerCase().replace(/\.$/, '')

/** Whether the name is known, for how long it is remembered, and whether it leads to the load balancer. */
export async function lookAtName(
  dns: Dns,
  host: string,
  leadsTo: string | undefined,
  /** The proxy that reaches it, where one does: then names are for the proxy to know. */
  via?: string,
): Promise<Judged> {
  if (isIP(host) !== 0) return { result: 'skip', detail: `${host} is an address and no name` }
  const ask = async (name: string): Promise<NameAnswer | undefined> =>
    dns.resolve(name).catch((error: unknown) => {
      if (via === undefined) throw error
      return undefined
    })
  const [answer, wanted] = await Promise.all([ask(host), leadsTo === undefined ? undefined : ask(leadsTo)])
  if (answer === undefined && via !== undefined) {
    return { result: 'skip', detail: `the proxy ${via} resolves ${host}; this machine does not know it` }
  }
  if (answer === undefined) {
    return {
      result: 'fail',
      detail: `${host} is not in DNS`,
      remedy: `add a record for ${host} that leads to the load balancer`,
    }
  }
  const ttl = ttlOf(answer)
  const seconds = ttl === undefined ? '' : `, remembered for ${ttl} s`
  const addresses = answer.addresses.map(({ address }) => address)
  const evidence = [
    ...answer.aliases.map((alias) => `is an alias of ${alias}`),
    `leads to ${addresses.join(', ')}${seconds}`,
    ...(wanted === undefined
      ? []
      : [`${leadsTo} leads to ${wanted.addresses.map(({ address }) => address).join(', ')}`]),
  ]
  const found = `${addresses.length} ${addresses.length === 1 ? 'address' : 'addresses'}${seconds}`
  if (leadsTo !== undefined) {
    // A load balancer answers with some of its addresses, and not with the same ones each time.
    const meets =
      answer.aliases.some((alias) => plain(alias) === plain(leadsTo)) ||
      wanted?.addresses.some(({ address }) => addresses.includes(address)) === true
    if (!meets) {
      const detail = wanted === undefined ? `${leadsTo} is not in DNS` : `${host} does not lead to ${leadsTo}`
      return { result: 'fail', detail, remedy: `make ${host} an alias of ${leadsTo}`, evidence }
    }
  }
  if (!answer.inDns && addresses.every(isOwn)) return { result: 'skip', detail: `${host} is this machine`, evidence }
  if (!answer.inDns) return { result: 'warn', detail: `${host} is known to this machine alone, not to DNS`, evidence }
  return { result: 'ok', detail: leadsTo === undefined ? found : `leads to ${leadsTo}, ${found}`, evidence }
}
