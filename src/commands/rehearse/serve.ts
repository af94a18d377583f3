import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.js'
import { rehearsalFlags } from '../../rehearsal-flags.js'

export default class RehearseServe extends BaseCommand {
  static override readonly summary = 'Keep the rehearsal cloud running for rampart and any other AWS client.'
  static override readonly description = `Prints the environment to export on stdout and serves until it is stopped. All of it is simulated; it listens on \
loopback only.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --port 4599',
    '<%= config.bin %> <%= command.id %> --scenario never-ready --speed 120',
  ]
  static override readonly flags = {
    port: Flags.integer({
      default: 4599,
      description: 'port on 127.0.0.1; 0 for any free one',
      env: 'RAMPART_PORT',
      max: 65_535,
      min: 0,
    }),
    ...rehearsalFlags,
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(RehearseServe)
    const { serveRehearsal } = await import('../../lib/compose/rehearsal.js')
    return this.finish(await serveRehearsal({ ...flags, json: this.jsonEnabled() }))
  }
}
