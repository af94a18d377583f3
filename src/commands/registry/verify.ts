import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.js'

export default class RegistryVerify extends BaseCommand {
  static override readonly summary =
    'Check that every service has every tag of its policy, all on the image that serves.'
  static override readonly description = `Asks the registry for each tag that rampart.yml gives to a service; version and commit come from the labels of the \
image. All must point to the digest that the fleet launches or, where no fleet tells, to the same image. Ends with 9 \
when a tag is missing or points elsewhere.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --service backend --json',
  ]
  static override readonly flags = {
    service: Flags.string({
      description: 'only this service; may be given more than once, in the variable with commas',
      env: 'RAMPART_SERVICE',
      helpValue: 'NAME',
      multiple: true,
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(RegistryVerify)
    const { runVerifyTags } = await import('../../lib/compose/registry-verify.js')
    // oclif leaves what comes from the environment as one text.
    const named = flags.service as string | readonly string[] | undefined
    const service = typeof named === 'string' ? named.split(/[\s,]+/).filter((name) => name !== '') : named
    return this.finish(await runVerifyTags({ ...flags, service, json: this.jsonEnabled() }))
  }
}
