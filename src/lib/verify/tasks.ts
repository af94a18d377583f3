import { formatLatency } from '../domain/format-latency.js'
import type { EndpointPlan, HttpsPlan, VerifyPlan } from '../domain/verify-plan.js'
import type { Dns } from '../ports/dns.js'
import type { Tls } from '../ports/tls.js'
import { lookAtEndpoint } from './endpoint.js'
import { judgeCertificate, judgeVersion, lookAtHsts, shakeHands, type Handshakes } from './https.js'
import type { Judged, VerifyTask } from './judged.js'
import { lookUnderLoad, type LoadPorts } from './load.js'
import { lookAtName } from './names.js'
import { lookAtRedirects } from './redirect.js'
import { addressOf, requestOf } from './requests.js'

/** What verifying needs of the world. */
export interface VerifyPorts extends LoadPorts {
  readonly tls: Tls
  readonly dns: Dns
}

/** Milliseconds for what is one handshake or one small answer, unless the plan says other. */
const usual = 10_000

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '')

/** The addresses that are verified, each once, the configured one first. */
function origins({ url, endpoints }: VerifyPlan): readonly URL[] {
  const all = [new URL(url), ...endpoints.map(({ path }) => addressOf(url, path))]
  return all.filter((one, index) => all.findIndex(({ origin }) => origin === one.origin) === index)
}

/** Every check of a plan, in the order in which they are shown. */
export function verifyTasks(plan: VerifyPlan, ports: VerifyPorts): readonly VerifyTask[] {
  const places = origins(plan)
  const names = [...new Set(places.map(hostOf))]
  const viaOf = (host: string): string | undefined => {
    const place = places.find((one) => hostOf(one) === host)
    return place && ports.http.via(place.href)
  }
  return [
    ...names.map((host, index): VerifyTask => ({
      name: index === 0 ? 'dns' : `dns:${host}`,
      kind: 'dns',
      alone: false,
      retry: 0,
      look: async () => lookAtName(ports.dns, host, index === 0 ? plan.leadsTo : undefined, viaOf(host)),
    })),
    ...places.flatMap((place, index) =>
      httpsTasks(place, index === 0 ? '' : `:${place.host}`, plan.https, pathsAt(place, plan), ports),
    ),
    ...plan.endpoints.map((endpoint): VerifyTask => ({
      name: `endpoint:${endpoint.name}`,
      kind: 'endpoint',
      alone: true,
      retry: endpoint.retry,
      look: async (signal) => lookAtEndpoint(plan.url, endpoint, ports, signal),
    })),
    ...plan.loads.map((load): VerifyTask => ({
      name: `load:${load.name}`,
      kind: 'load',
      alone: true,
      retry: 0,
      announce: `${load.rate === undefined ? 'as fast as it answers' : `${load.rate} requests a second`} to ${load.endpoint.name} for at most ${formatLatency(load.duration)}`,
      look: async (signal) => lookUnderLoad(plan.url, load, ports, signal),
    })),
  ]
}

/** The paths of the plan at one address, without what a template would fill in. */
function pathsAt(place: URL, plan: VerifyPlan): readonly string[] {
  const own = plan.endpoints
    .map((endpoint: EndpointPlan) => new URL(requestOf(plan.url, { ...endpoint, headers: {} }, 1, {}).url))
    .filter(({ origin }) => origin === place.origin)
    .map(({ pathname }) => pathname)
  return [...new Set(['/', ...(plan.https?.paths ?? []), ...own])]
}

function httpsTasks(
  place: URL,
  suffix: string,
  plan: HttpsPlan | undefined,
  paths: readonly string[],
  ports: VerifyPorts,
): readonly VerifyTask[] {
  const host = hostOf(place)
  const task = (name: string, look: VerifyTask['look'], retry = 0): VerifyTask => ({
    name: `${name}${suffix}`,
    kind: 'https',
    alone: false,
    retry,
    look,
  })
  if (place.protocol !== 'https:') {
    return [
      task('certificate', async () =>
        plan === undefined
          ? { result: 'skip', detail: `${place.origin} is plain HTTP: nothing is encrypted` }
          : { result: 'fail', detail: `${place.origin} is plain HTTP`, remedy: 'write the address with https://' },
      ),
    ]
  }
  const settings = plan ?? { minDays: 14, httpPort: 80, paths: [] }
  const { retry = 0, timeout = usual } = settings
  // Two checks look at the same handshakes, and at new ones each time that they look again.
  const shaken: Promise<Handshakes>[] = []
  const handshakes = (attempt: number, signal: AbortSignal): Promise<Handshakes> =>
    (shaken[attempt] ??= shakeHands(ports.tls, place, timeout, signal))
  const ofHandshakes = (name: string, judge: (handshakes: Handshakes) => Judged): VerifyTask => {
    let attempt = 0
    return task(name, async (signal) => judge(await handshakes((attempt += 1), signal)), retry)
  }
  return [
    ofHandshakes('certificate', (both) => judgeCertificate(both, host, settings, ports.now())),
    ofHandshakes('tls-version', judgeVersion),
    task(
      'https-redirect',
      async (signal) =>
        lookAtRedirects(ports.http, { host: place.hostname, port: settings.httpPort, paths }, timeout, signal),
      retry,
    ),
    task('hsts', async (signal) => lookAtHsts(ports.http, place.href, timeout, signal), retry),
  ]
}
