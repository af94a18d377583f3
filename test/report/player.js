// Plays a recorded stream into a reporter on this process's own streams: node player.js <file> <mode> [pace in ms] [leave after event]
import { createReadStream } from 'node:fs'
import { runSources } from './source-hooks.js'

runSources()

const [file, mode, pace = '0', leaveAfter] = process.argv.slice(2)
const { decodeEvents } = await import('../../src/lib/events/codec.ts')
const { createReporter } = await import('../../src/lib/report/reporter.ts')
const { chooseColour } = await import('../../src/lib/terminal/colour.ts')
const { chooseGlyphs } = await import('../../src/lib/terminal/glyphs.ts')
const { terminalWidth } = await import('../../src/lib/terminal/size.ts')
const { createMask } = await import('../../src/lib/terminal/mask.ts')

const { env, stdout, stderr } = process
let at = 0
const reporter = await createReporter(mode, {
  stdout,
  stderr,
  colour: { stdout: chooseColour({ env, isTty: stdout.isTTY }), stderr: chooseColour({ env, isTty: stderr.isTTY }) },
  glyphs: chooseGlyphs(env),
  width: terminalWidth(stderr, env),
  mask: createMask(['s3cr$tPass']),
  now: () => at,
})
for await (const event of decodeEvents(createReadStream(file))) {
  at = Date.parse(event.at)
  reporter.event(event)
  if (event.seq === Number(leaveAfter)) process.exit(130)
  if (pace !== '0') await new Promise((resolve) => setTimeout(resolve, Number(pace)))
}
await reporter.close()
