import * as fc from 'fast-check'
import { marked, type Tokens } from 'marked'
import { parse, type DefaultTreeAdapterTypes } from 'parse5'
import { describe, expect, test } from 'vitest'
import type { Event } from '../../../src/lib/events/event.js'
import { commentLimit } from '../../../src/lib/report/run/markdown-page.js'
import { createMask } from '../../../src/lib/terminal/mask.js'
import { anyEvent } from '../../events/arbitrary.js'
import { recorded, recordings, secret } from '../play.js'
import { background, foretold, record, tell } from './tell.js'

type Node = DefaultTreeAdapterTypes.Node
type Element = DefaultTreeAdapterTypes.Element

function elements(node: Node): readonly Element[] {
  const below = 'childNodes' in node ? node.childNodes.flatMap(elements) : []
  return 'tagName' in node ? [node, ...below] : below
}

const attribute = (element: Element, name: string): string | undefined =>
  element.attrs.find((one) => one.name === name)?.value

function textIn(node: Node): string {
  if ('value' in node) return node.value
  return 'childNodes' in node ? node.childNodes.map(textIn).join('') : ''
}

const all = (page: string, tag: string): readonly Element[] =>
  elements(parse(page)).filter(({ tagName }) => tagName === tag)

/** The rows of the table with that caption, as text and exact figures. */
function rowsOf(page: string, caption: RegExp): readonly (readonly { text: string; value: string | undefined }[])[] {
  const table = all(page, 'table').find((one) =>
    elements(one).some((e) => e.tagName === 'caption' && caption.test(textIn(e))),
  )
  if (table === undefined) throw new Error(`no table ${String(caption)}`)
  return elements(table)
    .filter((one) => one.tagName === 'tr')
    .slice(1)
    .map((row) =>
      elements(row)
        .filter(({ tagName }) => tagName === 'td' || tagName === 'th')
        .map((cell) => {
          const exact = elements(cell).find(({ tagName }) => tagName === 'data')
          return { text: textIn(cell), value: exact && attribute(exact, 'value') }
        }),
    )
}

describe.each(recordings)('the report of the recorded run %s', (name) => {
  test('for a pull request', async () => {
    await expect(tell('markdown', foretold(recorded(name)), background)).toMatchFileSnapshot(
      `../../golden/report/${name}.report.md`,
    )
  })

  test('as a page has the figures of the recording', () => {
    const events = recorded(name)
    const page = tell('html', events, background)
    const phases = rowsOf(page, /^Phases of the run/)
    for (const event of events) {
      if (event.type !== 'phase.finished') continue
      const row = phases.find(([first]) => first?.text === event.phase)
      expect(row?.[1]?.text).toContain(event.outcome)
      expect(row?.[2]?.value).toBe(String(event.duration))
    }
    const end = events.at(-1)
    if (end?.type !== 'run.finished') throw new Error('it has no end')
    expect(phases.at(-1)?.[2]?.value).toBe(String(end.duration))
    expect(page).toContain(end.message)
    expect(textIn(parse(page))).toMatch(new RegExp(`Exit code${end.exitCode} `))
  })

  test('has headings in order, a name for every chart, a caption for every table', () => {
    const page = tell('html', recorded(name), background)
    const levels = elements(parse(page)).flatMap(({ tagName }) => (/^h\d$/.test(tagName) ? [Number(tagName[1])] : []))
    expect(levels[0]).toBe(1)
    expect(levels.filter((level) => level === 1)).toHaveLength(1)
    for (const [index, level] of levels.entries()) expect(level - (levels[index - 1] ?? 0)).toBeLessThanOrEqual(1)
    const ids = elements(parse(page)).flatMap((one) => attribute(one, 'id') ?? [])
    expect(new Set(ids).size).toBe(ids.length)
    const charts = all(page, 'svg')
    expect(charts.length).toBeGreaterThanOrEqual(2)
    for (const chart of charts) {
      for (const id of (attribute(chart, 'aria-labelledby') ?? '').split(' ')) expect(ids).toContain(id)
    }
    for (const table of all(page, 'table')) {
      expect(elements(table).filter(({ tagName }) => tagName === 'caption')).toHaveLength(1)
    }
    for (const tag of ['header', 'main', 'footer', 'nav']) expect(all(page, tag)).toHaveLength(1)
  })
})

