/**
 * True when an `Accept` header takes that media type. No header, an empty one and wildcards take all; weights do not
 * matter, since a manifest has one form only. https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
 */
export function accepts(header: string | undefined, mediaType: string): boolean {
  const wanted = (header ?? '').split(',').map((range) => (range.split(';')[0] ?? '').trim().toLowerCase())
  const ranges = wanted.filter((range) => range !== '')
  const [type = ''] = mediaType.split('/')
  return ranges.length === 0 || ranges.some((range) => range === mediaType || range === '*/*' || range === `${type}/*`)
}
