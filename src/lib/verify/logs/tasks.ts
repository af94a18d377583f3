import type { CheckResult } from '../../domain/checkup.js'
import type { Judged, VerifyTask } from '../judged.js'
import { downloadsIn } from './downloads.js'
import { createLogScan, type LogFinding, type ScannedLine } from './scan.js'
import type { ValueFinder } from './value-finder.js'

/** What the targets that serve have written since they were launched. */
export interface TargetLogs {
  readonly lines: readonly ScannedLine[]
  /** How many targets are meant, also those that wrote nothing. */
  readonly targets: number
  /** True when there was more than is read. */
  readonly cut: boolean
}

/** What becomes of a finding: nothing is looked for where it is `off`. */
export type Severity = 'fail' | 'warn' | 'off'

export interface LogDemands {
  readonly downloads: Severity
  readonly secrets: Severity
  readonly personalData: Severity
}

const task = (name: string, severity: Severity, look: VerifyTask['look']): readonly VerifyTask[] =>
  severity === 'off' ? [] : [{ name, kind: 'log', alone: true, retry: 0, look }]

/** The checks of the targets' logs. They are read once; what is found is shown masked. */
export function logTasks(
  read: (signal: AbortSignal) => Promise<TargetLogs>,
  demands: LogDemands,
  values: ValueFinder,
): readonly VerifyTask[] {
  let logs: Promise<TargetLogs> | undefined
  let found: Promise<readonly LogFinding[]> | undefined
  const lines = (signal: AbortSignal): Promise<TargetLogs> => (logs ??= read(signal))
  const findings = (signal: AbortSignal): Promise<readonly LogFinding[]> =>
    (found ??= lines(signal).then((all) => {
      const scan = createLogScan(values)
      for (const line of all.lines) scan.take(line)
      return scan.findings()
    }))
  return [
    ...task('model-cache', demands.downloads, async (signal) => judgeDownloads(await lines(signal), demands.downloads)),
    ...task('log-secrets', demands.secrets, async (signal) => {
      const all = await findings(signal)
      const secrets = all.filter(({ kind }) => kind !== 'personal')
      return judgeFindings('secrets', await lines(signal), secrets, demands.secrets, values.tooShort)
    }),
    ...task('log-personal-data', demands.personalData, async (signal) => {
      const personal = (await findings(signal)).filter(({ kind }) => kind === 'personal')
      return judgeFindings('personal data', await lines(signal), personal, demands.personalData, [])
    }),
  ]
}

const seen = ({ lines, targets, cut }: TargetLogs): string =>
  `in ${cut ? 'the first ' : ''}${lines.length} lines of ${targets} ${targets === 1 ? 'target' : 'targets'} since their launch`

const nothing = { result: 'skip', detail: 'the targets have written nothing since their launch' } as const

const resultOf = (severity: Severity): CheckResult => (severity === 'fail' ? 'fail' : 'warn')

function judgeDownloads(logs: TargetLogs, severity: Severity): Judged {
  if (logs.lines.length === 0) return nothing
  const downloads = downloadsIn(logs.lines)
  if (downloads.length === 0) return { result: 'ok', detail: `no download of a model ${seen(logs)}` }
  const names = [...new Set(downloads.map(({ what }) => what ?? 'a model'))]
  return {
    result: resultOf(severity),
    detail: `downloaded at run time: ${names.join(', ')}`,
    remedy: 'put the model into the base: list it under base.models, then rampart base build',
    evidence: downloads.slice(0, 8).map(({ stream, line }) => `${stream}: ${line}`),
  }
}

// One for each rule and each configured value: who has to change them needs to know of all.
const mostFindings = 100

function judgeFindings(
  what: string,
  logs: TargetLogs,
  found: readonly LogFinding[],
  severity: Severity,
  tooShort: readonly string[],
): Judged {
  if (logs.lines.length === 0) return nothing
  const evidence = tooShort.length === 0 ? [] : [`too short to be looked for: ${tooShort.join(', ')}`]
  const [first] = found
  if (first === undefined) return { result: 'ok', detail: `no ${what} ${seen(logs)}`, evidence }
  return {
    result: resultOf(severity),
    detail: `${found
      .map((one) => one.what)
      .slice(0, 4)
      .join(', ')}${found.length > 4 ? `, and ${found.length - 4} more` : ''} ${seen(logs)}`,
    findings: found.slice(0, mostFindings).map((one) => ({
      detail: `${one.what}: ${one.count} ${one.count === 1 ? 'line' : 'lines'}, such as ${one.streams[0] ?? ''}: ${one.example}`,
    })),
    remedy:
      what === 'secrets'
        ? 'take it out of what is logged, and change every secret that was'
        : 'take it out of what is logged',
    evidence,
  }
}