const target = (index: number, health: 'healthy' | 'unhealthy', second: number): Event => ({
  v: 1,
  seq: 1,
  at: new Date(Date.UTC(2026, 10, 20, 9, 0, second)).toISOString(),
  type: 'target.changed',
  target: { id: `i-${index}`, zone: 'a', lifecycle: 'InService', health, revision: '7', isNew: false },
})

describe('the page', () => {
  test('says first that a simulated run is simulated, and nothing of it when it is not', () => {
    const events = recorded('healthy')
    const real = events.map((event) => (event.type === 'run.started' ? { ...event, simulated: false } : event))
    for (const form of ['html', 'markdown'] as const) {
      expect(tell(form, events)).toContain('SIMULATED')
      expect(tell(form, real)).not.toContain('SIMULATED')
    }
  })

  test('compares with the median of those of its kind that ended well, and lists the others', () => {
    const page = tell('html', recorded('healthy'), background)
    const [, rollout] = rowsOf(page, /^Phase by phase; usual is the median of 2 that ended well/).filter(([first]) =>
      ['preflight', 'rollout'].includes(first?.text ?? ''),
    )
    // 286.9 s against 200 s before and 240 s before that.
    expect(rollout?.map(({ value }) => value)).toEqual([undefined, '286900', '200000', '220000', undefined])
    expect(rollout?.[4]?.text).toBe('1m 07s longer')
    const listed = rowsOf(page, /^Releases before this one/)
    expect(listed.map(([first]) => first?.text)).toEqual(['#3 r-3', '#2 r-2', '#1 r-1'])
    expect(listed[0]?.[2]?.text).toContain('rolled back')
  })

  test('of a watched rollout compares its own record with those before', () => {
    const watched = recorded('healthy').map((event): Event =>
      event.type === 'run.started' ? { ...event, command: 'monitor' } : event,
    )
    const id = watched.find((event) => event.type === 'rollout.started')?.id ?? ''
    const { phases: _, ...unfinished } = { ...record(4, 'done', 0), rollout: id }
    const others = [
      { ...record(5, 'done', 1), rollout: 'another' },
      record(2, 'done', 200_000),
      record(1, 'done', 240_000),
    ]
    const page = tell('html', watched, { earlier: [{ ...record(4, 'done', 250_000), rollout: id }, ...others] })
    // The watcher's own 286.9 s say only for how long somebody looked.
    const rows = rowsOf(page, /^Phase by phase; usual is the median of 2 that ended well/)
    expect(rows.map((row) => row.map(({ value }) => value))).toEqual([
      [undefined, '2000', '2000', '2000', undefined],
      [undefined, '250000', '200000', '220000', undefined],
      [undefined, '252000', '202000', '222000', undefined],
    ])
    expect(rowsOf(page, /^Releases before this one/).map(([first]) => first?.text)).toEqual(['#2 r-2', '#1 r-1'])
    const early = tell('html', watched, { earlier: [unfinished, ...others] })
    expect(early).toContain('what was watched has no times on record yet')
    expect(tell('html', watched, { earlier: 'the ledger did not answer in time' })).toContain(
      'Not compared: the ledger',
    )
    expect(tell('html', watched)).not.toContain('Earlier releases')
  })

  test('sets what was predicted beside what came', () => {
    const [rollout, total] = rowsOf(tell('html', foretold(recorded('healthy')), background), /^What was foretold/)
    expect(rollout?.map(({ text }) => text)).toEqual([
      'rollout',
      '4m 10s (3m 50s to 4m 30s)',
      '4m 47s',
      '37s longer',
      'its models were loaded in 57s against 20s',
    ])
    expect(total?.[2]?.value).toBe('306000')
  })

  test('steps of the fleet are those of the recording', () => {
    const rows = rowsOf(tell('html', recorded('healthy')), /^Targets, step by step/)
    const counts = rows.map((row) => row.map(({ value }) => Number(value)))
    // After, old, new, starting, failing, leaving.
    expect(counts[0]).toEqual([19_000, 4, 0, 0, 0, 0])
    expect(counts).toContainEqual([25_000, 4, 0, 4, 0, 0])
    expect(counts).toContainEqual([90_000, 4, 4, 0, 0, 0])
    expect(counts).toContainEqual([270_000, 0, 4, 0, 0, 4])
    expect(counts.at(-1)).toEqual([300_000, 0, 4, 0, 0, 0])
  })

  test('of a run that was cut off says so, with the time until then', () => {
    const cut = recorded('healthy').slice(0, 45)
    const page = tell('html', cut)
    expect(textIn(parse(page))).toContain('The run was not seen to its end.')
    const rollout = rowsOf(page, /^Phases of the run/).find(([first]) => first?.text === 'rollout')
    expect(rollout?.[1]?.text).toContain('not finished')
    expect(rollout?.[2]?.value).toBe(String(Date.parse(cut.at(-1)?.at ?? '') - Date.parse('2026-11-20T09:00:18.100Z')))
  })

  test('of a fleet of a thousand stays small, and keeps the step with the fewest serving', () => {
    const up = Array.from({ length: 1000 }, (_, index) => target(index, 'healthy', index))
    const dip = [...up.keys()].map((index) => target(index, 'unhealthy', 1000 + index))
    const page = tell('html', [
      ...up,
      ...dip.slice(0, 400),
      ...up.slice(0, 400).map((_, i) => target(i, 'healthy', 1400 + i)),
    ])
    expect(page.length).toBeLessThan(400_000)
    expect(rowsOf(page, /^Targets, step by step/).some(([, old]) => old?.value === '600')).toBe(true)
  })
})

