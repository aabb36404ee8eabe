/** The URL as a link may have it; undefined for a scheme that could do anything but lead to a page. */
export function toSafeUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url.href : undefined
}
