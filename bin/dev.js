#!/usr/bin/env node
// Compiles, then runs: under TypeScript 7 oclif's own transpiling fails without a word.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const built = spawnSync('npm', ['run', 'build', '--silent'], { cwd: root, stdio: ['ignore', 2, 2] })
if (built.status !== 0) process.exit(built.status ?? 1)
const ran = spawnSync(process.execPath, ['--enable-source-maps', `${root}bin/run.js`, ...process.argv.slice(2)], {
  stdio: 'inherit',
})
process.exit(ran.status ?? 1)
