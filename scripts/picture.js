// Draws docs/monitor.svg, the README's picture: a moment of a recorded run as the dashboard shows it on a real pseudo-terminal.
// Needs python3 for the pseudo-terminal. The recording is that of `rampart rehearse --scenario slow-model --speed 40
// --progress ndjson`. node scripts/picture.js [recording] [number of its last event]
import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import xterm from '@xterm/headless'

const columns = 132
const rows = 34
const root = fileURLToPath(new URL('..', import.meta.url))
const [recording = `${root}docs/monitor.ndjson`, until = '262'] = process.argv.slice(2)
const player = [process.execPath, '--no-warnings', `${root}test/dashboard/player.js`, recording, `{"until":${until}}`]

const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true })
const child = spawn('python3', [`${root}test/dashboard/terminal.py`, String(columns), String(rows), ...player], {
  env: { ...process.env, LANG: 'C.UTF-8', TERM: 'xterm-256color', NO_COLOR: '' },
  stdio: ['pipe', 'pipe', 'inherit'],
})
for await (const chunk of child.stdout) {
  await new Promise((resolve) => {
    terminal.write(chunk, resolve)
  })
  const last = terminal.buffer.active.getLine(rows - 1)?.translateToString(true) ?? ''
  if (terminal.buffer.active.type === 'alternate' && last.endsWith('ago')) break
}
child.kill()

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
      cell.isDim() ? 'fill-opacity="0.6"' : '',
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
  `${root}docs/monitor.svg`,
  `<svg xmlns="http://www.w3.org/2000/svg" width="${columns * width + 2 * margin}" height="${used}" role="img" aria-label="the dashboard while new targets load their models">
<rect width="100%" height="100%" rx="8" fill="#282c34"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14">
${lines.join('\n')}
</g>
</svg>
`,
)
terminal.dispose()
