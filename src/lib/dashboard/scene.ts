import type { Role } from '../terminal/colour.js'
import type { Glyphs } from '../terminal/glyphs.js'
import { stagedTargets, type Stage, type StagedTarget } from '../view/stages.js'
import { isGoingBack } from '../view/standing.js'
import type { View } from '../view/view.js'
import type { LogEntry, LogRing } from './log-ring.js'
import { span, type Row, type Span } from './row.js'
import type { Ui } from './ui.js'

/** All that a screen is drawn from. */
export interface Scene {
  readonly view: View
  readonly ui: Ui
  /** Those that the person wants to see, oldest first. */
  readonly logs: readonly LogEntry[]
  /** Lines that ever came. */
  readonly logTotal: number
  /** What fails or moves first; with errors only, those that fail. */
  readonly targets: readonly StagedTarget[]
  /** All of them, whatever is wanted. */
  readonly fleet: readonly StagedTarget[]
  readonly columns: number
  readonly rows: number
  /** The run's clock, in milliseconds since 1970. */
  readonly now: number
  readonly glyphs: Glyphs
  /** Whether the terminal gives us keys. */
  readonly keys: boolean
  /** Whether a rollback can be asked for. */
  readonly canRollBack: boolean
}

/** The parts of a scene that do not follow from view, state and lines. */
export type Surroundings = Pick<Scene, 'columns' | 'rows' | 'now' | 'glyphs' | 'keys'> & {
  /** Whether somebody takes the wish to roll back. */
  readonly rollBack: boolean
}

/** Puts a scene together. */
export function makeScene(view: View, ui: Ui, ring: LogRing, around: Surroundings): Scene {
  const { rollBack, ...rest } = around
  const fleet = stagedTargets(view, around.now)
  return {
    ...rest,
    view,
    ui,
    logs: ring.wanted(ui),
    logTotal: ring.total(),
    fleet,
    targets: fleet.filter((one) => isWanted(ui, one)),
    canRollBack: rollBack && rollbackId(view) !== undefined,
  }
}

function isWanted({ filter, errorsOnly, page }: Ui, { seen: { target }, stage }: StagedTarget): boolean {
  if (errorsOnly && stage !== 'failing') return false
  return page !== 'targets' || filter === '' || target.id.includes(filter) || target.zone.includes(filter)
}

/** The id that a person types to roll back: that of the release that the fleet came from, while a rollout goes on. */
export function rollbackId(view: View): string | undefined {
  const { rollout, facts } = view
  if (rollout === undefined || rollout.outcome !== undefined || facts?.from === undefined) return undefined
  if (isGoingBack(rollout)) return undefined
  return facts.from.release ?? facts.from.revision.number
}

/** How much room there is beside each other. */
export type Layout = 'wide' | 'medium' | 'narrow' | 'tiny'

/** The layout for a number of columns. */
export function layoutOf(columns: number): Layout {
  if (columns >= 96) return 'wide'
  if (columns >= 60) return 'medium'
  return columns >= 40 ? 'narrow' : 'tiny'
}

const stageSigns = {
  failing: { role: 'bad', glyph: 'bad' },
  starting: { role: 'active', glyph: 'active' },
  warming: { role: 'active', glyph: 'active' },
  leaving: { role: 'dim', glyph: 'skip' },
  new: { role: 'good', glyph: 'good' },
  old: { role: 'dim', glyph: 'waiting' },
} as const satisfies Record<Stage, { role: Role; glyph: keyof Glyphs }>

/** True while nothing moves and nothing has moved: then no target is an old one. */
export function isAtRest({ rollout, plan }: View): boolean {
  return rollout === undefined && plan === undefined
}

/** The word of a stage. */
export function stageWord(stage: Stage, atRest: boolean): string {
  return atRest && (stage === 'old' || stage === 'new') ? 'serving' : stage
}

/** The role in which a stage is shown. */
export function stageRole(stage: Stage, atRest: boolean): Role {
  return atRest && stage === 'old' ? 'good' : stageSigns[stage].role
}

/** The sign of a stage; the word stands elsewhere in its row. */
export function stageSign(stage: Stage, atRest: boolean, glyphs: Glyphs): Span {
  const { glyph } = stageSigns[atRest && stage === 'old' ? 'new' : stage]
  return span(glyphs[glyph], stageRole(stage, atRest))
}

/** A sign, a space and words, all in one role. */
export function signed(glyphs: Glyphs, glyph: Exclude<keyof Glyphs, 'spinner'>, role: Role, text: string): Row {
  return [span(glyphs[glyph], role), span(` ${text}`, role === 'dim' ? 'dim' : undefined)]
}
