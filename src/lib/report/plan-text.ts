import { formatBytes } from '../domain/format-bytes.js'
import { assumptions, type AssumptionName } from '../plan/assumptions.js'
import type { DeployPlan, PlannedImage, PlannedRisk } from '../plan/deploy-plan.js'
import type { Span } from '../plan/figure.js'
import { cleanLine } from '../terminal/clean.js'
import { formatCount, formatDuration } from '../terminal/format.js'
import { shortDigest } from '../words/run.js'
import { figureText } from './figure-text.js'
import { isNarrow, sign, simulatedLines, type Page } from './page.js'
import { changesLines } from './releases-text.js'

/** What `plan` has to show. */
export interface PlanReport {
  readonly plan: DeployPlan
  /** The command that does it. */
  readonly next: string
  readonly simulation: string | undefined
}

/** What a deploy would change, as people read it. */
export function planText({ plan, next, simulation }: PlanReport, page: Page): string {
  const { app, environment, changes } = plan
  const title = page.paint('strong', `${app}, ${environment}`)
  return [
    ...simulatedLines(page, simulation),
    changes
      ? `${title}: what a deploy would change`
      : `${title}: ${sign(page, 'done')} nothing to do, ${plan.release} serves on every target already`,
    ...imageLines(plan, page),
    ...(changes ? [...configurationLines(plan, page), ...targetLines(plan, page), ...timeLines(plan, page)] : []),
    ...riskLines(plan.risks, page),
    ...orphanLines(plan, page),
    ...(changes ? figureLines(plan, page) : []),
    ...plan.gaps.map((gap) => `${sign(page, 'warn')} not read, ${cleanLine(gap)}`),
    '',
    changes
      ? `Nothing was changed. ${sign(page, 'arrow')} ${next}`
      : `Nothing was changed. ${sign(page, 'arrow')} ${next} --force would replace the targets all the same`,
  ].join('\n')
}

const head = (text: string, page: Page): readonly string[] => ['', page.paint('strong', text)]

function imageLines({ images, release, from }: DeployPlan, page: Page): readonly string[] {
  return [
    ...head('Images', page),
    ...images.flatMap((image) => [
      `  ${cleanLine(image.service)}: ${digestWords(image)}`,
      `    ${deliveryWords(image)}; a new target pulls ${formatBytes(image.pullBytes)}`,
    ]),
    `  ${page.paint('dim', `release ${release}${from.release === null ? '' : `, after ${from.release}`}`)}`,
  ]
}

function digestWords({ digest, from, changes }: PlannedImage): string {
  if (!changes) return `the same, ${shortDigest(digest)}`
  return from === null
    ? `${shortDigest(digest)}, where no digest serves`
    : `${shortDigest(from)} to ${shortDigest(digest)}`
}

function deliveryWords({ layers, pushBytes }: PlannedImage): string {
  const pushed = layers.filter(({ delivery }) => delivery === 'push').length
  const mounted = layers.filter(({ delivery }) => delivery === 'mount').length
  const rest = mounted === 0 ? '' : `, ${mounted} to take from the base's repository`
  const sent = pushed === 0 ? 'nothing to push' : `${formatBytes(pushBytes)} to push`
  return `${formatCount(layers.length, 'layer')}, ${pushed} of them new${rest}: ${sent}`
}

function configurationLines({ kind, from, revision, configuration }: DeployPlan, page: Page): readonly string[] {
  const what = kind === 'asg' ? 'Launch template' : 'Task definitions'
  const { name, number } = from.revision
  const fresh = kind === 'asg' ? 'a new version of it' : 'new revisions of what changes'
  const made = revision === null ? fresh : `${revision.number}, made before`
  const title = head(`${what} ${kind === 'asg' ? `${name} version ${number}` : number}, then ${made}`, page)
  if (configuration === null) return [...title, `  ${sign(page, 'warn')} not compared: what serves now is gone`]
  return [...title, ...changesLines(configuration, page)]
}

