/** The region that the AWS tools would take; undefined when none is set. */
export function regionFrom(variables: Readonly<Record<string, string | undefined>>): string | undefined {
  return variables['AWS_REGION'] || variables['AWS_DEFAULT_REGION'] || undefined
}
