import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.js'

export default class DashboardOpen extends BaseCommand {
  static override readonly summary = "Print the address of the environment's CloudWatch dashboard, and open it."
  static override readonly description = 'A browser is opened on a terminal only.'
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --no-browser',
  ]
  static override readonly flags = {
    browser: Flags.boolean({
      allowNo: true,
      description: 'open a browser; on a terminal, that is the default',
      env: 'RAMPART_BROWSER',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(DashboardOpen)
    const { runDashboardOpen } = await import('../../lib/compose/dashboard-page.js')
    return this.finish(await runDashboardOpen({ ...flags, json: this.jsonEnabled() }))
  }
}
