import type { Cause } from '../../src/lib/domain/outcome.js'

/** A cause as a golden file has it: ids, digests, times and measured figures differ from run to run in nothing but themselves. */
export function causeText(cause: Cause | undefined): string {
  if (cause === undefined) return 'none\n'
  const { code, summary, evidence, next } = cause
  const lines = [`${code}: ${summary}`, ...evidence.map((line) => `  ${line}`), ...next.map((line) => `> ${line}`)]
  return `${lines
    .join('\n')
    .replaceAll(/127\.0\.0\.1:\d+/g, '<registry>')
    .replaceAll(/i-[0-9a-f]{17}/g, 'i-<id>')
    .replaceAll(/[0-9a-f]{64}/g, '<digest>')
    .replaceAll(/[0-9a-f-]{36}/g, '<uuid>')
    .replaceAll(/\b[0-9a-f]{32}\b/g, '<task>')
    .replaceAll(/ecs-svc\/\d+/g, 'ecs-svc/<number>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')}\n`
}
