import type { Verification, VerifiedLine } from '../domain/verification.js'
import { checkWords } from './checks-text.js'
import { stripControl } from '../terminal/clean.js'

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

// https://www.w3.org/TR/xml/#charsets: neither control characters nor halves of a pair may stand in a document.
const escaped = (text: string): string =>
  stripControl(text)
    .toWellFormed()
    .replaceAll(/[\ufffe\uffff]/g, '')
    .replaceAll(/[&<>"]/g, (character) => entities[character] ?? '')

const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(3)

/**
 * The checks as JUnit XML, as CI services read it: a failure where a check failed, a skip where it was not made; what
 * was seen, and warnings, as the output of the case. https://github.com/testmoapp/junitxml describes the common form.
 */
export function junitXml({ url, checks }: Verification): string {
  const count = (result: VerifiedLine['result']): number => checks.filter((check) => check.result === result).length
  const time = seconds(checks.reduce((sum, { duration }) => sum + duration, 0))
  const totals = `tests="${checks.length}" failures="${count('fail')}" errors="0" skipped="${count('skip')}" time="${time}"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="rampart verify" ${totals}>`,
    `  <testsuite name="${escaped(url)}" ${totals}>`,
    ...checks.flatMap(testCase),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

function testCase({
  name,
  kind,
  result,
  detail,
  remedy,
  findings,
  evidence,
  duration,
}: VerifiedLine): readonly string[] {
  const more = findings.length > 1 ? findings.map((finding) => finding.detail) : []
  const mend = remedy === undefined ? [] : [`mend: ${remedy}`]
  const output = [`${checkWords[result]} ${detail}`, ...(result === 'warn' ? mend : []), ...evidence]
  return [
    `    <testcase classname="rampart.verify.${kind}" name="${escaped(name)}" time="${seconds(duration)}">`,
    ...(result === 'fail'
      ? [
          `      <failure message="${escaped(detail)}" type="verification">${escaped([...more, ...mend].join('\n'))}</failure>`,
        ]
      : []),
    ...(result === 'skip' ? [`      <skipped message="${escaped(detail)}"/>`] : []),
    `      <system-out>${escaped(output.join('\n'))}</system-out>`,
    '    </testcase>',
  ]
}
