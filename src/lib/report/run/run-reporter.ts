import type { Event } from '../../events/event.js'
import { stripControl } from '../../terminal/clean.js'
import type { Mask } from '../../terminal/mask.js'
import { cleanEvent } from '../clean-event.js'
import { cleanBackground, noBackground, type Background } from './background.js'
import { htmlPage } from './html-page.js'
import { markdownPage } from './markdown-page.js'
import { runDocument } from './run-document.js'
import { createListener } from './story.js'

/** The forms that a report has: one self-contained page, or a comment of a pull request. */
export type ReportForm = 'html' | 'markdown'

/** Hears a run and tells of it afterwards. What is secret never reaches what it tells. */
export interface RunReporter {
  event(event: Event): void
  /** The whole report, as it stands now. */
  text(form: ReportForm, background?: Background): string
}

/** A reporter that has heard nothing yet. */
export function createRunReporter(mask: Mask): RunReporter {
  const listener = createListener()
  return {
    event: (event) => listener.event(cleanEvent(event, (text) => mask(stripControl(text)))),
    text(form, background = noBackground) {
      const report = runDocument(listener.story(), cleanBackground(background, mask))
      return form === 'html' ? htmlPage(report) : markdownPage(report)
    },
  }
}
