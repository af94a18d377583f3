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
  predictions: [
    { what: 'rollout', predicted: 250_000, low: 230_000, high: 270_000, why: 'models loaded slower than before' },
    { what: 'total', predicted: 280_000 },
  ],
}
