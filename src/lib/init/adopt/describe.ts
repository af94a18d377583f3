import type { Advice, Standing } from '../../domain/standing.js'
import type { Line } from '../describe.js'

/** What was read of what serves, in lines for a person. */
export function describeStanding({
  from,
  region,
  services,
  rollout,
  logGroup,
  serves,
  kept,
  open,
}: Standing): readonly Line[] {
  return [
    {
      sign: 'title',
      text: `${from} in ${region}: ${services.length} ${services.length === 1 ? 'service' : 'services'}`,
    },
    ...services.map(({ name, image, port, health }): Line => ({
      sign: 'ok',
      text: `${name}  ${image}${port === undefined ? '' : `, port ${port}`}${health === undefined ? '' : `, ${health.path} (${health.place})`}`,
    })),
    ...(rollout.alarms.length === 0 ? [] : [{ sign: 'ok', text: `alarms  ${rollout.alarms.join(', ')}` } as const]),
    ...(logGroup === undefined ? [] : [{ sign: 'ok', text: `logs  ${logGroup}` } as const]),
    ...(serves === undefined ? [] : [{ sign: 'ok', text: `serves  ${serves.url} (${serves.place})` } as const]),
    ...kept.map((text): Line => ({ sign: 'detail', text: `stays as it is: ${text}` })),
    ...open.flatMap(({ what, why }): readonly Line[] => [
      { sign: 'warn', text: `not read: ${what}` },
      { sign: 'detail', text: why },
    ]),
  ]
}

/** What to do by hand, numbered, with the exact lines and commands. */
export function adviceLines(advice: readonly Advice[]): readonly string[] {
  return advice.flatMap(({ what, why, lines, commands }, index) => [
    `${index + 1}. ${what}`,
    `   ${why}`,
    ...lines.flatMap(({ place, is, becomes }) => [
      `   ${place}:`,
      `     - ${is}`,
      ...(becomes === undefined || becomes === is ? [] : [`     + ${becomes}`]),
    ]),
    ...commands.map((command) => `   $ ${command}`),
  ])
}
