import { isIP } from 'node:net'
import type { Config } from '../config/index.js'
import type { LoadPlan, VerifyPlan } from '../domain/verify-plan.js'
import { RampartError } from '../errors/rampart-error.js'
import type { VerifyTask } from '../verify/judged.js'
import { addressOf } from '../verify/requests.js'
import type { VerifyFlags } from './verify-plan.js'

/** True for an address of this machine. */
const isLoopback = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '')

/** The hosts that rampart.yml itself names: its environment's, and those of endpoints with an address of their own. */
function namedHosts(config: Config | undefined): ReadonlySet<string> {
  const own = config?.environment.serves?.url
  const absolute = (config?.verify?.endpoints ?? []).map(({ path }) => path).filter((path) => /^https?:/i.test(path))
  return new Set([...(own === undefined ? [] : [own]), ...absolute].map((url) => hostOf(new URL(url))))
}

/**
 * Load goes to hosts that the configuration names, and to this machine, and to no others; it is asked about before it
 * goes anywhere else than to this machine, unless the configuration allows it. Rejects when it may not be sent.
 */
export async function mayLoad(
  plan: VerifyPlan,
  tasks: readonly VerifyTask[],
  config: Config | undefined,
  flags: VerifyFlags,
): Promise<void> {
  const loads = plan.loads.filter(({ name }) => tasks.some((task) => task.name === `load:${name}`))
  const hosts = new Set(loads.map(({ endpoint }) => hostOf(addressOf(plan.url, endpoint.path))))
  const abroad = [...hosts].filter((host) => !isLoopback(host))
  if (abroad.length === 0) return
  const named = namedHosts(config)
  const stranger = abroad.find((host) => !named.has(host))
  const without = 'leave the load out with --no-load'
  if (stranger !== undefined) {
    throw new RampartError('usage', `rampart.yml does not name ${stranger}, and load is sent to no other hosts.`, {
      next: [without, `name it in environments.${config?.environment.name ?? '<name>'}.serves.url`],
    })
  }
  if (flags.yes || config?.environment.serves?.load === 'allow') return
  if (!process.stdin.isTTY || !process.stderr.isTTY || flags.json) {
    throw new RampartError('usage', `Nobody has allowed load on ${abroad.join(', ')}.`, {
      next: ['allow it with --yes, or with `load: allow` in serves of the environment', without],
    })
  }
  const { createAsker } = await import('../terminal/ask.js')
  const asker = await createAsker({ input: process.stdin, output: process.stderr })
  const what = tasks.flatMap(({ announce }) => (announce === undefined ? [] : [announce])).join('; ')
  if (await asker.confirm(`Send load to ${abroad.join(', ')} (${what})?`, false)) return
  throw new RampartError('usage', `Load on ${abroad.join(', ')} was not allowed; nothing was sent.`, {
    next: [without],
  })
}

/** Why a load may not be sent where nobody can be asked; undefined when it may. */
export function whyNoLoad(plan: VerifyPlan, { endpoint }: LoadPlan, config: Config): string | undefined {
  const host = hostOf(addressOf(plan.url, endpoint.path))
  if (isLoopback(host)) return undefined
  if (!namedHosts(config).has(host)) return `not sent: rampart.yml does not name ${host}`
  if (config.environment.serves?.load === 'allow') return undefined
  return `not sent to ${host}: serves.load is not allow; rampart verify asks`
}