function targetLines({ fleet, targets, forecast, surge }: DeployPlan, page: Page): readonly string[] {
  const lines = [`  ${targets.replaced} of ${targets.desired} on ${fleet} are replaced`]
  if (forecast === null) return [...head('Targets', page), ...lines]
  const { desired, fewest, most } = forecast.capacity
  const dip =
    fewest >= desired
      ? `never fewer than ${desired} serve`
      : `at times ${fewest} of ${desired} serve, ${Math.round((100 * (desired - fewest)) / desired)} % fewer`
  return [
    ...head('Targets', page),
    ...lines,
    `  ${dip}; up to ${most} at a time`,
    ...(surge?.limits ?? []).map(({ name, fits, detail }) => {
      const [mark, word] =
        fits === null ? (['skip', 'SKIP'] as const) : fits ? (['ok', 'OK'] as const) : (['warn', 'WARN'] as const)
      return `  ${sign(page, mark)} ${word} ${name}: ${cleanLine(detail)}`
    }),
    surge?.cost === null || surge === null
      ? `  ${page.paint('dim', `what they cost is not known: no price ${whatLacks(surge?.unpriced)}`)}`
      : `  beside the others they cost $${surge.cost.toFixed(2)}`,
  ]
}

const whatLacks = (unpriced: readonly string[] = []): string =>
  unpriced.length === 0
    ? 'of this region, or of what they are'
    : `of ${unpriced.join(', ')}; rampart prices refresh asks AWS for them`

function timeLines({ forecast }: DeployPlan, page: Page): readonly string[] {
  if (forecast === null) return []
  return [
    ...head(`Time: ${spanWords(forecast.total)}`, page),
    ...forecast.phases.map(({ phase, span }) => `  ${phase.padEnd(9)}  ${spanWords(span)}`),
  ]
}

function spanWords({ low, value, high, basis }: Span): string {
  const [about, least, most] = [value, low, high].map(formatDuration)
  return least === most ? `${about}, ${basis}` : `about ${about}, ${least} to ${most}, ${basis}`
}

function riskLines(risks: readonly PlannedRisk[], page: Page): readonly string[] {
  if (risks.length === 0) return ['', `${sign(page, 'ok')} OK: no check has found a risk`]
  const stops = risks.some(({ result }) => result === 'fail')
  return [
    ...head(stops ? 'Risks: a deploy would stop at a FAIL, before anything is changed' : 'Risks', page),
    ...risks.flatMap(({ name, result, detail, remedy }) => [
      `  ${sign(page, result)} ${result.toUpperCase()} ${name}: ${cleanLine(detail)}`,
      ...(remedy === null ? [] : [`    ${sign(page, 'arrow')} mend: ${cleanLine(remedy)}`]),
    ]),
  ]
}

function orphanLines({ orphans }: DeployPlan, page: Page): readonly string[] {
  if (orphans === null || orphans.images === 0) return []
  const { images, bytes, monthly } = orphans
  const cost = monthly === null ? '' : `, $${monthly.toFixed(2)} a month`
  return [
    '',
    `${sign(page, 'warn')} ${formatCount(images, 'image')} without a tag that no release needs: ${formatBytes(bytes)}${cost}`,
    `  ${sign(page, 'arrow')} rampart plan --reclaim`,
  ]
}

function figureLines({ figures }: DeployPlan, page: Page): readonly string[] {
  const rows = Object.entries(figures).map(([name, figure]) => ({ name: name as AssumptionName, figure }))
  const assumed = rows.filter(({ figure }) => figure.basis === 'assumed')
  if (assumed.length === 0) return []
  const width = Math.max(...assumed.map(({ name }) => name.length))
  return [
    ...head('Assumed', page).slice(0, 1),
    `${page.paint('strong', 'Assumed')}${page.paint('dim', '  give your own with --assume NAME=VALUE')}`,
    ...assumed.map(({ name, figure }) => {
      const value = figureText(name, figure)
      const why = `${assumptions[name].what} (${figure.from})`
      return isNarrow(page)
        ? `  ${name} ${value}`
        : `  ${name.padEnd(width)}  ${value.padStart(10)}  ${page.paint('dim', why)}`
    }),
  ]
}
