import type { Forecast } from '../domain/forecast.js'
import type { ForecastView } from './view.js'

/** What a forecast says some time after it was made, by the run's clock. */
export function forecastAt({ madeAt, ...forecast }: ForecastView, now: number): Forecast {
  const left = (milliseconds: number): number => Math.max(0, milliseconds - Math.max(0, now - madeAt))
  return {
    ...forecast,
    remaining: left(forecast.remaining),
    low: left(forecast.low),
    high: left(forecast.high),
  }
}
