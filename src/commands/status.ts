import { BaseCommand } from '../base-command.js'

export default class Status extends BaseCommand {
  static override readonly summary = 'Say what serves now: release, digests, targets and the last rollout.'
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ]

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Status)
    const { runStatus } = await import('../lib/compose/status.js')
    return this.finish(await runStatus({ ...flags, json: this.jsonEnabled() }))
  }
}
