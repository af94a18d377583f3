import { paginateGetProducts, PricingClient } from '@aws-sdk/client-pricing'
import { priceListRegion } from '../domain/price-table.js'
import type { ListedProduct, PriceList } from '../ports/price-list.js'
import { call } from './failure.js'
import { clientSettings, counted, type ClientOptions } from './options.js'

/** The PriceList port on the AWS SDK. The region is whoever asks's own, not the one whose prices are asked for. */
export function createPriceList(options: ClientOptions): PriceList {
  const region = priceListRegion(options.region)
  const client = counted(new PricingClient(clientSettings({ ...options, region })), options)
  return {
    products: async (ServiceCode, attributes) =>
      call('pricing:GetProducts', async () => {
        const found: ListedProduct[] = []
        const Filters = Object.entries(attributes).map(([Field, Value]) => ({
          Type: 'TERM_MATCH' as const,
          Field,
          Value,
        }))
        // The greatest page that there is: all instance types of a region are about ten of them.
        const pages = paginateGetProducts({ client, pageSize: 100 }, { ServiceCode, Filters, FormatVersion: 'aws_v1' })
        for await (const { PriceList: texts = [] } of pages) {
          for (const text of texts) found.push(productOf(JSON.parse(String(text)) as Entry))
        }
        return found
      }),
  }
}

type Entry = Readonly<Record<string, unknown>>

const entries = (value: unknown): readonly Entry[] =>
  typeof value === 'object' && value !== null ? (Object.values(value) as readonly Entry[]) : []

/** https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-file.html */
function productOf(entry: Entry): ListedProduct {
  const { product, terms } = entry as { readonly product?: Entry; readonly terms?: Entry }
  const { attributes, productFamily } = (product ?? {}) as {
    readonly attributes?: Entry
    readonly productFamily?: string
  }
  const texts = Object.entries(attributes ?? {}).filter((one): one is [string, string] => typeof one[1] === 'string')
  const tiers = entries(terms?.['OnDemand'])
    .flatMap(({ priceDimensions }) => entries(priceDimensions))
    .map(({ beginRange, pricePerUnit }) => ({
      from: Number(beginRange ?? 0),
      price: Number((pricePerUnit as Entry | undefined)?.['USD'] ?? Number.NaN),
    }))
    .filter(({ price }) => Number.isFinite(price))
    .toSorted((a, b) => a.from - b.from)
  return { attributes: { ...Object.fromEntries(texts), ...(productFamily !== undefined && { productFamily }) }, tiers }
}
