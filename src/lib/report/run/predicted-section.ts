import { formatDuration } from '../../terminal/format.js'
import type { Background, Prediction } from './background.js'
import { timeCell, type Cell, type Section } from './document.js'
import { differenceWords } from './earlier-section.js'
import { phaseTime } from './phases-section.js'
import type { Story } from './story.js'

/** What was foretold beside what it came to; undefined where nothing was. */
export function predictedSection(story: Story, { predictions }: Background): Section | undefined {
  const { view, startedAt, endedAt } = story
  const estimate = view.plan?.estimate
  const foretold: readonly Prediction[] =
    predictions ?? (estimate === undefined ? [] : [{ what: 'rollout', predicted: estimate }])
  const actual = (what: Prediction['what']): number | undefined => {
    if (what === 'total') return view.ending?.duration ?? endedAt - startedAt
    const phase = view.phases.find((one) => one.phase === what)
    return phase?.state === 'done' || phase?.state === 'failed' ? phaseTime(phase, endedAt) : undefined
  }
  const rows = foretold.flatMap((one) => {
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

function rowOf({ what, predicted, low, high, why }: Prediction, came: number): readonly Cell[] {
  const range = low === undefined || high === undefined ? '' : ` (${formatDuration(low)} to ${formatDuration(high)})`
  return [
    { text: what },
    { text: `${formatDuration(predicted)}${range}`, value: predicted },
    timeCell(came),
    { text: differenceWords(came, predicted) },
    { text: why ?? '' },
  ]
}
