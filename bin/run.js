#!/usr/bin/env node
import { enableCompileCache } from 'node:module'

enableCompileCache()

// Libraries decide on colour while they load, and not all of them read NO_COLOR.
if (process.argv.includes('--no-color') || process.env.NO_COLOR || process.env.RAMPART_NO_COLOR) {
  process.env.NO_COLOR ||= '1'
  process.env.FORCE_COLOR = '0'
}

const { settings } = await import('@oclif/core/settings')
settings.enableAutoTranspile = false

const { execute } = await import('@oclif/core/execute')
await execute({ dir: import.meta.url })

// What is left half-way on purpose (a stopped upload, an idle connection) must not keep the process.
process.exit()
