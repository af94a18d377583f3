import { formatLatency } from '../../domain/format-latency.js'
import { formatCount } from '../../terminal/format.js'
import { proofWords } from '../../words/run.js'
import type { VerifiedCheck } from '../../domain/verification.js'
import { checksSummary, checkWords } from '../checks-text.js'
import type { Block, Cell, Mark, Section } from './document.js'
import type { Story } from './story.js'

const marks = { ok: 'good', warn: 'warn', fail: 'bad', skip: 'skip' } as const satisfies Record<
  VerifiedCheck['result'],
  Mark
>

const alarmMarks: ReadonlyMap<string, Mark> = new Map([
  ['OK', 'good'],
  ['ALARM', 'bad'],
])

const resultCell = (result: VerifiedCheck['result']): Cell => ({ text: checkWords[result], mark: marks[result] })

/** How many targets are listed one by one. */
const listed = 200

/** What each target was seen to serve. */
export function proofSection({ view: { proof } }: Story): Section | undefined {
  if (proof === undefined) return undefined
  // What is not proved is looked for first.
  const targets = proof.targets.toSorted((a, b) => Number(a.proved) - Number(b.proved))
  const shown = targets.slice(0, listed)
  return {
    id: 'proof',
    title: 'Proof',
    blocks: [
      { kind: 'note', text: proofWords(proof), mark: proof.proved === proof.total ? 'good' : 'bad' },
      {
        kind: 'table',
        caption: `What each target serves${shown.length < targets.length ? `, ${shown.length} of ${targets.length}` : ''}`,
        columns: [{ title: 'Target' }, { title: 'Result' }, { title: 'Rests on' }, { title: 'Seen' }],
        rows: shown.map(({ target, proved, grade, detail }) => [
          { text: target, code: true },
          proved ? { text: 'proved', mark: 'good' } : { text: 'not proved', mark: 'bad' },
          { text: grade },
          { text: detail },
        ]),
      },
    ],
  }
}

/** What the checks of a release came to, with their latencies and what the team agreed on. */
export function verificationSection({ view: { verification } }: Story): Section | undefined {
  if (verification === undefined) return undefined
  const { checks, criteria } = verification
  const evidence = checks.filter(
    ({ result, evidence: seen }) => seen.length > 0 && (result === 'fail' || result === 'warn'),
  )
  return {
    id: 'verification',
    title: 'Verification',
    brief: true,
    blocks: [
      {
        kind: 'note',
        text: checksSummary({ checks }),
        mark: checks.some(({ result }) => result === 'fail') ? 'bad' : 'good',
      },
      {
        kind: 'table',
        caption: 'Checks of the release',
        columns: [
          { title: 'Check' },
          { title: 'Result' },
          { title: 'p50', figures: true },
          { title: 'p95', figures: true },
          { title: 'Seen' },
        ],
        rows: checks.map(({ name, result, detail, latency }) => [
          { text: name },
          resultCell(result),
          latencyCell(latency?.p50),
          latencyCell(latency?.p95),
          { text: detail },
        ]),
      },
      ...evidence.map((check): Block => ({ kind: 'lines', title: `What ${check.name} saw`, lines: check.evidence })),
      ...(criteria.length === 0 ? [] : [criteriaTable(criteria)]),
    ],
  }
}

const latencyCell = (value: number | undefined): Cell =>
  value === undefined ? { text: '-' } : { text: formatLatency(value), value }

const criteriaTable = (criteria: NonNullable<Story['view']['verification']>['criteria']): Block => ({
  kind: 'table',
  caption: `Success criteria: ${checksSummary({ checks: criteria })}`,
  columns: [{ title: 'Group' }, { title: 'Criterion' }, { title: 'Result' }, { title: 'Rests on' }],
  rows: criteria.map(({ group, name, result, detail }) => [
    { text: group },
    { text: name },
    resultCell(result),
    { text: detail },
  ]),
})

/** What was checked before anything was changed, and on the way. */
export function checksSection({ view: { checks, alarms } }: Story): Section | undefined {
  if (checks.length + alarms.size === 0) return undefined
  return {
    id: 'checks',
    title: 'Checks on the way',
    blocks: [
      {
        kind: 'table',
        caption: `${formatCount(checks.length, 'check')}: ${checksSummary({ checks })}`,
        folded: true,
        columns: [{ title: 'Check' }, { title: 'Result' }, { title: 'Seen' }],
        rows: checks.map(({ name, result, detail, remedy }) => [
          { text: name },
          resultCell(result),
          { text: `${detail}${remedy === undefined ? '' : `; mend: ${remedy}`}` },
        ]),
      },
      ...(alarms.size === 0
        ? []
        : [
            {
              kind: 'table',
              caption: 'Alarms, as they were seen last',
              columns: [{ title: 'Alarm' }, { title: 'State' }],
              rows: [...alarms].map(([name, state]) => [
                { text: name },
                { text: state, mark: alarmMarks.get(state) ?? 'skip' },
              ]),
            } as const,
          ]),
    ],
  }
}
