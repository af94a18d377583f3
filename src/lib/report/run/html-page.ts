import { createHash } from 'node:crypto'
import { unicodeGlyphs } from '../../terminal/glyphs.js'
import { barChart } from './chart.js'
import type { Block, Cell, Column, RunDocument, Section, Table } from './document.js'
import { fleetChart } from './fleet-chart.js'
import { Markup, markup, type Part } from './markup.js'
import { style } from './style.js'

/**
 * What the page may load: nothing, but for its own style, by its digest. No script is in it, and none could run.
 * https://www.w3.org/TR/CSP3/#match-element-to-source-list
 */
const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; img-src data:; base-uri 'none'; form-action 'none'`

/** The report as one page that needs nothing beside itself: no script, no font, no picture, no request. */
export function htmlPage(report: RunDocument): string {
  const { title, simulation, verdict, message, sections, closing } = report
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${simulation === undefined ? '' : 'SIMULATED: '}${title}: ${verdict.text}</title>
${new Markup(['<style>', '</style>'], [new Markup([style], [])])}
</head>
<body>
<header>
${
  simulation !== undefined &&
  markup`<p class="simulated" role="note"><strong>SIMULATED</strong>: rehearsal cloud, ${simulation}. Nothing of it is real.</p>
`
}<h1>${title}</h1>
<p class="verdict"><strong>${cellMarkup(verdict)}</strong>: ${message}</p>
<nav aria-label="Sections"><ul>${sections.map(({ id, title: name }) => markup`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>
</header>
<main>
${sections.map(sectionMarkup)}</main>
<footer><p>${closing}</p></footer>
</body>
</html>
`.toString()
}

function sectionMarkup({ id, title, blocks }: Section): Markup {
  return markup`<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
${blocks.map(
  (block) => markup`${blockMarkup(block)}
`,
)}</section>
`
}

function blockMarkup(block: Block): Markup {
  switch (block.kind) {
    case 'facts':
      return markup`<dl>${block.rows.map(
        ([label, value]) => markup`<dt>${label}</dt><dd>${cellMarkup(value)}</dd>
`,
      )}</dl>`
    case 'note':
      return markup`<p>${cellMarkup(block)}</p>`
    case 'list':
      return markup`<h3>${block.title}</h3><ul class="list">${block.items.map((item) => markup`<li>${cellMarkup(item)}</li>`)}</ul>`
    case 'lines':
      return markup`<h3>${block.title}</h3><pre>${block.lines.join('\n')}</pre>`
    case 'bars':
      return markup`${barChart(block, block.rows, block.total)}${block.legend !== undefined && markup`<ul class="legend">${block.legend.map(({ kind, words }) => markup`<li class="${kind}">${words}</li>`)}</ul>`}`
    case 'fleet':
      return fleetChart(block)
    case 'table':
      return block.folded === true
        ? markup`<details><summary>As a table: ${block.caption}</summary>${tableMarkup(block)}</details>`
        : tableMarkup(block)
  }
}

function tableMarkup({ caption, columns, rows }: Table): Markup {
  // What is wider than the screen scrolls by itself, also from the keyboard; the page never does.
  return markup`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table><caption>${caption}</caption>
<thead><tr>${columns.map((column) => markup`<th scope="col"${right(column)}>${column.title}</th>`)}</tr></thead>
<tbody>${rows.map(
    (row) => markup`<tr>${row.map((cell, index) =>
      index === 0
        ? markup`<th scope="row"${right(columns[index])}>${cellMarkup(cell)}</th>`
        : markup`<td${right(columns[index])}>${cellMarkup(cell)}</td>`,
    )}</tr>
`,
  )}</tbody></table></div>`
}

const right = (column: Column | undefined): Part => (column?.figures === true ? markup` class="figures"` : '')

function cellMarkup({ text, mark, code, value, link }: Cell): Markup {
  const inner = code === true ? markup`<code>${text}</code>` : markup`${text}`
  const exact = value === undefined || !Number.isFinite(value) ? inner : markup`<data value="${value}">${inner}</data>`
  // Addresses come from outside too: only a page of the web is followed.
  const linked =
    link !== undefined && /^https?:\/\//i.test(link)
      ? markup`<a href="${link}" rel="noreferrer noopener">${exact}</a>`
      : exact
  return mark === undefined
    ? linked
    : markup`<span class="${mark}"><span aria-hidden="true">${unicodeGlyphs[mark]}</span> ${linked}</span>`
}
