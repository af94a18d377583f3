import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.js'

/** What a flag that may be given more than once holds; from its variable it is one text with commas. */
const several = (value: string | readonly string[] | undefined): readonly string[] =>
  (typeof value === 'string' ? value.split(/[\s,]+/) : (value ?? [])).filter((part) => part !== '')

export default class Logs extends BaseCommand {
  static override readonly summary = "Show the targets' logs, merged by time."
  static override readonly description = `Reads the log group of the environment. Each line has its time, its target and what else its stream's name says. \
With --json each line is a JSON document of its own: v, simulated, time, target, stream, text.

--follow goes on until Ctrl-C, which then is no failure. It uses CloudWatch's Live Tail, which AWS bills by the minute, \
where that is permitted, and asks every few seconds otherwise; the lines are the same.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --since 30m --grep error',
    '<%= config.bin %> <%= command.id %> --follow --target i-0645704820a8e83ff --service backend',
    '<%= config.bin %> <%= command.id %> --json --since 2h > lines.ndjson',
  ]
  static override readonly flags = {
    target: Flags.string({
      char: 't',
      description:
        'only of this instance or task, by the beginning of its id; may be given more than once, in the variable with commas',
      env: 'RAMPART_TARGET',
      helpValue: 'ID',
      multiple: true,
    }),
    service: Flags.string({
      description:
        "only of this service, by a part of the stream's name; may be given more than once, in the variable with commas",
      env: 'RAMPART_SERVICE',
      helpValue: 'NAME',
      multiple: true,
    }),
    since: Flags.string({
      default: '10m',
      description: 'from so long ago on, or from a time in ISO 8601',
      env: 'RAMPART_SINCE',
      helpValue: 'TIME',
    }),
    grep: Flags.string({
      char: 'g',
      description: 'only lines with this text, in upper or lower case',
      env: 'RAMPART_GREP',
      helpValue: 'TEXT',
    }),
    follow: Flags.boolean({
      char: 'f',
      description: 'go on with the lines that come',
      env: 'RAMPART_FOLLOW',
    }),
    poll: Flags.boolean({
      description: 'follow without Live Tail',
      env: 'RAMPART_POLL',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Logs)
    const { runLogs } = await import('../lib/compose/logs.js')
    const target = several(flags.target)
    const service = several(flags.service)
    return this.finish(await runLogs({ ...flags, target, service, json: this.jsonEnabled() }))
  }
}
