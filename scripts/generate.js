// Writes the files of the package that follow from its code, or with --check says which of them are not current.
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Plugin } from '@oclif/core'
import { configurationPage } from './configuration-page.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const check = process.argv.includes('--check')

async function manifest() {
  const plugin = new Plugin({ errorOnManifestCreate: true, ignoreManifest: true, root, respectNoCacheDefault: true })
  await plugin.load()
  const { commands, ...rest } = plugin.manifest
  // oclif lists them as the directory is read, which is not the same on every file system.
  const sorted = Object.entries(commands).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return { ...rest, commands: Object.fromEntries(sorted) }
}

const { configJsonSchema } = await import('../dist/lib/config/json-schema.js')
const { eventsJsonSchema } = await import('../dist/lib/events/json-schema.js')

const json = (content) => `${JSON.stringify(content, undefined, 2)}\n`
const files = {
  'oclif.manifest.json': json(await manifest()),
  'schemas/rampart.schema.json': json(configJsonSchema()),
  'schemas/events.schema.json': json(eventsJsonSchema()),
  'docs/configuration.md': configurationPage(configJsonSchema()),
}

const stale = []
for (const [name, text] of Object.entries(files)) {
  const before = await readFile(`${root}${name}`, 'utf8').catch(() => '')
  if (text === before) continue
  if (check) stale.push(name)
  else await writeFile(`${root}${name}`, text)
}
if (stale.length > 0) {
  console.error(`Not current: ${stale.join(', ')}. Run \`npm run generate\` and commit the result.`)
  process.exit(1)
}
