import { standingOf } from '../../view/standing.js'
import type { View } from '../../view/view.js'
import type { Block, Section } from './document.js'
import type { Story } from './story.js'

/** How many targets' last lines are shown. */
const mostTargets = 4

/** Why the run did not end well, what shows it, and what to do; undefined when there is nothing to tell. */
export function troubleSection(story: Story): Section | undefined {
  const { view } = story
  const { ending, cause, detached } = view
  const failed = ending === undefined || ending.exitCode !== 0
  const problems = failed ? problemsOf(view) : []
  const next = [...new Set([...(failed ? (cause?.next ?? []) : []), ...(ending?.next ?? [])])]
  const blocks: readonly Block[] = [
    ...(failed && cause !== undefined
      ? [{ kind: 'note', mark: 'bad', text: `Cause: ${cause.summary} (${cause.code})` } as const]
      : []),
    ...(failed && cause !== undefined ? lines('What shows it', cause.evidence) : []),
    ...(problems.length === 0 ? [] : [list('What was found wrong', problems)]),
    ...(failed ? logBlocks(story) : []),
    ...(detached === undefined
      ? []
      : [
          {
            kind: 'note',
            mark: 'warn',
            text: `Goes on without us: ${detached.goesOn}. Come back with: ${detached.comeBack}`,
          } as const,
        ]),
    ...(next.length === 0 ? [] : [list('Next', next)]),
  ]
  if (blocks.length === 0) return undefined
  return { id: 'why', title: failed ? 'Why' : 'What next', brief: true, blocks }
}

const list = (title: string, items: readonly string[]): Block => ({
  kind: 'list',
  title,
  items: items.map((text) => ({ text })),
})

const lines = (title: string, all: readonly string[]): readonly Block[] =>
  all.length === 0 ? [] : [{ kind: 'lines', title, lines: all }]

function problemsOf(view: View): readonly string[] {
  const said = view.ending?.problems ?? []
  if (said.length > 0) return said
  return [
    ...view.checks
      .filter(({ result }) => result === 'fail')
      .map(({ name, detail, remedy }) => `${name}: ${detail}${remedy === undefined ? '' : `; mend: ${remedy}`}`),
    ...(view.proof?.targets ?? []).filter(({ proved }) => !proved).map(({ target, detail }) => `${target}: ${detail}`),
  ]
}

/** The last lines of the targets that stand badly now, or that never became healthy; else those that spoke of errors. */
function logBlocks({ view, starts, trouble }: Story): readonly Block[] {
  const ill = [...view.targets.values()].filter((seen) => standingOf(seen) === 'failing').map(({ target }) => target.id)
  const never = starts.filter(({ healthyAt }) => healthyAt === undefined).map(({ id }) => id)
  const shown = [...new Set([...ill, ...never])]
    .filter((id) => (view.logs.get(id)?.length ?? 0) > 0)
    .slice(0, mostTargets)
  if (shown.length > 0) {
    return shown.flatMap((id) =>
      lines(
        `Last lines of ${id}`,
        (view.logs.get(id) ?? []).map(({ time, text }) => `${time}  ${text}`),
      ),
    )
  }
  return lines(
    'Log lines that speak of errors',
    trouble.map(({ target, time, text }) => `${time}  ${target}  ${text}`),
  )
}

/** What rampart warned of. */
export function warningsSection({ view }: Story): Section | undefined {
  if (view.warnings.length === 0) return undefined
  const items = view.warnings.map(({ message, next }) => [message, ...next].join('; '))
  return {
    id: 'warnings',
    title: 'Warnings',
    brief: true,
    blocks: [{ kind: 'list', title: 'What rampart warned of', items: items.map((text) => ({ text, mark: 'warn' })) }],
  }
}
