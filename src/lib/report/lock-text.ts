import { cleanLine } from '../terminal/clean.js'
import { sign, simulatedLines, type Page } from './page.js'

/** Who holds an environment, as `lock status` prints it; a stable interface. Times in ISO 8601. */
export interface LockView {
  readonly app: string
  readonly environment: string
  readonly holder: LockClaim | null
  /** Who had it last, when nobody has it. */
  readonly last: (LockClaim & { readonly releasedAt: string | null }) | null
  readonly hold: { readonly reason: string; readonly by: string; readonly at: string } | null
  /** What was done by force, newest first. */
  readonly audit: readonly { readonly what: string; readonly by: string; readonly host: string; readonly at: string }[]
}

interface LockClaim {
  readonly by: string
  readonly host: string
  readonly command: string
  readonly doing: string
  readonly since: string
  readonly expiresAt: string
  readonly link: string | null
}

const claim = ({ by, host, command, doing, since, link }: LockClaim): readonly string[] => [
  `  by      ${cleanLine(by)} on ${cleanLine(host)}`,
  `  doing   ${command}: ${cleanLine(doing)}, since ${since}`,
  ...(link === null ? [] : [`  run     ${cleanLine(link)}`]),
]

/** The lock of an environment as people read it. */
export function lockText(view: LockView, page: Page, simulation: string | undefined): string {
  const { app, environment, holder, last, hold, audit } = view
  return [
    ...simulatedLines(page, simulation),
    ...(holder === null
      ? [`${sign(page, 'ok')} free: nobody changes ${app}, ${environment}`]
      : [
          `${sign(page, 'running')} held: ${app}, ${environment}`,
          ...claim(holder),
          `  free at ${holder.expiresAt} without a sign of life`,
        ]),
    ...(holder === null && last !== null
      ? [
          `Last holder, ${last.releasedAt === null ? 'not heard of any more' : `gave it back ${last.releasedAt}`}`,
          ...claim(last),
        ]
      : []),
    ...(hold === null
      ? []
      : [
          `${sign(page, 'warn')} deploys are held since ${hold.at} by ${cleanLine(hold.by)}: ${cleanLine(hold.reason)}`,
        ]),
    ...(audit.length === 0 ? [] : ['By force']),
    ...audit.map(({ what, by, host, at }) => `  ${at}  ${cleanLine(what)}; by ${cleanLine(by)} on ${cleanLine(host)}`),
  ].join('\n')
}
