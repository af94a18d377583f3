import { relative } from 'node:path'
import type { SharedFlags } from '../../base-command.js'
import { findConfig, type Config } from '../config/index.js'
import type { EndpointPlan, HttpsPlan, LatencyBudget, VerifyPlan } from '../domain/verify-plan.js'
import { budgetFigures } from '../domain/verify-plan.js'
import { RampartError } from '../errors/rampart-error.js'
import { addressOf } from '../verify/requests.js'
import { configure } from './configure.js'

/** Where a command asks what answers, when that is another place than users go to. */
export interface VerifyAt {
  readonly url?: string | undefined
  readonly ca?: string | undefined
  readonly 'http-port'?: number | undefined
}

/** What `rampart verify` is given. */
export interface VerifyFlags extends SharedFlags, VerifyAt {
  readonly only: readonly string[]
  readonly load: boolean
  readonly yes: boolean
  readonly junit?: string | undefined
  readonly samples?: number | undefined
  readonly budget?: string | undefined
}

interface Planned {
  readonly plan: VerifyPlan
  /** Undefined where an address alone is verified. */
  readonly config: Config | undefined
}

/** The configuration from here, if there is one or one must be. */
async function nearestConfig(flags: VerifyFlags): Promise<Config | undefined> {
  if (flags.config !== undefined) return configure(flags)
  let missing: RampartError | undefined
  try {
    findConfig(process.cwd())
  } catch (error) {
    if (!(error instanceof RampartError)) throw error
    missing = error
  }
  if (missing === undefined) return configure(flags)
  if (flags.url !== undefined) return undefined
  throw new RampartError('usage', missing.message, { next: [...missing.next, alone], cause: missing })
}

const alone = 'verify an address alone: rampart verify --url https://…'

/** What to verify: the configuration's checks at its own address or at the one that is given, or that address alone. */
export async function planFor(flags: VerifyFlags): Promise<Planned> {
  const given = flags.url === undefined ? undefined : readAddress(flags.url)
  const found = await nearestConfig(flags)
  if (found?.verify === undefined && given !== undefined) {
    return { plan: planOfAddress(given, flags), config: undefined }
  }
  if (found === undefined || found.verify === undefined) {
    throw new RampartError(
      'usage',
      `${found === undefined ? 'rampart.yml' : relative(process.cwd(), found.path)} has no section \`verify\`.`,
      {
        next: ['say there what must hold', alone],
      },
    )
  }
  if (flags.samples !== undefined || flags.budget !== undefined) {
    throw new RampartError('usage', '--samples and --budget are for an address alone; here rampart.yml says them.', {
      next: ['set samples and latency of the endpoint in rampart.yml'],
    })
  }
  const { name } = found.environment
  const plan = planOfConfig(found, flags)
  if (plan === undefined) {
    throw new RampartError('usage', `The environment ${name} does not say where users reach it.`, {
      next: [`set environments.${name}.serves.url in rampart.yml, or give --url`],
    })
  }
  return { plan, config: found }
}

/** The checks of a configuration at its own address or at the one that is given; undefined where there is neither. */
export function planOfConfig({ environment, verify }: Config, flags: VerifyAt): VerifyPlan | undefined {
  const given = flags.url === undefined ? undefined : readAddress(flags.url)
  const { serves } = environment
  const url = given?.href ?? serves?.url
  if (url === undefined || verify === undefined) return undefined
  const { endpoints, loads, https } = verify
  return {
    url,
    endpoints,
    loads,
    ...httpsOf(https, flags['http-port']),
    // Another address has another way to lead somewhere.
    ...(given === undefined && serves?.leadsTo !== undefined && { leadsTo: serves.leadsTo }),
  }
}

/** What HTTPS must be like; another address may have its plain HTTP at another port. */
function httpsOf(https: HttpsPlan | undefined, httpPort: number | undefined): Pick<VerifyPlan, 'https'> {
  if (httpPort === undefined) return https === undefined ? {} : { https }
  return { https: { minDays: 14, paths: [], ...https, httpPort } }
}

function readAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && ['http:', 'https:'].includes(url.protocol)) return url
  throw new RampartError('usage', `--url is ${JSON.stringify(text)}, which is no address.`, {
    next: ['write it out, such as https://rag.example.com/health'],
  })
}

function planOfAddress(url: URL, { samples, budget, 'http-port': httpPort }: VerifyFlags): VerifyPlan {
  const latency = readBudget(budget)
  const endpoint: EndpointPlan = {
    name: 'url',
    method: 'GET',
    path: url.href,
    headers: {},
    rows: [],
    expect: { status: [], json: [], contains: [], absent: [] },
    latency,
    samples: samples ?? (budget === undefined ? 0 : 20),
    timeout: 10_000,
    retry: 0,
  }
  const https = url.protocol === 'https:' ? httpsOf(undefined, httpPort) : {}
  return { url: url.href, endpoints: [endpoint], loads: [], ...https }
}

/** `mean=250ms,p95=0.5s`. */
function readBudget(text: string | undefined): LatencyBudget {
  const parts = (text ?? '').split(',').filter((part) => part.trim() !== '')
  return Object.fromEntries(
    parts.map((part) => {
      const [, name, amount, unit] = /^\s*(\w+)\s*=\s*(\d+(?:\.\d+)?)(ms|s)\s*$/.exec(part) ?? []
      const figure = budgetFigures.find((one) => one === name)
      const most = Number(amount) * (unit === 's' ? 1000 : 1)
      if (figure !== undefined && most > 0) return [figure, most]
      throw new RampartError('usage', `--budget holds ${JSON.stringify(part)}, which is no budget.`, {
        next: [`write it as mean=250ms,p95=0.5s; there are ${budgetFigures.join(', ')}`],
      })
    }),
  )
}

const secretName = /auth|cookie|token|secret|password|credential|key|session|signature/i

/** What no output may show: what variables put into requests, and what headers and addresses hold that keep secrets. */
export function secretsOfVerify(plan: VerifyPlan, config: Config | undefined): readonly string[] {
  const requests = plan.endpoints.flatMap(({ headers, path, body, rows }) => [
    ...Object.values(headers),
    path,
    JSON.stringify(body ?? null),
    JSON.stringify(rows),
  ])
  const everywhere = [...requests, plan.url]
  const interpolated = [...(config?.interpolated ?? [])].filter((value) => {
    const escaped = JSON.stringify(value).slice(1, -1)
    return everywhere.some((text) => text.includes(value) || text.includes(escaped))
  })
  const guarded = plan.endpoints.flatMap(({ headers }) =>
    Object.entries(headers).flatMap(([name, value]) =>
      // Of `Bearer abc` the word before the secret is none.
      secretName.test(name) ? [value, value.replace(/^\S+\s+/, '')] : [],
    ),
  )
  const addresses = [new URL(plan.url), ...plan.endpoints.map(({ path }) => addressOf(plan.url, path))]
  return [...interpolated, ...guarded, ...addresses.flatMap(secretsOfAddress)]
}

function secretsOfAddress({ password, username, searchParams }: URL): readonly string[] {
  const guarded = [...searchParams].flatMap(([name, value]) => (secretName.test(name) ? [value] : []))
  return [password, decodeURIComponent(password), ...(password === '' ? [] : [username]), ...guarded]
}
