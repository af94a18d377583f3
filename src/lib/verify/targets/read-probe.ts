import { isDigest } from '../../domain/digest.js'
import {
  probeAnswerMarker,
  type ModelPlace,
  type ProbeAnswer,
  type ProbedReport,
  type ProbeReport,
} from '../../domain/target-probe.js'

type Map = Readonly<Record<string, unknown>>

const isMap = (value: unknown): value is Map => typeof value === 'object' && value !== null && !Array.isArray(value)
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined

const places: readonly ModelPlace[] = ['image', 'written', 'mounted', 'missing', 'unknown']

function answer(value: unknown): ProbeAnswer | undefined {
  if (!isMap(value)) return undefined
  const status = numberOf(value['status'])
  const seconds = numberOf(value['seconds'])
  return status === undefined || seconds === undefined ? undefined : { status, seconds }
}

function reported(value: unknown): readonly ProbedReport[] {
  if (!isMap(value)) return []
  const [ready, first, again] = ['ready', 'first', 'again'].map((key) => answer(value[key]))
  const asked = value['again']
  const [memory, limit] = [numberOf(value['memory']), numberOf(value['limit'])]
  return [
    {
      name: textOf(value['name']),
      digests: listOf(value['digests'])
        .filter((one): one is string => typeof one === 'string')
        .filter(isDigest),
      containers: numberOf(value['containers']) ?? 0,
      ...(ready !== undefined && { ready }),
      ...(first !== undefined && { first }),
      ...(again !== undefined &&
        isMap(asked) && {
          again: {
            ...again,
            body: Buffer.from(textOf(asked['body']), 'base64').toString('utf8'),
            cut: asked['cut'] === true,
          },
        }),
      ...(memory !== undefined && { memory }),
      ...(limit !== undefined && { limit }),
      processes: listOf(value['processes']).flatMap((one) => numberOf(one) ?? []),
      models: listOf(value['models']).flatMap((one) => {
        if (!isMap(one)) return []
        const place = places.find((known) => known === one['place']) ?? 'unknown'
        return [{ id: textOf(one['id']), revision: textOf(one['revision']), place }]
      }),
    },
  ]
}

/** What a probe's output says; undefined when it is not a whole answer. A target is not trusted to write only JSON. */
export function readProbe(output: string): ProbeReport | undefined {
  const line = output.split('\n').findLast((one) => one.startsWith(probeAnswerMarker))
  if (line === undefined) return undefined
  let value: unknown
  try {
    value = JSON.parse(line.slice(probeAnswerMarker.length))
  } catch {
    return undefined
  }
  if (!isMap(value)) return undefined
  const memory = value['memory']
  const [total, available] = isMap(memory) ? [numberOf(memory['total']), numberOf(memory['available'])] : []
  const lacking = listOf(value['lacks'])
  return {
    lacks: (['docker', 'curl'] as const).filter((one) => lacking.includes(one)),
    ...(total !== undefined && available !== undefined && { memory: { total, available } }),
    services: listOf(value['services']).flatMap(reported),
  }
}
