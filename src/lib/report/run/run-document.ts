import { formatElapsed } from '../../terminal/format.js'
import { endingWords } from '../../words/run.js'
import { outcomeSign } from '../result-text.js'
import { imagesSection, summarySection } from './about.js'
import type { Background } from './background.js'
import { checksSection, proofSection, verificationSection } from './checks-sections.js'
import { momentText, type Cell, type RunDocument } from './document.js'
import { earlierSection } from './earlier-section.js'
import { fleetSection, startsSection } from './fleet-section.js'
import { phasesSection } from './phases-section.js'
import { predictedSection } from './predicted-section.js'
import type { Story } from './story.js'
import { troubleSection, warningsSection } from './trouble.js'

/** The report of a run, from what happened and what is known beside it. Total: any story gives one. */
export function runDocument(story: Story, background: Background): RunDocument {
  const { view, startedAt, endedAt } = story
  const { run, ending } = view
  const sections = [
    summarySection(story, background),
    troubleSection(story),
    warningsSection(story),
    phasesSection(story),
    fleetSection(story),
    startsSection(story),
    proofSection(story),
    verificationSection(story),
    predictedSection(story),
    earlierSection(story, background),
    imagesSection(story),
    checksSection(story),
  ]
  return {
    title: run === undefined ? 'A run of rampart' : `rampart ${run.command}: ${run.app}, ${run.environment}`,
    simulation: run?.simulated === true ? (run.simulation ?? 'rehearsal cloud') : undefined,
    verdict: verdictOf(story),
    message: ending?.message ?? 'The run was not seen to its end.',
    sections: sections.filter((section) => section !== undefined),
    closing: `Written by rampart from the events of the run: ${momentText(startedAt)} to ${momentText(endedAt)}, ${formatElapsed(endedAt - startedAt)}.`,
  }
}

function verdictOf({ view }: Story): Cell {
  const { ending } = view
  if (ending === undefined) return { text: 'not finished', mark: 'warn' }
  const sign = outcomeSign(view, ending)
  return { text: endingWords(ending), mark: sign === 'done' ? 'good' : sign === 'warn' ? 'warn' : 'bad' }
}
