import type { FleetStatus } from '../domain/fleet-status.js'
import { isNarrow, sign, simulatedLines, type Page } from './page.js'

const healthSign = (health: string): 'ok' | 'fail' | 'waiting' =>
  health === 'healthy' || health === 'none' ? 'ok' : health === 'unhealthy' ? 'fail' : 'waiting'

function rolloutLines(page: Page, rollout: NonNullable<FleetStatus['rollout']>): readonly string[] {
  const when = rollout.active ? `since ${rollout.startedAt ?? 'unknown'}` : `ended ${rollout.endedAt ?? 'unknown'}`
  return [
    `Rollout    ${rollout.status}, ${rollout.percentage} %, ${when} (${rollout.id})`,
    ...(rollout.reason === undefined ? [] : [`           ${page.paint('dim', rollout.reason)}`]),
  ]
}

/** What one look at a fleet shows a person. */
export function statusText(status: FleetStatus, page: Page, simulation: string | undefined): string {
  const { revision, release, targets } = status
  const made = release === undefined ? 'not made by rampart' : `release ${release}`
  const ids = Math.max(0, ...targets.map((target) => target.id.length))
  return [
    ...simulatedLines(page, simulation),
    `Fleet      ${page.paint('strong', status.fleet)}, ${targets.length} of ${status.desired} targets`,
    `Serves     ${made}, version ${revision.number} of ${revision.name}`,
    ...status.images.map((image, index) => `${index === 0 ? 'Images     ' : '           '}${image}`),
    ...(status.rollout === undefined ? ['Rollout    none in the last six weeks'] : rolloutLines(page, status.rollout)),
    ...targets.map((target) => {
      const facts = [target.lifecycle, target.health, `version ${target.revision}`]
      const line = `${sign(page, healthSign(target.health))} ${target.id.padEnd(ids)}  ${facts.join(', ')}`
      return isNarrow(page) ? line : `${line}, ${target.zone}${target.reason === undefined ? '' : `: ${target.reason}`}`
    }),
  ].join('\n')
}
