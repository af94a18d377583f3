import { access, constants, mkdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { RampartError } from '../errors/rampart-error.js'
import type { Event } from '../events/event.js'
import type { Background } from '../report/run/background.js'
import { createRunReporter, type ReportForm, type RunReporter } from '../report/run/run-reporter.js'
import type { Mask } from '../terminal/mask.js'

/** What a command that can report gives: the files, and what is known beside the events when it is over. */
export interface Reporting {
  readonly files: readonly string[]
  /** Asked once, at the end; undefined where there is nothing beside the events. */
  readonly background?: () => Promise<Background>
}

/** Hears a run and writes its reports. */
export interface ReportFiles {
  event(event: Event): void
  /** Writes every report, whatever became of the run; gives a line about each, for a person. Never rejects. */
  write(): Promise<readonly string[]>
}

const forms: Readonly<Record<string, ReportForm>> = {
  '.html': 'html',
  '.htm': 'html',
  '.md': 'markdown',
  '.markdown': 'markdown',
}

/** How long the end of a run waits for what is known of earlier ones, in milliseconds of this machine. */
const patience = 10_000

interface Place {
  readonly named: string
  readonly form: ReportForm
  /** Where it is really written, past symbolic links. */
  readonly path: string
}

/** Makes sure that every report can be written, before anything is changed. Rejects with kind `usage` when one can not. */
export async function openReports(reporting: Reporting, mask: Mask): Promise<ReportFiles> {
  const places: Place[] = []
  for (const named of reporting.files) places.push(await placeOf(named))
  const reporter = createRunReporter(mask)
  return {
    event: (event) => reporter.event(event),
    async write() {
      const background = await backgroundOf(reporting)
      return Promise.all(places.map(async (place) => writeOne(place, reporter, background)))
    },
  }
}

async function placeOf(named: string): Promise<Place> {
  const form = forms[extname(named).toLowerCase()]
  if (form === undefined) {
    throw new RampartError('usage', `What --report ${named} should be is not known.`, {
      next: ['name a file that ends in .html, or in .md for a comment of a pull request'],
    })
  }
  try {
    await mkdir(dirname(named), { recursive: true })
    const found = await stat(named).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (found !== undefined && !found.isFile()) throw new Error(`${named} is no file`)
    const path = found === undefined ? named : await realpath(named)
    // It is replaced at the end, so that nobody reads half of one: its folder must take a file.
    await access(dirname(path), constants.W_OK | constants.X_OK)
    return { named, form, path }
  } catch (error) {
    throw new RampartError('usage', `The report can not be written: ${reasonOf(error)}`, {
      next: ['name a file that can be written with --report'],
    })
  }
}

async function writeOne({ named, form, path }: Place, reporter: RunReporter, background: Background): Promise<string> {
  const partly = join(dirname(path), `.${basename(path)}.${process.pid}.part`)
  try {
    await writeFile(partly, reporter.text(form, background))
    await rename(partly, path)
    return `Report: ${named}`
  } catch (error) {
    await rm(partly, { force: true }).catch(() => undefined)
    // How the run ended is the result; a full disk must not turn it into another one.
    return `warning: the report ${named} could not be written: ${reasonOf(error)}`
  }
}

/** What is known beside the run; what can not be had in time is left out, and that is said. */
async function backgroundOf({ background }: Reporting): Promise<Background> {
  if (background === undefined) return { earlier: 'not looked up for this report' }
  const late = Promise.withResolvers<Background>()
  const timer = setTimeout(() => late.resolve({ earlier: 'the ledger did not answer in time' }), patience)
  try {
    return await Promise.race([background(), late.promise])
  } catch (error) {
    return { earlier: `the ledger could not be read: ${reasonOf(error)}` }
  } finally {
    clearTimeout(timer)
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
