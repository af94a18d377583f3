import type { NoticeName } from '../domain/hook.js'
import type { RunFacts } from '../domain/run-facts.js'

// https://docs.slack.dev/reference/block-kit/blocks/section-block: 3000 characters of text, 10 fields of 2000 each.
const most = { text: 2900, field: 300, problems: 5 } as const

const headlines: Readonly<Record<NoticeName, string>> = {
  started: 'rollout started',
  succeeded: 'deployed',
  failed: 'failed',
  'rolled-back': 'went back',
}

/** A message for Slack's incoming webhooks, and for all that take the same: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
export function slackMessage(notice: NoticeName, facts: RunFacts): object {
  const { app, environment, command, end } = facts
  const simulated = facts.simulated ? 'SIMULATED: ' : ''
  const headline = `${simulated}${app}, ${environment}: ${notice === 'failed' ? `${command} failed` : headlines[notice]}`
  const problems = (end?.problems ?? []).slice(0, most.problems).map((problem) => `• ${problem}`)
  const body = [end?.message ?? startedWords(facts), ...problems, ...(end?.next ?? []).map((step) => `→ ${step}`)]
  const context = [facts.actor, facts.link].filter((part) => part !== undefined)
  return {
    // What notifications and screen readers take, and services that know no blocks.
    text: escaped(`${headline}. ${body[0] ?? ''}`, most.text),
    blocks: [
      section(`*${escaped(headline, most.field)}*\n${escaped(body.join('\n'), most.text - most.field)}`),
      {
        type: 'section',
        fields: fieldsOf(facts).map(([name, value]) => markdown(`*${name}*\n${escaped(value, most.field)}`)),
      },
      ...(context.length === 0
        ? []
        : [{ type: 'context', elements: [markdown(escaped(context.join(' · '), most.text))] }]),
    ],
  }
}

const markdown = (text: string) => ({ type: 'mrkdwn', text })
const section = (text: string) => ({ type: 'section', text: markdown(text) })

const startedWords = ({ release, rollout }: RunFacts): string =>
  `${release?.id ?? 'A release'} is being rolled out${rollout === undefined ? '' : ` as ${rollout}`}.`

function checksWords({ checks }: NonNullable<RunFacts['verification']>): string {
  const made = checks.filter(({ result }) => result !== 'skip')
  const failed = checks.filter(({ result }) => result === 'fail')
  const names = failed.length === 0 ? '' : `: ${failed.map(({ name }) => name).join(', ')}`
  return `${failed.length === 0 ? 'none' : failed.length} of ${made.length} failed${names}`
}

function fieldsOf({ release, revision, source, proof, verification, end }: RunFacts): (readonly [string, string])[] {
  const commit = source && `${source.commit.slice(0, 12)} ${source.subject}${source.dirty ? ' (and changes)' : ''}`
  const all: (readonly [string, string | undefined])[] = [
    ['Release', release && `${release.id}${revision === undefined ? '' : `, revision ${revision.number}`}`],
    ['Version', source?.version],
    ['Commit', commit],
    ['Targets', proof && `${proof.proved} of ${proof.total} proved`],
    ['Checks', verification && checksWords(verification)],
    ['Outcome', end && `${end.outcome}, exit code ${end.exitCode}`],
    ['Time', end && `${Math.round(end.duration / 1000)}s`],
  ]
  const known = all.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, value] as const]))
  // A section must have something in it.
  return known.length === 0 ? [['Release', 'none yet']] : known
}

/**
 * Text in which Slack finds no mention, link or channel: a commit's subject must not call everybody.
 * https://docs.slack.dev/messaging/formatting-message-text#escaping. Cut so that no escape is cut in two.
 */
function escaped(text: string, longest: number): string {
  const codes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }
  let result = ''
  for (const character of text) {
    const next = codes[character] ?? character
    if (result.length + next.length > longest) return `${result.slice(0, -1)}…`
    result += next
  }
  return result
}
