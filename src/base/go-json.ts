// JSON as Go's encoding/json writes it: <, >, &, U+2028 and U+2029 are escaped. Key order is the caller's.

const ESCAPES: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
}

export function toGoJson(value: unknown): string {
  const text = JSON.stringify(value)
  return text === undefined ? 'null' : text.replace(/[<>&\u2028\u2029]/g, (character) => ESCAPES[character] ?? character)
}
