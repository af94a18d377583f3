import type { ConnectionOptions, SecureContextOptions } from 'node:tls'

/**
 * TLS settings that trust some authorities (PEM) beside those that the machine trusts. They are made when first asked
 * for, and once: to read the machine's some 150 authorities for each connection takes longer than all else that it needs.
 */
export function trustedWith(
  authorities: readonly string[],
  protocols: Pick<SecureContextOptions, 'minVersion' | 'maxVersion' | 'ciphers'> = {},
): () => ConnectionOptions {
  let made: ConnectionOptions | undefined
  return () => {
    if (authorities.length === 0) return protocols
    const { createSecureContext, getCACertificates } = process.getBuiltinModule('node:tls')
    // https://nodejs.org/api/tls.html#tlsgetcacertificatestype: also those of NODE_EXTRA_CA_CERTS.
    return (made ??= {
      secureContext: createSecureContext({ ca: [...getCACertificates('default'), ...authorities], ...protocols }),
    })
  }
}
