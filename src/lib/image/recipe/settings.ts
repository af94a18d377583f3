import { formatGoDuration } from './duration.js'
import type { ContainerConfig, Healthcheck } from '../image-config.js'
import type { CommandLine, HealthcheckStep } from './step.js'

/** Something wrong with a value of the configuration, in a few words. */
export class SettingProblem extends Error {
  override readonly name = 'SettingProblem'
}

const signals = new Set(
  'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU UNUSED URG USR1 USR2 VTALRM WINCH XCPU XFSZ'.split(
    ' ',
  ),
)

/** Checks a STOPSIGNAL: a name with or without SIG, RTMIN+n, or a number. Throws a {@link SettingProblem}. */
export function checkSignal(text: string): string {
  const name = text.toUpperCase().replace(/^SIG/, '')
  const number = /^\d+$/.test(text) ? Number(text) : undefined
  const known =
    number === undefined
      ? signals.has(name) || /^RT(?:MIN(?:\+(?:\d|1[0-5]))?|MAX(?:-(?:\d|1[0-4]))?)$/.test(name)
      : number > 0
  if (!known) throw new SettingProblem(`${text} is not a signal`)
  return text
}

/** The ports of one EXPOSE word, e.g. `8000`, `53/udp` or `8000-8002`, as `port/protocol`. */
export function parsePorts(text: string): readonly string[] {
  const match = /^(?:(?:.*:)?(?:\d*(?:-\d+)?):)?(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(text)
  const protocol = (match?.[3] ?? 'tcp').toLowerCase()
  const first = Number(match?.[1])
  const last = Number(match?.[2] ?? match?.[1])
  if (match === null || first > last || last > 65_535 || !['tcp', 'udp', 'sctp'].includes(protocol)) {
    throw new SettingProblem(`${text} is not a port to expose; write e.g. 8000 or 53/udp`)
  }
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol}`)
}

/** Sets a variable where it already stands, or at the end, as Docker does. */
export function setVariable(environment: readonly string[], name: string, value: string): readonly string[] {
  const index = environment.findIndex((entry) => entry.split('=', 1)[0] === name)
  return index < 0 ? [...environment, `${name}=${value}`] : environment.with(index, `${name}=${value}`)
}

/** The words that run a command: the shell form goes to the image's shell. */
export function commandWords(command: CommandLine, shell: ContainerConfig['Shell']): readonly string[] {
  if (command.form === 'exec') return command.words
  return [...(shell !== undefined && shell.length > 0 ? shell : ['/bin/sh', '-c']), command.text]
}

/** A HEALTHCHECK as it stands in the configuration. */
export function healthcheckOf(step: HealthcheckStep): Healthcheck {
  if (step.command === undefined) return { Test: ['NONE'] }
  return {
    Test: step.command.form === 'exec' ? ['CMD', ...step.command.words] : ['CMD-SHELL', step.command.text],
    ...(step.interval !== 0 && { Interval: step.interval }),
    ...(step.timeout !== 0 && { Timeout: step.timeout }),
    ...(step.startPeriod !== 0 && { StartPeriod: step.startPeriod }),
    ...(step.startInterval !== 0 && { StartInterval: step.startInterval }),
    ...(step.retries !== 0 && { Retries: step.retries }),
  }
}

/** A HEALTHCHECK for people, on one line. */
export function describeHealthcheck(step: HealthcheckStep): string {
  if (step.command === undefined) return 'HEALTHCHECK NONE'
  const options = [
    ['interval', step.interval],
    ['timeout', step.timeout],
    ['start-period', step.startPeriod],
    ['start-interval', step.startInterval],
  ] as const
  return [
    'HEALTHCHECK',
    ...options.filter(([, value]) => value !== 0).map(([name, value]) => `--${name}=${formatGoDuration(value)}`),
    ...(step.retries === 0 ? [] : [`--retries=${step.retries}`]),
    'CMD',
    step.command.form === 'exec' ? JSON.stringify(step.command.words) : step.command.text,
  ].join(' ')
}
