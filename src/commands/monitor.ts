import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { answerFlags } from '../answer-flags.js'
import { BaseCommand } from '../base-command.js'
import { watchFlags } from '../watch-flags.js'

export default class Monitor extends BaseCommand {
  static override readonly summary = 'Watch a rollout to its end, whoever started it, and change nothing.'
  static override readonly description = `Shows the rollout that is under way, also one that was started in the console: phases, targets, models as they load, \
alarms, the time that is left, and the likeliest cause when it stalls. With nothing under way it shows the fleet at rest \
and its last rollout. A dashboard on a terminal, one line per change everywhere else.

It ends as the rollout does: 0 when it succeeded, 4 when it was rolled back, 5 when it needs attention, 8 when watching \
ended before the rollout did. Leaving with q or Ctrl-C is 0: the rollout goes on.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --replay run.ndjson --speed 20',
    '<%= config.bin %> <%= command.id %> --replay run.ndjson --speed 0 --report report.html',
  ]
  static override readonly args = {
    release: Args.string({
      description: "a release, or the platform's own id of a rollout; the newest when not given",
    }),
  }
  static override readonly flags = {
    ...watchFlags,
    ...answerFlags,
    replay: Flags.string({
      description: 'play a recorded file instead of watching anything',
      env: 'RAMPART_REPLAY',
      exclusive: ['record'],
      helpValue: 'FILE',
    }),
    speed: Flags.integer({
      default: 1,
      description: 'with --replay, seconds of the recording in a second of yours; 0 does not wait at all',
      env: 'RAMPART_SPEED',
      helpValue: 'N',
      max: 10_000,
      min: 0,
    }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Monitor)
    const { runMonitor } = await import('../lib/compose/monitor.js')
    return this.finish(await runMonitor({ ...flags, release: args.release, json: this.jsonEnabled() }))
  }
}
