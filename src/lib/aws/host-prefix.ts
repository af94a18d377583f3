import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'

const amazonHost = /\.(?:amazonaws\.com(?:\.cn)?|api\.aws|api\.amazonwebservices\.com\.cn)$/

/**
 * The client, without the prefix (`stream-`) that the SDK puts before every host for some operations: hosts that are
 * not Amazon's, such as a rehearsal's 127.0.0.1, have no names for it. The SDK's own `disableHostPrefix` would take it
 * from Amazon's too, and at this point it is not known yet where an endpoint of a profile leads.
 */
export function withoutStrangePrefix(client: CloudWatchLogsClient): CloudWatchLogsClient {
  client.middlewareStack.add(
    (next) => (args) => {
      const { request } = args as { request: { hostname?: string; headers?: Record<string, string> } }
      const { hostname = '' } = request
      if (hostname.startsWith('stream-') && !amazonHost.test(hostname)) request.hostname = hostname.slice(7)
      return next(args)
    },
    // Before the header `host` is written, and before the signature.
    { step: 'build', priority: 'high', name: 'rampartHostPrefix' },
  )
  return client
}
