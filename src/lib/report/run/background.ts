import type { ReleaseRecord } from '../../domain/release-record.js'
import { stripControl } from '../../terminal/clean.js'
import type { Mask } from '../../terminal/mask.js'

/** What a report tells beside the run itself. */
export interface Background {
  /** Who ran it: the identity that AWS knows, and the machine. */
  readonly who?: Pick<ReleaseRecord, 'by' | 'host' | 'actor' | 'link'>
  /** The record of this run, where it has one. */
  readonly own?: ReleaseRecord
  /** Records of the environment, newest first; a text says why there are none. */
  readonly earlier: readonly ReleaseRecord[] | string
}

/** Where nobody asked what there was before. */
export const noBackground: Background = { earlier: 'not looked up for this report' }

/** The same without secrets and without control characters, in every text. */
export function cleanBackground(background: Background, mask: Mask): Background {
  return cleaned(background, (text) => mask(stripControl(text))) as Background
}

function cleaned(value: unknown, clean: Mask): unknown {
  if (typeof value === 'string') return clean(value)
  if (Array.isArray(value)) return value.map((item: unknown) => cleaned(item, clean))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, cleaned(item, clean)]))
}
