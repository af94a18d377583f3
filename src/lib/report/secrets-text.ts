import type { ListedSecret, SecretCheck, SecretSet } from '../domain/secret.js'
import { cleanLine } from '../terminal/clean.js'
import { isNarrow, sign, simulatedLines, type Page } from './page.js'

const day = 86_400_000
const hour = 3_600_000

const ageText = (age: number | null): string =>
  age === null ? 'no value' : age < 2 * day ? `${Math.floor(age / hour)}h old` : `${Math.floor(age / day)}d old`

const words = {
  created: 'created',
  updated: 'new version of',
  unchanged: 'unchanged',
} as const

/** What setting a secret came to, and what makes it count. */
export function secretSetText(set: SecretSet, page: Page, simulation: string | undefined): string {
  const { name, action, version, keys, lostKeys, usedBy } = set
  const lines = [
    ...simulatedLines(page, simulation),
    `${sign(page, action === 'unchanged' ? 'skip' : 'ok')} ${words[action]}  ${page.paint('strong', cleanLine(name))}, version ${version}`,
  ]
  if (keys !== null) lines.push(`  keys: ${keys.map(cleanLine).join(', ')}`)
  if (lostKeys.length > 0)
    lines.push(
      `${sign(page, 'warn')} warning  the value before had ${lostKeys.map(cleanLine).join(', ')}, this one has not`,
    )
  if (action !== 'unchanged' && usedBy.length > 0)
    lines.push(`  read at their start by ${usedBy.join(', ')}: rampart deploy --force starts them anew`)
  return lines.join('\n')
}

/** Every secret with its versions, its age and who takes something from it. */
export function secretsText(listed: readonly ListedSecret[], page: Page, simulation: string | undefined): string {
  const width = Math.max(6, ...listed.map(({ name }) => name.length))
  return [
    ...simulatedLines(page, simulation),
    ...(listed.length === 0
      ? [`${sign(page, 'skip')} none  no service names a secret, and none is called after the app`]
      : []),
    ...listed.flatMap((secret) => {
      const head = isNarrow(page) ? cleanLine(secret.name) : cleanLine(secret.name).padEnd(width)
      return [state(secret, page, head), ...details(secret)]
    }),
  ].join('\n')
}

function state({ arn, age, rotation, deletionAt }: ListedSecret, page: Page, name: string): string {
  if (arn === null) return `${sign(page, 'fail')} missing  ${name}`
  if (deletionAt !== null)
    return `${sign(page, 'fail')} to go    ${name}  deleted for good on ${deletionAt.slice(0, 10)}`
  const rotated =
    rotation === null ? 'not rotated' : rotation.days === null ? 'rotated' : `rotated every ${rotation.days} days`
  return `${sign(page, 'ok')} ok       ${name}  ${ageText(age)}, ${rotated}`
}

const details = ({ versions, usedBy }: ListedSecret): readonly string[] => [
  ...versions.map(
    ({ id, stages, createdAt }) => `    ${stages.join(', ')}  ${id}  ${createdAt.slice(0, 16).replace('T', ' ')}`,
  ),
  ...usedBy.map(
    ({ service, variable, key }) => `    ${service}: ${variable}${key === null ? '' : ` (key ${cleanLine(key)})`}`,
  ),
]

/** Every check of every secret, and what mends it. */
export function secretChecksText(checks: readonly SecretCheck[], page: Page, simulation: string | undefined): string {
  const failed = new Set(checks.filter(({ result }) => result === 'fail').map(({ secret }) => secret))
  return [
    ...simulatedLines(page, simulation),
    ...checks.flatMap(({ secret, check, result, detail, remedy }) => [
      `${sign(page, result)} ${result.toUpperCase().padEnd(4)}  ${cleanLine(secret)}  ${check}: ${cleanLine(detail)}`,
      ...(remedy === undefined ? [] : [`  ${page.glyphs.arrow} ${cleanLine(remedy)}`]),
    ]),
    checks.length === 0
      ? `${sign(page, 'skip')} SKIP  no service names a secret`
      : failed.size === 0
        ? `${sign(page, 'ok')} ok  every secret is there and usable`
        : `${sign(page, 'failed')} failed  ${[...failed].map(cleanLine).join(', ')}`,
  ].join('\n')
}
