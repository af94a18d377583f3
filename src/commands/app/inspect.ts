import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.js'

export default class AppInspect extends BaseCommand {
  static override readonly summary = 'Say what is in an image, byte by byte, against its budget.'
  static override readonly description = `Lists the layers with the instruction that made each, files that a layer carries again although a layer below has \
them (what \`chown -R\` leaves), the largest folders and files, what looks like a secret, the models, the recorded proof, \
and the verdict against the budget.

Without an image it looks at what each service would push now; nothing is sent. The layers of the base are read only \
when an instruction left much that nothing else explains, or with --deep; what was read is remembered.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> registry.example.com/backend:v1.4 --base registry.example.com/base:2026-11',
    '<%= config.bin %> <%= command.id %> --check --json',
  ]
  static override readonly args = {
    image: Args.string({ description: 'image reference in any registry; the local plan when not given' }),
  }
  static override readonly flags = {
    service: Flags.string({
      description: 'plan only this service; may be given more than once, in the variable with commas',
      env: 'RAMPART_SERVICE',
      helpValue: 'NAME',
      multiple: true,
    }),
    base: Flags.string({
      description: 'the base image; read from labels and the configuration when not given',
      env: 'RAMPART_BASE',
      helpValue: 'IMAGE',
    }),
    platform: Flags.string({
      description: 'which image of several platforms; the configured one when not given',
      env: 'RAMPART_PLATFORM',
      helpValue: 'OS/ARCH',
    }),
    deep: Flags.boolean({
      description: "read the base's layers in any case",
      env: 'RAMPART_DEEP',
    }),
    check: Flags.boolean({
      description: 'exit with 3 when the app part is over its budget or looks like it holds a secret',
      env: 'RAMPART_CHECK',
    }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(AppInspect)
    const { runInspect } = await import('../../lib/compose/inspect.js')
    // oclif leaves what comes from the environment as one text.
    const named = flags.service as string | readonly string[] | undefined
    const service = typeof named === 'string' ? named.split(/[\s,]+/).filter((name) => name !== '') : named
    return this.finish(await runInspect({ ...flags, service, image: args.image, json: this.jsonEnabled() }))
  }
}
