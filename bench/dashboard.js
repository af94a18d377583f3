// The dashboard under load on a real pseudo-terminal: 500 targets and 10,000 log lines a second for 60 s.
// node bench/dashboard.js [--short] [--collect]      needs python3 for the pseudo-terminal; --short takes 10 s,
// --collect has garbage collected before memory is looked at, so that the figures are of what is held.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { median, table } from './table.js'

const short = process.argv.includes('--short')
const seconds = short ? 10 : 60
const settled = short ? 5 : 20
const targets = 500
const linesASecond = 10_000
const columns = 140
const rows = 40

const directory = await mkdtemp(join(tmpdir(), 'rampart-bench-'))
const file = join(directory, 'figures.json')
const path = (name) => fileURLToPath(new URL(name, import.meta.url))
const load = [
  process.execPath,
  '--no-warnings',
  ...(process.argv.includes('--collect') ? ['--expose-gc'] : []),
  path('dashboard-load.js'),
  seconds,
  targets,
  linesASecond,
  file,
]
const child = spawn('python3', [path('../test/dashboard/terminal.py'), columns, rows, ...load].map(String), {
  env: { ...process.env, LANG: 'C.UTF-8', TERM: 'xterm-256color' },
  stdio: ['pipe', 'pipe', 'inherit'],
})
let waiting
child.stdout.setEncoding('utf8')
let seen = ''
child.stdout.on('data', (text) => {
  seen = (seen + text).slice(-20_000)
  waiting?.()
})
const closed = new Promise((resolve) => child.on('close', resolve))

/** Milliseconds from a key to what it shows. */
async function press(keys, shows) {
  seen = ''
  const before = performance.now()
  child.stdin.write(`${JSON.stringify({ keys })}\n`)
  await new Promise((resolve) => {
    waiting = () => seen.includes(shows) && resolve()
    void closed.then(resolve)
  })
  waiting = undefined
  return performance.now() - before
}

const latencies = []
const end = performance.now() + (seconds - 1.5) * 1000
await new Promise((resolve) => setTimeout(resolve, 1500))
while (performance.now() < end) {
  for (const shows of ['Ctrl-Z', 'rampart bench']) {
    latencies.push(await press('?', shows))
    await new Promise((resolve) => setTimeout(resolve, 150 + Math.random() * 400))
  }
}
await closed
const { frames, answers, memory, sent, elapsed, cpuShare } = JSON.parse(await readFile(file, 'utf8'))
await rm(directory, { recursive: true })

const quantile = (numbers, share) => [...numbers].sort((a, b) => a - b)[Math.floor(share * (numbers.length - 1))]
// The first frames are Ink's own at its start.
const shown = frames.slice(2)
const gaps = shown.slice(1).map(({ at }, index) => at - shown[index].at)
const bytes = shown.map((frame) => frame.bytes)
const early = memory.filter(({ second }) => second >= settled && second < settled + (seconds - settled) / 3)
const late = memory.filter(({ second }) => second >= seconds - (seconds - settled) / 3)
const mega = (samples, key) => median(samples.map((one) => one[key])) / 1e6
const growth = mega(late, 'rss') / mega(early, 'rss')

const ms = (value) => `${value.toFixed(1)} ms`
const verdict = (good) => (good ? 'met' : 'missed')
const perSecond = Math.round(sent / elapsed)
console.log(
  table(
    [`${targets} targets, ${seconds} s on ${columns}x${rows}`, 'measured', 'allowed', ''],
    [
      ['log lines a second', String(perSecond), `>= ${linesASecond * 0.95}`, verdict(perSecond >= linesASecond * 0.95)],
      ['frames a second', (shown.length / elapsed).toFixed(2), '<= 10', verdict(shown.length / elapsed <= 10)],
      ['shortest time between two frames', ms(Math.min(...gaps)), '>= 99 ms', verdict(Math.min(...gaps) >= 99)],
      ['bytes a frame, median', String(median(bytes)), '-', ''],
      [
        'bytes a frame, most',
        String(Math.max(...bytes)),
        `<= ${columns * rows * 2}`,
        verdict(Math.max(...bytes) <= columns * rows * 2),
      ],
      ['key to frame, median', ms(median(answers)), '-', ''],
      ['key to frame, p95', ms(quantile(answers, 0.95)), '<= 100 ms', verdict(quantile(answers, 0.95) <= 100)],
      ['key to frame, most', ms(Math.max(...answers)), '-', ''],
      ['key to screen through two pipes, median', ms(median(latencies)), '-', ''],
      ['load of the machine (1 minute)', loadavg()[0].toFixed(1), '-', ''],
      [`memory (rss) from ${settled} s on`, `${mega(early, 'rss').toFixed(1)} MB`, '-', ''],
      ['memory (rss) at the end', `${mega(late, 'rss').toFixed(1)} MB`, '-', ''],
      ['growth', growth.toFixed(3), '<= 1.05', short ? 'not asked of 10 s' : verdict(growth <= 1.05)],
      [
        'heap from then on, at the end',
        `${mega(early, 'heapUsed').toFixed(1)}, ${mega(late, 'heapUsed').toFixed(1)} MB`,
        '-',
        '',
      ],
      ['share of one processor', cpuShare.toFixed(2), '-', ''],
    ],
  ),
)
