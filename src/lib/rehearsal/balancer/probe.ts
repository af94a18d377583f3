import type { Digest } from '../../domain/digest.js'
import {
  probeAnswerMarker,
  type ProbeAnswer,
  type ProbedReport,
  type ProbedService,
  type ProbeReport,
  type ProbeRequest,
} from '../../domain/target-probe.js'
import { memoryOfType } from '../world/instance-types.js'
import type { Serving } from '../world/serving.js'
import type { Instance, WorldState } from '../world/state.js'
import { answerOf, type AppRequest } from './application.js'
import { createLatencies } from './latency.js'

/** What the system and Docker take of a machine, and Python with its libraries before any model. */
const systemBytes = 620_000_000
const processBytes = 420_000_000

/** The one line that the probe prints on an instance, and how many seconds it asked for. */
export function probeAnswer(
  world: WorldState,
  instance: Instance,
  request: ProbeRequest,
): { readonly line: string; readonly seconds: number } {
  const services = request.services.map((service) => reportOf(world, instance, service))
  const total = memoryOfType(instance.instanceType)
  const used = [...instance.serving.values()].reduce((sum, serving) => sum + memoryOf(world, serving), systemBytes)
  const report: ProbeReport = {
    lacks: [],
    memory: { total, available: Math.max(0, total - used) },
    services,
  }
  const seconds = services.reduce((sum, one) => sum + (one.first?.seconds ?? 0) + (one.again?.seconds ?? 0), 0)
  return { line: probeAnswerMarker + JSON.stringify(report), seconds }
}

const encoded = (text: string): string => Buffer.from(text).toString('base64')

const memoryOf = ({ switches }: WorldState, { models, ready }: Serving): number =>
  processBytes + (ready ? models.reduce((sum, { bytes }) => sum + bytes, 0) * switches.modelMemoryFactor : 0)

function reportOf(world: WorldState, instance: Instance, asked: ProbedService): ProbedReport {
  const { name, question, models } = asked
  const serving = [...instance.serving.values()].find(({ service }) => service.repository === asked.repository)
  if (serving === undefined) return { name, digests: [], containers: 0, processes: [], models: [] }
  const latencies = createLatencies(world.random)
  const ask = (request: AppRequest): ProbeAnswer & { readonly body: string } => {
    const answer = answerOf(serving, world.switches, request)
    const seconds = latencies({
      work: answer.work,
      first: !serving.asked,
      fetched: serving.fetched.size > 0,
      tailFactor: serving.troubled ? world.switches.tailFactor : 1,
    })
    if (answer.work !== 'none' && answer.work !== 'page') serving.asked = true
    return { status: answer.status, seconds: Math.round(seconds) / 1000, body: answer.body }
  }
  const ready = ask({ method: 'GET', path: asked.readyPath, body: '' })
  const first = question && ask(question)
  const again = question && ask(question)
  const memory = Math.round(memoryOf(world, serving))
  const digests: readonly Digest[] = [serving.image]
  return {
    name,
    digests,
    containers: 1,
    ready: { status: ready.status, seconds: ready.seconds },
    ...(first !== undefined && { first: { status: first.status, seconds: first.seconds } }),
    ...(again !== undefined && { again: { ...again, body: encoded(again.body), cut: false } }),
    memory,
    processes: [memory],
    models: models.map(({ id, revision }) => ({ id, revision, place: serving.fetched.has(id) ? 'written' : 'image' })),
  }
}
