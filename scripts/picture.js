// Draws docs/rehearse.svg, the README's picture: the last screen of a rehearsal on a real pseudo-terminal.
// Build first; needs python3 for the pseudo-terminal. node scripts/picture.js
import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import xterm from '@xterm/headless'

const columns = 120
const rows = 30
const root = fileURLToPath(new URL('..', import.meta.url))
const pseudoTerminal = `${root}test/report/pseudo-terminal.py`
const raw = execFileSync(
  'python3',
  [pseudoTerminal, String(columns), String(rows), process.execPath, `${root}bin/run.js`, 'rehearse', '--speed', '40'],
  { encoding: 'utf8', env: { ...process.env, LANG: 'C.UTF-8', TERM: 'xterm-256color', CI: '' }, maxBuffer: 1e8 },
)

const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true })
await new Promise((resolve) => {
  terminal.write(raw, resolve)
})

const palette = { 1: '#e06c75', 2: '#98c379', 3: '#e5c07b', 6: '#56b6c2' }
const ink = '#abb2bf'
const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const width = 8.4
const height = 19
const margin = 16

function spans(line) {
  const parts = []
  for (let column = 0; column < columns; column += 1) {
    const cell = line.getCell(column)
    const style = [
      `fill="${cell.isFgPalette() ? (palette[cell.getFgColor()] ?? ink) : ink}"`,
      cell.isBold() ? 'font-weight="bold"' : '',
      cell.isDim() ? 'opacity="0.6"' : '',
    ].join(' ')
    const last = parts.at(-1)
    const text = cell.getChars() || ' '
    if (last?.style === style) last.text += text
    else parts.push({ style, text, column })
  }
  return parts
    .filter(({ text }) => text.trim() !== '')
    .map(
      ({ style, text, column }) =>
        `<tspan x="${(margin + column * width).toFixed(1)}" ${style}>${escape(text)}</tspan>`,
    )
}

const lines = []
for (let row = 0; row < rows; row += 1) {
  const content = spans(terminal.buffer.active.getLine(row)).join('')
  if (content !== '') lines.push(`<text xml:space="preserve" y="${margin + 14 + row * height}">${content}</text>`)
}
const used = Math.max(...lines.map((line) => Number(/ y="(\d+)"/.exec(line)[1]))) + margin
await writeFile(
  `${root}docs/rehearse.svg`,
  `<svg xmlns="http://www.w3.org/2000/svg" width="${columns * width + 2 * margin}" height="${used}" role="img" aria-label="the last screen of rampart rehearse">
<rect width="100%" height="100%" rx="8" fill="#282c34"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14">
${lines.join('\n')}
</g>
</svg>
`,
)
terminal.dispose()
