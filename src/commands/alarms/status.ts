import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.js'

export default class AlarmsStatus extends BaseCommand {
  static override readonly summary = 'Show the state of every alarm, and what differs from rampart.yml.'
  static override readonly description =
    'Changes nothing. What differs is shown field by field, in the words of the API.'
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --check',
  ]
  static override readonly flags = {
    check: Flags.boolean({
      description: 'end with 3 when an alarm rings or anything differs',
      env: 'RAMPART_CHECK',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(AlarmsStatus)
    const { runAlarmsStatus } = await import('../../lib/compose/alarms.js')
    return this.finish(await runAlarmsStatus({ ...flags, json: this.jsonEnabled() }))
  }
}
