import { formatPlace } from '../errors/rampart-error.js'
import type { ShellCommand } from '../shell/read.js'
import type { Download } from './downloads.js'
import { findingAt, type Graded } from './outcome.js'
import type { WalkedService } from './service-files.js'

// What installs the others, and no app imports.
const tools: ReadonlySet<string> = new Set([
  'pip',
  'setuptools',
  'wheel',
  'uv',
  'poetry',
  'pipenv',
  'pipx',
  'pdm',
  'hatch',
])
// https://pip.pypa.io/en/stable/cli/pip_install/#options
const valued =
  /^(?:-[rcefit]|--(?:requirement|constraint|editable|index-url|extra-index-url|find-links|target|prefix|root|python|cache-dir|trusted-host|no-binary|only-binary|platform|python-version|src|upgrade-strategy|progress-bar|timeout|retries))$/
const name = /^[A-Za-z0-9][\w.-]*/

/** A requirement that leaves the version open: https://packaging.python.org/en/latest/specifications/dependency-specifiers/ */
function isOpen(requirement: string): boolean {
  const text = requirement.replace(/\s*;.*$/, '').trim()
  // Paths and archives are what they are; what a variable holds is not known.
  if (/^[./~]|\$|\.(?:whl|zip|tar\.\w+)$/.test(text)) return false
  if (/^(?:git|hg|svn|bzr)\+/.test(text)) return !/@[^/]+$/.test(text.replace(/#.*$/, ''))
  if (/^\w+:\/\/|\s@\s/.test(text)) return false
  return name.test(text) && !/===?\s*[\w.!+-]+$/.test(text.replaceAll(/\[[^\]]*\]/g, ''))
}

const nameOf = (requirement: string): string => (name.exec(requirement)?.[0] ?? requirement).toLowerCase()

/** The packages that a `pip install` names without a version. */
function openPackages(command: ShellCommand): readonly string[] {
  const all = [command.name.slice(command.name.lastIndexOf('/') + 1), ...command.words]
  const start = all.indexOf('install')
  if (start < 0 || !all.slice(0, start).some((word) => /^pip[\d.]*$/.test(word))) return []
  const words = all.slice(start + 1)
  if (words.some((word) => /^(?:-c|--constraint|--require-hashes)/.test(word))) return []
  return words.filter(
    (word, index) =>
      !word.startsWith('-') &&
      !/^\d?[<>]/.test(word) &&
      !valued.test(words[index - 1] ?? '') &&
      isOpen(word) &&
      !tools.has(nameOf(word)),
  )
}

/** What `npm install` brings is what its registry has on that day, unless packages are named with versions. */
function npmProblem({ name: program, words }: ShellCommand): string | undefined {
  if (program !== 'npm' || !/^(?:install|i)$/.test(words[0] ?? '')) return undefined
  const named = words.slice(1).filter((word) => !word.startsWith('-'))
  if (named.length === 0) return 'npm install may bring other versions than package-lock.json says'
  const open = named.filter((word) => !/.@[\w.^~-]+$|^[./]/.test(word))
  return open.length === 0 ? undefined : `${open.join(', ')} without a version is whatever was published last`
}

const list = (all: readonly string[]): string =>
  all.length > 3 ? `${all.slice(0, 3).join(', ')} and ${all.length - 3} more` : all.join(', ')

function ofCommand({ command, step }: Download): readonly Graded[] {
  const open = openPackages(command)
  const pip = open.length === 0 ? undefined : `${list(open)} without a version is whatever was published last`
  const detail = pip ?? npmProblem(command)
  if (detail === undefined) return []
  const place = step.placeOf(command.at)
  const [first] = open
  const remedy =
    first === undefined ? 'use npm ci, or name versions' : `name its version, as in ${nameOf(first)}==1.2.3`
  return [
    {
      result: 'warn',
      ...findingAt(
        place,
        `${detail}: two builds of one fingerprint differ`,
        `edit ${place.file}:${place.line}: ${remedy}`,
      ),
    },
  ]
}

/** The requirements of a file that are not pinned, with the line of the first; nothing for one that others constrain. */
function ofFile(file: string, text: string): readonly Graded[] {
  const lines = text.split('\n').map((line) =>
    line
      .replace(/(?:^|\s)#.*$/, '')
      .replace(/\\\s*$/, '')
      .trim(),
  )
  if (lines.some((line) => /^(?:-c|--constraint)\b|--hash=/.test(line))) return []
  const open = lines.flatMap((line, index) => (!line.startsWith('-') && isOpen(line) ? [{ line, index }] : []))
  const [first] = open
  if (first === undefined) return []
  return [
    {
      result: 'warn',
      detail: `${file} leaves the version of ${list(open.map(({ line }) => nameOf(line)))} open: the fingerprint stays while the packages change`,
      place: formatPlace({ file, line: first.index + 1 }),
      remedy: `pin every package, e.g. with uv pip compile ${file} -o ${file}, or pip freeze in a base that works`,
    },
  ]
}

/** Packages whose version the files leave open, so that a base is not what its fingerprint says. */
export function openVersions({ all, facts }: WalkedService): readonly Graded[] {
  const files = [...(facts.base?.inputs ?? [])].filter(([path]) => /(?:^|\/)requirements[\w.-]*\.txt$/.test(path))
  return [
    ...all.flatMap(({ downloads }) => downloads.filter(({ kind }) => kind === 'package').flatMap(ofCommand)),
    ...files.flatMap(([path, text]) => ofFile(facts.context === '' ? path : `${facts.context}/${path}`, text)),
  ]
}
