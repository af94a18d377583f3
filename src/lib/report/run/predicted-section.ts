import type { Phase } from '../../domain/phase.js'
import type { Span } from '../../domain/prediction.js'
import { formatDuration } from '../../terminal/format.js'
import type { View } from '../../view/view.js'
import { differenceWords as reasonWords } from '../../words/prediction.js'
import { timeCell, type Cell, type Section } from './document.js'
import { differenceWords } from './earlier-section.js'
import { phaseTime } from './phases-section.js'
import type { Story } from './story.js'

/** What was foretold of a stretch before it began. Milliseconds. */
interface Foretold {
  readonly what: Phase | 'total'
  readonly predicted: number
  readonly range?: Pick<Span, 'low' | 'high'>
  readonly why: string
}

/** The prediction of the run, or the estimate of its rollout where nothing else was foretold. */
function foretoldOf({ plan, predicted }: View): readonly Foretold[] {
  if (plan === undefined) return []
  const { prediction, estimate } = plan
  if (prediction === undefined) return estimate === undefined ? [] : [{ what: 'rollout', predicted: estimate, why: '' }]
  const reasons = (predicted?.reasons ?? []).map(reasonWords).join('; ')
  const row = (what: Foretold['what'], span: Span, why = ''): Foretold => ({
    what,
    predicted: span.value,
    range: span,
    why,
  })
  return [
    ...prediction.phases.map(({ phase, span }) => row(phase, span, predicted?.phase?.phase === phase ? reasons : '')),
    row('total', prediction.total, predicted?.phase === undefined ? reasons : ''),
  ]
}

/** What was foretold beside what it came to; undefined where nothing was. */
export function predictedSection({ view, startedAt, endedAt }: Story): Section | undefined {
  const actual = (what: Foretold['what']): number | undefined => {
    if (what === 'total') return view.predicted?.actual ?? view.ending?.duration ?? endedAt - startedAt
    const phase = view.phases.find((one) => one.phase === what)
    return phase?.state === 'done' || phase?.state === 'failed' ? phaseTime(phase, endedAt) : undefined
  }
  const rows = foretoldOf(view).flatMap((one) => {
    const came = actual(one.what)
    return came === undefined ? [] : [rowOf(one, came)]
  })
  if (rows.length === 0) return undefined
  return {
    id: 'predicted',
    title: 'Predicted and actual',
    brief: true,
    blocks: [
      {
        kind: 'table',
        caption: 'What was foretold before it began, and what it came to',
        columns: [
          { title: 'Stretch' },
          { title: 'Predicted', figures: true },
          { title: 'Actual', figures: true },
          { title: 'Difference', figures: true },
          { title: 'Why' },
        ],
        rows,
      },
    ],
  }
}

function rowOf({ what, predicted, range, why }: Foretold, came: number): readonly Cell[] {
  const between = range === undefined ? '' : ` (${formatDuration(range.low)} to ${formatDuration(range.high)})`
  return [
    { text: what },
    { text: `${formatDuration(predicted)}${between}`, value: predicted },
    timeCell(came),
    { text: differenceWords(came, predicted) },
    { text: why },
  ]
}
