import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.js'

// oclif leaves what comes from the environment as one text.
const regions = (given: string | readonly string[] | undefined): readonly string[] =>
  [given ?? []].flat().flatMap((one) => one.split(/[\s,]+/).filter((name) => name !== ''))

export default class PricesRefresh extends BaseCommand {
  static override readonly summary = "Write a table of prices from AWS's Price List, for plans."
  static override readonly description = `Asks AWS's Price List for every on-demand instance type under Linux, and for Fargate, volumes, snapshots, EFS, ECR, load \
balancers, NAT gateways and data out, in the environment's region or in those named. The file is written as a whole, when \
every price is there; other regions in it stay as they were. \`plan --prices FILE\` reads it, and so does \`prices: FILE\` in \
rampart.yml. Needs credentials that may pricing:GetProducts.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --region eu-central-1 --region us-east-1 --out prices.json',
    '<%= config.bin %> plan --strategies --prices prices.json',
  ]
  static override readonly flags = {
    region: Flags.string({
      description:
        'region to ask for; that of the environment when not given; may be given more than once, in the variable with commas',
      env: 'RAMPART_REGION',
      helpValue: 'NAME',
      multiple: true,
    }),
    out: Flags.string({
      char: 'o',
      description: 'file to write; that of rampart.yml, or prices.json, when not given',
      env: 'RAMPART_OUT',
      helpValue: 'FILE',
    }),
    partial: Flags.boolean({
      description: "write the table although AWS's list lacks prices",
      env: 'RAMPART_PARTIAL',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(PricesRefresh)
    const { runPricesRefresh } = await import('../../lib/compose/prices-refresh.js')
    const region = regions(flags.region)
    return this.finish(await runPricesRefresh({ ...flags, region, json: this.jsonEnabled() }))
  }
}
