import { resolve } from 'node:path'
import parseJsonPath from 'jsonpath-rfc9535/parser'
import { commonPlaceholders, placeholdersIn } from '../domain/template.js'
import type { Json } from '../domain/verify-plan.js'
import type { Path, YamlSource } from './document.js'
import { quoted, suggest, valueAt } from './explain.js'
import { statOf } from './stat.js'
import type { Report } from './target-checks.js'
import { isFlaw, readMatcher } from './verify-matcher.js'

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const keysAt = (data: unknown, path: Path): readonly string[] => {
  const value = valueAt(data, path)
  return isMap(value) ? Object.keys(value) : []
}

/** What can be wrong between the values of `verify`, and with the paths, patterns and names in it. */
export function checkVerify(data: unknown, directory: string, source: YamlSource, report: Report): void {
  const endpoints = keysAt(data, ['verify', 'endpoints'])
  for (const name of endpoints) checkEndpoint(data, ['verify', 'endpoints', name], directory, source, report)
  checkTarget(data, 'endpoint', endpoints, report)
  checkTarget(data, 'service', keysAt(data, ['services']), report)
  checkIgnored(data, source, report)
  checkCriteria(data, report)
  for (const name of keysAt(data, ['verify', 'load'])) {
    const at = ['verify', 'load', name, 'endpoint']
    const endpoint = valueAt(data, at)
    if (typeof endpoint !== 'string' || endpoints.includes(endpoint)) continue
    const near = suggest(endpoint, endpoints)
    const there = endpoints.length === 0 ? 'There are none' : `There are: ${quoted(endpoints)}`
    report(at, 'names an endpoint that there is not', near === undefined ? there : `Did you mean \`${near}\`?`)
  }
}

function checkIgnored(data: unknown, source: YamlSource, report: Report): void {
  const ignored = valueAt(data, ['verify', 'compare', 'ignore'])
  for (const [index, path] of (Array.isArray(ignored) ? ignored : []).entries()) {
    const at = ['verify', 'compare', 'ignore', index]
    if (typeof path !== 'string' || source.origin(at)?.resolved === false) continue
    try {
      parseJsonPath(path)
    } catch (error) {
      const why = error instanceof Error ? error.message.split('\n', 1)[0] : ''
      report(at, `is no JSONPath: ${why}`, 'Such as `$.took` (RFC 9535)')
    }
  }
}

/** A criterion that no check can ever tell would be a line that says nothing. */
function checkCriteria(data: unknown, report: Report): void {
  const known = ['endpoint', 'load'].flatMap((kind) =>
    keysAt(data, ['verify', kind === 'load' ? 'load' : 'endpoints']).map((name) => `${kind}:${name}`),
  )
  for (const group of keysAt(data, ['verify', 'criteria'])) {
    const lines = valueAt(data, ['verify', 'criteria', group])
    for (const [index, line] of (Array.isArray(lines) ? lines : []).entries()) {
      const checks = isMap(line) && Array.isArray(line['checks']) ? line['checks'] : []
      for (const [place, check] of checks.entries()) {
        const isLocal = typeof check === 'string' && /^(?:endpoint|load):[^*]+$/.test(check)
        if (!isLocal || known.includes(check)) continue
        const near = suggest(check, known)
        const there = `There are: ${quoted(known)}`
        const at = ['verify', 'criteria', group, index, 'checks', place]
        report(at, 'names a check that there is not', near === undefined ? there : `Did you mean \`${near}\`?`)
      }
    }
  }
}

function checkTarget(data: unknown, key: 'endpoint' | 'service', known: readonly string[], report: Report): void {
  const at = ['verify', 'targets', key]
  const named = valueAt(data, at)
  if (typeof named !== 'string' || known.includes(named)) return
  const near = suggest(named, known)
  const there = known.length === 0 ? 'There are none' : `There are: ${quoted(known)}`
  report(at, `names a ${key} that there is not`, near === undefined ? there : `Did you mean \`${near}\`?`)
}

// https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
const token = /^[\w!#$%&'*+.^`|~-]+$/

function checkEndpoint(data: unknown, path: Path, directory: string, source: YamlSource, report: Report): void {
  const endpoint = valueAt(data, path)
  if (!isMap(endpoint)) return
  const { json, body, method } = endpoint
  if (json !== undefined && body !== undefined)
    report([...path, 'body'], 'is there beside `json`', 'Keep one of them', 'key')
  if ((json !== undefined || body !== undefined) && (method === 'GET' || method === 'HEAD')) {
    report([...path, 'method'], `is ${method}, which has no body`, 'Write `method: POST`, or leave the method out')
  }
  for (const header of keysAt(data, [...path, 'headers'])) {
    if (!token.test(header))
      report([...path, 'headers', header], 'is no name of a header', 'Such as `Authorization`', 'key')
  }
  checkPlaceholders(data, path, report)
  checkExpectations(data, [...path, 'expect', 'json'], source, report)
  const at = [...path, 'expect', 'schema']
  const schema = valueAt(data, at)
  if (typeof schema === 'string' && schema !== '' && !schema.includes('\0') && source.origin(at)?.resolved !== false) {
    if (statOf(resolve(directory, schema))?.isFile() !== true) {
      report(at, 'names a file that does not exist', `Paths here are relative to ${directory}`)
    }
  }
}

function checkPlaceholders(data: unknown, path: Path, report: Report): void {
  const rows = valueAt(data, [...path, 'rows'])
  const maps = Array.isArray(rows) ? rows.filter(isMap) : []
  const [first, ...others] = maps
  // What one row lacks would be sent as it is written.
  const common = Object.keys(first ?? {}).filter((key) => others.every((row) => Object.hasOwn(row, key)))
  const known: readonly string[] = [...commonPlaceholders, ...common]
  for (const part of ['path', 'headers', 'json', 'body']) {
    const value = valueAt(data, [...path, part])
    if (value === undefined) continue
    const unknown = placeholdersIn(value as Json).find((name) => !known.includes(name))
    if (unknown !== undefined) {
      report(
        [...path, part],
        `holds \`{{${unknown}}}\`, which every row of \`rows\` must name`,
        `Known are: ${quoted(known)}`,
      )
    }
  }
}

function checkExpectations(data: unknown, path: Path, source: YamlSource, report: Report): void {
  for (const query of keysAt(data, path)) {
    const at = [...path, query]
    try {
      parseJsonPath(query)
    } catch (error) {
      const why = error instanceof Error ? error.message.split('\n', 1)[0] : ''
      report(at, `is no JSONPath: ${why}`, 'Such as `$.status` or `$.results[*].score` (RFC 9535)', 'key')
    }
    const read = readMatcher(valueAt(data, at))
    if (isFlaw(read) && source.origin(at)?.resolved !== false) report(at, read.flaw, read.hint, 'key')
  }
}
