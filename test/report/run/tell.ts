import type { Event } from '../../../src/lib/events/event.js'
import type { Background } from '../../../src/lib/report/run/background.js'
import { createRunReporter, type ReportForm } from '../../../src/lib/report/run/run-reporter.js'
import type { Mask } from '../../../src/lib/terminal/mask.js'

/** The report of those events. */
export function tell(
  form: ReportForm,
  events: readonly Event[],
  background?: Background,
  mask: Mask = (t) => t,
): string {
  const reporter = createRunReporter(mask)
  for (const event of events) reporter.event(event)
  return reporter.text(form, background)
}

/** A release before that of the recordings. */
export const record = (
  number: number,
  ending: string,
  rollout: number,
): Extract<Background['earlier'], readonly unknown[]>[number] => ({
  v: 1,
  number,
  kind: 'deploy',
  release: { id: `r-${number}`, app: 'rampart-ai', environment: 'production', images: [] },
  revision: { name: 'lt-1', number: String(number) },
  from: { name: 'lt-1', number: String(number - 1) },
  source: { commit: `${number}c0ffee`, subject: 'Rank by recency', dirty: false },
  by: 'arn:aws:iam::123456789012:user/deployer',
  host: 'build-1',
  startedAt: `2026-11-1${number}T08:00:00.000Z`,
  ending,
  phases: [
    { phase: 'preflight', duration: 2000 },
    { phase: 'rollout', duration: rollout },
  ],
  proof: { proved: 4, total: 4 },
})

export const background: Background = {
  who: {
    by: 'arn:aws:iam::123456789012:role/ci',
    host: 'runner-4',
    actor: 'octocat',
    link: 'https://ci.example.com/runs/17',
  },
  own: record(4, 'done', 286_900),
  earlier: [
    record(4, 'done', 286_900),
    record(3, 'rolledBack', 900_000),
    record(2, 'done', 200_000),
    record(1, 'done', 240_000),
  ],
}

const span = (low: number, value: number, high: number) => ({ low, value, high, basis: 'derived' as const })

/** The events with what was foretold when the plan was made, and the comparison at the end. */
export function foretold(events: readonly Event[]): readonly Event[] {
  const last = events.at(-1)
  const compared: Event[] =
    last === undefined
      ? []
      : [
          {
            ...last,
            type: 'prediction.compared',
            result: {
              predicted: 280_000,
              actual: 306_000,
              within: false,
              runs: 12,
              phase: { phase: 'rollout', predicted: 250_000, actual: 286_900 },
              reasons: [{ reason: 'model-load', expected: 20_000, actual: 57_000 }],
            },
          },
        ]
  const planned = events.map((event): Event =>
    event.type === 'plan.made'
      ? {
          ...event,
          prediction: {
            total: span(260_000, 280_000, 300_000),
            phases: [{ phase: 'rollout', span: span(230_000, 250_000, 270_000) }],
            runs: 12,
            checked: 9,
          },
        }
      : event,
  )
  return [...planned.slice(0, -1), ...compared, ...planned.slice(-1)]
}
