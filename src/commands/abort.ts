import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.js'
import { watchFlags } from '../watch-flags.js'

export default class Abort extends BaseCommand {
  static override readonly summary = 'Stop the rollout that is under way, whoever started it, and go back.'
  static override readonly description = `Asks AWS to roll the instance refresh or service deployment back, follows that to its end and says what serves where. \
With --no-rollback everything stays where it is: some targets on the new release, some on the old one. With nothing \
under way it ends well.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --no-rollback --yes',
  ]
  static override readonly flags = {
    ...watchFlags,
    'no-rollback': Flags.boolean({
      description: 'stop where it is, with targets of both releases',
      env: 'RAMPART_NO_ROLLBACK',
    }),
    yes: Flags.boolean({
      char: 'y',
      description: 'do not ask',
      env: 'RAMPART_YES',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Abort)
    const { runAbort } = await import('../lib/compose/abort.js')
    return this.finish(await runAbort({ ...flags, json: this.jsonEnabled() }))
  }
}