test('secrets are in no report, wherever they stand', () => {
  const mask = createMask([secret])
  const events = recorded('bad-image').map((event): Event => {
    switch (event.type) {
      case 'phase.finished':
        return { ...event, detail: `with ${secret}` }
      case 'run.finished':
        return { ...event, message: secret, problems: [secret], next: [secret] }
      case 'target.changed':
        return { ...event, note: secret, target: { ...event.target, reason: secret, zone: secret } }
      case 'run.started':
        return { ...event, app: secret, simulation: secret }
      default:
        return event
    }
  })
  const beside = {
    ...background,
    who: { by: secret, host: secret, link: `https://x/${secret}` },
    own: { ...record(4, secret, 1), by: secret },
  }
  for (const form of ['html', 'markdown'] as const) {
    const text = tell(form, events, beside, mask)
    expect(text).not.toContain(secret)
    expect(text).toContain('*')
  }
})

const hostile = fc.constantFrom(
  '<x-in onload=a()>',
  '</pre></td></table></svg></title></style><x-in>',
  '"><x-in a="',
  "' onmouseover='a()",
  '<!--',
  ']]><x-in/>',
  '&lt;x-in&gt;',
  '<script>a()</script>',
  '![a](https://evil.example/a.png)',
  '[a](javascript:a)',
  '<https://evil.example>',
  'https://evil.example www.evil.example a@evil.example',
  '| a | b |',
  'a\n\n# b\n\n* c\n\n```\nd\n~~~\n> e',
  '`` ` ``` `',
  '\\| \\` \\[ \\',
  '**a** _b_ ~~c~~ <b>d</b> @octocat #17 GH-17',
  '1. a',
  '- [ ] a',
  '    code',
  '\u202E\u0007\u001b]8;;https://evil.example\u0007a',
)

/** The event with hostile texts where its own stood; what the format itself says stays. */
function poisoned(event: Event): fc.Arbitrary<Event> {
  const keep = new Set([
    'type',
    'at',
    'v',
    'seq',
    'phase',
    'phases',
    'outcome',
    'result',
    'health',
    'grade',
    'hook',
    'state',
    'verdict',
    'kind',
    'basis',
    'unit',
    'operation',
    'action',
    'replacement',
    'notice',
  ])
  const walk = (value: unknown): fc.Arbitrary<unknown> => {
    if (typeof value === 'string')
      return fc.tuple(hostile, fc.boolean()).map(([bad, both]) => (both ? value + bad : bad))
    if (Array.isArray(value)) return fc.tuple(...value.map(walk))
    if (typeof value !== 'object' || value === null) return fc.constant(value)
    return fc.record(
      Object.fromEntries(
        Object.entries(value).map(([key, item]) => [
          key,
          keep.has(key) && typeof item === 'string' ? fc.constant(item) : walk(item),
        ]),
      ),
    )
  }
  const { type, at, v, seq } = event
  return walk(event).map((changed) => ({ ...(changed as Event), type, at, v, seq }) as Event)
}

const hostileRun = fc
  .tuple(fc.constantFrom(...recordings), fc.array(anyEvent, { maxLength: 30 }))
  .chain(([name, others]) => fc.tuple(...[...recorded(name), ...others].map(poisoned)))

