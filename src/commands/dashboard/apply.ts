import { BaseCommand } from '../../base-command.js'

export default class DashboardApply extends BaseCommand {
  static override readonly summary = 'Make the CloudWatch dashboard of an environment, with a line at each release.'
  static override readonly description = `Requests, 5xx, p95 latency, healthy targets, processors, memory and burst credits. The releases of the ledger are drawn as \
vertical lines; each deploy and rollback adds its own when the dashboard is there. A second run changes nothing.`
  static override readonly examples = ['<%= config.bin %> <%= command.id %>']

  async run(): Promise<unknown> {
    const { flags } = await this.parse(DashboardApply)
    const { runDashboardApply } = await import('../../lib/compose/dashboard-page.js')
    return this.finish(await runDashboardApply({ ...flags, json: this.jsonEnabled() }))
  }
}
