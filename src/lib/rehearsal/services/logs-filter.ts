import { ServiceError } from '../wire/service.js'

/**
 * Unstructured filter patterns: all terms must occur, `?term` is one of several of which one must occur, `-term` must
 * not, `"…"` holds spaces and `%…%` is a regular expression. Empty matches everything.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html
 */
export function readFilterPattern(pattern: string): (message: string) => boolean {
  const trimmed = pattern.trim()
  if (/^[{[]/.test(trimmed)) throw invalid('The rehearsal knows unstructured filter patterns only.')
  const terms = [...trimmed.matchAll(/([?-]?)(?:"((?:[^"\\]|\\.)*)"|%([^%]*)%|(\S+))/g)].map(
    ([, sign = '', quoted, expression, plain]) => ({ sign, holds: test(quoted, expression, plain) }),
  )
  const optional = terms.filter(({ sign }) => sign === '?')
  return (message) =>
    terms.every(({ sign, holds }) => sign === '?' || holds(message) === (sign === '')) &&
    (optional.length === 0 || optional.some(({ holds }) => holds(message)))
}

function test(quoted?: string, expression?: string, plain = ''): (message: string) => boolean {
  if (expression === undefined) {
    const term = quoted?.replaceAll(/\\(.)/g, '$1') ?? plain
    return (message) => message.includes(term)
  }
  try {
    const compiled = new RegExp(expression)
    return (message) => compiled.test(message)
  } catch {
    throw invalid('Invalid filter pattern')
  }
}

const invalid = (message: string): ServiceError => new ServiceError('InvalidParameterException', message)
