import { span, type Row } from './row.js'
import type { Scene } from './scene.js'

const keys: readonly (readonly [key: string, what: string])[] = [
  ['q, Ctrl-C', 'detach: leave; the rollout goes on without us'],
  ['l', 'logs on the whole screen, and back'],
  ['/', 'show only lines with a text; Esc clears it'],
  ['f', 'follow the newest lines, or hold them'],
  ['arrows', 'one line up or down'],
  ['PgUp PgDn', 'one screen up or down; Home and End'],
  ['i', 'all targets on the whole screen, and back'],
  ['e', 'only errors: lines and targets'],
  ['R', 'roll back, after typing the release id'],
  ['Ctrl-Z', 'suspend; fg comes back'],
  ['Ctrl-L', 'draw the screen anew'],
  ['?', 'this help, and back'],
]

/** What every key does, and what the bar's parts are. */
export function helpRows({ glyphs, columns }: Scene): readonly Row[] {
  const width = columns >= 40 ? 11 : 10
  return [
    [span('Keys', 'strong')],
    ...keys.map(([key, what]): Row => [span(key.padEnd(width), 'active'), span(what)]),
    [],
    [
      span('Bar  ', 'strong'),
      span(`${glyphs.barFull} new`, 'good'),
      span('  '),
      span(`${glyphs.barPart} starting, warming`, 'active'),
      span('  '),
      span(`${glyphs.barEmpty} old`, 'dim'),
      span('  '),
      span(`${glyphs.bad} failing`, 'bad'),
    ],
  ]
}
