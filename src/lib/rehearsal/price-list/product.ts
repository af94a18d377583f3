import { createHash } from 'node:crypto'

/** One step of a price that falls with what is used: from so many units on. */
export interface Tier {
  readonly from: number
  readonly price: number
}

/** A product of the price list, before it is written as AWS writes it. */
export interface Product {
  readonly service: string
  readonly family?: string
  readonly attributes: Readonly<Record<string, string>>
  readonly unit: string
  readonly tiers: readonly Tier[]
  readonly description: string
}

// What AWS calls its terms: on demand, and the rate of a price.
const onDemand = 'JRTCKXETXF'
const rate = '6YS6EN2CT7'

/** The same letters and digits for the same product. */
function skuOf({ service, attributes, family = '' }: Product): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([service, family, attributes]))
    .digest('hex')
  return digest.slice(0, 16).replaceAll(/./g, (digit) => 'ABCDEFGHJKMNPQRS'.charAt(Number.parseInt(digit, 16)))
}

/** The text of a product in the list: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-file.html */
export function productJson(product: Product, published: string): string {
  const { service, family, attributes, unit, tiers, description } = product
  const sku = skuOf(product)
  const term = `${sku}.${onDemand}`
  const dimensions = tiers.map(({ from, price }, index) => {
    const code = `${term}.${index === 0 ? rate : `${rate.slice(0, -1)}${index}`}`
    const end = tiers[index + 1]?.from
    return [
      code,
      {
        unit,
        endRange: end === undefined ? 'Inf' : String(end),
        description: description.replace('$', `$${price}`),
        appliesTo: [],
        rateCode: code,
        beginRange: String(from),
        pricePerUnit: { USD: price.toFixed(10) },
      },
    ]
  })
  return JSON.stringify({
    product: { ...(family !== undefined && { productFamily: family }), attributes, sku },
    serviceCode: service,
    terms: {
      OnDemand: {
        [term]: {
          priceDimensions: Object.fromEntries(dimensions),
          sku,
          effectiveDate: `${published.slice(0, 7)}-01T00:00:00Z`,
          offerTermCode: onDemand,
          termAttributes: {},
        },
      },
    },
    version: published.replaceAll(/\D/g, ''),
    publicationDate: published,
  })
}
