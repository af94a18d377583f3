import { BaseCommand } from '../../base-command.js'

export default class InfraOutputs extends BaseCommand {
  static override readonly summary = 'Print what the stack says of itself: its address, repositories, groups.'
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json | jq -r .outputs.Address',
  ]

  async run(): Promise<unknown> {
    const { flags } = await this.parse(InfraOutputs)
    const { runInfraOutputs } = await import('../../lib/compose/infra.js')
    return this.finish(await runInfraOutputs({ ...flags, json: this.jsonEnabled() }))
  }
}
