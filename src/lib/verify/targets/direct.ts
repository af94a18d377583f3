import type { ProbeAnswer, ProbedReport, ProbedService, ProbeReport } from '../../domain/target-probe.js'
import type { TargetAddress } from '../../domain/target.js'
import type { Http, HttpAnswer, HttpFailure, HttpSession } from '../../ports/http.js'
import type { Asked, AskOptions } from './ask.js'
import type { WantedService } from './testimony.js'

/** Milliseconds for a connection within one's own network; a firewall in between answers nothing at all. */
const near = 2000

/** Bytes of an answer that are judged; more is no answer to a question that proves something. */
const kept = 256 * 1024

type Reached = 'nobody' | ProbedReport

const answerOf = (result: HttpAnswer | HttpFailure): ProbeAnswer =>
  result.kind === 'answer'
    ? { status: result.status, seconds: result.timing.total / 1000 }
    : { status: 0, seconds: result.total / 1000 }

const isAway = (result: HttpAnswer | HttpFailure): boolean =>
  result.kind === 'failure' && ['resolve', 'connect'].includes(result.stage)

async function reach(
  session: HttpSession,
  host: string,
  { name, port, readyPath, question }: ProbedService,
  { timeout, signal }: AskOptions,
): Promise<Reached> {
  const at = (path: string): string => `http://${host.includes(':') ? `[${host}]` : host}:${port}${path}`
  const patient = { timeout: timeout * 1000, signal }
  const asksReady = { method: 'GET', url: at(readyPath), headers: {} }
  const knocked = await session.send(asksReady, { timeout: near, signal })
  if (isAway(knocked)) return 'nobody'
  // It listens, and may take longer to answer than to be connected to.
  const ready = knocked.kind === 'answer' ? knocked : await session.send(asksReady, patient)
  const common = { name, digests: [], containers: 1, processes: [], models: [], ready: answerOf(ready) }
  if (question === undefined) return common
  const { method, path, contentType, body } = question
  const asks = {
    method,
    url: at(path),
    headers: { 'content-type': contentType },
    ...(body !== '' && { body }),
  }
  const first = await session.send(asks, patient)
  const again = await session.send(asks, patient)
  const text = again.kind === 'answer' ? new TextDecoder().decode(again.body.subarray(0, kept)) : ''
  const cut = again.kind === 'answer' && (again.cut || again.body.length > kept)
  return { ...common, first: answerOf(first), again: { ...answerOf(again), body: text, cut } }
}

const several = (count: number): string => `${count} ${count === 1 ? 'target' : 'targets'}`

/**
 * Asks the targets themselves over the network, each alone and past the load balancer. It answers what they serve, and
 * can not say which digest does: that is for the platform. Who can not be reached from here is left out and said.
 */
export async function askDirectly(
  http: Http,
  targets: readonly string[],
  addresses: ReadonlyMap<string, TargetAddress>,
  services: readonly WantedService[],
  options: AskOptions,
): Promise<Asked> {
  const reports = new Map<string, ProbeReport>()
  const unknown = targets.filter((one) => !addresses.has(one)).length
  let away = 0
  await Promise.all(
    targets.map(async (target) => {
      const address = addresses.get(target)
      if (address === undefined) return
      const own = services.filter(({ probed }) => address.service === undefined || address.service === probed.name)
      const session = http.session(1)
      try {
        const said = await Promise.all(own.map(async ({ probed }) => reach(session, address.host, probed, options)))
        const reached = said.filter((one) => one !== 'nobody')
        if (reached.length === 0) away += 1
        else reports.set(target, { lacks: [], directly: true, services: reached })
      } finally {
        session.close()
      }
    }),
  )
  return {
    reports,
    notes: [
      ...(unknown === 0 ? [] : [`${several(unknown)} can not be asked directly: no address is known`]),
      ...(away === 0 ? [] : [`${several(away)} can not be reached from this network`]),
    ],
  }
}
