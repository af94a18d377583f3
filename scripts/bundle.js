// Puts the program into a few files: hundreds of small modules take longer to find and read than most commands run.
// tsc has compiled src to dist; commands and oclif go from there to dist/bundle, which is what bin/run.js starts.
import { globSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const root = fileURLToPath(new URL('..', import.meta.url))
const commands = globSync('commands/**/*.js', { cwd: `${root}dist` })

// To read this property of `process` takes milliseconds, and what requires the module whole reads them all.
const slowToRead = 'allowedNodeEnvironmentFlags'

/**
 * Takes Node's own modules by `process.getBuiltinModule`: to import one, Node reads every property that it has, which
 * for `node:process` and `node:http` costs more than many a command. Only the names that are used are read then.
 */
const builtins = {
  name: 'builtins',
  resolveId(id) {
    return isBuiltin(id) ? { id: `\0builtin:${id}`, moduleSideEffects: false } : undefined
  },
  load(id) {
    if (!id.startsWith('\0builtin:')) return undefined
    const name = id.slice('\0builtin:'.length)
    const names = Object.keys(process.getBuiltinModule(name)).filter(
      (key) => /^[A-Za-z_]\w*$/.test(key) && key !== 'default' && key !== slowToRead,
    )
    return [
      `const builtin = process.getBuiltinModule(${JSON.stringify(name)})`,
      'export default builtin',
      ...names.map((key) => `const ${key}_ = /* @__PURE__ */ builtin.${key}; export { ${key}_ as ${key} }`),
    ].join('\n')
  },
}

const isSdk = /^@(?:aws-sdk|smithy)\//
const schemasOf = /^(?<path>.*\/@aws-sdk\/client-[^/]+\/dist-es\/)index\.js$/
const whole = '\0whole:'

/**
 * Takes from the SDK what is used of it: of 770 operations of EC2 that is a handful, and to load them all takes longer
 * than most commands run. The rehearsal knows every operation, and needs the schemas alone; they are a copy of its own,
 * or else each command would load them whole.
 */
const sdk = {
  name: 'sdk',
  async resolveId(id, importer = '', options) {
    const isInWhole = importer.startsWith(whole)
    if (!isInWhole && !isSdk.test(id)) return undefined
    const from = isInWhole ? importer.slice(whole.length) : importer
    const resolved = await this.resolve(id, from, { ...options, skipSelf: true })
    const path = /\/dist\/lib\/rehearsal\//.test(importer) && schemasOf.exec(resolved?.id ?? '')?.groups.path
    return path ? { id: `${whole}${path}schemas/schemas_0.js`, moduleSideEffects: false } : resolved
  },
  load: (id) => (id.startsWith(whole) ? readFile(id.slice(whole.length), 'utf8') : undefined),
}

const bundle = await rolldown({
  cwd: root,
  platform: 'node',
  input: {
    run: 'dist/run.js',
    ...Object.fromEntries(commands.map((file) => [file.replace(/\.js$/, ''), `dist/${file}`])),
  },
  // They load parts of themselves by path, or are large and seldom needed.
  external: ['typescript', /^dockerode(\/|$)/, /^ink$/, /^react/],
  plugins: [builtins, sdk],
  resolve: { mainFields: ['module', 'main'] },
  treeshake: { propertyReadSideEffects: false },
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
  file.type === 'chunk' ? [[file.fileName, file.moduleIds.map((id) => relative(root, id.replace(whole, '')))]] : [],
)
await writeFile(`${root}dist/bundle/contents.json`, JSON.stringify(Object.fromEntries(contents), undefined, 1))
