import * as Flags from '@oclif/core/flags'

/** The flags of every command that asks what answers where users go. */
export const answerFlags = {
  url: Flags.string({
    description: "address to verify instead of the environment's own",
    env: 'RAMPART_URL',
    helpValue: 'URL',
  }),
  ca: Flags.string({
    description: 'trust these certificate authorities (PEM), too',
    env: 'RAMPART_CA',
    helpValue: 'FILE',
  }),
  'http-port': Flags.integer({
    description: 'port of plain HTTP at the address, which must redirect',
    env: 'RAMPART_HTTP_PORT',
    max: 65_535,
    min: 1,
  }),
}
