/** TLS settings that trust some authorities (PEM) beside those that the machine trusts. */
export function trustedWith(authorities: readonly string[]): { readonly ca?: string[] } {
  if (authorities.length === 0) return {}
  // https://nodejs.org/api/tls.html#tlsgetcacertificatestype: also those of NODE_EXTRA_CA_CERTS.
  return { ca: [...process.getBuiltinModule('node:tls').getCACertificates('default'), ...authorities] }
}
