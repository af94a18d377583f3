import { releasedImages } from '../../view/images.js'
import type { View } from '../../view/view.js'
import { formatBytes } from '../../domain/format-bytes.js'
import { formatDuration } from '../../terminal/format.js'
import { pushWords } from '../../words/run.js'
import { revisionWords, ruleWords } from '../../words/watch.js'
import type { Background } from './background.js'
import { momentText, type Cell, type Section } from './document.js'
import type { Story } from './story.js'

type Row = readonly [label: string, value: Cell]

const plain = (text: string): Cell => ({ text })

/** What was released, by whom, when, and what came of it. */
export function summarySection({ view, startedAt, endedAt }: Story, background: Background): Section {
  const { ending, run, proof } = view
  const duration = ending?.duration ?? endedAt - startedAt
  const rows: readonly Row[] = [
    ['Application', plain(run === undefined ? 'unknown' : `${run.app}, ${run.environment}`)],
    ...releaseRows(view, background),
    ...whoRows(background),
    ['Started', plain(momentText(startedAt))],
    ['Ended', plain(ending === undefined ? `not seen; last news ${momentText(endedAt)}` : momentText(endedAt))],
    ['Took', { text: formatDuration(duration), value: duration }],
    ...(view.facts === undefined ? [] : fleetRows(view.facts)),
    ...(proof === undefined ? [] : [['Proved', plain(`${proof.proved} of ${proof.total} targets`)] as const]),
    ...(ending === undefined
      ? []
      : [['Exit code', { text: `${ending.exitCode} (${ending.ending})`, value: ending.exitCode }] as const]),
  ]
  return { id: 'summary', title: 'Summary', brief: true, blocks: [{ kind: 'facts', rows }] }
}

function releaseRows(view: View, { own }: Background): readonly Row[] {
  const release = view.release?.release ?? view.plan?.release
  const revision = view.release?.revision
  const version = own?.source?.version
  const from = view.facts?.from ?? undefined
  const source = own?.source
  return [
    ...(release === undefined ? [] : [['Release', { text: release.id, code: true }] as const]),
    ...(own === undefined
      ? []
      : [['Number', plain(`#${own.number}${own.kind === 'rollback' ? ', a rollback' : ''}`)] as const]),
    ...(version === undefined || source?.commit.startsWith(version) === true
      ? []
      : [['Version', plain(version)] as const]),
    ...(revision === undefined ? [] : [['Revision', plain(`${revision.number} of ${revision.name}`)] as const]),
    ...(from === undefined ? [] : [['Came from', plain(revisionWords(from))] as const]),
    ...(source === undefined
      ? []
      : [
          [
            'Commit',
            plain(`${source.commit.slice(0, 12)}${source.dirty ? ' (with changes)' : ''} ${source.subject}`.trimEnd()),
          ] as const,
        ]),
  ]
}

function whoRows({ who }: Background): readonly Row[] {
  if (who === undefined) return []
  return [
    ['By', plain(`${who.by}${who.actor === undefined ? '' : ` (${who.actor})`} on ${who.host}`)],
    ...(who.link === undefined ? [] : [['CI run', { text: who.link, link: who.link }] as const]),
  ]
}

const fleetRows = (facts: NonNullable<View['facts']>): readonly Row[] => [
  ['Fleet', plain(`${facts.fleet}, ${facts.desired} wanted`)],
  ['Rules', plain(ruleWords(facts))],
]

/** The images of the release and what of them was sent. */
export function imagesSection({ view }: Story): Section | undefined {
  const images = releasedImages(view)
  if (images.length === 0) return undefined
  return {
    id: 'images',
    title: 'Images',
    blocks: [
      {
        kind: 'table',
        caption: 'Images of the release',
        columns: [{ title: 'Service' }, { title: 'Image' }, { title: 'App layer', figures: true }, { title: 'Push' }],
        rows: images.map(({ service, repository, digest, pushed }) => [
          plain(service),
          { text: `${repository}@${digest}`, code: true },
          pushed === undefined ? plain('-') : { text: formatBytes(pushed.layerBytes), value: pushed.layerBytes },
          plain(pushed === undefined ? 'not pushed by this run' : pushWords(pushed)),
        ]),
      },
    ],
  }
}
