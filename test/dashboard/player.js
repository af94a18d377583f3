// Shows a scene in the dashboard on this process's own terminal: node player.js <scene or .ndjson> [options as JSON]
// Options: pace (ms between events), lag (ms by which the run's clock is ahead of the last event), ticking (it goes on), until (the last event), fail (what to do at
// the end: throw | exit | reject), handle (false: end on no signal), glyphs, stopAfter (ms), rollBack.
import { createReadStream } from 'node:fs'
import { runSources } from '../report/source-hooks.js'

runSources()

const [what, json = '{}'] = process.argv.slice(2)
const options = { pace: 0, lag: 3000, ...JSON.parse(json) }
const { decodeEvents } = await import('../../src/lib/events/codec.ts')
const { startDashboard } = await import('../../src/lib/dashboard/index.ts')
const { chooseColour } = await import('../../src/lib/terminal/colour.ts')
const { chooseGlyphs } = await import('../../src/lib/terminal/glyphs.ts')
const { fold } = await import('../../src/lib/view/fold.ts')
const { initialView } = await import('../../src/lib/view/view.ts')
const { sceneEvents } = await import('./scenes.ts')

const { env, stdin, stdout, stderr } = process
let view = initialView
process.stdout.write('before the dashboard\n')
const dashboard = await startDashboard({
  stdin,
  stdout,
  stderr,
  colour: chooseColour({ env, isTty: stdout.isTTY }),
  glyphs: chooseGlyphs(env),
  now: () => (view.lastEventAt ?? 0) + (options.ticking ? performance.now() : options.lag),
  actions: {
    rollBack: async (release) => {
      if (options.rollBack === 'refused') throw new Error('nobody may roll back on a Friday')
      return `rolling back to ${release}`
    },
  },
})
const events = what.endsWith('.ndjson') ? decodeEvents(createReadStream(what)) : sceneEvents(what)
for await (const event of events) {
  if (event.seq > (options.until ?? Infinity)) break
  view = fold(view, event)
  dashboard.event(event, view)
  if (options.pace > 0) await new Promise((resolve) => setTimeout(resolve, options.pace))
}
if (options.chatter) {
  console.log('chatter on stdout')
  console.error('chatter on stderr')
}
if (options.fail === 'throw')
  setTimeout(() => {
    throw new Error('a fault in the run')
  }, 400)
if (options.fail === 'reject')
  setTimeout(() => {
    void Promise.reject(new Error('a fault in the run'))
  }, 400)
if (options.fail === 'exit') setTimeout(() => process.exit(9), 400)
if (options.stopAfter) setTimeout(() => void end('stopped'), options.stopAfter)

async function end(why) {
  await dashboard.stop()
  stdout.write(`left: ${why}\n`)
  process.exit({ key: 0, stopped: 0, SIGINT: 130, SIGTERM: 143, SIGHUP: 129, lost: 8 }[why])
}
await end(await dashboard.closed)
