/** A part of a URL with its escapes undone; as it stands where one of them is broken, since people write passwords and names by hand. */
export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return text
    throw error
  }
}