const hostileBackground = fc.tuple(hostile, hostile, hostile).map(([a, b, c]) => ({
  who: { by: a, host: b, actor: c, link: a },
  own: { ...record(4, 'done', 1), source: { commit: c, subject: a, dirty: true, version: b } },
  earlier: [{ ...record(2, b, 1), source: { commit: a, subject: c, dirty: false } }, record(1, 'done', 5)],
}))

const tags =
  'html head meta link title style body header p strong span h1 nav ul li a main section h2 h3 dl dt dd data code pre div table caption thead tbody tr th td details summary svg desc line text rect defs pattern path circle footer'
const attributes =
  'lang charset http-equiv content name rel href class role aria-label aria-labelledby aria-hidden id scope tabindex value width height x y x1 x2 y1 y2 text-anchor fill d cx cy r patternUnits'

describe('whatever the texts of events say', () => {
  test('a page has the elements and attributes of rampart alone, and no address that is not its own', () => {
    const known = { tags: new Set(tags.split(' ')), attributes: new Set(attributes.split(' ')) }
    fc.assert(
      fc.property(hostileRun, hostileBackground, (events, beside) => {
        const page = tell('html', events, beside)
        const found = elements(parse(page))
        // Coordinates are numbers, whatever the times of the events are.
        const strange = found.flatMap(({ tagName, attrs }) => [
          ...(known.tags.has(tagName) ? [] : [tagName]),
          ...attrs
            .filter(
              ({ name, value }) =>
                !known.attributes.has(name) ||
                (name === 'href' && !/^(?:#[a-z]+|data:,|https?:\/\/)/.test(value)) ||
                (/^(?:[xy][12]?|width|height)$/.test(name) && !/^-?\d+(?:\.\d+)?%?$/.test(value)),
            )
            .map(({ name, value }) => `${tagName} ${name}=${value}`),
        ])
        expect(strange).toEqual([])
        const sections = found.filter(({ tagName }) => tagName === 'section').length
        expect(found.filter(({ tagName }) => tagName === 'h2')).toHaveLength(sections)
        expect(found.filter(({ tagName }) => tagName === 'style')).toHaveLength(1)
        expect(found.filter(({ tagName }) => tagName === 'title')).toHaveLength(
          1 + found.filter((e) => e.tagName === 'svg' || (e.tagName === 'rect' && e.childNodes.length > 0)).length,
        )
      }),
      { numRuns: 60 },
    )
  })

  test('a comment has no link, picture, markup or heading but its own, and fits', () => {
    fc.assert(
      fc.property(hostileRun, hostileBackground, (events, beside) => {
        const text = tell('markdown', events, beside)
        expect(text.length).toBeLessThanOrEqual(commentLimit)
        const tokens: Tokens.Generic[] = []
        void marked.walkTokens(marked.lexer(text), (token) => {
          tokens.push(token)
        })
        // GitHub looks for names and numbers everywhere but in code.
        const prose = tokens
          .filter(({ type }) => type === 'code' || type === 'codespan')
          .reduce((rest, { raw: code }) => rest.replace(code, () => ''), text)
        expect(prose.replaceAll('\\', '')).not.toMatch(/@octocat|#17|GH-17/)
        const raw = tokens.filter(({ type }) => type === 'html').map((token) => token.raw.trim())
        expect(raw).toEqual(['<sub>', '</sub>'])
        const headings = tokens.flatMap((token) => (token.type === 'heading' ? [Number(token['depth'])] : []))
        expect(headings.filter((depth) => depth === 2)).toHaveLength(1)
        expect(new Set(headings)).toEqual(new Set([2, 3]))
        for (const type of ['image', 'del', 'em', 'br']) {
          expect(tokens.filter((token) => token.type === type)).toEqual([])
        }
        for (const link of tokens.filter((token) => token.type === 'link')) {
          // The page of the CI run, when it is nothing but an address.
          expect(link['href']).toBe(beside.who.link)
        }
        for (const table of tokens.filter((token) => token.type === 'table')) {
          const width = (table['header'] as unknown[]).length
          for (const row of table['rows'] as unknown[][]) expect(row).toHaveLength(width)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('any events in any order give both', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        expect(tell('html', events)).toMatch(/<\/html>\n$/)
        expect(tell('markdown', events).length).toBeLessThanOrEqual(commentLimit)
      }),
      { numRuns: 200 },
    )
  })
})
