// A dashboard under load, on this process's own terminal: node dashboard-load.js <seconds> <targets> <lines a second> <file for the figures>
import { writeFileSync } from 'node:fs'
import { library } from './library.js'

const [seconds, targets, linesASecond] = process.argv.slice(2, 5).map(Number)
const file = process.argv[5]
const { startDashboard } = await library('dashboard/index.ts')
const { fold } = await library('view/fold.ts')
const { initialView } = await library('view/view.ts')
const { unicodeGlyphs } = await library('terminal/glyphs.ts')

const { stdin, stdout, stderr } = process
const frames = []
const answers = []
let keyAt
const write = stdout.write.bind(stdout)
stdout.write = (chunk, ...more) => {
  if (chunk.includes('\u001b[?2026h')) {
    const at = performance.now()
    frames.push({ at, bytes: Buffer.byteLength(chunk) })
    if (keyAt !== undefined) answers.push(at - keyAt)
    keyAt = undefined
  }
  return write(chunk, ...more)
}
const read = stdin.read.bind(stdin)
stdin.read = (...size) => {
  const chunk = read(...size)
  if (chunk !== null) keyAt ??= performance.now()
  return chunk
}

const dashboard = await startDashboard({ stdin, stdout, stderr, colour: true, glyphs: unicodeGlyphs, now: Date.now })
let view = initialView
let seq = 0
function emit(body) {
  seq += 1
  const event = { v: 1, seq, at: new Date().toISOString(), ...body }
  view = fold(view, event)
  dashboard.event(event, view)
}

const id = (number) => `i-0bb${String(number).padStart(14, '0')}`
function moveTarget(number) {
  const lifecycle = number % 7 === 0 ? 'Pending' : 'InService'
  const health = ['healthy', 'initial', 'unhealthy'][Math.floor(seq / 97 + number) % 3]
  const target = { id: id(number), zone: 'us-west-2a', lifecycle, health, revision: '8', isNew: number % 2 === 0 }
  emit({ type: 'target.changed', target: { ...target, launchedAt: new Date().toISOString() } })
}

emit({ type: 'run.started', command: 'bench', app: 'rampart-ai', environment: 'production', simulated: true })
emit({ type: 'rollout.started', id: 'r', attached: true, group: 'bench', targets })
for (let number = 0; number < targets; number += 1) moveTarget(number)

const start = performance.now()
const memory = []
const sample = setInterval(() => {
  // With --expose-gc (bench/dashboard.js --collect), what is left is what is held.
  global.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  memory.push({ second: Math.round((performance.now() - start) / 1000), rss, heapUsed })
}, 1000)
let sent = 0
const feed = setInterval(() => {
  const due = Math.floor(((performance.now() - start) / 1000) * linesASecond)
  for (; sent < due; sent += 1) {
    const text = `INFO request ${sent} of a model that answers, in ${sent % 313} ms, with ${'words '.repeat(sent % 12)}`
    emit({ type: 'log.line', target: id(sent % targets), time: new Date().toISOString(), text })
  }
  for (let moved = 0; moved < 3; moved += 1) moveTarget((seq * 7 + moved) % targets)
}, 10)

await Promise.race([dashboard.closed, new Promise((resolve) => setTimeout(resolve, seconds * 1000))])
clearInterval(feed)
clearInterval(sample)
const cpu = process.cpuUsage()
await dashboard.stop()
const elapsed = (performance.now() - start) / 1000
const figures = { frames, answers, memory, sent, elapsed, cpuShare: (cpu.user + cpu.system) / 1e6 / elapsed }
writeFileSync(file, JSON.stringify(figures))
process.exit()
