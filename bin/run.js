#!/usr/bin/env node
import module from 'node:module'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 15)) {
  process.stderr.write(`rampart needs Node 22.15 or newer; this is ${process.versions.node}.\n`)
  process.exit(2)
}
module.enableCompileCache()

// Libraries decide on colour while they load, and not all of them read NO_COLOR.
if (process.argv.includes('--no-color') || process.env.NO_COLOR || process.env.RAMPART_NO_COLOR) {
  process.env.NO_COLOR ||= '1'
  process.env.FORCE_COLOR = '0'
}

const { runCommandLine } = await import('../dist/bundle/run.js')
await runCommandLine(process.argv.slice(2), import.meta.url)
// What is left half-way on purpose (a stopped upload, an idle connection) must not keep the process.
process.exit()
