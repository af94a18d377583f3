import { unicodeGlyphs } from '../../terminal/glyphs.js'
import type { Block, Cell, RunDocument, Section, Table } from './document.js'
import { markdownCode, markdownLines, markdownText } from './markdown-text.js'

/** What GitHub takes as one comment, less a little for what it adds itself. */
export const commentLimit = 65_000

/** Rows of a table, and lines of a block of code. */
const most = { rows: 40, lines: 30 } as const

/** The report as a comment of a pull request: what matters of it, in GitHub's Markdown, never above {@link commentLimit}. */
export function markdownPage(report: RunDocument): string {
  const { title, simulation, verdict, message, sections, closing } = report
  const head = [
    `## ${markdownText(title)}`,
    ...(simulation === undefined
      ? []
      : [`> **SIMULATED**: rehearsal cloud, ${markdownText(simulation)}. Nothing of it is real.`]),
    `**${cellText(verdict)}**: ${markdownText(message)}`,
  ]
  const foot = `<sub>${markdownText(closing)}</sub>`
  let left = commentLimit - [...head, foot].join('\n\n').length
  const body: string[] = []
  const skipped: string[] = []
  for (const section of sections.filter(({ brief }) => brief === true)) {
    const text = sectionText(section)
    // Room for the line that says what is missing.
    if (text.length + 2 > left - 500) skipped.push(section.title)
    else {
      body.push(text)
      left -= text.length + 2
    }
  }
  const missing = skipped.length === 0 ? [] : [`Too long for a comment: ${markdownText(skipped.join(', '))}.`]
  return `${[...head, ...body, ...missing, foot].join('\n\n')}\n`
}

function sectionText({ title, blocks }: Section): string {
  return [`### ${markdownText(title)}`, ...blocks.map(blockText).filter((text) => text !== '')].join('\n\n')
}

function blockText(block: Block): string {
  switch (block.kind) {
    case 'facts':
      return tableText(
        ['', ''],
        block.rows.map(([label, value]) => [markdownText(label), cellText(value)]),
      )
    case 'note':
      return cellText(block)
    case 'list':
      return [`${markdownText(block.title)}:`, block.items.map((item) => `* ${cellText(item)}`).join('\n')].join('\n\n')
    case 'lines': {
      const shown = block.lines.slice(-most.lines)
      const left = block.lines.length - shown.length
      return `${markdownText(block.title)}${left > 0 ? `, the last ${shown.length}` : ''}:\n\n${markdownLines(shown)}`
    }
    case 'table':
      return block.folded === true ? '' : `${markdownText(block.caption)}:\n\n${rowsText(block)}`
    case 'bars':
    case 'fleet':
      // A picture of the table that stands beside it.
      return ''
  }
}

function rowsText({ columns, rows }: Table): string {
  const shown = rows.slice(0, most.rows)
  const left = rows.length - shown.length
  const table = tableText(
    columns.map(({ title }) => markdownText(title)),
    shown.map((row) => row.map(cellText)),
    columns.map(({ figures }) => (figures === true ? '--:' : ':--')),
  )
  return left > 0 ? `${table}\n\nand ${left} more.` : table
}

function tableText(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  rule: readonly string[] = head.map(() => ':--'),
): string {
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function cellText({ text, mark, code, link }: Cell): string {
  const sign = mark === undefined ? '' : `${markdownText(unicodeGlyphs[mark])} `
  // In angle brackets an address is a link only as long as nothing in it could end it.
  const linked = link !== undefined && /^https?:\/\/[\w./:@%?&=#~+-]+$/i.test(link) ? `<${link}>` : undefined
  return `${sign}${linked ?? (code === true ? markdownCode(text) : markdownText(text))}`
}
