// Puts the program into a few files: hundreds of small modules take longer to find and read than most commands run.
// tsc has compiled src to dist; commands and oclif go from there to dist/bundle, which is what bin/run.js starts.
import { globSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const root = fileURLToPath(new URL('..', import.meta.url))
const commands = globSync('commands/**/*.js', { cwd: `${root}dist` })

const bundle = await rolldown({
  cwd: root,
  platform: 'node',
  input: {
    run: 'dist/run.js',
    ...Object.fromEntries(commands.map((file) => [file.replace(/\.js$/, ''), `dist/${file}`])),
  },
  // They load parts of themselves by path, or are large and seldom needed.
  external: [/^@aws-sdk\//, /^@smithy\//, /^dockerode$/, /^ink$/, /^react/],
  logLevel: 'warn',
})
const { output } = await bundle.write({
  dir: 'dist/bundle',
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name]-[hash].js',
})
await bundle.close()

// What each file was made of, for whoever asks what a command loads.
const contents = output.flatMap((file) =>
  file.type === 'chunk' ? [[file.fileName, file.moduleIds.map((id) => relative(root, id))]] : [],
)
await writeFile(`${root}dist/bundle/contents.json`, JSON.stringify(Object.fromEntries(contents), undefined, 1))
