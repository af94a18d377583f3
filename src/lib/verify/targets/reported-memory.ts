import type { MeasuredMemory } from '../../domain/measured-memory.js'
import { RampartError } from '../../errors/rampart-error.js'
import type { Clock } from '../../ports/clock.js'
import type { Ecs, EcsTask, EcsTaskDefinition } from '../../ports/ecs.js'
import type { Metrics } from '../../ports/metrics.js'
import type { Judged, VerifyTask } from '../judged.js'
import { memoryFit, memoryRemedy } from './memory-fit.js'

const minute = 60_000
/** A day of minutes at most is asked for. */
const farthest = 24 * 60 * minute

/** Where services of ECS and what they hold in memory are asked for. */
export interface ReportedMemorySource {
  readonly ecs: Pick<Ecs, 'describeTaskDefinition' | 'describeTasks'>
  readonly metrics: Metrics
  readonly clock: Pick<Clock, 'now'>
  readonly cluster: string
  /** Each as the app names it, and as ECS does. */
  readonly services: readonly { readonly name: string; readonly service: string }[]
  /** Told what each service needs, where that was measured. */
  readonly onMemory?: (service: string, memory: MeasuredMemory) => void
}

/** What CloudWatch has told of a service since its newest task started. */
export interface ToldMemory {
  readonly name: string
  /** Percent of what is reserved, the greatest of each minute. */
  readonly percents: readonly number[]
  readonly memory: EcsTaskDefinition['memory']
}

const notYet: Judged = { result: 'skip', detail: 'not measured yet: CloudWatch tells once a minute' }

/** What the fullest task of a service needs: percents of what its tasks reserve. Undefined where nothing tells or bounds it. */
function fitOfTold({ name, percents, memory }: ToldMemory): MeasuredMemory | undefined {
  const { reserved = 0, limit } = memory ?? {}
  if (limit === undefined || percents.length === 0) return undefined
  return memoryFit([{ name, held: (reserved * mostOf(percents)) / 100, limit, processes: [] }])
}

const mostOf = (percents: readonly number[]): number => percents.reduce((a, b) => Math.max(a, b))

/** Whether the fullest task of a service has the memory that it should. */
export function judgeTold(told: ToldMemory): Judged {
  const { percents } = told
  if (percents.length === 0) return notYet
  const fit = fitOfTold(told)
  if (fit === undefined) return { result: 'skip', detail: 'its task definition does not bound the memory of a task' }
  const detail = `${fit.detail}, reported by CloudWatch`
  const minutes = `${percents.length} ${percents.length === 1 ? 'minute' : 'minutes'}`
  const evidence = [`at most ${mostOf(percents).toFixed(1)} % in ${minutes} since the newest task started (reported)`]
  if (fit.verdict === 'fits') return { result: 'ok', detail, evidence }
  return { result: fit.verdict === 'tight' ? 'warn' : 'fail', detail, remedy: memoryRemedy, evidence }
}

/** The full minutes since that moment, and before the one that has just begun; undefined when there is none. */
export function fullMinutes(since: number, now: number): { readonly from: number; readonly to: number } | undefined {
  const to = Math.floor(now / minute) * minute
  const from = Math.max(Math.ceil(since / minute) * minute, to - farthest)
  return from < to ? { from, to } : undefined
}

const newestOf = (tasks: readonly EcsTask[]): EcsTask | undefined =>
  tasks
    .filter(({ lastStatus, desiredStatus }) => lastStatus === 'RUNNING' && desiredStatus === 'RUNNING')
    .toSorted((a, b) => (b.startedAt ?? 0) - (a.startedAt ?? 0))[0]

async function judge({ ecs, metrics, clock, cluster, onMemory }: ReportedMemorySource, name: string, service: string) {
  const newest = newestOf(await ecs.describeTasks(cluster, service, 'RUNNING'))
  if (newest?.startedAt === undefined) return { result: 'skip', detail: 'no task of it runs' } as const
  const span = fullMinutes(newest.startedAt, clock.now())
  if (span === undefined) return notYet
  // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html: of a service it is the percentage
  // of what its task definition reserves; its maximum is that of the fullest task.
  const dimensions = { ClusterName: cluster, ServiceName: service }
  const metric = { namespace: 'AWS/ECS', name: 'MemoryUtilization', dimensions }
  const [definition, percents] = await Promise.all([
    ecs.describeTaskDefinition(newest.taskDefinition),
    metrics.greatest(metric, span.from, span.to),
  ])
  const told = { name, percents, memory: definition?.memory }
  const fit = fitOfTold(told)
  if (fit !== undefined) onMemory?.(name, fit)
  return judgeTold(told)
}

/**
 * The memory of each service of ECS, by what CloudWatch says of it. It is never waited for, and who may not ask for it
 * is told so: what could not be measured sends no release back.
 */
export function reportedMemoryTasks(source: ReportedMemorySource): readonly VerifyTask[] {
  return source.services.map(({ name, service }) => ({
    name: `memory:${name}`,
    kind: 'target',
    alone: false,
    retry: 0,
    look: async (): Promise<Judged> => {
      try {
        return await judge(source, name, service)
      } catch (error) {
        if (!(error instanceof RampartError)) throw error
        const [remedy] = error.next
        return { result: 'skip', detail: `not measured: ${error.message}`, ...(remedy !== undefined && { remedy }) }
      }
    },
  }))
}
