import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../base-command.js'

export default class ReleasesDiff extends BaseCommand {
  static override readonly summary = 'Say what differs between two releases, secrets masked.'
  static override readonly description = `Images, bases and models by digest and revision, and every field of the launch template or the task definitions. \
A release is named by its number (12 or #12), its id, its version, or the beginning of its id or commit.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> 11 12',
    '<%= config.bin %> <%= command.id %> v1.4.0',
  ]
  static override readonly args = {
    from: Args.string({ description: 'the release to compare from', required: true }),
    to: Args.string({ description: 'the release to compare with; the one that serves when not given' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ReleasesDiff)
    const { runReleasesDiff } = await import('../../lib/compose/releases.js')
    return this.finish(await runReleasesDiff({ ...flags, json: this.jsonEnabled() }, args.from, args.to))
  }
}
