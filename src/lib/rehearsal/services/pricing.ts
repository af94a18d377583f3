import * as sdk from '@aws-sdk/client-pricing'
import type { PriceTable } from '../../domain/price-table.js'
import { productJson, type Product } from '../price-list/product.js'
import { productsOf } from '../price-list/products.js'
import { paginate } from '../wire/pagination.js'
import { type RequestContext, type Service, ServiceError } from '../wire/service.js'

const signingName = 'pricing'
const wire = { signingName, protocol: 'awsJson1_1' } as const

/** Where AWS answers for its prices: https://docs.aws.amazon.com/general/latest/gr/billing.html */
const endpoints: ReadonlySet<string> = new Set(['us-east-1', 'eu-central-1', 'ap-south-1'])

/**
 * AWS's Price List, with what a table of prices knows. Prices are no part of a world that moves: they stay.
 * https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_Operations_AWS_Price_List_Service.html
 */
export function createPricingService(table: () => PriceTable | undefined): Service {
  let made: readonly Product[] | undefined
  const products = (): readonly Product[] =>
    (made ??= Object.entries(table()?.regions ?? {}).flatMap(([region, prices]) => productsOf(region, prices)))
  const ofService = (code: string): readonly Product[] => {
    const found = products().filter(({ service }) => service === code)
    if (found.length === 0) throw invalid(`Invalid service code: ${code}`)
    return found
  }
  const handlers = {
    GetProducts: (input: sdk.GetProductsRequest, context: RequestContext): sdk.GetProductsResponse => {
      checkPlace(context, input.FormatVersion)
      const { ServiceCode: code = '', Filters: filters = [] } = input
      const page = paginate(wire, {
        operation: 'GetProducts',
        items: ofService(code).filter((product) => filters.every((filter) => isMatch(product, filter))),
        limit: input.MaxResults ?? 100,
        token: input.NextToken,
        boundTo: [code, filters],
      })
      const published = `${table()?.date ?? ''}T00:00:00Z`
      return {
        FormatVersion: 'aws_v1',
        PriceList: page.items.map((product) => productJson(product, published)),
        NextToken: page.nextToken,
      }
    },

    DescribeServices: (input: sdk.DescribeServicesRequest, context: RequestContext): sdk.DescribeServicesResponse => {
      checkPlace(context, input.FormatVersion)
      const codes = [...new Set(products().map(({ service }) => service))].toSorted()
      const page = paginate(wire, {
        operation: 'DescribeServices',
        items: input.ServiceCode === undefined ? codes : codes.filter((code) => code === input.ServiceCode),
        limit: input.MaxResults ?? 100,
        token: input.NextToken,
        keyOf: (code) => code,
        boundTo: input.ServiceCode,
      })
      const services = page.items.map((ServiceCode) => ({
        ServiceCode,
        AttributeNames: namesOf(ofService(ServiceCode)),
      }))
      return { Services: services, FormatVersion: 'aws_v1', NextToken: page.nextToken }
    },
  }
  return { signingName, protocol: 'awsJson1_1', target: 'AWSPriceListService', sdk, handlers }
}

const invalid = (message: string): ServiceError => new ServiceError('InvalidParameterException', message)

/** Elsewhere there is no such host: AWS itself could not answer. */
function checkPlace({ region }: RequestContext, version: string | undefined): void {
  if (!endpoints.has(region)) throw invalid(`AWS has no endpoint for its prices in ${region}.`)
  if (version !== undefined && version !== 'aws_v1') throw invalid(`Invalid FormatVersion: ${version}`)
}

const namesOf = (products: readonly Product[]): string[] =>
  [...new Set(products.flatMap(({ attributes }) => Object.keys(attributes)))].toSorted()

/** https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_Filter.html */
function isMatch(
  { attributes, family }: Product,
  { Type: type, Field: field = '', Value: value = '' }: sdk.Filter,
): boolean {
  const own = field === 'productFamily' ? family : attributes[field]
  const values = value.split(',')
  switch (type) {
    case 'TERM_MATCH':
    case 'EQUALS':
      return own === value
    case 'CONTAINS':
      return own?.includes(value) === true
    case 'ANY_OF':
      return own !== undefined && values.includes(own)
    case 'NONE_OF':
      return own !== undefined && !values.includes(own)
    default:
      throw invalid(`Invalid filter type: ${String(type)}`)
  }
}
