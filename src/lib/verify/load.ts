import { formatLatency } from '../domain/format-latency.js'
import type { Finding } from '../domain/checkup.js'
import type { LoadFigures } from '../domain/verification.js'
import type { LoadPlan } from '../domain/verify-plan.js'
import type { Clock } from '../ports/clock.js'
import { askerOf, evidenceOf, type Asked, type EndpointPorts } from './endpoint.js'
import { generate, type Generated } from './generate.js'
import { judgeAll, type Judged } from './judged.js'
import { budgetWords, histogramOf, latencyOf, overBudget } from './latency.js'

export interface LoadPorts extends EndpointPorts {
  /** Real time. */
  readonly clock: Clock
}

/** Later than this by its own fault, a machine is too busy to measure others. */
const busy = 250

const none = { count: 0, min: 0, mean: 0, p50: 0, p95: 0, p99: 0, max: 0 }

/** Rates with as many digits as matter. */
const rateWords = (rate: number): string => `${rate < 10 ? rate.toFixed(2) : rate.toFixed(1)} a second`

/** Sends the load and compares what came of it with what is wanted. */
export async function lookUnderLoad(
  base: string,
  plan: LoadPlan,
  ports: LoadPorts,
  signal: AbortSignal,
): Promise<Judged> {
  const ask = await askerOf(base, plan.endpoint, ports)
  const session = ports.http.session(plan.concurrency)
  let failed: Asked | undefined
  try {
    const generated = await generate(
      plan,
      {
        now: () => ports.http.now(),
        clock: ports.clock,
        send: async (n, stop) => {
          const asked = await ask(session, n, stop)
          const [problem] = asked.problems
          if (problem !== undefined) failed ??= asked
          return problem === undefined ? {} : { problem }
        },
      },
      signal,
    )
    return judgeLoad(plan, generated, failed === undefined ? [] : evidenceOf(failed))
  } finally {
    session.close()
  }
}

function figuresOf(plan: LoadPlan, generated: Generated): LoadFigures {
  const { latencies, services, succeeded, elapsed, peak, lag } = generated
  return {
    ...(plan.rate !== undefined && { wantedRate: plan.rate }),
    achievedRate: elapsed === 0 ? 0 : (succeeded * 1000) / elapsed,
    sent: latencies.length,
    succeeded,
    success: latencies.length === 0 ? 0 : (succeeded * 100) / latencies.length,
    leastSuccess: plan.success,
    ...(plan.leastRate !== undefined && { leastRate: plan.leastRate }),
    concurrency: peak,
    latency: latencyOf(latencies) ?? none,
    service: latencyOf(services) ?? none,
    histogram: histogramOf(latencies),
    budget: plan.latency,
    lag,
  }
}

function judgeLoad(plan: LoadPlan, generated: Generated, firstFailure: readonly string[]): Judged {
  const load = figuresOf(plan, generated)
  const { latency, service, success, achievedRate, sent } = load
  const worst = [...generated.problems].toSorted(([, left], [, right]) => right - left)
  const percent = `${Number(success.toFixed(2))} %`
  const findings: readonly Finding[] = [
    ...(success < plan.success
      ? [
          {
            detail: `${percent} of ${sent} requests succeeded, not ${plan.success} %: ${worst[0]?.[0] ?? 'none was sent'}`,
          },
        ]
      : []),
    ...(plan.leastRate !== undefined && achievedRate < plan.leastRate
      ? [{ detail: `${rateWords(achievedRate)} were answered well, not ${rateWords(plan.leastRate)}` }]
      : []),
    ...overBudget(latency, plan.latency).map((detail) => ({ detail })),
  ]
  const budget = budgetWords(plan.latency)
  const judged = judgeAll(
    findings,
    `${rateWords(achievedRate)}, ${percent} of ${sent}; p50 ${formatLatency(latency.p50)}, p95 ${formatLatency(latency.p95)}`,
    {
      load,
      evidence: [
        `${sent} requests on at most ${load.concurrency} connections in ${formatLatency(generated.elapsed)}`,
        `from when each was due: p50 ${formatLatency(latency.p50)}, p95 ${formatLatency(latency.p95)}, p99 ${formatLatency(latency.p99)}, max ${formatLatency(latency.max)}${budget === '' ? '' : `; budget ${budget}`}`,
        // The difference is what waiting for a connection cost.
        ...(plan.rate === undefined
          ? []
          : [
              `from when each was sent: p50 ${formatLatency(service.p50)}, p95 ${formatLatency(service.p95)}, p99 ${formatLatency(service.p99)}, max ${formatLatency(service.max)}`,
            ]),
        ...(generated.stopped ? ['given up early: nothing but failures came back'] : []),
        ...worst.slice(0, 3).map(([problem, times]) => `${times} x ${problem}`),
        ...firstFailure,
      ],
    },
  )
  if (load.lag <= busy || judged.result === 'fail') return judged
  return {
    ...judged,
    result: 'warn',
    detail: `${judged.detail}; this machine was up to ${formatLatency(load.lag)} late itself`,
    remedy: 'measure from a machine that has less to do',
  }
}
